/*
 * e1000_control_test.c - registers that do something: resets, RCTL, TCTL, interrupts, rings
 */
#include <string.h>

#include "tests/unit/e1000_registers_lab.h"
#include "tests/unit/unit.h"

#define I82540	0x100e
#define I82574	0x10d3
#define CTRL_LIVE	0x08000241u	/* of a driver: FD, SLU, speed, TFCE */

static void begin_82540(void)
{
	lab_clear();
	lab_attach(I82540);
}

static void begin_82574(void)
{
	lab_clear();
	lab_attach(I82574);
}

/* ---- CTRL and resets ---- */

START_TEST(the_device_never_strips_tags)
{
	lab_write(E1000_CTRL, CTRL_LIVE | CTRL_VME);
	lab_expect("W 00000 08000241\n");
	ck_assert_uint_eq(lab_read(E1000_CTRL), CTRL_LIVE | CTRL_VME);
	ck_assert_uint_eq(lab.n->ctrl, CTRL_VME);
	/* should it have the bit all the same, the guest sees its own */
	lab_write(E1000_CTRL, CTRL_LIVE);
	DEVICE(CTRL) |= CTRL_VME;
	ck_assert_uint_eq(lab_read(E1000_CTRL), CTRL_LIVE);
	ck_assert_uint_eq(lab.n->ctrl, 0);
}
END_TEST

START_TEST(the_duplicate_of_CTRL_is_no_way_around)
{
	lab_write(E1000_CTRL + 4, CTRL_LIVE | CTRL_VME);
	lab_expect("W 00004 08000241\n");
	ck_assert_uint_eq(lab_read(E1000_CTRL + 4), CTRL_LIVE | CTRL_VME);
	ck_assert_uint_eq(lab.n->ctrl, CTRL_VME);
	lab_write(E1000_CTRL + 4, CTRL_RST);
	ck_assert_uint_eq(COUNTED(RESET), 1);
	ck_assert_uint_eq(lab.n->ctrl, 0);
}
END_TEST

START_TEST(resets_of_the_phy_and_the_bus_master_bit_are_the_devices)
{
	lab_write(E1000_CTRL, CTRL_LIVE | CTRL_PHY_RST | 1u << 2);
	lab_expect("W 00000 88000245\n");
	lab_write(E1000_CTRL_EXT, CTRL_EXT_EE_RST);
	lab_expect("W 00018 00002000\n");
	ck_assert_uint_eq(COUNTED(RESET), 0);
}
END_TEST

/* All that a driver sets, and that a reset must take back. */
static void set_all(void)
{
	static const uint32_t rings[] = { 0x2800, 0x2900, 0x3800, 0x3900 };

	for (unsigned i = 0; i < 4; i++) {
		lab_write(rings[i], 0x12345670);
		lab_write(rings[i] + 4, 0x1);
		lab_write(rings[i] + 8, 0x1000);
		lab_write(rings[i] + 0x10, 3);
		lab_write(rings[i] + 0x18, 5);
		lab_write(rings[i] + 0x28, 0x01010101);
	}
	lab_write(E1000_CTRL, CTRL_LIVE | CTRL_VME);
	lab_write(E1000_CTRL_EXT, CTRL_EXT_IAME);
	lab_write(E1000_IAM, 0xff);
	lab_write(E1000_IMS, 0x9f);
	lab_write(E1000_RFCTL, RFCTL_EXSTEN);
	lab_write(E1000_RXCSUM, RXCSUM_PCSD);
	lab_write(E1000_FCAL, 1);
	lab_write(E1000_FCAH, 2);
	lab_write(E1000_FCT, 3);
	lab_write(E1000_EECD, EECD_CS | EECD_REQ);
	lab_write(E1000_RCTL, RCTL_EN | RCTL_BSIZE);
	lab_write(E1000_TCTL, TCTL_EN);
	lab.log[lab.log_len = 0] = 0;
}

