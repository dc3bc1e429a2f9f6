/*
 * ahci_prd_test.c - PRD tables: read once, gathered from, scattered to, handed on
 */
#include <string.h>

#include "devmodel/ahci/prd.h"
#include "tests/unit/unit.h"

#define RAM_BYTES	(1u << 20)
#define RAM_BUS		0x700000000u
#define TABLE		0x1000u
#define BUFFER		0x40000u
#define PRDS		64u

static uint8_t ram[RAM_BYTES], bytes[8192];
static struct prd to[PRDS], out[PRDS];
static struct prds p;
static uint32_t reads, writes;
static uint64_t last;		/* address of the last read */
static uint64_t no_dma;		/* address that no device may reach */

static bool is_ram(uint64_t at, uint32_t len)
{
	return at <= RAM_BYTES && len <= RAM_BYTES - at;
}

static bool guest_read(void *host, gpa_t at, void *buffer, uint32_t len)
{
	ck_assert_uint_gt(len, 0);
	reads++;
	last = at.a;
	if (is_ram(at.a, len))
		memcpy(buffer, ram + at.a, len);
	return is_ram(at.a, len);
}

static bool guest_write(void *host, gpa_t at, const void *from, uint32_t len)
{
	ck_assert_uint_gt(len, 0);
	writes++;
	if (is_ram(at.a, len))
		memcpy(ram + at.a, from, len);
	return is_ram(at.a, len);
}

static bool guest_dma(void *host, gpa_t at, uint32_t len, dma_t *bus)
{
	ck_assert_uint_gt(len, 0);
	bus->a = RAM_BUS + at.a;
	return is_ram(at.a, len) && !(no_dma >= at.a && no_dma < at.a + len);
}

static const struct devmodel_ops ops = { .guest_read = guest_read, .guest_write = guest_write, .guest_dma = guest_dma };
static const struct devmodel d = { .ops = &ops };

static void begin(void)
{
	for (uint32_t i = 0; i < RAM_BYTES; i++)
		ram[i] = (uint8_t)(i * 7 + (i >> 8));
	reads = writes = 0;
	no_dma = UINT64_MAX;
}

static void put(uint32_t i, uint64_t at, uint32_t len, uint32_t flags)
{
	struct prd prd = { (uint32_t)at, (uint32_t)(at >> 32), 0xffffffff, (len - 1) | flags };

	memcpy(ram + TABLE + sizeof(struct table) + i * sizeof(prd), &prd, sizeof(prd));
}

static enum ahci_counter fetch(uint32_t count)
{
	return prds_read(&d, (gpa_t){ TABLE }, count, to, &p);
}

/* Three pieces: 2, 100 and 4000 bytes, each behind a gap. */
static void three(void)
{
	put(0, BUFFER, 2, 0);
	put(1, BUFFER + 0x1000, 100, 0);
	put(2, BUFFER + 0x2002, 4000, 0);
	ck_assert_int_eq(fetch(3), PRDS_RIGHT);
}

START_TEST(a_table_is_read_at_once_and_behind_its_head)
{
	three();
	ck_assert_uint_eq(reads, 1);
	ck_assert_uint_eq(p.count, 3);
	ck_assert_uint_eq(p.bytes, 4102);
	ck_assert(!p.interrupts);
	ck_assert_ptr_eq(p.at, to);
}
END_TEST

START_TEST(no_prds_are_right_and_not_read)
{
	ck_assert_int_eq(fetch(0), PRDS_RIGHT);
	ck_assert_uint_eq(reads, 0);
	ck_assert_uint_eq(p.bytes, 0);
	ck_assert_uint_eq(p.count, 0);
}
END_TEST

START_TEST(a_prd_has_up_to_4_mib)
{
	put(0, BUFFER, PRD_BYTES_MAX, PRD_I);
	put(1, 0xfffffffffffffffe, 2, 0);
	ck_assert_int_eq(fetch(2), PRDS_RIGHT);
	ck_assert_uint_eq(p.bytes, PRD_BYTES_MAX + 2);
	ck_assert(p.interrupts);
	put(0, 0x8000000112345678, 2, 0);
	ck_assert_int_eq(fetch(1), PRDS_RIGHT);
	ck_assert(!prds_gather(&d, &p, bytes, 2));
	ck_assert(last == 0x8000000112345678);
}
END_TEST

START_TEST(odd_addresses_and_lengths_are_refused)
{
	put(0, BUFFER, 2, 0);
	put(1, BUFFER + 1, 2, 0);
	ck_assert_int_eq(fetch(1), PRDS_RIGHT);
	ck_assert_int_eq(fetch(2), AHCI_PRD);
	put(1, BUFFER, 3, 0);
	ck_assert_int_eq(fetch(2), AHCI_PRD);
	put(1, BUFFER, 4, 0);
	ck_assert_int_eq(fetch(2), PRDS_RIGHT);
}
END_TEST

