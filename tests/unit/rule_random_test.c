/*
 * rule_random_test.c - random rules, optimised and plain: what they hold for is the same
 *
 * Conditions of every shape that becomes boxes of a classifier: comparisons, sets small and large, addresses of both
 * families, tuples, ranges of sectors, under `and`, `or` and `not`.  Numbers come from few places and their neighbours, in
 * the rules and in what is judged, so that borders meet.  Sets that are made of others are asked beside their parts.
 */
#include <stdio.h>

#include "compiler/hvc.h"
#include "policy/classify.h"
#include "policy/judge_state.h"
#include "tests/unit/frame.h"

#define ARENA_BYTES	((size_t)16 << 20)
#define RULES_MAX	12u
#define POLICIES	1000u
#define TRANSFERS	120u

struct side {
	struct hvc_result compiled;
	struct arena arena;
	struct judge *judge;
	uint64_t hits[RULES_MAX];
};

static struct side sides[2];		/* optimised, plain */
static char *text;
static uint32_t held, failed;		/* rules of all transfers */
static uint64_t cost;			/* of all policies, optimised: instructions at most */
static uint32_t rows, candidates;	/* of all classifiers; of them, those that were found */

static uint64_t state;

static uint32_t dice(uint32_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 20) % n;
}

/* No two dice in one expression or list: their order would be the compiler's. */

/* ---- rules ------------------------------------------------------------------- */

struct number {
	const char *field;
	uint64_t most;
};

static const struct number net_numbers[] = {
	{ "ip.proto", 255 }, { "ip.ttl", 255 }, { "ip.version", 15 }, { "ip.dscp", 63 }, { "tcp.sport", 65535 }, { "tcp.dport", 65535 },
	{ "udp.sport", 65535 }, { "udp.dport", 65535 }, { "l4.dport", 65535 }, { "tcp.window", 65535 }, { "payload.len", 255 },
};
static const struct number disk_numbers[] = {
	{ "disk.lba", (UINT64_C(1) << 48) - 1 }, { "disk.sectors", 255 }, { "disk.port", 255 }, { "disk.unit", 255 }, { "ata.command", 255 },
	{ "ata.count", 65535 },
};
static const char *const addresses[] = {
	"0.0.0.0", "10.0.0.0", "10.0.0.1", "10.0.0.2", "10.0.0.255", "10.0.1.0", "255.255.255.255",
	"::", "::1", "2001:db8::", "2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", "2001:db8:0:1::", "2001:db8:0:1::1",
	"2001:db8:0:2::7", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
};
#define IPV4		7u
#define ADDRESSES	(sizeof(addresses) / sizeof(*addresses))

/* A place, or beside it. */
static uint64_t any_number(uint64_t most)
{
	static const uint64_t places[] = { 0, 6, 17, 64, 80, 255, 443, 2048, 65535, UINT64_C(0xffffffff), (UINT64_C(1) << 48) - 1 };
	uint64_t n = places[dice(sizeof(places) / sizeof(*places))];

	n = n > most ? dice((uint32_t)(most < 1000 ? most + 1 : 1000)) : n;
	n += dice(3);
	return n > 0 && n - 1 <= most ? n - 1 : most;
}

/* One number or a range, the lower end first. */
static void put_item(FILE *f, uint64_t most)
{
	uint64_t a = any_number(most), b = any_number(most);

	if (dice(2))
		fprintf(f, "%llu", (unsigned long long)a);
	else
		fprintf(f, "%llu..%llu", (unsigned long long)(a < b ? a : b), (unsigned long long)(a < b ? b : a));
}

static void put_numbers(FILE *f, uint64_t most)
{
	uint32_t count = dice(8) ? dice(4) + 1 : 70;	/* more than a rule has boxes */

	fputs("{ ", f);
	for (uint32_t i = 0; i < count; i++) {
		if (count > 4)				/* apart, so that they stay as many */
			fprintf(f, "%llu, ", (unsigned long long)(i * (most / 71 + !(most / 71)) & most));
		else
			put_item(f, most);
		if (count <= 4)
			fputs(", ", f);
	}
	fputs("}", f);
}

