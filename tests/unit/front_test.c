/*
 * front_test.c - literals, sets against naive membership, names, places, near names
 */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "compiler/hvc.h"
#include "compiler/limit.h"
#include "compiler/names.h"
#include "compiler/setops.h"
#include "compiler/value.h"

static struct pool pool;

static void done(void)
{
	pool_free(&pool);
}

static int number(const char *s, uint64_t *v)
{
	return value_number(s, strlen(s), v);
}

START_TEST(numbers_have_64_bits_and_units)
{
	uint64_t v;

	ck_assert_int_eq(number("0", &v), VALUE_OK);
	ck_assert_uint_eq(v, 0);
	ck_assert_int_eq(number("18446744073709551615", &v), VALUE_OK);
	ck_assert_uint_eq(v, UINT64_MAX);
	ck_assert_int_eq(number("18446744073709551616", &v), VALUE_EOVERFLOW);
	ck_assert_int_eq(number("99999999999999999999999", &v), VALUE_EOVERFLOW);
	ck_assert_int_eq(number("0xffffffffffffffff", &v), VALUE_OK);
	ck_assert_uint_eq(v, UINT64_MAX);
	ck_assert_int_eq(number("0x10000000000000000", &v), VALUE_EOVERFLOW);
	ck_assert_int_eq(number("4k", &v), VALUE_OK);
	ck_assert_uint_eq(v, 4096);
	ck_assert_int_eq(number("3M", &v), VALUE_OK);
	ck_assert_uint_eq(v, 3u << 20);
	ck_assert_int_eq(number("17179869183G", &v), VALUE_OK);
	ck_assert_uint_eq(v, UINT64_MAX - ((1u << 30) - 1));
	ck_assert_int_eq(number("17179869184G", &v), VALUE_EOVERFLOW);
}
END_TEST

START_TEST(other_numbers_are_malformed)
{
	static const char *const bad[] = {
		"", "k", "0x", "0X1", "1K", "1kk", "0x1k", "1x", "-1", "1 ", "0xg", "1m", "1g",
	};
	uint64_t v;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(number(bad[i], &v) == VALUE_EMALFORMED, "%s", bad[i]);
}
END_TEST

START_TEST(rates_are_a_second)
{
	uint64_t v;

	ck_assert_int_eq(value_rate("10/s", 4, &v), VALUE_OK);
	ck_assert_uint_eq(v, 10);
	ck_assert_int_eq(value_rate("/s", 2, &v), VALUE_EMALFORMED);
	ck_assert_int_eq(value_rate("10/m", 4, &v), VALUE_EMALFORMED);
	ck_assert_int_eq(value_rate("1x/s", 4, &v), VALUE_EMALFORMED);
}
END_TEST

static int address(const char *s, struct value *lo, struct value *hi, int *prefix, bool *host)
{
	return value_address(s, strlen(s), lo, hi, prefix, host);
}

static void check_range(const char *s, const char *first, const char *last)
{
	struct value lo, hi;
	char a[VALUE_TEXT], b[VALUE_TEXT];
	int prefix;
	bool host;

	ck_assert_msg(address(s, &lo, &hi, &prefix, &host) == VALUE_OK, "%s", s);
	ck_assert_str_eq(value_print(&lo, a), first);
	ck_assert_str_eq(value_print(&hi, b), last);
}

