/*
 * e1000_rx_guest_test.c - rings and buffers that a guest should not have given, and packet split
 */
#include <string.h>

#include "tests/unit/e1000_rx_lab.h"
#include "tests/unit/unit.h"

static void collect(void)
{
	rx_collect(&lab.n, false);
}

/* ---- buffers ---- */

START_TEST(a_buffer_that_is_no_guest_memory_gets_nothing_and_its_descriptor_an_error)
{
	static const uint64_t bad[] = { HOLE, HOLE - 30, HOLE + HOLE_BYTES - 1, RAM_BYTES, RAM_BYTES - 59,
					0xfee00000, 0x100000000, UINT64_MAX, UINT64_MAX - 30, (uint64_t)1 << 63 };

	rx_lab_up(32, 2048, PLAIN, 31);
	for (uint32_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		rx_lab_desc(2 * i)->legacy.buffer = bad[i];
		rx_lab_comes(i, 60);
		rx_lab_comes(100 + i, 60);
		collect();
		ck_assert_uint_eq(rx_lab_desc(2 * i)->legacy.status, RXD_DD | RXD_EOP);
		ck_assert_uint_eq(rx_lab_desc(2 * i)->legacy.errors, RXE_RXE);
		ck_assert_uint_eq(COUNTER(RX_MEMORY), i + 1);
		lab.clean = 2 * i + 1;
		rx_lab_expect(100 + i, 60);
	}
	ck_assert_uint_eq(COUNTER(RX_PASSED), sizeof(bad) / sizeof(*bad));
	ck_assert_uint_eq(lab.ram[HOLE], MARK);
	ck_assert_int_eq(memcmp(lab.ram + HOLE, lab.ram + HOLE + 1, HOLE_BYTES - 1), 0);
}
END_TEST

START_TEST(one_bad_buffer_of_several_loses_the_frame_and_no_descriptor)
{
	rx_lab_up(8, 256, PLAIN, 7);
	rx_lab_desc(1)->legacy.buffer = HOLE;
	rx_lab_comes(1, 700);
	collect();
	ck_assert_uint_eq(lab.n.rx.guest.head, 3);
	ck_assert_uint_eq(rx_lab_desc(0)->legacy.errors, 0);
	ck_assert_uint_eq(rx_lab_desc(0)->legacy.status, RXD_DD);
	ck_assert_uint_eq(rx_lab_desc(1)->legacy.status, RXD_DD);
	ck_assert_uint_eq(rx_lab_desc(2)->legacy.status, RXD_DD | RXD_EOP);
	ck_assert_uint_eq(rx_lab_desc(2)->legacy.errors, RXE_RXE);
	ck_assert_uint_eq(COUNTER(RX_MEMORY), 1);
	ck_assert_uint_eq(COUNTER(RX_PASSED), 0);
}
END_TEST

START_TEST(an_error_is_said_in_an_extended_descriptor_too)
{
	lab.family.extended = true;
	lab.n.rfctl = RFCTL_EXSTEN;
	rx_lab_up(8, 2048, PLAIN, 7);
	rx_lab_desc(0)->legacy.buffer = HOLE;
	rx_lab_comes(1, 60);
	collect();
	ck_assert_uint_eq(rx_lab_desc(0)->extended.status, RXD_DD | RXD_EOP | (uint32_t)RXE_RXE << 24);
	ck_assert_uint_eq(rx_lab_desc(0)->extended.length, 60);
}
END_TEST

START_TEST(null_descriptors_are_padding)
{
	for (unsigned extended = 0; extended < 2; extended++) {
		rx_lab_reset(NULL);
		lab.family.extended = true;
		lab.n.rfctl = extended ? RFCTL_EXSTEN : 0;
		rx_lab_up(8, 2048, PLAIN, 7);
		rx_lab_desc(0)->legacy.buffer = 0;
		rx_lab_desc(1)->legacy.buffer = 0;
		rx_lab_comes(1, 60);
		collect();
		for (unsigned i = 0; i < 2; i++) {
			ck_assert_uint_eq((extended ? rx_lab_desc(i)->extended.status :
					   rx_lab_desc(i)->legacy.status), RXD_DD);
			ck_assert_uint_eq(rx_lab_desc(i)->legacy.length, extended ? RXD_DD : 0);
		}
		lab.clean = 2;
		rx_lab_expect(1, 60);
		ck_assert_uint_eq(lab.ram[0], MARK);
	}
}
END_TEST

