/*
 * e1000_attach_test.c - which devices are of the family, taking one over, and its NVM
 */
#include <string.h>

#include "tests/unit/e1000_registers_lab.h"
#include "tests/unit/unit.h"

#define I82540	0x100e
#define I82574	0x10d3

/* ---- the family ---- */

START_TEST(the_family_is_known_by_PCI_id)
{
	static const struct { uint16_t id; const char *name; uint8_t queues; bool extended, microwire; } known[] = {
		{ 0x100e, "82540EM", 1, false, true }, { 0x100f, "82545EM", 1, false, true },
		{ 0x1010, "82546EB", 1, false, true }, { 0x1076, "82541GI", 1, false, true },
		{ 0x1075, "82547GI", 1, false, true }, { 0x10d3, "82574L", 2, true, false },
		{ 0x10f6, "82574LA", 2, true, false }, { 0x150c, "82583V", 1, true, false },
	};

	for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		const struct e1000_family *f = e1000_family(known[i].id);

		ck_assert_ptr_nonnull(f);
		ck_assert_uint_eq(f->device, known[i].id);
		ck_assert_str_eq(f->name, known[i].name);
		ck_assert_uint_eq(f->queues, known[i].queues);
		ck_assert_int_eq(f->extended, known[i].extended);
		ck_assert_int_eq(f->microwire, known[i].microwire);
	}
}
END_TEST

