/*
 * net_test.c - frames before the policy: how much of them it must see, and what it says
 */
#include "compiler/hvc.h"
#include "devmodel/net.h"
#include "tests/unit/frame.h"

static uint8_t arena_bytes[8 << 20] __attribute__((aligned(16)));
static struct hvc_result compiled;
static uint64_t transfers;
static struct net net;
static struct {
	uint64_t number, time_ns, frame_len;
	unsigned count;
} event;

static void note_event(void *arg, const struct policy_event *e)
{
	event.number = e->transfer->number;
	event.time_ns = e->transfer->time_ns;
	event.frame_len = e->ctx->frame_len;
	event.count++;
}

static void end(void)
{
	hvc_free(&compiled);
	compiled = (struct hvc_result){ 0 };
}

static void load(const char *text)
{
	struct hvc_options o = { .plain = false };
	struct policy_error err;
	struct policy *policy;
	struct judge *judge;
	struct arena a;

	end();
	hvc_compile_text("net.hvrule", text, strlen(text), &o, &compiled);
	if (compiled.status)
		diags_print(&compiled.diags, stderr);
	ck_assert_int_eq(compiled.status, 0);
	arena_init(&a, arena_bytes, sizeof(arena_bytes));
	ck_assert_int_eq(policy_load(&a, compiled.module, compiled.module_len, &policy, &err), 0);
	ck_assert_int_eq(judge_create(&a, policy, note_event, NULL, &judge, &err), 0);
	net = (struct net){ .judge = judge, .policy = policy, .transfers = &transfers };
}

/* ---- net_need ---- */

static const struct {
	const char *text;
	enum net_need out, in;
} needs[] = {
	{ "on disk write default pass { }", NET_NEED_NOTHING, NET_NEED_NOTHING },
	{ "on net out default pass { a: eth.type == 0x806 -> drop; }", NET_NEED_HEADERS, NET_NEED_NOTHING },
	{ "on net in default drop { }", NET_NEED_NOTHING, NET_NEED_HEADERS },
	{ "on net out default pass { a: frame.len > 1500 -> drop; }", NET_NEED_HEADERS, NET_NEED_NOTHING },
	{ "on net in default pass { a: tcp.dport == 80 and payload.len > 0 -> log \"x\", drop; }",
	  NET_NEED_NOTHING, NET_NEED_HEADERS },
	{ "on net out default pass { a: payload has \"x\" -> drop; }"
	  " on net in default pass { b: ip.ttl == 1 -> drop; }",
	  NET_NEED_FRAME, NET_NEED_HEADERS },
	{ "on net in default pass { a: frame[900:2] == 7 -> drop; }", NET_NEED_NOTHING, NET_NEED_FRAME },
	{ "on net in default pass { a: payload[0:1] == 7 -> drop; }", NET_NEED_NOTHING, NET_NEED_FRAME },
	{ "pattern p = \"y\"; on net out default pass { a: payload has p -> rewrite p with \"z\"; }",
	  NET_NEED_FRAME, NET_NEED_NOTHING },
	{ "on net out default pass { a: tcp.dport == 80 -> rewrite ip.dst = 10.0.0.1; }", NET_NEED_HEADERS,
	  NET_NEED_NOTHING },
};
enum { NEEDS = sizeof(needs) / sizeof(*needs) };

START_TEST(what_the_policy_looks_at_is_what_must_be_copied)
{
	char text[300];

	snprintf(text, sizeof(text), "policy \"n\" version 1; %s", needs[_i].text);
	load(text);
	ck_assert_int_eq(net_need(&net, HV_HOOK_NET_OUT), needs[_i].out);
	ck_assert_int_eq(net_need(&net, HV_HOOK_NET_IN), needs[_i].in);
}
END_TEST

/* ---- net_headers_shown ---- */