START_TEST(a_ring_of_null_descriptors_ends)
{
	rx_lab_up(8, 2048, PLAIN, 7);
	for (uint32_t i = 0; i < 8; i++)
		rx_lab_desc(i)->legacy.buffer = 0;
	rx_lab_comes(1, 60);
	collect();
	ck_assert_uint_eq(lab.n.rx.guest.head, 7);
	for (uint32_t i = 0; i < 8; i++)
		rx_lab_desc_clear(i);
	lab.clean = 7;
	rx_lab_tail(2);
	rx_lab_expect(1, 60);
}
END_TEST

/* ---- memory that changes ---- */

static void change_descriptors(gpa_t at, uint32_t len)
{
	union rx_desc *d = (union rx_desc *)(lab.ram + at.a);

	for (uint32_t i = 0; i < len / DESC_BYTES; i++) {
		d[i].legacy.buffer = HOLE;
		d[i].legacy.length = 0xffff;
	}
}

START_TEST(a_descriptor_is_read_once)
{
	rx_lab_up(8, 256, PLAIN, 7);
	lab.after_read = change_descriptors;
	rx_lab_comes(1, 600);
	rx_lab_comes(2, 60);
	collect();
	ck_assert_uint_eq(lab.reads, 1);
	for (uint32_t i = 0; i < 3; i++)
		ck_assert_int_eq(memcmp(lab.ram + rx_lab_buffer(i), rx_lab_numbered(1, 600) + 256 * i,
					i < 2 ? 256 : 88), 0);
	ck_assert_int_eq(memcmp(lab.ram + rx_lab_buffer(3), rx_lab_numbered(2, 60), 60), 0);
	ck_assert_uint_eq(COUNTER(RX_MEMORY), 0);
	ck_assert_uint_eq(COUNTER(RX_PASSED), 2);
}
END_TEST

static uint32_t read_first, read_count;

static void note_read(gpa_t at, uint32_t len)
{
	read_first = (uint32_t)(at.a - RING_AT) / DESC_BYTES;
	read_count = len / DESC_BYTES;
	ck_assert_uint_eq(at.a >> 12, (at.a + len - 1) >> 12);
}

/* Eight at once, but none that the guest has not given, none behind the ring's end, none of another page. */
START_TEST(only_descriptors_that_were_given_are_read_ahead)
{
	static const struct { uint32_t head, tail, count; } row[] = {
		{ 0, 20, 8 }, { 0, 8, 8 }, { 0, 7, 7 }, { 0, 1, 1 }, { 509, 3, 3 }, { 504, 3, 8 }, { 511, 510, 1 },
		{ 250, 300, 6 }, { 256, 300, 8 }, { 255, 300, 1 },
	};

	rx_lab_up(512, 2048, PLAIN, 7);
	lab.after_read = note_read;
	for (uint32_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		lab.n.rx.guest.head = row[i].head;
		lab.n.rx.guest.tail = row[i].tail;
		rx_lab_comes(i, 60);
		collect();
		ck_assert_uint_eq(read_first, row[i].head);
		ck_assert_uint_eq(read_count, row[i].count);
	}
	/* what was read ahead and not used is read again: the guest may have changed it */
	ck_assert_uint_eq(lab.reads, sizeof(row) / sizeof(*row));
}
END_TEST

START_TEST(what_was_read_ahead_is_used_in_order)
{
	rx_lab_up(32, 256, PLAIN, 31);
	for (uint32_t round = 0; round < 9; round++) {
		for (uint32_t i = 0; i < 11; i++)
			rx_lab_comes(i, 60 + 40 * i);
		collect();
		for (uint32_t i = 0; i < 11; i++)
			rx_lab_expect(i, 60 + 40 * i);
		rx_lab_tail((lab.n.rx.guest.head + 31) % 32);
	}
}
END_TEST

static unsigned step;