static void put_number(FILE *f, const struct number *n)
{
	static const char *const compare[] = { "==", "!=", "<", "<=", ">", ">=" };

	fprintf(f, "%s ", n->field);
	if (dice(2)) {
		fprintf(f, "%s ", compare[dice(6)]);
		fprintf(f, "%llu", (unsigned long long)any_number(n->most));
		return;
	}
	fputs(dice(4) ? "in " : "not in ", f);
	put_numbers(f, n->most);
}

/* An address, a network, or a range of one family. */
static void put_address(FILE *f)
{
	uint32_t a = dice(ADDRESSES), b = a < IPV4 ? dice(IPV4) : IPV4 + dice(ADDRESSES - IPV4);

	switch (dice(4)) {
	case 0:
		fprintf(f, "%s..%s", addresses[a < b ? a : b], addresses[a < b ? b : a]);
		break;
	case 1:			/* networks begin where they begin */
		if (a < IPV4)
			fputs((const char *const[]){ "0.0.0.0/0", "10.0.0.0/8", "10.0.0.0/31", "10.0.0.2/32" }[dice(4)], f);
		else
			fputs((const char *const[]){ "::/0", "2001:db8::/32", "2001:db8::/63", "2001:db8::/64",
				"2001:db8:0:1::/65", "2001:db8::/127", "::1/128" }[dice(7)], f);
		break;
	default:
		fputs(addresses[a], f);
	}
}

/* Of two words both of which matter: three boxes each. */
static void put_crossing(FILE *f, uint32_t n)
{
	fprintf(f, "2001:db8:%x::5..2001:db8:%x:2::7", n, n);
}

/* More boxes than a rule has, of small sets that become one. */
static void put_crossings(FILE *f, const char *field)
{
	fprintf(f, "(%s in { 10.0.0.1, 10.0.0.255, ", field);
	for (uint32_t i = 0; i < 26; i++) {
		if (i == 13)
			fprintf(f, "} or %s in { ", field);
		put_crossing(f, i);
		fputs(", ", f);
	}
	fputs("})", f);
}

/* Many of both families, one of ARP's, or a few. */
static void put_ip(FILE *f)
{
	const char *field = dice(2) ? "ip.src" : "ip.dst";
	const char *in = dice(4) ? "in" : "not in";
	uint32_t count = dice(3) + 1;

	switch (dice(16)) {
	case 0:
		put_crossings(f, field);
		break;
	case 1:
		fprintf(f, "%s %s { ", field, in);
		for (uint32_t i = 0; i < 90; i++)
			fprintf(f, i % 2 ? "10.0.0.%u, " : "2001:db8::%x, ", 2 * i);
		fputs("}", f);
		break;
	case 2: case 3: case 4:
		fprintf(f, "arp.spa %s { %s }", in, count == 1 ? "10.0.0.1" : "10.0.0.0..10.0.0.3");
		break;
	default:
		fprintf(f, "%s %s { ", field, in);
		for (uint32_t i = 0; i < count; i++) {
			put_address(f);
			fputs(", ", f);
		}
		fputs("}", f);
	}
}

static void put_tuples(FILE *f)
{
	uint32_t count = dice(8) ? dice(3) + 1 : 30, kind = dice(3);

	fputs(kind == 0 ? "(ip.src, tcp.dport)" : kind == 1 ? "(ip.proto, ip.ttl)" : "(ip.src, ip.dst, l4.dport)", f);
	fputs(dice(4) ? " in { " : " not in { ", f);
	for (uint32_t i = 0; i < count; i++) {
		fputs("(", f);
		if (kind == 1) {
			put_item(f, 255);
		} else if (count == 30 && kind == 0) {
			put_crossing(f, i);
		} else {
			put_address(f);
			if (kind == 2) {
				fputs(", ", f);
				put_address(f);
			}
		}
		fputs(", ", f);
		put_item(f, kind == 1 ? 255 : 65535);
		fputs("), ", f);
	}
	fputs("}", f);
}