static void check_reset(void)
{
	static const uint32_t rings[] = { 0x2800, 0x2900, 0x3800, 0x3900 };
	const struct e1000 *n = lab.n;

	for (unsigned i = 0; i < 4; i++) {
		for (uint32_t k = 0; k <= 0x18; k += k == 8 ? 8 : k == 0x10 ? 8 : 4)
			ck_assert_uint_eq(lab_read(rings[i] + k), 0);
		ck_assert_uint_eq(lab_read(rings[i] + 0x28), i < 2 ? 0x10000 : 0);
	}
	ck_assert_uint_eq(n->ctrl | n->ctrl_ext | n->iam | n->ims | n->rfctl | n->rxcsum | n->rctl | n->tctl, 0);
	ck_assert_uint_eq(lab_read(E1000_FCAL), 0x00c28001);
	ck_assert_uint_eq(lab_read(E1000_FCAH), 0x0100);
	ck_assert_uint_eq(lab_read(E1000_FCT), 0x8808);
	ck_assert_uint_eq(lab_read(E1000_EECD) & (EECD_CS | EECD_REQ), 0);
	ck_assert_uint_eq(lab_read(E1000_RCTL), 0);
	ck_assert_uint_eq(COUNTED(RESET), 1);
}

START_TEST(a_reset_stops_the_device_and_forgets_all_that_was_set)
{
	set_all();
	lab_write(E1000_CTRL, CTRL_LIVE | CTRL_VME | CTRL_RST);
	lab_expect("R 00100\nR 00400\nW 000d8 ffffffff\nW 00100 04000000\nW 00400 00000000\n"
		   "rx_reset\ntx_reset\nW 00000 0c000241\n");
	DEVICE(CTRL) &= ~CTRL_RST;
	check_reset();
}
END_TEST

START_TEST(a_reset_behind_our_back_is_a_reset)
{
	set_all();
	DEVICE(RCTL) = DEVICE(TCTL) = 0;
	e1000_was_reset(lab.n);
	lab_expect("R 00100\nR 00400\nW 000d8 ffffffff\nrx_reset\ntx_reset\n");
	check_reset();
}
END_TEST

START_TEST(a_power_state_that_resets_nothing_stops_the_device)
{
	set_all();
	DEVICE(TCTL) = 0x3003f00a;
	e1000_was_reset(lab.n);
	lab_expect("R 00100\nR 00400\nW 000d8 ffffffff\nW 00100 04000000\nW 00400 3003f008\nrx_reset\ntx_reset\n");
	check_reset();
}
END_TEST

/* ---- RCTL, TCTL ---- */

START_TEST(receiving_starts_before_the_device_is_enabled_and_stops_after)
{
	lab_write(E1000_RCTL, 0x00008010);
	lab_expect("W 00100 04000000\n");
	lab_write(E1000_RCTL, 0x00008012);
	lab_expect("R 00038\nrx_start 00008012\nW 00100 04000002\n");
	lab_write(E1000_RCTL, 0x0001801a);
	lab_expect("W 00100 04000002\n");
	ck_assert_uint_eq(lab.n->rctl, 0x0001801a);
	/* what had come is the guest's as its buffers were */
	lab_write(E1000_RCTL, 0x00008018);
	lab_expect("W 00100 04000000\nrx_stop 0001801a\n");
	ck_assert_uint_eq(lab.n->rctl, 0x00008018);
	lab_write(E1000_RCTL, 0);
	lab_expect("W 00100 04000000\n");
}
END_TEST

START_TEST(RCTL_is_read_back_as_it_was_written)
{
	lab_write(E1000_RCTL, 0xffffffff);
	lab.log[lab.log_len = 0] = 0;
	ck_assert_uint_eq(lab_read(E1000_RCTL), 0xffffffff);
	lab_expect("");
}
END_TEST