/* Data first; then what is written over four descriptors, each of which has DD. */
static void check_order(gpa_t at, const void *from, uint32_t len)
{
	bool extended = lab.n.rfctl & RFCTL_EXSTEN;
	uint64_t words[8];

	if (step < 4) {
		ck_assert_uint_eq(at.a, rx_lab_buffer(step));
	} else {
		ck_assert_uint_eq(at.a, RING_AT);
		ck_assert_uint_eq(len, sizeof(words));
		memcpy(words, from, sizeof(words));
		for (unsigned i = 0; i < 4; i++)
			ck_assert(words[2 * i + 1] >> (extended ? 0 : 32) & RXD_DD);
	}
	step++;
}

START_TEST(descriptors_are_written_together_behind_what_they_tell_of)
{
	for (unsigned extended = 0; extended < 2; extended++) {
		rx_lab_reset(NULL);
		lab.family.extended = true;
		lab.n.rfctl = extended ? RFCTL_EXSTEN : 0;
		rx_lab_up(8, 256, PLAIN, 7);
		step = 0;
		lab.before_write = check_order;
		rx_lab_comes(1, 600);
		rx_lab_comes(2, 60);
		collect();
		ck_assert_uint_eq(step, 5);
	}
}
END_TEST

START_TEST(buffers_that_are_the_ring_itself_or_each_other_do_no_harm)
{
	rx_lab_up(8, 256, PLAIN, 7);
	for (uint32_t i = 0; i < 8; i++)
		rx_lab_desc(i)->legacy.buffer = RING_AT + 8 * i;
	for (uint32_t i = 0; i < 40; i++) {
		rx_lab_comes(i, 60 + 9 * i);
		collect();
		rx_lab_tail((lab.n.rx.guest.head + 7) % 8);
	}
	ck_assert_uint_eq(COUNTER(RX_PASSED) + COUNTER(RX_MEMORY), 40);
	ck_assert_uint_eq(rx_lab_room(), SHADOW_RX - 1);
}
END_TEST

/* ---- rings ---- */

static void no_ring(struct guest_ring bad)
{
	struct guest_ring good = lab.n.rx.guest;
	uint64_t rings = COUNTER(RING);

	lab.n.rx.guest = bad;
	rx_lab_comes(1, 60);
	collect();
	collect();
	ck_assert_uint_eq(lab.reads + lab.writes, 0);
	ck_assert_uint_eq(COUNTER(RING), rings + 2);
	ck_assert(!rx_is_waiting(&lab.n));
	lab.n.rx.guest = good;
	collect();
	rx_lab_expect(1, 60);
	lab.reads = lab.writes = 0;
}

START_TEST(a_ring_that_cannot_be_holds_frames_back)
{
	struct guest_ring r = { .bal = RING_AT, .len = 32 * DESC_BYTES, .tail = 31 };

	rx_lab_up(32, 2048, PLAIN, 31);
	r.len = 0;
	no_ring(r);
	r.len = 127;
	no_ring(r);
	r.len = 32 * DESC_BYTES;
	r.tail = 32;
	no_ring(r);
	r.tail = 0xffff;
	no_ring(r);
	r.tail = 31;
	r.head = 32;
	no_ring(r);
	r.head = 0;
	r.len = (RING_MAX + 8) * DESC_BYTES;
	no_ring(r);
}
END_TEST

START_TEST(a_tail_of_ffff_at_4096_descriptors_is_no_ring)
{
	rx_lab_up(4096, 256, PLAIN, 4095);
	no_ring((struct guest_ring){ .bal = RING_AT, .len = 4096 * DESC_BYTES, .tail = 0xffff });
	no_ring((struct guest_ring){ .bal = RING_AT, .len = 4096 * DESC_BYTES, .tail = 4096 });
}
END_TEST