static void put_overlaps(FILE *f)
{
	uint32_t count = dice(6) ? dice(3) + 1 : 12;	/* 8 have boxes of their own */

	fputs("disk.range overlaps { ", f);
	for (uint32_t i = 0; i < count; i++) {
		uint64_t at = count > 8 ? 100 * i : any_number(UINT64_C(1) << 32);

		fprintf(f, "%llu..%llu, ", (unsigned long long)at, (unsigned long long)at + dice(30));
	}
	fputs("}", f);
}

static void put_leaf(FILE *f, bool net)
{
	if (net && dice(3) == 0)
		put_ip(f);
	else if (net && dice(5) == 0)
		put_tuples(f);
	else if (net && dice(12) == 0)
		fputs((const char *const[]){ "tcp.syn", "ip.more_fragments", "l4.sport == l4.dport", "ip.src == ip.dst" }[dice(4)], f);
	else if (!net && dice(3) == 0)
		put_overlaps(f);
	else if (net)
		put_number(f, &net_numbers[dice(sizeof(net_numbers) / sizeof(*net_numbers))]);
	else
		put_number(f, &disk_numbers[dice(sizeof(disk_numbers) / sizeof(*disk_numbers))]);
}

/* One box of more sides than a box has, and a few of them. */
static void put_sides(FILE *f)
{
	fputs("eth.type < 65000 and ip.proto < 200 and ip.ttl < 250 and ip.version < 9 and ip.dscp < 60 and ip.len < 100000 and "
	      "tcp.sport < 65000 and tcp.dport < 65000 and tcp.flags < 250 and tcp.seq < 99 and tcp.window < 65000 and "
	      "l4.sport < 65000 and l4.dport < 65000 and payload.len < 250 and frame.len < 1000 and "
	      "vlan.id < 4000 and ip.id < 4000000000 and ip.frag_offset < 60000 and "
	      "eth.src in { 02:00:00:00:00:00..02:00:00:00:00:ff } and eth.dst in { 02:00:00:00:00:00..02:00:00:00:00:ff } and "
	      "ip.src in { 2001:db8::..2001:db8:0:2:: } and ip.dst in { 2001:db8::5..2001:db8:0:1:ffff:ffff:ffff:ffff }", f);
}

/* More kids than a rule has boxes, or more pairs of them. */
static void put_wide(FILE *f, bool net)
{
	bool pairs = dice(2);

	for (uint32_t half = 0; half < (pairs ? 2 : 1); half++) {
		fputs(half ? " and (" : "(", f);
		for (uint32_t i = 0; i < (pairs ? 9 : 70); i++) {
			if (i)
				fputs(" or ", f);
			if (pairs)
				put_number(f, net ? &net_numbers[(half + i) % 10] : &disk_numbers[i % 6]);
			else
				fprintf(f, net ? "(tcp.dport == %u and ip.ttl == %u)" : "(disk.lba == %u and disk.port == %u)", 60 + i, i % 9);
		}
		fputs(")", f);
	}
}

static void put_condition(FILE *f, bool net, unsigned depth)
{
	uint32_t kind = depth ? dice(5) : 0, count = dice(3) + 2;


	if (kind < 2) {
		put_leaf(f, net);
		return;
	}
	fputs(kind == 4 ? "not (" : "(", f);
	for (uint32_t i = 0; i < (kind == 4 ? 1 : count); i++) {
		if (i)
			fputs(kind == 2 ? " and " : " or ", f);
		put_condition(f, net, depth - 1);
	}
	fputs(")", f);
}

static size_t write_policy(bool net, uint32_t rules)
{
	size_t len;
	FILE *f = open_memstream(&text, &len);

	fprintf(f, "policy \"random\" version 1;\non %s default pass {\n", net ? "net in" : "disk write");
	for (uint32_t i = 0; i < rules; i++) {
		fprintf(f, "r%u: ", i);
		if (dice(12) == 0)
			put_wide(f, net);
		else
			put_condition(f, net, dice(4));
		fputs(dice(8) ? " -> count seen;\n" : " -> log, drop;\n", f);
	}
	fputs("}\n", f);
	fclose(f);
	return len;
}