START_TEST(a_table_that_is_not_in_ram_is_refused)
{
	ck_assert_int_eq(prds_read(&d, (gpa_t){ RAM_BYTES - 128 }, 1, to, &p), AHCI_ADDRESS);
	memset(ram + RAM_BYTES - 16, 1, 16);
	ram[RAM_BYTES - 16] = 0;
	ck_assert_int_eq(prds_read(&d, (gpa_t){ RAM_BYTES - 144 }, 1, to, &p), PRDS_RIGHT);
	ck_assert_int_eq(prds_read(&d, (gpa_t){ RAM_BYTES - 144 }, 2, to, &p), AHCI_ADDRESS);
	/* 128 bytes on, it would be at 0 */
	ck_assert_int_eq(prds_read(&d, (gpa_t){ 0ull - 128 }, 1, to, &p), AHCI_ADDRESS);
}
END_TEST

START_TEST(bytes_are_gathered_in_order_and_no_more_than_asked)
{
	three();
	memset(bytes, 0xee, sizeof(bytes));
	reads = 0;
	ck_assert(prds_gather(&d, &p, bytes, 102 + 10));
	ck_assert_uint_eq(reads, 3);
	ck_assert_int_eq(memcmp(bytes, ram + BUFFER, 2), 0);
	ck_assert_int_eq(memcmp(bytes + 2, ram + BUFFER + 0x1000, 100), 0);
	ck_assert_int_eq(memcmp(bytes + 102, ram + BUFFER + 0x2002, 10), 0);
	ck_assert_uint_eq(bytes[112], 0xee);
	ck_assert(prds_gather(&d, &p, bytes, 102));
	ck_assert_uint_eq(reads, 5);
	ck_assert(prds_gather(&d, &p, bytes, 4102));
	ck_assert(!prds_gather(&d, &p, bytes, 4103));
}
END_TEST

START_TEST(bytes_are_scattered_in_order_and_no_more_than_asked)
{
	uint8_t before[2];

	three();
	memset(bytes, 0xee, sizeof(bytes));
	memcpy(before, ram + BUFFER + 0x2002 + 10, 2);
	bytes[1] = 1;
	bytes[2] = 2;
	bytes[111] = 3;
	ck_assert(prds_scatter(&d, &p, bytes, 112));
	ck_assert_uint_eq(ram[BUFFER + 1], 1);
	ck_assert_uint_eq(ram[BUFFER + 0x1000], 2);
	ck_assert_uint_eq(ram[BUFFER + 0x2002 + 9], 3);
	ck_assert_int_eq(memcmp(before, ram + BUFFER + 0x2002 + 10, 2), 0);
	ck_assert_uint_ne(ram[BUFFER + 2], 0xee);
	ck_assert_uint_eq(writes, 3);
	ck_assert(!prds_scatter(&d, &p, bytes, 4104));
}
END_TEST

START_TEST(zeros_are_scattered_too)
{
	put(0, BUFFER, 10000, 0);
	put(1, BUFFER + 0x8000, 10, 0);
	ck_assert_int_eq(fetch(2), PRDS_RIGHT);
	ram[BUFFER + 0x8005] = 9;
	ck_assert(prds_scatter(&d, &p, NULL, 10005));
	for (uint32_t i = 0; i < 10000; i++) {
		if (ram[BUFFER + i])
			ck_abort_msg("byte %u is not 0", i);
	}
	ck_assert_uint_eq(ram[BUFFER + 0x8004], 0);
	ck_assert_uint_eq(ram[BUFFER + 0x8005], 9);
	put(1, RAM_BYTES - 2, 10, 0);
	ck_assert_int_eq(fetch(2), PRDS_RIGHT);
	ck_assert(!prds_scatter(&d, &p, NULL, 10010));
}
END_TEST

START_TEST(a_piece_that_is_not_ram_ends_it)
{
	put(0, BUFFER, 2, 0);
	put(1, RAM_BYTES - 2, 4, 0);
	put(2, BUFFER + 0x1000, 2, 0);
	ck_assert_int_eq(fetch(3), PRDS_RIGHT);
	ck_assert(prds_gather(&d, &p, bytes, 4));
	ck_assert(!prds_gather(&d, &p, bytes, 6));
	reads = writes = 0;
	ck_assert(!prds_gather(&d, &p, bytes, 8));
	ck_assert(!prds_scatter(&d, &p, bytes, 8));
	ck_assert_uint_eq(reads, 2);
	ck_assert_uint_eq(writes, 2);
}
END_TEST