/* The device that the guest knows would hang; the one below must not. */
static void unreadable(uint32_t bal, uint32_t bah)
{
	struct guest_ring good = lab.n.rx.guest;
	uint64_t lost = COUNTER(RX_MEMORY);

	lab.n.rx.guest.bal = bal;
	lab.n.rx.guest.bah = bah;
	for (uint32_t i = 0; i < 2 * SHADOW_RX; i++) {
		rx_lab_comes(i, 60);
		collect();
	}
	ck_assert_uint_eq(COUNTER(RX_MEMORY), lost + 2 * SHADOW_RX);
	ck_assert_uint_eq(lab.n.rx.guest.head, good.head);
	ck_assert_uint_eq(rx_lab_room(), SHADOW_RX - 1);
	lab.n.rx.guest = good;
	rx_lab_comes(5, 60);
	collect();
	rx_lab_expect(5, 60);
}

START_TEST(a_ring_that_is_no_guest_memory_loses_frames_and_keeps_its_head)
{
	rx_lab_up(8, 2048, PLAIN, 7);
	unreadable(HOLE, 0);
	unreadable(RAM_BYTES, 0);
	unreadable(RING_AT, 1);
	unreadable(0xfffff000, 0xffffffff);
}
END_TEST

START_TEST(a_ring_may_begin_at_the_end_of_memory_and_goes_no_further)
{
	rx_lab_up(8, 2048, PLAIN, 7);
	lab.n.rx.guest.bal = RAM_BYTES - 2 * DESC_BYTES;
	lab.ring = RAM_BYTES - 2 * DESC_BYTES;
	rx_lab_desc_clear(0);
	rx_lab_desc_clear(1);
	for (uint32_t i = 0; i < 4; i++)
		rx_lab_comes(i, 60);
	collect();
	ck_assert_uint_eq(rx_lab_desc(0)->legacy.status, RXD_DD | RXD_EOP);
	ck_assert_uint_eq(rx_lab_desc(1)->legacy.status, RXD_DD | RXD_EOP);
	ck_assert_uint_eq(lab.n.rx.guest.head, 2);
	ck_assert_uint_eq(COUNTER(RX_PASSED), 2);
	ck_assert_uint_eq(COUNTER(RX_MEMORY), 2);
}
END_TEST

START_TEST(the_low_bits_of_a_base_are_not_there)
{
	rx_lab_up(8, 2048, PLAIN, 7);
	lab.n.rx.guest.bal |= 0xf;
	rx_lab_comes(1, 60);
	collect();
	rx_lab_expect(1, 60);
}
END_TEST

START_TEST(a_ring_that_cannot_be_written_is_counted_and_passed)
{
	rx_lab_up(8, 2048, PLAIN, 7);
	lab.read_only_from = RING_AT;
	lab.read_only_to = RING_AT + DESC_BYTES;
	rx_lab_comes(1, 60);
	collect();
	ck_assert_uint_eq(rx_lab_desc(0)->legacy.status, 0);
	lab.clean = 1;
	rx_lab_comes(2, 60);
	collect();
	rx_lab_expect(2, 60);
	ck_assert_uint_eq(COUNTER(RX_MEMORY), 1);
	ck_assert_uint_eq(COUNTER(RX_PASSED), 1);
	ck_assert_uint_eq(COUNTER(RX_BYTES), 60);
}
END_TEST

/* It lies across the ring's end: two writes. */
START_TEST(a_frame_of_which_some_descriptors_cannot_be_written_is_lost)
{
	rx_lab_up(8, 256, PLAIN, 7);
	lab.n.rx.guest.head = 6;
	lab.n.rx.guest.tail = 5;
	lab.read_only_from = RING_AT + 6 * DESC_BYTES;
	lab.read_only_to = RING_AT + 8 * DESC_BYTES;
	rx_lab_comes(1, 600);
	rx_lab_comes(2, 60);
	collect();
	ck_assert_uint_eq(rx_lab_desc(0)->legacy.errors, RXE_RXE);
	lab.clean = 1;
	rx_lab_expect(2, 60);
	ck_assert_uint_eq(COUNTER(RX_MEMORY), 1);
	ck_assert_uint_eq(COUNTER(RX_PASSED), 1);
}
END_TEST

/* ---- packet split ---- */

/* Two of the ring's descriptors are one: four buffers, of @psrctl's sizes. */
struct split {
	uint64_t buffer[4];
};

static struct split *split(uint32_t index)
{
	return (struct split *)rx_lab_desc(2 * index);
}