/* ---- transfers --------------------------------------------------------------- */

static void put_any_address(struct frame *f, bool six)
{
	static const char *const four[] = { "00000000", "09ffffff", "0a000000", "0a000001", "0a000002", "0a000003", "0a0000ff", "0a000100", "ffffffff" };
	static const char *const high[] = { "0000000000000000", "20010db7ffffffff", "20010db800000000", "20010db800000001", "20010db800000002",
					    "ffffffffffffffff" };
	static const char *const low[] = { "0000000000000000", "0000000000000001", "0000000000000002", "0000000000000007", "8000000000000000",
					   "fffffffffffffffe", "ffffffffffffffff" };

	if (!six) {
		put_hex(f, four[dice(9)]);
		return;
	}
	put_hex(f, high[dice(6)]);
	put_hex(f, low[dice(7)]);
}

static struct frame *any_arp(void)
{
	struct frame *f = start(0x0806);

	put_hex(f, "0001 0800 06 04 0001 020000000001");
	put_any_address(f, false);
	put_hex(f, "000000000000 c0a80002");
	return f;
}

static struct frame *any_frame(void)
{
	bool six = dice(2), tcp = dice(2);
	uint32_t payload = (uint32_t)any_number(255), body = (tcp ? 20 : 8) + payload;
	struct frame *f = start(six ? 0x86dd : 0x0800);
	uint8_t proto = dice(6) ? (tcp ? 6 : 17) : 1;

	if (six) {
		put_be(f, 0x60000000 | dice(64) << 22, 4);
		put_be(f, body, 2);
		put_be(f, proto, 1);
		put_be(f, any_number(255), 1);
	} else {
		put_be(f, 0x45, 1);
		put_be(f, dice(256), 1);
		put_be(f, 20 + body, 2);
		put_be(f, 0x12344000, 4);
		put_be(f, any_number(255), 1);
		put_be(f, proto, 1);
		put_be(f, 0, 2);
	}
	put_any_address(f, six);
	put_any_address(f, six);
	put_be(f, any_number(65535), 2);
	put_be(f, any_number(65535), 2);
	if (tcp) {
		put_be(f, 1, 4);
		put_be(f, 2, 4);
		put_be(f, 0x5000 | (dice(3) ? 0 : dice(64)), 2);
		put_be(f, any_number(65535), 2);
		put_be(f, 0, 4);
	} else {
		put_be(f, body, 2);
		put_be(f, 0, 2);
	}
	put_fill(f, 0x5a, payload);
	return f;
}

static struct transfer any_transfer(bool net)
{
	struct transfer t = { .number = 1, .hook = net ? HV_HOOK_NET_IN : HV_HOOK_DISK_WRITE };
	struct disk_transfer *d = &t.disk;

	if (net) {
		struct frame *f = dice(12) ? any_frame() : any_arp();

		t.net = (struct net_transfer){ f->bytes, f->len, f->len };
		return t;
	}
	*d = (struct disk_transfer){ .sector_size = 512 };
	d->command = dice(2) ? 0x35 : 0xca;
	d->unit = (uint8_t)dice(3);
	d->port = (uint8_t)any_number(255);
	d->count = (uint16_t)any_number(65535);
	d->lba = dice(3) ? dice(1300) : any_number((UINT64_C(1) << 48) - 300);
	d->first_lba = d->lba;
	d->sectors = any_number(254) + 1;
	return t;
}

/* ---- both sides -------------------------------------------------------------- */

