/*
 * ahci_registers_test.c - accesses in every width and place, the allow-list, the index/data pair, generic host control
 */
#include <string.h>

#include "tests/unit/ahci_registers_lab.h"
#include "tests/unit/unit.h"

static void begin(void)
{
	lab_clear();
	lab_attach();
	lab_forget_log();
}

/* ---- widths and places ---- */

START_TEST(a_register_is_read_and_written_as_a_dword)
{
	lab.log_reads = true;
	DEVICE_PORT(5, PxSERR) = 0x00470002;
	ck_assert_uint_eq(lab_read(PORT_AT(5) + PxSERR), 0x00470002);
	lab_expect("R 3b0\n");
	lab_write(PORT_AT(5) + PxSERR, 0x00400000);
	lab_expect("W 3b0 00400000\n");
	ck_assert_uint_eq(COUNTED(WIDTH) + COUNTED(REGISTER), 0);
}
END_TEST

START_TEST(a_narrow_read_gives_its_part)
{
	lab.log_reads = true;
	for (unsigned i = 0; i < 4; i++) {
		ck_assert_uint_eq(lab_read_size(HBA_VS + i, 1), 0x00010301 >> 8 * i & 0xff);
		lab_expect("R 010\n");
	}
	for (unsigned i = 0; i < 3; i++) {
		ck_assert_uint_eq(lab_read_size(HBA_VS + i, 2), 0x00010301 >> 8 * i & 0xffff);
		lab_expect("R 010\n");
	}
	ck_assert_uint_eq(COUNTED(WIDTH), 0);
}
END_TEST

START_TEST(a_narrow_write_vanishes)
{
	static const uint32_t registers[] = {
		HBA_IS, HBA_GHC, PORT_AT(0) + PxIS, PORT_AT(0) + PxCI, PORT_AT(0) + PxSACT,
	};

	for (unsigned i = 0; i < sizeof(registers) / sizeof(registers[0]); i++) {
		for (unsigned at = 0; at < 4; at++) {
			lab_write_size(registers[i] + at, 1, 0xff);
			lab_write_size(registers[i] + at, 2, 0xffff);
		}
	}
	lab_expect("");
	ck_assert_uint_eq(COUNTED(WIDTH), 40);
}
END_TEST

START_TEST(an_access_across_registers_reads_0_and_writes_nothing)
{
	memset(lab.reg, 0xff, sizeof(lab.reg));
	lab.log_reads = true;
	ck_assert_uint_eq(lab_read_size(HBA_VS + 3, 2), 0);
	for (unsigned i = 1; i < 4; i++) {
		ck_assert_uint_eq(lab_read_size(HBA_VS + i, 4), 0);
		ck_assert_uint_eq(lab_read_size(HBA_VS + i, 8), 0);
		lab_write_size(PORT_AT(0) + PxCI + i, 4, 1);
		lab_write_size(PORT_AT(0) + PxSACT + i, 8, 1);
	}
	lab_expect("");
	ck_assert_uint_eq(COUNTED(WIDTH), 13);
	ck_assert_uint_eq(COUNTED(REGISTER), 0);
}
END_TEST

START_TEST(eight_bytes_are_two_dwords_the_low_one_first)
{
	lab_write_size(PORT_AT(0) + PxCLB, 8, 0x0000000312345400);
	ck_assert_uint_eq(lab_read(PORT_AT(0) + PxCLB), 0x12345400);
	ck_assert_uint_eq(lab_read(PORT_AT(0) + PxCLBU), 3);
	ck_assert_uint_eq(lab_read_size(PORT_AT(0) + PxCLB, 8), 0x0000000312345400);
	lab_expect("");
	lab_write_size(PORT_AT(0) + PxSACT, 8, 0x0000000400000005);
	ck_assert_uint_eq(PORT(0)->sact, 5);
	lab_expect("look 0\npush 0\nissue 0 00000004\n");
	ck_assert_uint_eq(COUNTED(WIDTH), 0);
}
END_TEST

START_TEST(each_access_may_judge_a_burst_again)
{
	lab.h->burst = BURST_BYTES;
	lab_read(HBA_VS);
	ck_assert_uint_eq(lab.h->burst, 0);
	lab.h->burst = BURST_BYTES;
	ahci_poll(lab.h);
	ck_assert_uint_eq(lab.h->burst, 0);
}
END_TEST