static void split_up(uint32_t psrctl)
{
	lab.family.extended = true;
	lab.n.rfctl = RFCTL_EXSTEN;
	rx_lab_up(16, 2048, PLAIN | 1u << RCTL_DTYP_SHIFT, 14);
	lab.reg[E1000_PSRCTL / 4] = psrctl;
	for (uint32_t i = 0; i < 8; i++)
		for (uint32_t b = 0; b < 4; b++)
			split(i)->buffer[b] = BUFFERS_AT + (4 * i + b) * 8192;
}

static void check_split(uint32_t index, uint32_t buffer, const uint8_t *bytes, uint32_t len)
{
	const uint8_t *at = lab.ram + BUFFERS_AT + (4 * index + buffer) * 8192;

	ck_assert_int_eq(memcmp(at, bytes, len), 0);
	ck_assert_uint_eq(at[len], MARK);
}

START_TEST(packet_split_fills_four_buffers_in_order)
{
	const uint16_t *w = (const uint16_t *)split(0);
	const uint8_t *bytes;

	split_up(1 | 1 << 8 | 2 << 16 | 4u << 24);
	w = (const uint16_t *)split(0);
	rx_lab_comes(1, 4000);
	rx_lab_comes(2, 60);
	collect();
	bytes = rx_lab_numbered(1, 4000);
	check_split(0, 0, bytes, 128);
	check_split(0, 1, bytes + 128, 1024);
	check_split(0, 2, bytes + 1152, 2048);
	check_split(0, 3, bytes + 3200, 800);
	ck_assert_uint_eq(rx_lab_desc(0)->extended.status, RXD_DD | RXD_EOP);
	ck_assert_uint_eq(rx_lab_desc(0)->extended.length, 128);
	ck_assert(w[8] == 0 && w[9] == 1024 && w[10] == 2048 && w[11] == 800);
	ck_assert_uint_eq(lab.n.rx.guest.head, 4);
	check_split(1, 0, rx_lab_numbered(2, 60), 60);
	ck_assert_uint_eq(rx_lab_desc(2)->extended.length, 60);
}
END_TEST

/* The half with DD last. */
static void check_split_order(gpa_t at, const void *from, uint32_t len)
{
	unsigned which = step / 3, half = step % 3;

	ck_assert_uint_eq(at.a, half == 0 ? BUFFERS_AT + 32768u * which : RING_AT + 32u * which + (half == 1 ? 16 : 0));
	ck_assert(half == 0 || len == 16);
	step++;
}

START_TEST(with_packet_split_the_half_with_the_status_is_written_behind_the_other)
{
	split_up(1 | 1 << 8);
	step = 0;
	lab.before_write = check_split_order;
	rx_lab_comes(1, 60);
	rx_lab_comes(2, 60);
	collect();
	ck_assert_uint_eq(step, 6);
	ck_assert_uint_eq(COUNTER(RX_PASSED), 2);
}
END_TEST

START_TEST(packet_split_goes_on_in_the_next_descriptor_and_over_the_rings_end)
{
	const uint8_t *bytes;

	split_up(2 | 1 << 8);
	lab.n.rx.guest.head = 14;
	lab.n.rx.guest.tail = 12;
	rx_lab_comes(1, 1300);
	collect();
	bytes = rx_lab_numbered(1, 1300);
	check_split(7, 0, bytes, 256);
	check_split(7, 1, bytes + 256, 1024);
	check_split(0, 0, bytes + 1280, 20);
	ck_assert_uint_eq(rx_lab_desc(14)->extended.status, RXD_DD);
	ck_assert_uint_eq(rx_lab_desc(0)->extended.status, RXD_DD | RXD_EOP);
	ck_assert_uint_eq(lab.n.rx.guest.head, 2);
}
END_TEST