START_TEST(sending_starts_before_the_device_is_enabled_and_stops_after)
{
	lab_write(E1000_TCTL, 0x0003f0f8);
	lab_expect("W 00400 0003f0f8\n");
	lab_write(E1000_TCTL, 0x0003f0fa);
	lab_expect("W 03828 01010000\nR 00038\ntx_start 0003f0fa\nW 00400 0003f0fa\n");
	lab_write(E1000_TCTL, 0x0003f0ea);
	lab_expect("W 00400 0003f0ea\n");
	ck_assert_uint_eq(lab_read(E1000_TCTL), 0x0003f0ea);
	lab_expect("R 00400\n");
	lab_write(E1000_TCTL, 0);
	lab_expect("W 00400 00000000\ntx_stop\n");
	lab_write(E1000_TCTL, 0);
	lab_expect("W 00400 00000000\n");
}
END_TEST

START_TEST(the_82574_gets_its_bit_in_TXDCTL_of_both_queues)
{
	lab_write(E1000_TXDCTL, 0);
	lab_write(E1000_TCTL, TCTL_EN);
	lab_expect("W 03828 01410000\nW 03928 01410000\nR 00038\ntx_start 00000002\nW 00400 00000002\n");
	ck_assert_uint_eq(lab_read(E1000_TXDCTL), 0);
}
END_TEST

/* ---- what the device has otherwise ---- */

START_TEST(extended_descriptors_are_the_models)
{
	lab_write(E1000_RFCTL, RFCTL_EXSTEN | 0x41);
	lab_expect("W 05008 00000041\n");
	ck_assert_uint_eq(lab_read(E1000_RFCTL), RFCTL_EXSTEN | 0x41);
	lab_write(E1000_RFCTL, 0x41);
	DEVICE(RFCTL) = 0x41 | RFCTL_EXSTEN;
	ck_assert_uint_eq(lab_read(E1000_RFCTL), 0x41);
}
END_TEST

START_TEST(a_hash_in_place_of_the_checksum_is_the_models)
{
	lab_write(E1000_RXCSUM, RXCSUM_PCSD | 0x300);
	lab_expect("W 05000 00000300\n");
	ck_assert_uint_eq(lab_read(E1000_RXCSUM), RXCSUM_PCSD | 0x300);
	lab_write(E1000_RXCSUM, 0x300);
	DEVICE(RXCSUM) = RXCSUM_PCSD;
	ck_assert_uint_eq(lab_read(E1000_RXCSUM), 0);
}
END_TEST

START_TEST(the_type_of_tags_is_known)
{
	lab_write(E1000_VET, 0x123488a8);
	lab_expect("W 00038 123488a8\n");
	ck_assert_uint_eq(lab.n->vet, 0x88a8);
	ck_assert_uint_eq(lab_read(E1000_VET), 0x123488a8);
	/* what a reset made of it */
	DEVICE(VET) = 0x8100;
	lab_write(E1000_RCTL, RCTL_EN);
	ck_assert_uint_eq(lab.n->vet, 0x8100);
	DEVICE(VET) = 0x9100;
	lab_write(E1000_TCTL, TCTL_EN);
	ck_assert_uint_eq(lab.n->vet, 0x9100);
}
END_TEST

START_TEST(frames_of_the_devices_own_are_PAUSE_frames)
{
	static const char standard[] = "W 00028 00c28001\nW 0002c 00000100\nW 00030 00008808\n";

	lab_write(E1000_FCAL, 0x00c28001);
	lab_write(E1000_FCAH, 0x0100);
	lab_write(E1000_FCT, 0x8808);
	lab_expect(standard);
	lab_write(E1000_FCAL, 0x5a5a5a5a);
	lab_write(E1000_FCAH, 0xffffa5a5);
	lab_write(E1000_FCT, 0x12340800);
	lab_expect(standard);
	/* a driver's self-test finds what it wrote, */
	ck_assert_uint_eq(lab_read(E1000_FCAL), 0x5a5a5a5a);
	ck_assert_uint_eq(lab_read(E1000_FCAH), 0xa5a5);
	ck_assert_uint_eq(lab_read(E1000_FCT), 0x0800);
	/* if the device has the registers */
	DEVICE(FCAL) = DEVICE(FCT) = 0;
	ck_assert_uint_eq(lab_read(E1000_FCAL), 0);
	ck_assert_uint_eq(lab_read(E1000_FCAH), 0xa5a5);
	ck_assert_uint_eq(lab_read(E1000_FCT), 0);
}
END_TEST