static void add_widths(Suite *s)
{
	TCase *tc = unit_case(s, "widths");

	tcase_add_checked_fixture(tc, begin, lab_end);
	tcase_add_test(tc, a_register_is_read_and_written_as_a_dword);
	tcase_add_test(tc, a_narrow_read_gives_its_part);
	tcase_add_test(tc, a_narrow_write_vanishes);
	tcase_add_test(tc, an_access_across_registers_reads_0_and_writes_nothing);
	tcase_add_test(tc, eight_bytes_are_two_dwords_the_low_one_first);
	tcase_add_test(tc, each_access_may_judge_a_burst_again);
	suite_add_tcase(s, tc);
}

/* ---- the allow-list ---- */

static bool is_listed(uint32_t offset)
{
	static const uint32_t generic[] = { HBA_CAP, HBA_GHC, HBA_IS, HBA_PI, HBA_VS, HBA_CAP2, HBA_BOHC };

	if (offset >= PORT_AT(0)) {
		uint32_t x = offset % PORT_BYTES;

		return LAB_PORTS >> (offset - PORT_AT(0)) / PORT_BYTES & 1 && x <= PxCI && x != 0x1c;
	}
	for (unsigned i = 0; i < sizeof(generic) / sizeof(generic[0]); i++) {
		if (offset == generic[i])
			return true;
	}
	return false;
}

START_TEST(what_is_not_listed_reads_0_and_counts)
{
	uint64_t counted = 0;

	memset(lab.reg, 0xff, sizeof(lab.reg));
	lab.log_reads = true;
	for (uint32_t offset = 0; offset < 2 * ABAR_BYTES; offset += 4) {
		if (offset < ABAR_BYTES && is_listed(offset))
			continue;
		if (lab_read(offset))
			ck_abort_msg("%x reads other than 0", offset);
		lab_write(offset, UINT32_MAX);
		counted += 2;
	}
	lab_expect("");
	ck_assert_uint_eq(COUNTED(REGISTER), counted);
}
END_TEST

START_TEST(what_is_listed_is_there_at_its_offset)
{
	for (uint32_t offset = 0; offset < ABAR_BYTES; offset += 4) {
		if (is_listed(offset))
			lab_read(offset);
	}
	ck_assert_uint_eq(COUNTED(REGISTER), 0);
}
END_TEST

START_TEST(nothing_is_far_beyond_the_end)
{
	static const uint32_t offsets[] = { ABAR_BYTES, 0x2000, 0x80000100, UINT32_MAX - 3, UINT32_MAX - 7 };

	lab.log_reads = true;
	for (unsigned i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		ck_assert_uint_eq(lab_read(offsets[i]), 0);
		lab_write(offsets[i], UINT32_MAX);
		ck_assert_uint_eq(COUNTED(REGISTER), 2 * i + 2);
	}
	lab_expect("");
}
END_TEST

/* Eight bytes at the last dword of all wrap to CAP. */
START_TEST(an_access_that_wraps_does_no_harm)
{
	lab_read_size(UINT32_MAX - 3, 8);
	lab_write_size(UINT32_MAX - 3, 8, UINT64_MAX);
	lab_expect("");
}
END_TEST

START_TEST(read_only_registers_take_no_write)
{
	static const uint32_t registers[] = {
		HBA_VS, PORT_AT(0) + PxTFD, PORT_AT(0) + PxSIG, PORT_AT(0) + PxSSTS,
	};

	for (unsigned i = 0; i < sizeof(registers) / sizeof(registers[0]); i++) {
		lab_write(registers[i], 0x12345678);
		ck_assert_uint_eq(COUNTED(REGISTER), i + 1);
	}
	lab_write(HBA_CAP, 0);
	lab_write(HBA_PI, 0);
	lab_write(HBA_CAP2, 0);
	ck_assert_uint_eq(COUNTED(REGISTER), sizeof(registers) / sizeof(registers[0]));
	lab_expect("");
	ck_assert_uint_eq(lab_read(HBA_PI), LAB_PORTS);
	ck_assert_uint_eq(lab_read(PORT_AT(1) + PxSIG), SIG_ATAPI);
	ck_assert_uint_eq(lab_read(PORT_AT(1) + PxSSTS), 0x123);
}
END_TEST

static void add_list(Suite *s)
{
	TCase *tc = unit_case(s, "allow-list");

	tcase_add_checked_fixture(tc, begin, lab_end);
	tcase_add_test(tc, what_is_not_listed_reads_0_and_counts);
	tcase_add_test(tc, what_is_listed_is_there_at_its_offset);
	tcase_add_test(tc, nothing_is_far_beyond_the_end);
	tcase_add_test(tc, an_access_that_wraps_does_no_harm);
	tcase_add_test(tc, read_only_registers_take_no_write);
	suite_add_tcase(s, tc);
}