static void load_side(struct side *s, size_t len, bool plain)
{
	const struct hvc_options options = { .plain = plain };
	struct policy_error err;
	struct policy *policy;

	hvc_compile_text("random.hvrule", text, len, &options, &s->compiled);
	if (s->compiled.status) {
		diags_print(&s->compiled.diags, stderr);
		ck_abort_msg("%s", text);
	}
	arena_init(&s->arena, aligned_alloc(64, ARENA_BYTES), ARENA_BYTES);
	if (policy_load(&s->arena, s->compiled.module, s->compiled.module_len, &policy, &err) ||
	    judge_create(&s->arena, policy, NULL, NULL, &s->judge, &err))
		ck_abort_msg("%s\n%s", err.text, text);
	memset(s->hits, 0, sizeof(s->hits));
	if (!plain)
		cost += policy_cost(policy, policy_has_hook(policy, HV_HOOK_NET_IN) ? HV_HOOK_NET_IN : HV_HOOK_DISK_WRITE);
	for (uint32_t c = 0; policy->classes && c < class_count(policy->classes); c++)
		rows += class_rows(policy->classes, c);
}

static void load(size_t len)
{
	load_side(&sides[0], len, false);
	load_side(&sides[1], len, true);
}

static void unload(void)
{
	for (unsigned i = 0; i < 2; i++) {
		hvc_free(&sides[i].compiled);
		free(sides[i].arena.base);
	}
	free(text);
}

/* Rows that the classifiers find; the plain side has parsed all there is. */
static void count_candidates(void)
{
	const struct class_table *t = sides[0].judge->p->classes;

	for (uint32_t c = 0; t && c < class_count(t); c++) {
		for (uint32_t row = 0; (row = class_lookup(t, c, row, &sides[1].judge->ctx)) < class_rows(t, c); row++)
			candidates++;
	}
}

static void compare(struct transfer t, uint32_t rules, uint32_t policy)
{
	struct judgement out[2];

	for (unsigned i = 0; i < 2; i++)
		judge_transfer(sides[i].judge, &t, &out[i]);
	count_candidates();
	for (uint32_t r = 0; r < rules; r++) {
		uint64_t now[2] = { judge_rule_stats(sides[0].judge, r)->hits, judge_rule_stats(sides[1].judge, r)->hits };

		if (now[0] - sides[0].hits[r] != now[1] - sides[1].hits[r])
			ck_abort_msg("policy %u: rule r%u holds optimised %d, plain %d\n%s", policy, r, now[0] != sides[0].hits[r],
				     now[1] != sides[1].hits[r], text);
		held += now[1] != sides[1].hits[r];
		failed += now[1] == sides[1].hits[r];
		sides[0].hits[r] = now[0];
		sides[1].hits[r] = now[1];
	}
	if (out[0].verdict != out[1].verdict || out[0].matched != out[1].matched)
		ck_abort_msg("policy %u: verdicts differ\n%s", policy, text);
}

/*
 * @rows_least, @candidates_most and @cost_most: as many as there are today.  What knows more boxes, or narrower ones, may raise
 * the one and lower the others; what loses some is slower and nothing else would tell.
 */
static void compare_policies(bool net, uint32_t rows_least, uint32_t candidates_most, uint64_t cost_most)
{
	state = 0x9e3779b97f4a7c15u;
	held = failed = 0;
	cost = rows = candidates = 0;
	for (uint32_t n = 0; n < POLICIES; n++) {
		uint32_t rules = dice(4) ? dice(RULES_MAX) + 1 : 1;

		load(write_policy(net, rules));
		for (uint32_t i = 0; i < TRANSFERS; i++)
			compare(any_transfer(net), rules, n);
		unload();
	}
	ck_assert_uint_ge(rows, rows_least);
	ck_assert_uint_le(candidates, candidates_most);
	ck_assert_uint_le(cost, cost_most);
	ck_assert_uint_gt(held, POLICIES * TRANSFERS / 10);
	ck_assert_uint_gt(failed, POLICIES * TRANSFERS / 10);
}

START_TEST(rules_over_packets_hold_for_the_same_optimised_and_plain)
{
	compare_policies(true, 2022, 81277, 1824733);
}
END_TEST