START_TEST(packet_split_with_no_buffers_or_an_odd_head_is_no_ring)
{
	split_up(0);
	rx_lab_comes(1, 60);
	collect();
	ck_assert_uint_eq(COUNTER(RING), 1);
	lab.reg[E1000_PSRCTL / 4] = 1;
	lab.n.rx.guest.head = 1;
	collect();
	ck_assert_uint_eq(COUNTER(RING), 2);
	ck_assert_uint_eq(lab.reads, 0);
	lab.n.rx.guest.head = 0;
	lab.n.rx.guest.tail = 1;	/* half a descriptor is none */
	collect();
	ck_assert_uint_eq(lab.reads, 0);
	lab.n.rx.guest.tail = 2;
	collect();
	check_split(0, 0, rx_lab_numbered(1, 60), 60);
}
END_TEST

START_TEST(with_packet_split_no_descriptor_is_padding)
{
	split_up(1 | 1 << 8);
	split(0)->buffer[0] = 0;
	rx_lab_comes(1, 200);
	collect();
	ck_assert_int_eq(memcmp(lab.ram, rx_lab_numbered(1, 200), 128), 0);
	check_split(0, 1, rx_lab_numbered(1, 200) + 128, 72);
	ck_assert_uint_eq(lab.n.rx.guest.head, 2);
}
END_TEST

START_TEST(packet_split_without_extended_descriptors_is_not)
{
	rx_lab_up(8, 2048, PLAIN | 1u << RCTL_DTYP_SHIFT, 7);
	rx_lab_comes(1, 60);
	collect();
	rx_lab_expect(1, 60);
}
END_TEST

static void buffer_cases(TCase *tc)
{
	tcase_add_test(tc, a_buffer_that_is_no_guest_memory_gets_nothing_and_its_descriptor_an_error);
	tcase_add_test(tc, one_bad_buffer_of_several_loses_the_frame_and_no_descriptor);
	tcase_add_test(tc, an_error_is_said_in_an_extended_descriptor_too);
	tcase_add_test(tc, null_descriptors_are_padding);
	tcase_add_test(tc, a_ring_of_null_descriptors_ends);
	tcase_add_test(tc, a_descriptor_is_read_once);
	tcase_add_test(tc, only_descriptors_that_were_given_are_read_ahead);
	tcase_add_test(tc, what_was_read_ahead_is_used_in_order);
	tcase_add_test(tc, descriptors_are_written_together_behind_what_they_tell_of);
	tcase_add_test(tc, buffers_that_are_the_ring_itself_or_each_other_do_no_harm);
}

static void ring_cases(TCase *tc)
{
	tcase_add_test(tc, a_ring_that_cannot_be_holds_frames_back);
	tcase_add_test(tc, a_tail_of_ffff_at_4096_descriptors_is_no_ring);
	tcase_add_test(tc, a_ring_that_is_no_guest_memory_loses_frames_and_keeps_its_head);
	tcase_add_test(tc, a_ring_may_begin_at_the_end_of_memory_and_goes_no_further);
	tcase_add_test(tc, the_low_bits_of_a_base_are_not_there);
	tcase_add_test(tc, a_ring_that_cannot_be_written_is_counted_and_passed);
	tcase_add_test(tc, a_frame_of_which_some_descriptors_cannot_be_written_is_lost);
}

static void split_cases(TCase *tc)
{
	tcase_add_test(tc, packet_split_fills_four_buffers_in_order);
	tcase_add_test(tc, with_packet_split_the_half_with_the_status_is_written_behind_the_other);
	tcase_add_test(tc, packet_split_goes_on_in_the_next_descriptor_and_over_the_rings_end);
	tcase_add_test(tc, packet_split_with_no_buffers_or_an_odd_head_is_no_ring);
	tcase_add_test(tc, with_packet_split_no_descriptor_is_padding);
	tcase_add_test(tc, packet_split_without_extended_descriptors_is_not);
}

Suite *unit_suite(void)
{
	Suite *s = suite_create("e1000_rx_guest");
	TCase *buffers = unit_case(s, "buffers"), *rings = unit_case(s, "rings"), *halves = unit_case(s, "split");

	tcase_add_checked_fixture(buffers, rx_lab_begin, rx_lab_end);
	tcase_add_checked_fixture(rings, rx_lab_begin, rx_lab_end);
	tcase_add_checked_fixture(halves, rx_lab_begin, rx_lab_end);
	buffer_cases(buffers);
	ring_cases(rings);
	split_cases(halves);
	return s;
}