/* ---- the index/data pair ---- */

static uint32_t io_read(uint32_t offset, unsigned size)
{
	uint32_t v = 0x5555aaaa;

	ahci_io(lab.h, offset, size, false, &v);
	return v;
}

static void io_write(uint32_t offset, unsigned size, uint32_t value)
{
	ahci_io(lab.h, offset, size, true, &value);
}

START_TEST(the_pair_reaches_what_the_memory_bar_does)
{
	io_write(0x10, 4, HBA_VS);
	ck_assert_uint_eq(io_read(0x10, 4), HBA_VS);
	ck_assert_uint_eq(io_read(0x14, 4), 0x00010301);
	io_write(0x10, 4, PORT_AT(0) + PxCLB + 3);
	ck_assert_uint_eq(io_read(0x10, 4), PORT_AT(0) + PxCLB);
	io_write(0x14, 4, 0xabcd1fff);
	ck_assert_uint_eq(PORT(0)->clb, 0xabcd1c00);
	ck_assert_uint_eq(io_read(0x14, 4), 0xabcd1c00);
	lab_expect("");
}
END_TEST

START_TEST(of_the_pair_a_narrow_read_gives_its_part)
{
	io_write(0x10, 4, 0x110);
	ck_assert_uint_eq(io_read(0x10, 1), 0x10);
	ck_assert_uint_eq(io_read(0x11, 1), 0x01);
	ck_assert_uint_eq(io_read(0x10, 2), 0x110);
	io_write(0x10, 4, HBA_VS);
	ck_assert_uint_eq(io_read(0x15, 1), 0x03);
	ck_assert_uint_eq(io_read(0x16, 2), 0x0001);
	ck_assert_uint_eq(COUNTED(WIDTH), 0);
}
END_TEST

START_TEST(of_the_pair_a_narrow_or_odd_access_vanishes)
{
	io_write(0x10, 4, HBA_GHC);
	io_write(0x10, 1, 0);
	io_write(0x10, 2, 0);
	io_write(0x14, 1, GHC_HR);
	io_write(0x14, 2, GHC_HR);
	io_write(0x11, 4, 0);
	io_write(0x15, 4, GHC_HR);
	ck_assert_uint_eq(io_read(0x13, 2), 0);
	ck_assert_uint_eq(io_read(0x12, 4), 0);
	ck_assert_uint_eq(io_read(0x17, 2), 0);
	ck_assert_uint_eq(COUNTED(WIDTH), 9);
	ck_assert_uint_eq(io_read(0x10, 4), HBA_GHC);
	lab_expect("");
}
END_TEST

START_TEST(beside_the_pair_is_nothing)
{
	static const uint32_t offsets[] = { 0, 4, 8, 0xc, 0xf, 0x18, 0x1c, 0x20, UINT32_MAX - 3 };

	for (unsigned i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		ck_assert_uint_eq(io_read(offsets[i], 1), 0);
		io_write(offsets[i], 4, UINT32_MAX);
		ck_assert_uint_eq(COUNTED(REGISTER), 2 * i + 2);
	}
	ck_assert_uint_eq(io_read(0x10, 4), 0);
	lab_expect("");
}
END_TEST

START_TEST(without_a_pair_there_is_nothing_at_all)
{
	lab.h->index_pair = ~0u;
	io_write(3, 4, UINT32_MAX);
	ck_assert_uint_eq(io_read(3, 4), 0);
	ck_assert_uint_eq(io_read(UINT32_MAX, 1), 0);
	ck_assert_uint_eq(COUNTED(REGISTER), 3);
	ck_assert_uint_eq(lab.h->index, 0);
}
END_TEST

START_TEST(an_index_beyond_the_registers_reads_0)
{
	io_write(0x10, 4, UINT32_MAX);
	ck_assert_uint_eq(io_read(0x14, 4), 0);
	io_write(0x14, 4, UINT32_MAX);
	ck_assert_uint_eq(COUNTED(REGISTER), 2);
	lab_expect("");
}
END_TEST

static void add_pair(Suite *s)
{
	TCase *tc = unit_case(s, "index/data pair");

	tcase_add_checked_fixture(tc, begin, lab_end);
	tcase_add_test(tc, the_pair_reaches_what_the_memory_bar_does);
	tcase_add_test(tc, of_the_pair_a_narrow_read_gives_its_part);
	tcase_add_test(tc, of_the_pair_a_narrow_or_odd_access_vanishes);
	tcase_add_test(tc, beside_the_pair_is_nothing);
	tcase_add_test(tc, without_a_pair_there_is_nothing_at_all);
	tcase_add_test(tc, an_index_beyond_the_registers_reads_0);
	suite_add_tcase(s, tc);
}