START_TEST(rules_over_disk_commands_hold_for_the_same_optimised_and_plain)
{
	compare_policies(false, 2197, 118163, 2456152);
}
END_TEST

/* An element of a set of @kind: a number, an address, a pair. */
static void put_element(FILE *f, unsigned kind)
{
	if (kind == 0) {
		put_item(f, 65535);
	} else if (kind == 1) {
		put_address(f);
	} else {
		fputs("(", f);
		put_item(f, 255);
		fputs(", ", f);
		put_item(f, 65535);
		fputs(")", f);
	}
}

/* Three sets and what is made of them; a rule for the whole, and one that says the same of the parts. */
static size_t write_sets(void)
{
	static const char *const subject[] = { "l4.dport", "ip.src", "(ip.ttl, l4.dport)" };
	unsigned kind = dice(3), add1 = dice(2), add2 = dice(2);
	size_t len;
	FILE *f = open_memstream(&text, &len);

	fputs("policy \"sets\" version 1;\n", f);
	for (unsigned n = 0; n < 3; n++) {
		fprintf(f, "set s%u = { ", n);
		for (uint32_t i = dice(4) + 1; i > 0; i--) {
			put_element(f, kind);
			fputs(", ", f);
		}
		fputs("};\n", f);
	}
	fprintf(f, "set whole = s0 %c s1 %c s2;\non net in default pass {\n", add1 ? '+' : '-', add2 ? '+' : '-');
	fprintf(f, "r0: %s in whole -> count seen;\n", subject[kind]);
	fprintf(f, "r1: (%s in s0 %s %s in s1) ", subject[kind], add1 ? "or" : "and not", subject[kind]);
	fprintf(f, "%s %s in s2 -> count seen;\n}\n", add2 ? "or" : "and not", subject[kind]);
	fclose(f);
	return len;
}

START_TEST(sums_and_differences_of_sets_hold_what_their_parts_do)
{
	state = 0x9e3779b97f4a7c15u;
	held = failed = 0;
	for (uint32_t n = 0; n < POLICIES; n++) {
		load(write_sets());
		for (uint32_t i = 0; i < TRANSFERS; i++) {
			compare(any_transfer(true), 2, n);
			if (sides[0].hits[0] != sides[0].hits[1])
				ck_abort_msg("policy %u: the whole holds %d\n%s", n, sides[0].hits[0] > sides[0].hits[1], text);
		}
		unload();
	}
	ck_assert_uint_gt(held, POLICIES * TRANSFERS / 10);
	ck_assert_uint_gt(failed, POLICIES * TRANSFERS / 10);
}
END_TEST

/* Sides that have no room are tested behind the classifier; what a box would not hold is not lost. */
START_TEST(a_box_has_only_so_many_sides)
{
	struct frame *f = start(0x8100);
	size_t len;
	FILE *policy = open_memstream(&text, &len);

	fputs("policy \"sides\" version 1;\non net in default pass {\nr0: ", policy);
	put_sides(policy);
	fputs(" -> count seen;\n}\n", policy);
	fclose(policy);
	held = 0;
	load(len);
	put_hex(f, "0001 86dd 60000000 001c 2c 40 20010db8000000020000000000000000 20010db8000000000000000000000007");
	put_hex(f, "06 00 0000 00000009 0001 0002 00000001 00000002 5000 0001 00000000");
	compare((struct transfer){ .number = 1, .hook = HV_HOOK_NET_IN, .net = { f->bytes, f->len, f->len } }, 1, 0);
	ck_assert_uint_eq(held, 1);
	unload();
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("rule_random");
	TCase *c = unit_case(s, "random");

	tcase_set_timeout(c, 300);
	tcase_add_test(c, rules_over_packets_hold_for_the_same_optimised_and_plain);
	tcase_add_test(c, rules_over_disk_commands_hold_for_the_same_optimised_and_plain);
	tcase_add_test(c, sums_and_differences_of_sets_hold_what_their_parts_do);
	tcase_add_test(c, a_box_has_only_so_many_sides);
	return s;
}
