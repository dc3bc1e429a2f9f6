/*
 * e1000_open_page_test.c - registers of receive rings that are memory while the ring runs
 */
#include "devmodel/e1000/pool.h"
#include "tests/unit/e1000_registers_lab.h"
#include "tests/unit/unit.h"

#define COUNT	64u

/* A ring of @device runs. */
static void start_of(uint16_t device)
{
	lab_end();
	lab_clear();
	lab.opens = true;
	lab.page = NULL;
	DEVICE(RDTR) = 0x11;
	DEVICE(RADV) = 0x22;
	lab.reg[0x2160 / 4] = 0x33;
	lab_attach(device);
	lab_write(E1000_RDLEN, COUNT * 16);
	lab_write(E1000_RDT, 7);
	lab.n->rx.running = true;
	lab_write(E1000_STATUS, 0);
	ck_assert_ptr_nonnull(lab.page);
	lab.log[lab.log_len = 0] = 0;
}

static void start(void)
{
	start_of(0x10d3);
}

START_TEST(it_shows_what_the_registers_are)
{
	ck_assert_uint_eq(lab_load(E1000_RDLEN), COUNT * 16);
	ck_assert_uint_eq(lab_load(E1000_RDT), 7);
	ck_assert_uint_eq(lab_load(E1000_RDTR), 0x11);
	ck_assert_uint_eq(lab_load(E1000_RADV), 0x22);
	ck_assert_uint_eq(lab_load(0x2160), 0x33);
	ck_assert_uint_eq(lab_load(0x2410), 0);
	ck_assert_uint_le(lab.n->open.count, OPEN_REGISTERS - 1);	/* the list has room for all */
	ck_assert_uint_eq(lab.n->open.reg[lab.n->open.count - 1].at, 0x2c08);
}
END_TEST

START_TEST(it_is_open_while_a_ring_that_can_be_runs)
{
	lab.n->rx.running = false;
	lab_write(E1000_STATUS, 0);
	lab_expect("W 00008 00000000\nclose\n");
	lab_write(E1000_STATUS, 0);
	lab_expect("W 00008 00000000\n");
	lab.n->rx.running = true;
	lab_write(E1000_RDLEN, 0);
	ck_assert_ptr_null(lab.page);
	lab_write(E1000_RDLEN, COUNT * 16);
	ck_assert_ptr_nonnull(lab.page);
	lab_store(E1000_RDLEN, 0);
	lab_read(E1000_TIPG);
	ck_assert_ptr_null(lab.page);
}
END_TEST

START_TEST(what_cannot_be_opened_stays_closed)
{
	lab_end();
	lab_clear();
	lab_attach(0x100e);
	lab_write(E1000_RDLEN, COUNT * 16);
	lab.n->rx.running = true;
	lab_write(E1000_STATUS, 0);
	lab_expect("rx_forget\nW 00008 00000000\n");
}
END_TEST

START_TEST(a_tail_is_taken_before_every_call)
{
	static const uint32_t at[] = { E1000_ICR, E1000_STATUS, E1000_IMS, E1000_IMC, E1000_TDT, E1000_TIPG };

	for (unsigned i = 0; i < 6; i++) {
		lab_store(E1000_RDT, 20 + i);
		lab.log[lab.log_len = 0] = 0;
		lab_read(at[i]);
		ck_assert_uint_eq(strncmp(lab.log, "rx_collect 1\n", 13), 0);
		ck_assert_uint_eq(lab.n->rx.guest.tail, 20 + i);
	}
	lab_store(E1000_RDT, 30);
	lab.log[lab.log_len = 0] = 0;
	e1000_poll(lab.n);
	lab_expect("rx_collect 1\ntx_poll 0\ntx_poll 1\nrx_poll\n");
	e1000_poll(lab.n);
	lab_expect("tx_poll 0\ntx_poll 1\nrx_poll\n");
}
END_TEST

/* All that has an effect of its own comes in time for it. */
START_TEST(the_rest_is_taken_before_what_could_depend_on_it)
{
	static const uint32_t at[] = { E1000_CTRL, E1000_CTRL_EXT, E1000_VET, 0xbc, E1000_IAM, E1000_RCTL, E1000_TDH, E1000_TDT + 4, E1000_RFCTL };

	for (unsigned i = 0; i < 9; i++) {
		lab_store(E1000_RDBAL, 0x1000 + 16 * i);
		lab_read(at[i]);
		ck_assert_uint_eq(lab.n->rx.guest.bal, 0x1000 + 16 * i);
	}
	lab_store(E1000_RDBAL, 0x8000);
	lab_read(E1000_ICR);
	ck_assert_uint_eq(lab.n->rx.guest.bal, 0x1080);
	e1000_poll(lab.n);
	ck_assert_uint_eq(lab.n->rx.guest.bal, 0x8000);
	lab_store(E1000_RDBAL, 0x9000);
	e1000_was_reset(lab.n);
	ck_assert_uint_eq(lab.n->rx.guest.bal, 0);
}
END_TEST

