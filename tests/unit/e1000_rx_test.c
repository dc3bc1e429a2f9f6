/*
 * e1000_rx_test.c - frames come: through the shadow ring, the judge, into the guest's ring
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/e1000_rx_lab.h"
#include "tests/unit/unit.h"

static struct lab_frame got;
static uint8_t frame[20000];

#define COUNTER(c)	lab.n.counter[E1000_##c]
/* RCTL of a driver that does not want the CRC, and takes long frames */
#define PLAIN		(RCTL_SECRC | RCTL_LPE)

static void begin(void)
{
	rx_lab_reset(NULL);
}

/* A frame of @len bytes of which each is another than its neighbours', and than those of frame @which - 1. */
static const uint8_t *numbered(uint32_t which, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		frame[i] = (uint8_t)(i * 7 + which * 31 + (i >> 8));
	frame[12] = 0x08;
	frame[13] = 0x06;
	return frame;
}

static void wire(uint32_t which, uint32_t len)
{
	ck_assert(rx_lab_wire(numbered(which, len), len));
}

static void expect(uint32_t which, uint32_t len)
{
	ck_assert(rx_lab_next(&got));
	ck_assert_uint_eq(got.len, len);
	ck_assert_int_eq(memcmp(got.bytes, numbered(which, len), len), 0);
}

static void expect_none(void)
{
	ck_assert(!rx_lab_next(&got));
}

START_TEST(a_frame_comes_into_the_guests_buffer)
{
	rx_lab_up(8, 2048, PLAIN, 7);
	wire(1, 60);
	expect_none();
	rx_collect(&lab.n, false);
	expect(1, 60);
	ck_assert_uint_eq(got.status, RXD_DD | RXD_EOP);
	ck_assert_uint_eq(got.errors, 0);
	expect_none();
	ck_assert_uint_eq(lab.n.rx.guest.head, 1);
	ck_assert_uint_eq(COUNTER(RX_PASSED), 1);
	ck_assert_uint_eq(COUNTER(RX_BYTES), 60);
	ck_assert_uint_eq(lab.ram[BUFFERS_AT + 60], MARK);
	ck_assert_uint_eq(lab.ics_writes, 0);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("e1000_rx");
	TCase *tc = unit_case(s, "ring");

	tcase_add_checked_fixture(tc, begin, rx_lab_end);
	tcase_add_test(tc, a_frame_comes_into_the_guests_buffer);
	return s;
}