static void add_control(Suite *s)
{
	TCase *tc = unit_case(s, "control"), *pcie = unit_case(s, "control 82574");

	tcase_add_checked_fixture(tc, begin_82540, lab_end);
	tcase_add_test(tc, the_device_never_strips_tags);
	tcase_add_test(tc, the_duplicate_of_CTRL_is_no_way_around);
	tcase_add_test(tc, resets_of_the_phy_and_the_bus_master_bit_are_the_devices);
	tcase_add_test(tc, receiving_starts_before_the_device_is_enabled_and_stops_after);
	tcase_add_test(tc, RCTL_is_read_back_as_it_was_written);
	tcase_add_test(tc, sending_starts_before_the_device_is_enabled_and_stops_after);
	tcase_add_test(tc, the_type_of_tags_is_known);
	tcase_add_test(tc, frames_of_the_devices_own_are_PAUSE_frames);
	tcase_add_checked_fixture(pcie, begin_82574, lab_end);
	tcase_add_test(pcie, a_reset_stops_the_device_and_forgets_all_that_was_set);
	tcase_add_test(pcie, a_reset_behind_our_back_is_a_reset);
	tcase_add_test(pcie, a_power_state_that_resets_nothing_stops_the_device);
	tcase_add_test(pcie, the_82574_gets_its_bit_in_TXDCTL_of_both_queues);
	tcase_add_test(pcie, extended_descriptors_are_the_models);
	tcase_add_test(pcie, a_hash_in_place_of_the_checksum_is_the_models);
}

/* ---- interrupts ---- */

START_TEST(ICR_of_the_device_is_read_before_the_queues_are)
{
	DEVICE(ICR) = INT_RXT0 | INT_TXDW;
	ck_assert_uint_eq(lab_read(E1000_ICR), INT_RXT0 | INT_TXDW);
	lab_expect("R 000c0\ntx_complete 0\nrx_collect 0\n");
	ck_assert_uint_eq(lab_read(E1000_ICR), 0);
}
END_TEST

START_TEST(every_interrupt_register_makes_the_model_look)
{
	lab_write(E1000_ICR, 0x80);
	lab_expect("W 000c0 00000080\ntx_complete 0\nrx_collect 0\n");
	lab_write(E1000_ICS, INT_RXDMT0);
	lab_expect("W 000c8 00000010\ntx_complete 0\nrx_collect 0\n");
	lab_write(E1000_IMS, 0x9d);
	lab_expect("W 000d0 0000009d\ntx_complete 0\nrx_collect 0\n");
	lab_write(E1000_IMC, 0x9d);
	lab_expect("W 000d8 0000009d\ntx_complete 0\nrx_collect 0\n");
}
END_TEST

START_TEST(both_queues_of_the_82574_are_looked_at)
{
	lab_read(E1000_ICR);
	lab_expect("R 000c0\ntx_complete 0\ntx_complete 1\nrx_collect 0\n");
	e1000_poll(lab.n);
	lab_expect("tx_poll 0\ntx_poll 1\nrx_poll\n");
}
END_TEST

START_TEST(a_bursts_rest_is_announced_whoever_finds_it)
{
	lab.rx_waits = true;
	lab_read(E1000_ICR);
	lab_expect("R 000c0\ntx_complete 0\nrx_collect 1\n");
	lab_write(E1000_IMS, 0x80);
	lab_expect("W 000d0 00000080\ntx_complete 0\nrx_collect 1\n");
}
END_TEST

START_TEST(the_mask_is_known)
{
	lab_write(E1000_IMS, 0x85);
	lab_write(E1000_IMS, 0x10);
	ck_assert_uint_eq(lab.n->ims, 0x95);
	lab_write(E1000_IMC, 0x11);
	ck_assert_uint_eq(lab.n->ims, 0x84);
	ck_assert_uint_eq(lab_read(E1000_IMS), 0x84);
	DEVICE(IMS) = 0x04;
	ck_assert_uint_eq(lab_read(E1000_IMS), 0x04);
	ck_assert_uint_eq(lab.n->ims, 0x04);
}
END_TEST