START_TEST(others_are_not_of_the_family)
{
	/* 82542, 82543, 82544, 82571, 82573, ICH8, I210, 82576 */
	static const uint16_t others[] = { 0x0000, 0x1000, 0x1001, 0x1004, 0x1008, 0x100c, 0x105e, 0x108b, 0x104a, 0x1533,
					   0x10c9, 0xffff };

	for (unsigned i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		ck_assert_ptr_null(e1000_family(others[i]));
}
END_TEST

START_TEST(every_counter_has_a_name_and_counts_for_itself)
{
	lab_clear();
	lab_attach(I82540);
	for (unsigned i = 0; i < E1000_COUNTERS; i++) {
		ck_assert_ptr_nonnull(e1000_counter_name[i]);
		lab.n->counter[i] = 100 + i;
		for (unsigned k = 0; k < i; k++)
			ck_assert_str_ne(e1000_counter_name[i], e1000_counter_name[k]);
	}
	for (unsigned i = 0; i < E1000_COUNTERS; i++)
		ck_assert_uint_eq(e1000_counter(lab.n, i), 100 + i);
	ck_assert_str_eq(e1000_counter_name[E1000_TX_PASSED], "frames sent");
	lab_end();
}
END_TEST

static void add_family(Suite *s)
{
	TCase *tc = unit_case(s, "family");

	tcase_add_test(tc, the_family_is_known_by_PCI_id);
	tcase_add_test(tc, others_are_not_of_the_family);
	tcase_add_test(tc, every_counter_has_a_name_and_counts_for_itself);
}

/* ---- taking over ---- */

static void set_ring(uint32_t offset, uint32_t base, uint32_t head, uint32_t tail)
{
	lab.reg[offset / 4] = base;
	lab.reg[offset / 4 + 1] = 1;
	lab.reg[offset / 4 + 2] = 0x200;
	lab.reg[offset / 4 + 4] = head;
	lab.reg[offset / 4 + 6] = tail;
	lab.reg[offset / 4 + 10] = 0x02010000;
}

/* A boot loader's driver runs. */
static void set_running(void)
{
	DEVICE(CTRL) = CTRL_VME | CTRL_RST | 0x241;
	DEVICE(IMS) = 0x9d;
	DEVICE(RCTL) = RCTL_EN | 0x8018;
	DEVICE(TCTL) = TCTL_EN | 0x8;
	DEVICE(FCAL) = 0x00c28001;
	DEVICE(FCAH) = 0x0100;
	DEVICE(FCT) = 0x8808;
	DEVICE(RXCSUM) = RXCSUM_PCSD | 0x300;
	DEVICE(RFCTL) = RFCTL_EXSTEN | 0x40;
	DEVICE(CTRL_EXT) = CTRL_EXT_IAME;
	DEVICE(IAM) = 0x81;
	DEVICE(MRQC) = 1;
	set_ring(0x2800, 0x1000, 4, 20);
	set_ring(0x2900, 0x2000, 5, 21);
	set_ring(0x3800, 0x3000, 6, 22);
	set_ring(0x3900, 0x4000, 7, 23);
}

static void check_ring(const struct guest_ring *r, uint32_t base, uint32_t head, uint32_t tail)
{
	ck_assert_uint_eq(r->bal, base);
	ck_assert_uint_eq(r->bah, 1);
	ck_assert_uint_eq(r->len, 0x200);
	ck_assert_uint_eq(r->head, head);
	ck_assert_uint_eq(r->tail, tail);
	ck_assert_uint_eq(r->dctl, 0x02010000);
}

START_TEST(a_running_device_runs_on_with_the_guests_rings)
{
	lab_clear();
	set_running();
	lab_attach(I82574);
	check_ring(&lab.n->rx.guest, 0x1000, 4, 20);
	check_ring(&lab.n->rx1, 0x2000, 5, 21);
	check_ring(&lab.n->tx[0].guest, 0x3000, 6, 22);
	check_ring(&lab.n->tx[1].guest, 0x4000, 7, 23);
	ck_assert_uint_eq(lab.n->rctl, RCTL_EN | 0x8018);
	ck_assert_uint_eq(lab.n->tctl, TCTL_EN | 0x8);
	ck_assert_uint_eq(DEVICE(RCTL), rx_rctl(lab.n, RCTL_EN | 0x8018));
	ck_assert_uint_eq(DEVICE(TCTL), TCTL_EN | 0x8);
}
END_TEST

START_TEST(what_the_guest_had_set_it_has_and_the_device_has_not)
{
	lab_clear();
	set_running();
	lab_attach(I82574);
	ck_assert_uint_eq(lab.n->ctrl, CTRL_VME);
	ck_assert_uint_eq(DEVICE(CTRL), 0x241);
	ck_assert_uint_eq(COUNTED(RESET), 0);
	ck_assert_uint_eq(lab.n->rxcsum, RXCSUM_PCSD);
	ck_assert_uint_eq(DEVICE(RXCSUM), 0x300);
	ck_assert_uint_eq(lab.n->rfctl, RFCTL_EXSTEN);
	ck_assert_uint_eq(DEVICE(RFCTL), 0x40);
	ck_assert_uint_eq(DEVICE(MRQC), 0);
	ck_assert_uint_eq(lab.n->ims, 0x9d);
	ck_assert_uint_eq(DEVICE(IMS), 0x9d);
	ck_assert_uint_eq(lab_read(E1000_FCAL), 0x00c28001);
	ck_assert_uint_eq(lab_read(E1000_FCT), 0x8808);
	DEVICE(ICR) = INT_ASSERTED;
	lab_read(E1000_ICR);
	ck_assert_uint_eq(lab.n->ims, 0x1c);
}
END_TEST

/* Where in the log of an attach @line stands first; it does. */
static uint32_t place(const char *line)
{
	const char *at = strstr(lab.log, line);

	ck_assert_msg(at, "%s is not in:\n%s", line, lab.log);
	return (uint32_t)(at - lab.log);
}

START_TEST(queues_start_when_the_device_has_stopped_and_is_set_up)
{
	static const char *const order[] = {
		"W 00100 00008018\n", "W 00400 00000008\n", "W 00000 00000241\n", "R 02810\n", "rx_create\n", "R 03810\n",
		"tx_create 0\n", "R 03910\n", "tx_create 1\n", "W 03828 01410000\n", "W 03928 01410000\n",
		"tx_start 0000000a\n", "W 00400 0000000a\n", "rx_start 0000801a\n", "W 00100 04000002\n",
		"tx_kick 0\n", "tx_kick 1\n",
	};
	static char all[sizeof(lab.log)];

	lab_clear();
	set_running();
	lab.keep = true;
	lab_attach(I82574);
	for (unsigned i = 1; i < sizeof(order) / sizeof(order[0]); i++)
		ck_assert_msg(place(order[i - 1]) < place(order[i]), "%s is not before %s", order[i - 1], order[i]);
	memcpy(all, lab.log, sizeof(all));
	ck_assert_ptr_null(strstr(all, "R 000c0\n"));	/* causes stay for the guest */
	ck_assert_ptr_null(strstr(all, "W 000d"));	/* and so does their mask */
	lab_end();
}
END_TEST

START_TEST(a_device_that_does_not_run_is_not_started)
{
	lab_clear();
	set_running();
	DEVICE(RCTL) &= ~RCTL_EN;
	DEVICE(TCTL) &= ~TCTL_EN;
	DEVICE(CTRL) = CTRL_RST | 0x241;
	lab.keep = true;
	lab_attach(I82574);
	ck_assert_ptr_null(strstr(lab.log, "_start"));
	ck_assert_ptr_null(strstr(lab.log, "W 00000"));
	ck_assert_uint_eq(lab.n->rctl, 0x8018);
	ck_assert_uint_eq(DEVICE(TCTL), 0x8);
	lab_end();
}
END_TEST

START_TEST(a_head_is_taken_when_it_has_come_to_rest)
{
	lab_clear();
	set_running();
	lab.head_moves = 100;
	lab_attach(I82574);
	ck_assert_uint_eq(lab.n->tx[0].guest.head, 106);
	ck_assert_uint_eq(lab.n->tx[1].guest.head, 7);
}
END_TEST

START_TEST(a_head_that_never_rests_is_not_waited_for)
{
	lab_clear();
	set_running();
	lab.quiet = true;
	lab.head_moves = UINT32_MAX;
	lab_attach(I82574);
	ck_assert_uint_lt(lab.reads, 8192);
	ck_assert_uint_le(lab.n->tx[0].guest.head, 0xffff);
}
END_TEST

START_TEST(the_82540_has_one_queue_to_take_over_and_no_registers_of_the_82574)
{
	lab_clear();
	set_running();
	lab.keep = true;
	lab_attach(I82540);
	ck_assert_ptr_null(strstr(lab.log, " 029"));
	ck_assert_ptr_null(strstr(lab.log, " 039"));
	ck_assert_ptr_null(strstr(lab.log, " 05008"));
	ck_assert_ptr_null(strstr(lab.log, " 05818"));
	ck_assert_ptr_null(strstr(lab.log, " 000e0"));
	check_ring(&lab.n->rx.guest, 0x1000, 4, 20);
	check_ring(&lab.n->tx[0].guest, 0x3000, 6, 22);
	ck_assert_uint_eq(lab.n->ctrl, CTRL_VME);
	ck_assert_uint_eq(DEVICE(CTRL), 0x241);
	lab_end();
}
END_TEST

START_TEST(a_device_that_is_gone_is_attached_all_the_same)
{
	lab_clear();
	memset(lab.reg, 0xff, sizeof(lab.reg));
	lab.quiet = true;
	lab_attach(I82540);
	ck_assert_uint_eq(guest_ring_count(&lab.n->rx.guest), 0);
	ck_assert_uint_eq(guest_ring_count(&lab.n->tx[0].guest), 0);
	ck_assert_uint_lt(lab.reads, 200000);
}
END_TEST

static void add_takeover(Suite *s)
{
	TCase *tc = unit_case(s, "takeover");

	tcase_add_checked_fixture(tc, NULL, lab_end);
	tcase_add_test(tc, a_running_device_runs_on_with_the_guests_rings);
	tcase_add_test(tc, what_the_guest_had_set_it_has_and_the_device_has_not);
	tcase_add_test(tc, queues_start_when_the_device_has_stopped_and_is_set_up);
	tcase_add_test(tc, a_device_that_does_not_run_is_not_started);
	tcase_add_test(tc, a_head_is_taken_when_it_has_come_to_rest);
	tcase_add_test(tc, a_head_that_never_rests_is_not_waited_for);
	tcase_add_test(tc, the_82540_has_one_queue_to_take_over_and_no_registers_of_the_82574);
	tcase_add_test(tc, a_device_that_is_gone_is_attached_all_the_same);
}

/* ---- the NVM ---- */

static void check_words(void)
{
	for (uint32_t i = 0; i < NVM_WORDS; i++)
		ck_assert_uint_eq(lab.n->nvm.word[i], lab.nvm[i]);
}

START_TEST(the_words_are_read_once_by_EERD)
{
	lab_clear();
	lab_attach(I82540);
	check_words();
	lab_read(E1000_EECD);
	lab_expect("");
}
END_TEST

START_TEST(the_words_are_read_by_the_other_layout_of_EERD)
{
	lab_clear();
	lab.eerd_done = 1u << 1;
	lab.eerd_shift = 2;
	lab_attach(0x1076);
	check_words();
}
END_TEST

START_TEST(a_slow_NVM_is_waited_for)
{
	lab_clear();
	lab.quiet = true;
	lab.eerd_wait = 4096;
	lab_attach(I82540);
	check_words();
}
END_TEST

START_TEST(an_NVM_that_does_not_answer_is_not_waited_for)
{
	lab_clear();
	lab.quiet = true;
	lab.eerd_wait = 4097;
	lab_attach(I82540);
	ck_assert_uint_lt(lab.reads, 6000);
	for (uint32_t i = 0; i < NVM_WORDS; i++)
		ck_assert_uint_eq(lab.n->nvm.word[i], 0xffff);
}
END_TEST

START_TEST(the_82574_reads_its_NVM_by_itself)
{
	lab_clear();
	lab.keep = true;
	lab.eerd_done = 1u << 1;
	lab.eerd_shift = 2;
	lab_attach(I82574);
	ck_assert_ptr_null(strstr(lab.log, " 00014"));
	lab.log[lab.log_len = 0] = 0;
	lab_write(E1000_EERD, 3u << 2 | EERD_START);
	ck_assert_uint_eq(lab_read(E1000_EERD), (uint32_t)lab.nvm[3] << 16 | 3u << 2 | 2);
	lab_expect("W 00014 0000000d\nR 00014\n");
	lab_end();
}
END_TEST

/* A driver's hands on the wire. */
static uint32_t wire;

static void set_wire(uint32_t set, uint32_t clear)
{
	wire = (wire & ~clear) | set;
	lab_write(E1000_EECD, wire);
}

static void send_bits(uint32_t bits, unsigned count)
{
	while (count--) {
		set_wire(bits >> count & 1 ? EECD_DI : 0, EECD_DI);
		set_wire(EECD_SK, 0);
		set_wire(0, EECD_SK);
	}
	set_wire(0, EECD_DI);
}

static uint32_t receive_bits(unsigned count)
{
	uint32_t bits = 0;

	while (count--) {
		set_wire(EECD_SK, 0);
		bits = bits << 1 | !!(lab_read(E1000_EECD) & EECD_DO);
		set_wire(0, EECD_SK);
	}
	return bits;
}

static void select_chip(void)
{
	set_wire(0, EECD_CS | EECD_SK);
	set_wire(EECD_SK, 0);	/* a clock that the chip does not see */
	set_wire(EECD_CS, 0);
	set_wire(0, EECD_SK);
}

static void begin_nvm(void)
{
	lab_clear();
	lab_attach(I82540);
	wire = 0;
}

START_TEST(each_word_is_clocked_out)
{
	set_wire(EECD_REQ, 0);
	for (uint32_t i = 0; i < NVM_WORDS; i++) {
		select_chip();
		send_bits(0x180 | i, 9);
		ck_assert_uint_eq(lab_read(E1000_EECD) & EECD_DO, 0);	/* a 0 comes first */
		ck_assert_uint_eq(receive_bits(16), lab.nvm[i]);
	}
	ck_assert_uint_eq(COUNTED(NVM), 0);
	lab_expect("");
}
END_TEST

START_TEST(the_next_word_follows_and_the_first_the_last)
{
	select_chip();
	send_bits(0x180 | 62, 9);
	ck_assert_uint_eq(receive_bits(16), lab.nvm[62]);
	ck_assert_uint_eq(receive_bits(16), lab.nvm[63]);
	ck_assert_uint_eq(receive_bits(16), lab.nvm[0]);
}
END_TEST

START_TEST(a_command_begins_with_its_start_bit)
{
	select_chip();
	send_bits(0, 3);
	send_bits(0x180 | 7, 9);
	ck_assert_uint_eq(receive_bits(16), lab.nvm[7]);
}
END_TEST

START_TEST(a_command_ends_when_CS_falls)
{
	select_chip();
	send_bits(0x18, 5);
	select_chip();
	send_bits(0x180 | 9, 9);
	ck_assert_uint_eq(receive_bits(16), lab.nvm[9]);
	set_wire(0, EECD_CS);
	ck_assert_uint_ne(lab_read(E1000_EECD) & EECD_DO, 0);
	/* what is clocked without CS is nothing */
	send_bits(0x180 | 9, 9);
	ck_assert_uint_eq(receive_bits(16), 0xffff);
}
END_TEST

START_TEST(nothing_is_written_and_each_try_counted)
{
	/* EWEN, WRITE, ERASE, ERAL, WRAL, EWDS */
	static const uint32_t commands[] = { 0x130, 0x140 | 5, 0x1c0 | 5, 0x120, 0x110, 0x100 };

	for (unsigned i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		select_chip();
		send_bits(commands[i], 9);
		send_bits(0xbeef, 16);
		ck_assert_uint_eq(COUNTED(NVM), i + 1);
	}
	select_chip();
	ck_assert_uint_ne(lab_read(E1000_EECD) & EECD_DO, 0);	/* ready */
	send_bits(0x180 | 5, 9);
	ck_assert_uint_eq(receive_bits(16), lab.nvm[5]);
	check_words();
	lab_expect("");
}
END_TEST

START_TEST(whoever_asks_for_the_NVM_is_granted_it)
{
	ck_assert_uint_eq(lab_read(E1000_EECD), EECD_PRES | EECD_FWE_OFF | EECD_DO);
	set_wire(EECD_REQ, 0);
	ck_assert_uint_eq(lab_read(E1000_EECD), EECD_PRES | EECD_FWE_OFF | EECD_DO | EECD_REQ | EECD_GNT);
	set_wire(0, EECD_REQ);
	ck_assert_uint_eq(lab_read(E1000_EECD), EECD_PRES | EECD_FWE_OFF | EECD_DO);
	lab_write(E1000_EECD, ~(uint32_t)EECD_CS);
	ck_assert_uint_eq(lab_read(E1000_EECD),
			  EECD_PRES | EECD_FWE_OFF | EECD_DO | EECD_REQ | EECD_GNT | EECD_SK | EECD_DI);
	lab_expect("");
}
END_TEST

START_TEST(the_82574_is_not_reached_by_the_wire)
{
	lab_attach(I82574);
	DEVICE(EECD) = 0x0001837f;
	ck_assert_uint_eq(lab_read(E1000_EECD), 0x00018300 | EECD_FWE_OFF | EECD_DO);
	lab_expect("R 00010\n");
	select_chip();
	send_bits(0x03, 8);
	send_bits(0, 24);
	ck_assert_uint_eq(COUNTED(NVM), 1);
	select_chip();
	ck_assert_uint_eq(COUNTED(NVM), 2);
	lab_expect("");
	ck_assert_uint_eq(receive_bits(8), 0xff);
	ck_assert_uint_eq(DEVICE(EECD), 0x0001837f);
}
END_TEST

static void add_nvm(Suite *s)
{
	TCase *tc = unit_case(s, "nvm"), *wired = unit_case(s, "microwire");

	tcase_add_checked_fixture(tc, NULL, lab_end);
	tcase_add_test(tc, the_words_are_read_once_by_EERD);
	tcase_add_test(tc, the_words_are_read_by_the_other_layout_of_EERD);
	tcase_add_test(tc, a_slow_NVM_is_waited_for);
	tcase_add_test(tc, an_NVM_that_does_not_answer_is_not_waited_for);
	tcase_add_test(tc, the_82574_reads_its_NVM_by_itself);
	tcase_add_checked_fixture(wired, begin_nvm, lab_end);
	tcase_add_test(wired, each_word_is_clocked_out);
	tcase_add_test(wired, the_next_word_follows_and_the_first_the_last);
	tcase_add_test(wired, a_command_begins_with_its_start_bit);
	tcase_add_test(wired, a_command_ends_when_CS_falls);
	tcase_add_test(wired, nothing_is_written_and_each_try_counted);
	tcase_add_test(wired, whoever_asks_for_the_NVM_is_granted_it);
	tcase_add_test(wired, the_82574_is_not_reached_by_the_wire);
}

Suite *unit_suite(void)
{
	Suite *s = suite_create("e1000_attach");

	add_family(s);
	add_takeover(s);
	add_nvm(s);
	return s;
}