START_TEST(prefixes_are_ranges)
{
	check_range("10.1.2.3", "10.1.2.3", "10.1.2.3");
	check_range("10.1.2.3/8", "10.0.0.0", "10.255.255.255");
	check_range("10.1.2.3/32", "10.1.2.3", "10.1.2.3");
	check_range("10.1.2.3/31", "10.1.2.2", "10.1.2.3");
	check_range("0.0.0.0/0", "0.0.0.0", "255.255.255.255");
	check_range("::/0", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
	check_range("fd00::1/64", "fd00::", "fd00::ffff:ffff:ffff:ffff");
	check_range("fd00::/63", "fd00::", "fd00::1:ffff:ffff:ffff:ffff");
	check_range("fd00::/65", "fd00::", "fd00::7fff:ffff:ffff:ffff");
	check_range("::1/128", "::1", "::1");
	check_range("::ffff:1.2.3.4", "::ffff:1.2.3.4", "::ffff:1.2.3.4");
}
END_TEST

START_TEST(host_bits_are_told)
{
	struct value lo, hi;
	int prefix;
	bool host;

	ck_assert_int_eq(address("10.0.0.0/8", &lo, &hi, &prefix, &host), VALUE_OK);
	ck_assert_int_eq(prefix, 8);
	ck_assert(!host);
	ck_assert_int_eq(address("10.0.0.1/8", &lo, &hi, &prefix, &host), VALUE_OK);
	ck_assert(host);
	ck_assert_int_eq(address("1:0:0:1::/32", &lo, &hi, &prefix, &host), VALUE_OK);
	ck_assert(host);
	ck_assert_int_eq(address("10.0.0.1", &lo, &hi, &prefix, &host), VALUE_OK);
	ck_assert_int_eq(prefix, -1);
	ck_assert_int_eq(address("10.0.0.0/33", &lo, &hi, &prefix, &host), VALUE_EPREFIX);
	ck_assert_int_eq(address("::/129", &lo, &hi, &prefix, &host), VALUE_EPREFIX);
	ck_assert_int_eq(address("10.0.0.0/", &lo, &hi, &prefix, &host), VALUE_EMALFORMED);
	ck_assert_int_eq(address("10.0.0.0/x", &lo, &hi, &prefix, &host), VALUE_EMALFORMED);
	ck_assert_int_eq(address("10.0.0", &lo, &hi, &prefix, &host), VALUE_EMALFORMED);
	ck_assert_int_eq(address("1111:2222:3333:4444:5555:6666:7777:8888:9999:0000:1111", &lo,
				 &hi, &prefix, &host), VALUE_EMALFORMED);
}
END_TEST

START_TEST(mac_addresses_have_six_pairs)
{
	struct value v;

	ck_assert_int_eq(value_mac("02:00:5e:FF:00:01", 17, &v), VALUE_OK);
	ck_assert_uint_eq(v.lo, 0x02005eff0001u);
	ck_assert_uint_eq(v.family, 48);
	ck_assert_int_eq(value_mac("02:00:5e:ff:00", 14, &v), VALUE_EMALFORMED);
	ck_assert_int_eq(value_mac("02-00:5e:ff:00:01", 17, &v), VALUE_EMALFORMED);
	ck_assert_int_eq(value_mac("02:00:5e:ff:0g:01", 17, &v), VALUE_EMALFORMED);
}
END_TEST

static void check_string(const char *s, ptrdiff_t len, const char *bytes)
{
	uint8_t out[64];
	size_t bad = 0;

	ck_assert_int_eq(value_string(s, strlen(s), out, &bad), len);
	if (len > 0)
		ck_assert_mem_eq(out, bytes, (size_t)len);
}

START_TEST(strings_have_five_escapes)
{
	check_string("", 0, "");
	check_string("abc", 3, "abc");
	check_string("\\n\\t\\\\\\\"\\x00\\xfF", 6, "\n\t\\\"\0\xff");
	check_string("gr\xc3\xb6\xff", 5, "gr\xc3\xb6\xff");
	check_string("a\tb", 3, "a\tb");
	check_string("\\", -1, "");
	check_string("\\q", -1, "");
	check_string("\\x", -1, "");
	check_string("\\x4", -1, "");
	check_string("\\xg0", -1, "");
	check_string("\\x0g", -1, "");
	check_string("a\x01", -1, "");
	check_string("a\x7f", -1, "");
}
END_TEST

/* ---- sets ---- */

static struct value num(uint64_t v)
{
	return (struct value){ .lo = v };
}

/* A random set over 0..63 a component, and what it holds, bit by bit. */
static void random_set(struct set *s, unsigned arity, unsigned count, bool *naive)
{
	struct set_list l;

	set_list_init(&l, &pool, arity, false);
	memset(naive, 0, 64 * 64);
	for (unsigned i = 0; i < count; i++) {
		struct value lo[2], hi[2];

		for (unsigned k = 0; k < 2; k++) {
			unsigned a = (unsigned)rand() % 64, b = a + (unsigned)rand() % 8;

			lo[k] = num(k < arity ? a : 0);
			hi[k] = num(k < arity ? (b > 63 ? 63 : b) : 0);
		}
		set_list_add(&l, lo, hi, (struct loc){ 0 });
		for (uint64_t x = lo[0].lo; x <= hi[0].lo; x++)
			for (uint64_t y = lo[1].lo; y <= hi[1].lo; y++)
				naive[x * 64 + y] = true;
	}
	*s = (struct set){ 0 };
	set_from_list(s, &l);
}

static void check_members(const struct set *s, const bool *want, const char *what)
{
	for (unsigned x = 0; x < 64; x++) {
		for (unsigned y = 0; y < (s->arity == 1 ? 1u : 64u); y++) {
			struct value key[2] = { num(x), num(y) };

			ck_assert_msg(set_contains(s, key) == want[x * 64 + y], "%s: (%u, %u)",
				      what, x, y);
		}
	}
}

START_TEST(sets_hold_what_their_elements_hold)
{
	static bool a[64 * 64], b[64 * 64], want[64 * 64];

	srand(7);
	for (unsigned round = 0; round < 60; round++) {
		unsigned arity = 1 + round % 2;
		struct set x, y, out = { 0 };

		random_set(&x, arity, (unsigned)rand() % 12, a);
		random_set(&y, arity, (unsigned)rand() % 12, b);
		out.arity = arity;
		check_members(&x, a, "set");
		ck_assert_int_eq(set_union(&pool, &x, &y, &out), 0);
		for (unsigned i = 0; i < 64 * 64; i++)
			want[i] = a[i] || b[i];
		check_members(&out, want, "union");
		ck_assert_int_eq(set_difference(&pool, &x, &y, &out), 0);
		for (unsigned i = 0; i < 64 * 64; i++)
			want[i] = a[i] && !b[i];
		check_members(&out, want, "difference");
	}
	done();
}
END_TEST

START_TEST(scalar_sets_are_sorted_disjoint_and_merged)
{
	static const uint64_t in[][2] = { { 10, 12 }, { 1, 3 }, { 4, 5 }, { 11, 20 }, { 22, 22 } };
	static const uint64_t out[][2] = { { 1, 5 }, { 10, 20 }, { 22, 22 } };
	struct set_list l;
	struct set s = { 0 };

	set_list_init(&l, &pool, 1, false);
	for (unsigned i = 0; i < 5; i++) {
		struct value lo = num(in[i][0]), hi = num(in[i][1]);

		set_list_add(&l, &lo, &hi, (struct loc){ 0 });
	}
	set_from_list(&s, &l);
	ck_assert_uint_eq(s.count, 3);
	for (unsigned i = 0; i < 3; i++) {
		ck_assert_uint_eq(s.elements[i].lo->lo, out[i][0]);
		ck_assert_uint_eq(s.elements[i].hi->lo, out[i][1]);
	}
	done();
}
END_TEST

START_TEST(families_do_not_merge)
{
	struct value last4 = { .lo = UINT32_MAX, .family = 4 }, first6 = { .family = 6 };
	struct value carry = { .lo = UINT64_MAX, .family = 6 }, next = { .hi = 1, .family = 6 };
	struct set_list l;
	struct set s = { 0 };

	set_list_init(&l, &pool, 1, false);
	set_list_add(&l, &last4, &last4, (struct loc){ 0 });
	set_list_add(&l, &first6, &first6, (struct loc){ 0 });
	set_list_add(&l, &carry, &carry, (struct loc){ 0 });
	set_list_add(&l, &next, &next, (struct loc){ 0 });
	set_from_list(&s, &l);
	ck_assert_uint_eq(s.count, 3);	/* the last two are neighbours across 64 bits */
	done();
}
END_TEST

START_TEST(values_have_neighbours_within_their_family)
{
	struct value v = { .lo = UINT64_MAX, .family = 6 };

	ck_assert(value_next(&v));
	ck_assert_uint_eq(v.hi, 1);
	ck_assert_uint_eq(v.lo, 0);
	ck_assert(value_previous(&v));
	ck_assert_uint_eq(v.hi, 0);
	ck_assert_uint_eq(v.lo, UINT64_MAX);
	v = (struct value){ .lo = UINT32_MAX, .family = 4 };
	ck_assert(!value_next(&v));
	v = (struct value){ .lo = 0xffffffffffff, .family = 48 };
	ck_assert(!value_next(&v));
	v = num(UINT64_MAX);
	ck_assert(!value_next(&v));
	v = num(0);
	ck_assert(!value_previous(&v));
}
END_TEST

/* ---- names, places ---- */

START_TEST(a_hundred_thousand_names_are_found)
{
	struct names n;
	char s[32];

	names_init(&n, &pool);
	for (int i = 0; i < 100000; i++) {
		sprintf(s, "name%d", i);
		ck_assert_ptr_null(names_find(&n, s, strlen(s)));
		names_add(&n, s, strlen(s), NULL);
	}
	for (int i = 0; i < 100000; i++) {
		sprintf(s, "name%d", i);
		ck_assert_ptr_nonnull(names_find(&n, s, strlen(s)));
	}
	ck_assert_ptr_null(names_find(&n, "name", 4));
	ck_assert_ptr_null(names_find(&n, "name100000", 10));
	done();
}
END_TEST

START_TEST(near_names_are_near)
{
	static const char *const names[] = { "tcp.dport", "tcp.sport", "ip.src", "set", "x", NULL };

	ck_assert_str_eq(diag_did_you_mean("tcp.dprt", names), "tcp.dport");
	ck_assert_str_eq(diag_did_you_mean("ip.scr", names), "ip.src");
	ck_assert_str_eq(diag_did_you_mean("st", names) ? "found" : "none", "none");
	ck_assert_str_eq(diag_did_you_mean("sett", names), "set");
	ck_assert_ptr_null(diag_did_you_mean("http.host", names));
	ck_assert_ptr_null(diag_did_you_mean("", names));
	ck_assert_ptr_null(diag_did_you_mean("y", names));
}
END_TEST

START_TEST(places_are_lines_and_columns)
{
	static const char text[] = "ab\ncd\n\nx";
	static const uint32_t lines[] = { 0, 3, 6, 7 };
	struct source plain = { "f", text, 8, NULL, 0 }, indexed = { "f", text, 8, lines, 4 };
	static const unsigned want[9][2] = {
		{ 1, 1 }, { 1, 2 }, { 1, 3 }, { 2, 1 }, { 2, 2 }, { 2, 3 }, { 3, 1 }, { 4, 1 }, { 4, 2 },
	};

	for (uint32_t i = 0; i <= 8; i++) {
		unsigned line, column;

		loc_position((struct loc){ &plain, i, i }, &line, &column);
		ck_assert_uint_eq(line, want[i][0]);
		ck_assert_uint_eq(column, want[i][1]);
		loc_position((struct loc){ &indexed, i, i }, &line, &column);
		ck_assert_uint_eq(line, want[i][0]);
		ck_assert_uint_eq(column, want[i][1]);
	}
}
END_TEST

START_TEST(two_hundred_diagnostics_are_kept)
{
	struct diags d;

	diags_init(&d);
	for (unsigned i = 0; i < DIAG_MAX; i++)
		diag_error(&d, (struct loc){ 0 }, "%u", i);
	ck_assert_uint_eq(d.dropped, 0);
	diag_note(&d, (struct loc){ 0 }, "kept with the last one");
	diag_warning(&d, (struct loc){ 0 }, "dropped");
	diag_note(&d, (struct loc){ 0 }, "dropped with it");
	ck_assert_uint_eq(d.dropped, 1);
	ck_assert_uint_eq(d.errors, DIAG_MAX);
	ck_assert_uint_eq(d.warnings, 1);
	diags_free(&d);
}
END_TEST

/* Wherever it ends: in the scanner, among sets, automata, code or the module's bytes. */
START_TEST(a_compilation_ends_at_its_memory)
{
	static const char text[] = "policy \"memory\" version 1;\n"
				   "pattern p = /ab+c[d-z]{1,40}(e|f)+/;\n"
				   "on net in default pass {\n"
				   "    a: payload has p and tcp.dport in { 1, 3, 5..9 } -> log, drop;\n"
				   "    b: ip.dst in { 10.0.0.0/8, fd00::/8 } -> log \"{ip.dst}\";\n"
				   "}\n";
	unsigned refused = 0, last = 1;

	for (size_t limit = 1; last; limit += limit / 16 + 1) {
		struct hvc_options o = { .memory_limit = limit };
		struct hvc_result r;

		hvc_compile_text("memory.hvrule", text, sizeof(text) - 1, &o, &r);
		last = (unsigned)r.status;
		if (last) {
			refused++;
			ck_assert_int_eq(r.status, 1);
			ck_assert_uint_eq(r.diags.errors, 1);
			ck_assert_ptr_null(r.module);
			ck_assert_ptr_nonnull(strstr(r.diags.head->text, "memory.hvrule: the policy needs more than"));
		}
		hvc_free(&r);
		ck_assert_uint_lt(limit, HVC_MEMORY_LIMIT);
	}
	ck_assert_uint_gt(refused, 10);
}
END_TEST

START_TEST(sizes_that_no_memory_has_are_refused)
{
	static jmp_buf out;
	unsigned volatile refused = 0;

	pool.out = &out;
	for (unsigned volatile i = 0; i < 4; i++) {
		if (setjmp(out)) {
			ck_assert_int_eq(pool.why, POOL_OVER_LIMIT);
			refused++;
			continue;
		}
		if (i == 0)
			pool_alloc(&pool, SIZE_MAX);
		if (i == 1)
			pool_alloc(&pool, SIZE_MAX - 16);
		if (i == 2)
			pool_array(&pool, SIZE_MAX / 2, 3);
		if (i == 3)
			pool_strndup(&pool, "", SIZE_MAX);
		ck_abort_msg("%u was given", i);
	}
	ck_assert_uint_eq(refused, 4);
	pool.out = NULL;
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("front");
	TCase *tc = unit_case(s, "front");

	tcase_add_test(tc, numbers_have_64_bits_and_units);
	tcase_add_test(tc, other_numbers_are_malformed);
	tcase_add_test(tc, rates_are_a_second);
	tcase_add_test(tc, prefixes_are_ranges);
	tcase_add_test(tc, host_bits_are_told);
	tcase_add_test(tc, mac_addresses_have_six_pairs);
	tcase_add_test(tc, strings_have_five_escapes);
	tcase_add_test(tc, sets_hold_what_their_elements_hold);
	tcase_add_test(tc, scalar_sets_are_sorted_disjoint_and_merged);
	tcase_add_test(tc, families_do_not_merge);
	tcase_add_test(tc, values_have_neighbours_within_their_family);
	tcase_add_test(tc, a_hundred_thousand_names_are_found);
	tcase_add_test(tc, near_names_are_near);
	tcase_add_test(tc, places_are_lines_and_columns);
	tcase_add_test(tc, two_hundred_diagnostics_are_kept);
	tcase_add_test(tc, a_compilation_ends_at_its_memory);
	tcase_add_test(tc, sizes_that_no_memory_has_are_refused);
	return s;
}