START_TEST(with_IAME_an_access_to_ICR_masks)
{
	lab_write(E1000_IAM, 0x81);
	lab_expect("W 000e0 00000081\n");
	lab_write(E1000_IMS, 0x95);
	DEVICE(ICR) = INT_ASSERTED | INT_RXT0;
	lab_read(E1000_ICR);
	ck_assert_uint_eq(lab.n->ims, 0x95);	/* not without IAME */
	lab_write(E1000_CTRL_EXT, CTRL_EXT_IAME);
	DEVICE(ICR) = INT_RXT0;
	lab_read(E1000_ICR);
	ck_assert_uint_eq(lab.n->ims, 0x95);	/* nor where it interrupts nobody */
	DEVICE(ICR) = INT_ASSERTED | INT_RXT0;
	lab_read(E1000_ICR);
	ck_assert_uint_eq(lab.n->ims, 0x14);
	lab_write(E1000_IMS, 0x95);
	lab_write(E1000_ICR, 0xffffffff);
	ck_assert_uint_eq(lab.n->ims, 0x14);
}
END_TEST

START_TEST(a_guest_that_is_interrupted_needs_no_polls)
{
	ck_assert_uint_eq(e1000_poll_hz(lab.n), 0);
	lab_write(E1000_IMS, INT_RXT0 | INT_TXDW);
	lab_write(E1000_RCTL, RCTL_EN);
	lab.tx_runs[0] = lab.tx_runs[1] = true;
	ck_assert_uint_eq(e1000_poll_hz(lab.n), 0);
}
END_TEST

START_TEST(a_guest_that_masks_is_polled_for_while_it_receives)
{
	lab_write(E1000_RCTL, RCTL_EN);
	ck_assert_uint_eq(e1000_poll_hz(lab.n), 250);
	lab_write(E1000_IMS, INT_TXDW | INT_LSC);
	ck_assert_uint_eq(e1000_poll_hz(lab.n), 250);
	lab_write(E1000_IMS, INT_RXT0);
	ck_assert_uint_eq(e1000_poll_hz(lab.n), 0);
	lab_write(E1000_IMC, INT_RXT0);
	lab_write(E1000_RCTL, 0);
	ck_assert_uint_eq(e1000_poll_hz(lab.n), 0);
}
END_TEST

START_TEST(a_guest_that_masks_is_polled_for_while_it_sends)
{
	lab_write(E1000_IMS, INT_RXT0);
	lab.tx_runs[1] = true;
	ck_assert_uint_eq(e1000_poll_hz(lab.n), 1000);
	lab_write(E1000_IMS, INT_TXDW);
	ck_assert_uint_eq(e1000_poll_hz(lab.n), 0);
}
END_TEST

START_TEST(what_waits_is_polled_for_in_any_case)
{
	lab_write(E1000_IMS, INT_RXT0 | INT_TXDW);
	lab.rx_waits = true;
	ck_assert_uint_eq(e1000_poll_hz(lab.n), 1000);
	lab.rx_waits = false;
	lab.tx_waits[1] = true;
	ck_assert_uint_eq(e1000_poll_hz(lab.n), 1000);
	lab.tx_waits[1] = false;
	ck_assert_uint_eq(e1000_poll_hz(lab.n), 0);
}
END_TEST

START_TEST(what_the_device_keeps_is_looked_at_seldom)
{
	lab.tx_waits[0] = lab.tx_stalls[0] = true;
	ck_assert_uint_eq(e1000_poll_hz(lab.n), 10);
	lab.tx_runs[1] = true;
	ck_assert_uint_eq(e1000_poll_hz(lab.n), 1000);
	lab.tx_stalls[1] = true;
	ck_assert_uint_eq(e1000_poll_hz(lab.n), 10);
	lab_write(E1000_RCTL, RCTL_EN);
	ck_assert_uint_eq(e1000_poll_hz(lab.n), 250);
	lab.rx_waits = true;
	ck_assert_uint_eq(e1000_poll_hz(lab.n), 1000);
	lab.rx_waits = false;
	lab_write(E1000_IMS, INT_RXT0 | INT_TXDW);
	ck_assert_uint_eq(e1000_poll_hz(lab.n), 10);
	lab.tx_waits[0] = false;
	ck_assert_uint_eq(e1000_poll_hz(lab.n), 0);
}
END_TEST