START_TEST(a_device_gets_as_much_as_asked_of_what_it_may_reach)
{
	put(0, BUFFER, 2, 0);
	put(1, BUFFER + 0x1000, 100, PRD_I);
	put(2, BUFFER + 0x2002, 4000, 0);
	ck_assert_int_eq(fetch(3), PRDS_RIGHT);
	ck_assert_uint_eq(prds_direct(&d, &p, 112, UINT64_MAX, out), 3);
	ck_assert_uint_eq(out[0].dba, (uint32_t)RAM_BUS + BUFFER);
	ck_assert_uint_eq(out[0].dbau, RAM_BUS >> 32);
	ck_assert_uint_eq(out[0].dbc, 1);
	ck_assert_uint_eq(out[0].reserved, 0);
	ck_assert_uint_eq(out[1].dbc, 99 | PRD_I);
	ck_assert_uint_eq(out[2].dba, (uint32_t)RAM_BUS + BUFFER + 0x2002);
	ck_assert_uint_eq(out[2].dbc, 9);
	ck_assert_uint_eq(prds_direct(&d, &p, 102, UINT64_MAX, out), 2);
	ck_assert_uint_eq(prds_direct(&d, &p, 4102, UINT64_MAX, out), 3);
	ck_assert_uint_eq(prds_direct(&d, &p, 4104, UINT64_MAX, out), 0);
	no_dma = BUFFER + 0x2002 + 10;
	ck_assert_uint_eq(prds_direct(&d, &p, 112, UINT64_MAX, out), 3);
	ck_assert_uint_eq(prds_direct(&d, &p, 114, UINT64_MAX, out), 0);
	ck_assert_uint_eq(prds_direct(&d, &p, 112, UINT64_MAX, NULL), 3);
	ck_assert_uint_eq(prds_direct(&d, &p, 114, UINT64_MAX, NULL), 0);
	no_dma = UINT64_MAX;
	ck_assert_uint_eq(prds_direct(&d, &p, 112, RAM_BUS + BUFFER + 0x2002 + 10, out), 3);
	ck_assert_uint_eq(prds_direct(&d, &p, 114, RAM_BUS + BUFFER + 0x2002 + 10, out), 0);
}
END_TEST

START_TEST(one_piece_becomes_prds_of_4_mib)
{
	struct { uint64_t len; uint32_t count, last; } cases[] = {
		{ 2, 1, 2 }, { PRD_BYTES_MAX - 2, 1, PRD_BYTES_MAX - 2 }, { PRD_BYTES_MAX, 1, PRD_BYTES_MAX },
		{ PRD_BYTES_MAX + 2, 2, 2 }, { 8ull * PRD_BYTES_MAX, 8, PRD_BYTES_MAX },
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint32_t n = prds_whole((dma_t){ 0xffc00000 }, cases[i].len, out);

		ck_assert_uint_eq(n, cases[i].count);
		ck_assert_uint_eq(n, PRDS_WHOLE(cases[i].len));
		ck_assert_uint_eq(out[n - 1].dbc, cases[i].last - 1);
		ck_assert_uint_eq(out[0].dba, 0xffc00000);
		ck_assert_uint_eq(out[0].dbau, 0);
		if (n > 1) {
			ck_assert_uint_eq(out[0].dbc, PRD_BYTES_MAX - 1);
			ck_assert_uint_eq(out[1].dba, 0);
			ck_assert_uint_eq(out[1].dbau, 1);
		}
	}
	ck_assert_uint_eq(PRDS_WHOLE(0), 0);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("ahci_prd");
	TCase *c = unit_case(s, "prd");

	tcase_add_checked_fixture(c, begin, NULL);
	tcase_add_test(c, a_table_is_read_at_once_and_behind_its_head);
	tcase_add_test(c, no_prds_are_right_and_not_read);
	tcase_add_test(c, a_prd_has_up_to_4_mib);
	tcase_add_test(c, odd_addresses_and_lengths_are_refused);
	tcase_add_test(c, a_table_that_is_not_in_ram_is_refused);
	tcase_add_test(c, bytes_are_gathered_in_order_and_no_more_than_asked);
	tcase_add_test(c, bytes_are_scattered_in_order_and_no_more_than_asked);
	tcase_add_test(c, zeros_are_scattered_too);
	tcase_add_test(c, a_piece_that_is_not_ram_ends_it);
	tcase_add_test(c, a_device_gets_as_much_as_asked_of_what_it_may_reach);
	tcase_add_test(c, one_piece_becomes_prds_of_4_mib);
	return s;
}