/* ---- what is offered ---- */

START_TEST(what_the_model_does_not_know_is_not_offered)
{
	/* no SXS, EMS, CCCS, FBSS, SPM, SSNTF */
	ck_assert_uint_eq(lab_read(HBA_CAP), 0xdf34ff1f | CAP_SAM);
	ck_assert_uint_eq(lab_read(HBA_CAP2), CAP2_BOH | CAP2_APST);
	ck_assert_uint_eq(lab_read(HBA_PI), LAB_PORTS);
	ck_assert_uint_eq(lab_read(HBA_VS), 0x00010301);
}
END_TEST

START_TEST(what_the_device_has_not_is_not_offered)
{
	lab.pool_bus = 0;
	DEVICE(HBA_CAP) = 0;
	DEVICE(HBA_CAP2) = 0;
	lab_attach();
	ck_assert_uint_eq(lab_read(HBA_CAP), CAP_SAM);
	ck_assert_uint_eq(lab_read(HBA_CAP2), 0);
}
END_TEST

START_TEST(hand_off_reaches_the_device_that_has_it)
{
	DEVICE(HBA_BOHC) = 0x11;
	ck_assert_uint_eq(lab_read(HBA_BOHC), 0x11);
	lab_write(HBA_BOHC, 0xffffff0a);
	lab_expect("W 028 0000000a\n");
	ck_assert_uint_eq(COUNTED(REGISTER), 0);
	DEVICE(HBA_CAP2) = CAP2_APST;
	lab_attach();
	lab_forget_log();
	ck_assert_uint_eq(lab_read(HBA_BOHC), 0);
	lab_write(HBA_BOHC, 2);
	lab_expect("");
	ck_assert_uint_eq(COUNTED(REGISTER), 1);
}
END_TEST

START_TEST(the_controller_stays_in_ahci_mode)
{
	lab_write(HBA_GHC, 0);
	lab_expect("W 004 80000000\n");
	lab_write(HBA_GHC, 0x7ffffffe);
	lab_expect("W 004 80000002\n");
	DEVICE(HBA_GHC) |= 0x70000000;
	ck_assert_uint_eq(lab_read(HBA_GHC), GHC_AE | GHC_IE);
}
END_TEST

/* ---- interrupts ---- */

/* What they have done their own registers tell, and the guest reads them next: one access of the device is enough. */
START_TEST(pending_ports_are_the_devices_and_no_port_is_looked_at)
{
	DEVICE(HBA_IS) = 0xffffffff;
	lab.log_reads = true;
	ck_assert_uint_eq(lab_read(HBA_IS), LAB_PORTS);
	lab_expect("R 008\n");
}
END_TEST

START_TEST(a_refusal_of_the_models_own_is_pending)
{
	PORT(0)->ie = PxIS_TFES;
	PORT(0)->is = PxIS_TFES | PxIS_DHRS;
	PORT(5)->ie = PxIS_DHRS;
	PORT(5)->is = PxIS_SDBS;
	PORT(31)->ie = PORT(31)->is = PxIS_SDBS;
	DEVICE(HBA_IS) = 2;
	ck_assert_uint_eq(lab_read(HBA_IS), 0x80000003);
}
END_TEST

START_TEST(pending_bits_are_cleared_in_the_device)
{
	DEVICE(HBA_IS) = 0x23;
	lab_write(HBA_IS, 0x21);
	lab_expect("W 008 00000021\n");
	ck_assert_uint_eq(DEVICE(HBA_IS), 2);
}
END_TEST

static void add_generic(Suite *s)
{
	TCase *tc = unit_case(s, "generic host control");

	tcase_add_checked_fixture(tc, begin, lab_end);
	tcase_add_test(tc, what_the_model_does_not_know_is_not_offered);
	tcase_add_test(tc, what_the_device_has_not_is_not_offered);
	tcase_add_test(tc, hand_off_reaches_the_device_that_has_it);
	tcase_add_test(tc, the_controller_stays_in_ahci_mode);
	tcase_add_test(tc, pending_ports_are_the_devices_and_no_port_is_looked_at);
	tcase_add_test(tc, a_refusal_of_the_models_own_is_pending);
	tcase_add_test(tc, pending_bits_are_cleared_in_the_device);
	suite_add_tcase(s, tc);
}

Suite *unit_suite(void)
{
	Suite *s = suite_create("ahci registers");

	add_widths(s);
	add_list(s);
	add_pair(s);
	add_generic(s);
	return s;
}