static void add_interrupts(Suite *s)
{
	TCase *tc = unit_case(s, "interrupts"), *pcie = unit_case(s, "interrupts 82574");

	tcase_add_checked_fixture(tc, begin_82540, lab_end);
	tcase_add_test(tc, ICR_of_the_device_is_read_before_the_queues_are);
	tcase_add_test(tc, every_interrupt_register_makes_the_model_look);
	tcase_add_test(tc, a_bursts_rest_is_announced_whoever_finds_it);
	tcase_add_test(tc, the_mask_is_known);
	tcase_add_checked_fixture(pcie, begin_82574, lab_end);
	tcase_add_test(pcie, both_queues_of_the_82574_are_looked_at);
	tcase_add_test(pcie, with_IAME_an_access_to_ICR_masks);
	tcase_add_test(pcie, a_guest_that_is_interrupted_needs_no_polls);
	tcase_add_test(pcie, a_guest_that_masks_is_polled_for_while_it_receives);
	tcase_add_test(pcie, a_guest_that_masks_is_polled_for_while_it_sends);
	tcase_add_test(pcie, what_waits_is_polled_for_in_any_case);
	tcase_add_test(pcie, what_the_device_keeps_is_looked_at_seldom);
}

/* ---- rings ---- */

START_TEST(registers_of_rings_never_reach_the_device)
{
	static const uint32_t rings[] = { 0x2800, 0x2900, 0x3800, 0x3900 };
	static const struct { uint32_t at, bits; } fields[] = {
		{ 0x00, 0xfffffff0 }, { 0x04, 0xffffffff }, { 0x08, 0x000fff80 }, { 0x18, 0x0000ffff },
		{ 0x28, 0xffffffff }, { 0x10, 0x0000ffff },
	};

	for (unsigned i = 0; i < 4; i++) {
		for (unsigned k = 0; k < sizeof(fields) / sizeof(fields[0]); k++) {
			lab_write(rings[i] + fields[k].at, 0xffffffff);
			ck_assert_uint_eq(lab_read(rings[i] + fields[k].at), fields[k].bits);
			lab_write(rings[i] + fields[k].at, 0x5a5a5a5a);
			ck_assert_uint_eq(lab_read(rings[i] + fields[k].at), 0x5a5a5a5a & fields[k].bits);
		}
	}
	ck_assert_ptr_null(strstr(lab.log, "W "));
	ck_assert_ptr_null(strstr(lab.log, "R "));
}
END_TEST

START_TEST(each_ring_has_registers_of_its_own)
{
	static const uint32_t rings[] = { 0x2800, 0x2900, 0x3800, 0x3900 };

	for (unsigned i = 0; i < 4; i++)
		lab_write(rings[i] + 4, 0x10 + i);
	ck_assert_uint_eq(lab.n->rx.guest.bah, 0x10);
	ck_assert_uint_eq(lab.n->rx1.bah, 0x11);
	ck_assert_uint_eq(lab.n->tx[0].guest.bah, 0x12);
	ck_assert_uint_eq(lab.n->tx[1].guest.bah, 0x13);
}
END_TEST

START_TEST(a_tail_moves_its_queue_on)
{
	lab_write(E1000_TDT, 5);
	lab_expect("tx_kick 0\n");
	ck_assert_uint_eq(lab.n->tx[0].guest.tail, 5);
	lab_write(E1000_TDT + E1000_QUEUE, 0x10007);
	lab_expect("tx_kick 1\n");
	ck_assert_uint_eq(lab.n->tx[1].guest.tail, 7);
	lab_write(E1000_RDT, 9);
	lab_expect("rx_collect 1\n");
	lab_write(E1000_RDT + E1000_QUEUE, 9);
	lab_expect("");
}
END_TEST