/* Frames whose headers end at a place that is known. */
static struct frame *stack(int which, uint32_t *headers)
{
	struct frame *f = start(which == 1 || which == 4 ? 0x86dd : which == 2 ? 0x8100 : 0x0800);

	switch (which) {
	case 0:
		put_ipv4(f, 6, 60 + 1000, 0, 40);
		put_tcp(f, 40);
		*headers = 14 + 60 + 60;
		break;
	case 1:
		put_ipv6(f, 17, 1008);
		put_udp(f, 1008);
		*headers = 14 + 40 + 8;
		break;
	case 2:
		put_hex(f, "0064 8100 0065 0800");
		put_ipv4(f, 17, 1008, 0, 0);
		put_udp(f, 1008);
		*headers = 22 + 20 + 8;
		break;
	case 3:			/* a later fragment: all behind IP is payload */
		put_ipv4(f, 17, 1000, 100, 0);
		*headers = 14 + 20;
		break;
	default:		/* extension headers of 300 bytes and more */
		put_ipv6(f, 60, 8 * 38 + 20 + 1000);
		put_hex(f, "06 25 01 04 00000000");
		for (int i = 0; i < 37; i++)
			put_hex(f, "01 06 000000000000");
		put_tcp(f, 0);
		*headers = 14 + 40 + 8 * 38 + 20;
		break;
	}
	put_fill(f, 0x55, 1000);
	return f;
}

START_TEST(headers_are_shown_from_their_end_on)
{
	uint32_t headers;
	struct frame *f = stack(_i, &headers);

	ck_assert_uint_eq(f->len, headers + 1000);
	for (uint32_t captured = 0; captured <= f->len; captured++) {
		uint8_t *exact = exact_alloc(captured);

		if (captured)
			memcpy(exact, f->bytes, captured);
		ck_assert_msg(net_headers_shown(exact, captured, f->len) == (captured >= headers), "%u of %u", captured,
			      f->len);
		exact_free(exact);
	}
}
END_TEST

START_TEST(a_frame_that_is_all_there_shows_its_headers)
{
	static const uint8_t nothing[1];

	ck_assert(net_headers_shown(nothing, 0, 0));
	ck_assert(net_headers_shown(nothing, 1, 1));
	ck_assert(!net_headers_shown(nothing, 1, 2));
}
END_TEST

START_TEST(what_has_no_payload_shows_all_its_headers_at_its_end_only)
{
	struct frame *f = start(0x88b5);

	put_fill(f, 0, 600);
	for (uint32_t captured = 14; captured < f->len; captured++)
		ck_assert(!net_headers_shown(f->bytes, captured, f->len));
	ck_assert(net_headers_shown(f->bytes, f->len, f->len));
}
END_TEST

/* ---- net_passes ---- */

static bool passes(enum hv_hook hook, const struct frame *f, uint32_t captured, bool *rewritten, uint8_t *out)
{
	memcpy(out, f->bytes, captured);
	return net_passes(&net, hook, 77, out, captured, f->len, rewritten);
}

START_TEST(each_frame_has_a_number_and_its_whole_length)
{
	static uint8_t out[2000];
	uint32_t headers;
	struct frame *f = stack(0, &headers);
	bool rewritten = true;

	load("policy \"l\" version 1; on net out default pass { a: tcp.dport == 80 -> log; }"
	     "on net in default drop { a: tcp.dport == 81 -> log; }");
	transfers = 41;
	ck_assert(passes(HV_HOOK_NET_OUT, f, 256, &rewritten, out));
	ck_assert(!rewritten);
	ck_assert_uint_eq(event.number, 42);
	ck_assert_uint_eq(event.time_ns, 77);
	ck_assert_uint_eq(event.frame_len, f->len);
	ck_assert(!passes(HV_HOOK_NET_IN, f, 256, &rewritten, out));
	ck_assert_uint_eq(transfers, 43);
	ck_assert_uint_eq(event.count, 1);
}
END_TEST