START_TEST(registers_keep_the_bits_that_they_have)
{
	lab_store(E1000_RDBAL, 0x12345678);
	lab_store(E1000_RDT, 0xffff0009);
	lab_store(E1000_RXDCTL, 0x01010000);
	lab_store(E1000_RDT + E1000_QUEUE, 0x10005);
	lab_store(E1000_RDTR, 0x80000044);
	lab_read(E1000_TIPG);
	ck_assert_uint_eq(lab_load(E1000_RDBAL), 0x12345670);
	ck_assert_uint_eq(lab_load(E1000_RDT), 9);
	ck_assert_uint_eq(lab_load(E1000_RDT + E1000_QUEUE), 5);
	ck_assert_uint_eq(lab.n->rx1.tail, 5);
	ck_assert_uint_eq(lab.n->rx.guest.dctl, 0x01010000);
	ck_assert_uint_eq(DEVICE(RDTR), 0x80000044);
	lab.log[lab.log_len = 0] = 0;
	lab_read(E1000_TIPG);
	lab_expect("R 00410\n");
}
END_TEST

START_TEST(the_head_is_shown_as_it_moves_but_not_over_the_guests)
{
	lab.n->rx.guest.head = 3;
	lab_read(E1000_ICR);
	ck_assert_uint_eq(lab_load(E1000_RDH), 3);
	lab_store(E1000_RDH, 8);
	lab.n->rx.guest.head = 4;
	lab_read(E1000_ICR);
	ck_assert_uint_eq(lab_load(E1000_RDH), 8);
	lab_read(E1000_TIPG);
	ck_assert_uint_eq(lab.n->rx.guest.head, 8);
}
END_TEST

START_TEST(an_access_that_comes_all_the_same_finds_and_leaves_what_is_there)
{
	lab_store(E1000_RDT, 12);
	ck_assert_uint_eq(lab_read(E1000_RDT), 12);
	lab_write(E1000_RDT, 13);
	ck_assert_uint_eq(lab_load(E1000_RDT), 13);
	lab_write(E1000_RADV, 0x55);
	ck_assert_uint_eq(lab_load(E1000_RADV), 0x55);
	lab.log[lab.log_len = 0] = 0;
	lab_write(E1000_TADV, 0x66);	/* in another page: nothing is shown anew */
	lab_expect("W 0382c 00000066\n");
}
END_TEST

static void store_at_close(void)
{
	lab_store(E1000_RDT, 21);
}

START_TEST(what_is_stored_until_it_is_closed_is_taken)
{
	lab.at_close = store_at_close;
	lab.n->rx.running = false;
	lab_write(E1000_STATUS, 0);
	ck_assert_uint_eq(lab.n->rx.guest.tail, 21);
	lab_write(E1000_RDT, 22);
	ck_assert_uint_eq(lab.n->rx.guest.tail, 22);
}
END_TEST

START_TEST(it_opens_again_with_what_is_so_then)
{
	lab.n->rx.running = false;
	lab_write(E1000_STATUS, 0);
	lab_write(E1000_RDT, 40);
	lab.n->rx.running = true;
	lab_write(E1000_STATUS, 0);
	ck_assert_uint_eq(lab_load(E1000_RDT), 40);
	lab_store(E1000_RDT, 41);
	lab_read(E1000_ICR);
	ck_assert_uint_eq(lab.n->rx.guest.tail, 41);
	start_of(0x100e);
	lab_store(E1000_RDT, 42);
	lab_read(E1000_ICR);
	ck_assert_uint_eq(lab.n->rx.guest.tail, 42);
}
END_TEST

START_TEST(frames_without_room_are_looked_after)
{
	lab.rx_waits = true;
	ck_assert_uint_eq(e1000_poll_hz(lab.n), 1000);
	lab.rx_stalls = true;
	ck_assert_uint_eq(e1000_poll_hz(lab.n), 10);
	lab.n->rctl = RCTL_EN;
	ck_assert_uint_eq(e1000_poll_hz(lab.n), 250);
	lab.rx_waits = false;
	lab.n->rctl = 0;
	ck_assert_uint_eq(e1000_poll_hz(lab.n), 0);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("e1000_open_page");
	TCase *c = tcase_create("page");

	tcase_add_checked_fixture(c, start, lab_end);
	tcase_add_test(c, it_shows_what_the_registers_are);
	tcase_add_test(c, it_is_open_while_a_ring_that_can_be_runs);
	tcase_add_test(c, what_cannot_be_opened_stays_closed);
	tcase_add_test(c, a_tail_is_taken_before_every_call);
	tcase_add_test(c, the_rest_is_taken_before_what_could_depend_on_it);
	tcase_add_test(c, registers_keep_the_bits_that_they_have);
	tcase_add_test(c, the_head_is_shown_as_it_moves_but_not_over_the_guests);
	tcase_add_test(c, an_access_that_comes_all_the_same_finds_and_leaves_what_is_there);
	tcase_add_test(c, what_is_stored_until_it_is_closed_is_taken);
	tcase_add_test(c, it_opens_again_with_what_is_so_then);
	tcase_add_test(c, frames_without_room_are_looked_after);
	suite_add_tcase(s, c);
	return s;
}