START_TEST(another_ring_ends_what_was_under_way)
{
	static const uint32_t at[] = { 0x00, 0x04, 0x08, 0x10 };

	for (unsigned i = 0; i < 4; i++) {
		lab_write(E1000_TDBAL + at[i], 0x80);
		lab_expect("tx_forget 0\n");
		lab_write(E1000_TDBAL + E1000_QUEUE + at[i], 0x80);
		lab_expect("tx_forget 1\n");
		lab_write(E1000_RDBAL + at[i], 0x80);
		lab_expect("rx_forget\n");
		lab_write(E1000_RDBAL + E1000_QUEUE + at[i], 0x80);
		lab_expect("");
	}
	lab_write(E1000_TXDCTL, 0x01010000);
	lab_write(E1000_RXDCTL, 0x01010000);
	lab_expect("");
}
END_TEST

START_TEST(a_head_is_read_after_a_look)
{
	lab_read(E1000_TDH);
	lab_expect("tx_complete 0\ntx_complete 1\nrx_collect 0\n");
	lab_read(E1000_RDH);
	lab_expect("tx_complete 0\ntx_complete 1\nrx_collect 0\n");
	lab_read(E1000_TDT);
	lab_read(E1000_TDBAL);
	lab_read(E1000_TXDCTL);
	lab_expect("");
}
END_TEST

START_TEST(a_ring_has_8_to_4096_descriptors_and_its_head_and_tail_in_it)
{
	static const struct { uint32_t len, head, tail, count; } rings[] = {
		{ 0, 0, 0, 0 }, { 0x7f, 0, 0, 0 }, { 0x80, 0, 0, 8 }, { 0xff, 7, 7, 8 }, { 0x80, 8, 0, 0 }, { 0x80, 0, 8, 0 },
		{ 0x1000, 255, 255, 256 }, { 0x1000, 0, 0xffff, 0 }, { 0x1000, 0xffff, 0, 0 }, { 0x10000, 4095, 4095, 4096 },
		{ 0x10000, 4096, 0, 0 }, { 0x1007f, 0, 0, 4096 }, { 0x10080, 0, 0, 0 }, { 0xfff80, 0, 0, 0 },
		{ 0xfff00080, 0, 0, 8 }, { 0xffffffff, 0, 0, 0 },
	};

	for (unsigned i = 0; i < sizeof(rings) / sizeof(rings[0]); i++) {
		struct guest_ring r = { .len = rings[i].len, .head = rings[i].head, .tail = rings[i].tail };

		ck_assert_msg(guest_ring_count(&r) == rings[i].count, "ring %u", i);
	}
}
END_TEST

START_TEST(the_8254x_has_no_second_queue)
{
	for (uint32_t at = 0x2900; at < 0x2a00; at += 4) {
		lab_write(at, 0x80);
		lab_write(at + 0x1000, 0x80);
	}
	lab_expect("");
	ck_assert_uint_eq(COUNTED(REGISTER), 128);
}
END_TEST

static void add_rings(Suite *s)
{
	TCase *tc = unit_case(s, "rings"), *old = unit_case(s, "rings 8254x");

	tcase_add_checked_fixture(tc, begin_82574, lab_end);
	tcase_add_test(tc, registers_of_rings_never_reach_the_device);
	tcase_add_test(tc, each_ring_has_registers_of_its_own);
	tcase_add_test(tc, a_tail_moves_its_queue_on);
	tcase_add_test(tc, another_ring_ends_what_was_under_way);
	tcase_add_test(tc, a_head_is_read_after_a_look);
	tcase_add_test(tc, a_ring_has_8_to_4096_descriptors_and_its_head_and_tail_in_it);
	tcase_add_checked_fixture(old, begin_82540, lab_end);
	tcase_add_test(old, the_8254x_has_no_second_queue);
}

Suite *unit_suite(void)
{
	Suite *s = suite_create("e1000_control");

	add_control(s);
	add_interrupts(s);
	add_rings(s);
	return s;
}