START_TEST(a_rewritten_frame_is_said_to_be_and_a_dropped_one_does_not_pass)
{
	static uint8_t out[2000];
	uint32_t headers;
	struct frame *f = stack(0, &headers);
	bool rewritten = false;

	load("policy \"r\" version 1; on net out default pass {"
	     " a: tcp.dport == 80 -> rewrite ip.dst = 1.2.3.4; b: frame.len > 2000 -> drop; }");
	ck_assert(passes(HV_HOOK_NET_OUT, f, 256, &rewritten, out));
	ck_assert(rewritten);
	ck_assert_int_eq(memcmp(out + 30, "\1\2\3\4", 4), 0);
	put_fill(f, 0, 2000);
	set_be16(f, 16, f->len - 14);
	ck_assert(!passes(HV_HOOK_NET_OUT, f, 256, &rewritten, out));
	ck_assert(!rewritten);
}
END_TEST

static uint32_t next_random(void)
{
	static uint64_t state = 0x9e3779b97f4a7c15;

	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(state >> 33);
}

/* The promise of net_headers_shown(): the rest of the frame changes no verdict and no rewrite. */
START_TEST(judged_by_the_headers_that_are_shown_is_judged_as_a_whole)
{
	static uint8_t whole[2000], part[2000];
	uint32_t compared = 0, dropped = 0, headers;

	load("policy \"h\" version 1; on net out default pass {"
	     " a: tcp.dport in { 80 } and ip.ttl > 60 -> rewrite tcp.window = 9;"
	     " b: udp.dport == 53 -> rewrite ip.dscp = 3;"
	     " c: ip.frag_offset > 1000 -> drop; d: payload.len > 990 and ip.ttl < 20 -> drop;"
	     " e: tcp.flags & 7 == 3 -> drop; f: ip.proto in { 1, 58, 44 } -> drop; g: vlan.id == 7 -> drop; }");
	for (uint32_t i = 0; i < 20000; i++) {
		struct frame *f = stack((int)(i % 5), &headers);
		bool a, b, rewritten_a, rewritten_b;
		uint32_t captured;

		for (uint32_t n = next_random() % 4; n > 0; n--)
			f->bytes[next_random() % headers] = (uint8_t)next_random();
		captured = 60 + next_random() % 400;
		if (!net_headers_shown(f->bytes, captured, f->len))
			continue;
		judge_reset(net.judge);
		a = passes(HV_HOOK_NET_OUT, f, f->len, &rewritten_a, whole);
		judge_reset(net.judge);
		b = passes(HV_HOOK_NET_OUT, f, captured, &rewritten_b, part);
		ck_assert_msg(a == b && rewritten_a == rewritten_b && memcmp(whole, part, captured) == 0 &&
			      memcmp(whole + captured, f->bytes + captured, f->len - captured) == 0,
			      "frame %u, %u bytes of %u", i, captured, f->len);
		compared++;
		dropped += !a;
	}
	ck_assert_uint_gt(compared, 5000);
	ck_assert_uint_gt(dropped, 500);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("net");
	TCase *tc = unit_case(s, "frames before the policy");

	tcase_add_checked_fixture(tc, NULL, end);
	tcase_add_loop_test(tc, what_the_policy_looks_at_is_what_must_be_copied, 0, NEEDS);
	tcase_add_loop_test(tc, headers_are_shown_from_their_end_on, 0, 5);
	tcase_add_test(tc, a_frame_that_is_all_there_shows_its_headers);
	tcase_add_test(tc, what_has_no_payload_shows_all_its_headers_at_its_end_only);
	tcase_add_test(tc, each_frame_has_a_number_and_its_whole_length);
	tcase_add_test(tc, a_rewritten_frame_is_said_to_be_and_a_dropped_one_does_not_pass);
	tcase_add_test(tc, judged_by_the_headers_that_are_shown_is_judged_as_a_whole);
	return s;
}
