/*
 * rule_pcap_test.c - rules against libpcap filters written to mean the same, packet by packet
 *
 * Every condition of rule_pairs.h is a rule of one policy, which hvc compiles optimised and
 * plain; both are loaded and judge each frame, and the rules that logged are compared with the
 * filters that hold.  The two policies never differ.  Where libpcap does, the frame must show
 * why: each reason changes the frame, or what libpcap sees of it, so that both agree again.
 * How often a reason was needed is listed, filter by filter.
 */
#include <dirent.h>
#include <pcap/pcap.h>
#include <stdio.h>

#include "compiler/hvc.h"
#include "policy/judge.h"
#include "tests/unit/frame.h"
#include "tests/unit/rule_pairs.h"

#define ARENA_BYTES	((size_t)64 << 20)
#define DATAGRAMS	1024u

static const struct {
	const char *condition, *filter;
} pairs[] = {
#define PAIR(condition, filter)	{ condition, filter },
	PAIRS
#undef PAIR
};
enum { PAIR_COUNT = sizeof(pairs) / sizeof(*pairs) };

/* Why libpcap may answer otherwise. */
enum reason {
	CAPTURE_ENDS, PADDED, OVERLONG, EXTENSION, LATER, NO_REASON, REASONS,
};
static const char *const reason_text[] = {
	[CAPTURE_ENDS] = "libpcap gives up where the capture ends",
	[PADDED] = "padding is not part of the frame",
	[OVERLONG] = "a datagram ends with its frame at the latest",
	[EXTENSION] = "extension headers are followed",
	[LATER] = "a later fragment has the first one's fields",
	[NO_REASON] = "no reason",
};

/* One policy at work. */
struct side {
	struct hvc_result compiled;
	struct arena arena;
	struct judge *judge;
	bool held[PAIR_COUNT];		/* by the frame in hand */
	enum hv_verdict verdict;
};

static struct side sides[2];		/* optimised, plain */
static struct bpf_program program[PAIR_COUNT];
static struct bpf_program answers[PAIR_COUNT];	/* never 0, but where a load ends the program */
static uint32_t hits[PAIR_COUNT], misses[PAIR_COUNT], difference[PAIR_COUNT][REASONS];
static uint32_t frames, input_frames;
static uint32_t refused;	/* early, overlapping, impossible fragments: no rule sees them */
static const char *input;
static struct frag_table *frags;	/* the parse that reasons look at has its own */
static struct arena frag_arena;

/* ---- the two policies, the filters ------------------------------------------ */

static void note_rule(void *arg, const struct policy_event *e)
{
	struct side *s = arg;

	if (e->rule_index >= PAIR_COUNT)
		ck_abort_msg("an event of rule %u", e->rule_index);
	s->held[e->rule_index] = true;
}

static void load_side(struct side *s, const char *text, size_t len, bool plain)
{
	const struct hvc_options options = { .plain = plain };
	struct policy_error err;
	struct policy *policy;

	hvc_compile_text("pairs.hvrule", text, len, &options, &s->compiled);
	if (s->compiled.status)		/* else it warns of what is tested here */
		diags_print(&s->compiled.diags, stderr);
	ck_assert_int_eq(s->compiled.status, 0);
	arena_init(&s->arena, aligned_alloc(64, ARENA_BYTES), ARENA_BYTES);
	if (policy_load(&s->arena, s->compiled.module, s->compiled.module_len, &policy, &err) ||
	    judge_create(&s->arena, policy, note_rule, s, &s->judge, &err))
		ck_abort_msg("%s", err.text);
	ck_assert_uint_eq(policy_rule_count(policy), PAIR_COUNT);
}

static void load_sides(void)
{
	size_t len = 0;
	char *text = NULL;
	FILE *f = open_memstream(&text, &len);

	fputs("policy \"pairs\" version 1;\non net in default pass {\n", f);
	for (uint32_t i = 0; i < PAIR_COUNT; i++)
		fprintf(f, "r%u: %s -> log;\n", i, pairs[i].condition);
	fputs("}\n", f);
	fclose(f);
	load_side(&sides[0], text, len, false);
	load_side(&sides[1], text, len, true);
	free(text);
}

/* The program, returning 2 for 0 and 1 for anything else. */
static struct bpf_program answering(const struct bpf_program *p)
{
	struct bpf_program a = { p->bf_len, malloc(p->bf_len * sizeof(*p->bf_insns)) };

	for (u_int i = 0; i < p->bf_len; i++) {
		a.bf_insns[i] = p->bf_insns[i];
		if (a.bf_insns[i].code == (BPF_RET | BPF_K))
			a.bf_insns[i].k = a.bf_insns[i].k ? 1 : 2;
	}
	return a;
}

/*
 * Not optimised: libpcap 1.10.3 optimised lets UDP packets with an IP length of 61 through
 * the filter of "payload.len > 100"; the code before its optimiser refuses them.
 */
static void load_filters(void)
{
	pcap_t *p = pcap_open_dead(DLT_EN10MB, 262144);

	for (uint32_t i = 0; i < PAIR_COUNT; i++) {
		ck_assert_msg(pcap_compile(p, &program[i], pairs[i].filter, 0,
					   PCAP_NETMASK_UNKNOWN) == 0,
			      "%s: %s", pairs[i].filter, pcap_geterr(p));
		answers[i] = answering(&program[i]);
	}
	pcap_close(p);
}

static void setup(void)
{
	load_sides();
	load_filters();
	arena_init(&frag_arena, aligned_alloc(64, ARENA_BYTES), ARENA_BYTES);
	ck_assert_int_eq(frag_table_create(&frag_arena, DATAGRAMS, &frags), 0);
}

static void begin_input(const char *name)
{
	input = name;
	input_frames = 0;
	for (uint32_t i = 0; i < 2; i++)
		judge_reset(sides[i].judge);
	frag_table_reset(frags);
}

static void begin(void)
{
	frames = refused = 0;
	memset(hits, 0, sizeof(hits));
	memset(misses, 0, sizeof(misses));
	memset(difference, 0, sizeof(difference));
	begin_input("frames built here");
}

static void teardown(void)
{
	for (uint32_t i = 0; i < PAIR_COUNT; i++) {
		pcap_freecode(&program[i]);
		pcap_freecode(&answers[i]);
	}
	for (uint32_t i = 0; i < 2; i++) {
		hvc_free(&sides[i].compiled);
		free(sides[i].arena.base);
	}
	free(frag_arena.base);
}

/* ---- one frame -------------------------------------------------------------- */

static void judge_side(struct side *s, const struct frame *f, uint32_t captured, uint64_t time_ns)
{
	uint8_t *exact = malloc(captured + !captured);
	struct transfer t = {
		.number = frames, .time_ns = time_ns, .hook = HV_HOOK_NET_IN,
		.net = { exact, captured, f->len },
	};
	struct judgement out;

	memset(s->held, 0, sizeof(s->held));
	memcpy(exact, f->bytes, captured);
	judge_transfer(s->judge, &t, &out);
	s->verdict = out.verdict;
	free(exact);
}

static bool ask(uint32_t pair, const uint8_t *bytes, uint32_t wire, uint32_t captured)
{
	return bpf_filter(program[pair].bf_insns, bytes, wire, captured) != 0;
}

/*
 * A load behind the capture's end makes libpcap refuse the packet, whatever else the filter
 * says; to us the field is absent, which makes a `not` true.
 */
static bool capture_ends(uint32_t pair, const struct frame *f, uint32_t captured, bool ours)
{
	return ours && strstr(pairs[pair].condition, "not ") &&
	       bpf_filter(answers[pair].bf_insns, f->bytes, f->len, captured) == 0;
}

/* Does libpcap say @ours of the frame without padding? */
static bool is_padded(uint32_t pair, const struct frame *f, const struct parsed *r, bool ours)
{
	return r->p.frame_len < f->len &&
	       ask(pair, f->bytes, r->p.frame_len, r->p.frame_captured) == ours;
}

/* Does it of an IPv4 datagram that says no more than the frame has room for? */
static bool is_overlong(uint32_t pair, const struct frame *f, uint32_t captured,
			const struct parsed *r, bool ours)
{
	static struct frame fit;

	if (r->ctx.ip_version != 4 || r->ctx.ip_len <= f->len - r->p.l3)
		return false;
	memcpy(fit.bytes, f->bytes, captured);
	set_be16(&fit, r->p.l3 + 2, f->len - r->p.l3);
	return ask(pair, fit.bytes, f->len, captured) == ours;
}

/* Does it of the frame without extension headers? */
static bool has_extension(uint32_t pair, const struct frame *f, uint32_t captured,
			  const struct parsed *r, bool ours)
{
	static struct frame bare;
	uint32_t extra = r->p.l3_len - 40, at = r->p.l3 + 40;

	if (r->ctx.ip_version != 6 || r->p.l3_len <= 40 || at + extra > captured ||
	    r->p.frag == FRAG_LATER || !HAS(r, IP_PROTO))
		return false;
	memcpy(bare.bytes, f->bytes, at);
	memcpy(bare.bytes + at, f->bytes + at + extra, captured - at - extra);
	set_be16(&bare, r->p.l3 + 4, (uint32_t)r->ctx.ip_len - 40 - extra);
	bare.bytes[r->p.l3 + 6] = (uint8_t)r->ctx.ip_proto;
	return ask(pair, bare.bytes, f->len - extra, captured - extra) == ours;
}

static enum reason reason_of(uint32_t pair, const struct frame *f, uint32_t captured,
			     const struct parsed *r)
{
	bool ours = sides[0].held[pair];

	if (capture_ends(pair, f, captured, ours))
		return CAPTURE_ENDS;
	if (is_padded(pair, f, r, ours))
		return PADDED;
	if (is_overlong(pair, f, captured, r, ours))
		return OVERLONG;
	if (has_extension(pair, f, captured, r, ours))
		return EXTENSION;
	if (r->p.frag == FRAG_LATER && (HAS(r, L4_SPORT) || HAS(r, ICMP_TYPE)))
		return LATER;
	return NO_REASON;
}

static void compare(const struct frame *f, uint32_t captured, uint64_t time_ns)
{
	struct parsed r = parse_cut(f, captured, time_ns, frags);

	frames++;
	input_frames++;
	for (uint32_t i = 0; i < 2; i++)
		judge_side(&sides[i], f, captured, time_ns);
	/* Check writes down every assertion that it meets: a million of them take longer than
	   all the rest */
	for (uint32_t i = 0; i < 2; i++)	/* no rule drops */
		if ((sides[i].verdict == HV_DROP) != (r.p.frag >= FRAG_EARLY))
			ck_abort_msg("frame %u of %s: verdict %d", input_frames, input,
				     sides[i].verdict);
	if (sides[0].verdict == HV_DROP) {
		refused++;
		return;
	}
	for (uint32_t i = 0; i < PAIR_COUNT; i++) {
		bool ours = sides[0].held[i];
		enum reason reason;

		if (sides[1].held[i] != ours)
			ck_abort_msg("%s: optimised and plain code differ", pairs[i].condition);
		hits[i] += ours;
		misses[i] += !ours;
		if (ask(i, f->bytes, f->len, captured) == ours)
			continue;
		reason = reason_of(i, f, captured, &r);
		difference[i][reason]++;
		if (reason == NO_REASON)
			fprintf(stderr, "# %s: frame %u of %s, we say %d\n", pairs[i].condition,
				input_frames, input, ours);
	}
}

/* "CONDITION | REASON | COUNT" for each difference. */
static void check_differences(const char *want)
{
	size_t len = 0;
	char *text = NULL;
	FILE *out = open_memstream(&text, &len);

	for (uint32_t i = 0; i < PAIR_COUNT; i++)
		for (uint32_t k = 0; k < REASONS; k++)
			if (difference[i][k] > 0)
				fprintf(out, "%s | %s | %u\n", pairs[i].condition, reason_text[k],
					difference[i][k]);
	fclose(out);
	if (strcmp(text, want) != 0)
		fprintf(stderr, "%s", text);
	ck_assert_msg(strcmp(text, want) == 0, "the differences are not the listed ones");
	free(text);
}

/* ---- frames built here ------------------------------------------------------ */

static void whole(const struct frame *f)
{
	compare(f, f->len, 0);
}

/* The frame, and what is left of it at each snap length. */
static void cut(const struct frame *f)
{
	for (uint32_t captured = 0; captured <= f->len && captured < 80; captured++)
		compare(f, captured, 0);
	whole(f);
}

static struct frame *tcp_frame(uint16_t type, const char *tags)
{
	struct frame *f = start(type);

	put_hex(f, tags);
	put_ipv4(f, 6, 20 + 3, 0x4000, 0);
	put_tcp(f, 0);
	put_hex(f, "010203");
	return f;
}

static void built_frames(void)
{
	struct frame *f;

	whole(tcp_frame(0x0800, ""));
	whole(tcp_frame(0x8100, "2005 0800"));
	whole(tcp_frame(0x88a8, "0064 8100 2005 0800"));
	whole(tcp_frame(0x8100, "0064 8100 2005 8100 0001 0800"));
	f = start(0x0800);
	put_ipv4(f, 17, 8 + 120, 0, 8);
	put_udp(f, 128);
	put_fill(f, 0, 120);
	whole(f);
	f = start(0x0800);
	put_ipv4(f, 1, 12, 0, 0);
	put_hex(f, "0800 0000 0001 0001 01020304");
	whole(f);
	put_fill(f, 0, 60);	/* as padding */
	whole(f);
	f = start(0x0806);
	put_hex(f, "0001 0800 06 04 0001 020000000001 0a000001 000000000000 c0a80002");
	whole(f);
	f = start(0x0806);	/* RFC 2390: hardware addresses of two bytes */
	put_hex(f, "000f 0800 02 04 0008 0001 0a000001 0002 0a000001");
	whole(f);
	f = start(0x86dd);
	put_ipv6(f, 58, 8);
	put_hex(f, "8700 0000 00000000");
	whole(f);
	f = start(0x86dd);
	put_ipv6(f, 6, 20);
	put_tcp(f, 0);
	whole(f);
	f = start(0x86dd);
	put_ipv6(f, 60, 8 + 20);
	put_hex(f, "0600 010400000000");
	put_tcp(f, 0);
	whole(f);
}

START_TEST(rules_mean_the_same_as_filters_on_built_frames)
{
	built_frames();
	check_differences(
		"tcp.dport == 80 | extension headers are followed | 1\n"
		"tcp.dport < 1024 | extension headers are followed | 1\n"
		"tcp.sport not in { 80, 179, 443 } | extension headers are followed | 1\n"
		"tcp.sport > tcp.dport | extension headers are followed | 1\n"
		"not tcp.dport == 80 | extension headers are followed | 1\n"
		"tcp.ack | extension headers are followed | 1\n"
		"tcp.flags == 0x18 | extension headers are followed | 1\n"
		"tcp.flags | 0x08 == 0x18 | extension headers are followed | 1\n"
		"l4.dport in { 1..1023 } | extension headers are followed | 1\n"
		"frame.len >= 100 | padding is not part of the frame | 1\n"
		"frame.len <= 60 | padding is not part of the frame | 1\n"
		"not (frame[50:2] > 0x7fff) | libpcap gives up where the capture ends | 3\n"
		"(ip.proto, l4.dport) in { (17, 53), (6, 53), (6, 80), (17, 1812..1813) } | extension headers are followed | 1\n"
		"tcp.dport == 80 and tcp.flags & 2 == 0 and not ip.src in 10.0.0.0/8 | extension headers are followed | 1\n"
	);
}
END_TEST

START_TEST(rules_mean_the_same_as_filters_at_every_snap_length)
{
	struct frame *f;

	cut(tcp_frame(0x0800, ""));
	cut(tcp_frame(0x8100, "2005 0800"));
	f = start(0x86dd);
	put_ipv6(f, 17, 8);
	put_udp(f, 8);
	cut(f);
	f = start(0x0806);
	put_hex(f, "0001 0800 06 04 0001 020000000001 0a000001 000000000000 c0a80002");
	cut(f);
	check_differences(
		"not tcp.dport == 80 | libpcap gives up where the capture ends | 115\n"
		"not (tcp.dport != 80) | libpcap gives up where the capture ends | 115\n"
		"not tcp.syn | libpcap gives up where the capture ends | 135\n"
		"not (frame[50:2] > 0x7fff) | libpcap gives up where the capture ends | 200\n"
		"not (ip.version == 4 or ip.version == 6 or arp.op >= 0) | libpcap gives up where the capture ends | 71\n"
	);
}
END_TEST

/* ---- captures --------------------------------------------------------------- */

static void read_capture(const char *path)
{
	static struct frame f;
	char err[PCAP_ERRBUF_SIZE];
	pcap_t *p = pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, err);
	struct pcap_pkthdr *h;
	const u_char *bytes;

	if (p == NULL)
		return;
	begin_input(path);
	while (pcap_datalink(p) == DLT_EN10MB && pcap_next_ex(p, &h, &bytes) == 1) {
		if (h->caplen > h->len || h->len > sizeof(f.bytes))
			continue;
		memcpy(f.bytes, bytes, h->caplen);
		f.len = h->len;
		compare(&f, h->caplen, (uint64_t)h->ts.tv_sec * 1000000000u +
			(uint64_t)h->ts.tv_usec);
	}
	pcap_close(p);
}

START_TEST(rules_mean_the_same_as_filters_on_the_shipped_capture)
{
	read_capture(unit_source("rules/traces/endpoint.pcap"));
	ck_assert_uint_gt(frames, 100);
	check_differences(
		"icmp.type == 8 | a later fragment has the first one's fields | 2\n"
		"icmp.type in { 0, 8 } | a later fragment has the first one's fields | 4\n"
		"icmp6.type >= 128 and icmp6.code == 0 | extension headers are followed | 8\n"
	);
}
END_TEST

/* Counts are those of this many frames; another set of captures must have reasons only. */
#define KNOWN_FRAMES	7817u
#define KNOWN_REFUSED	21u	/* of them */

START_TEST(rules_mean_the_same_as_filters_on_every_capture)
{
	struct dirent **entry;
	char path[4096];
	int n;

	snprintf(path, sizeof(path), "%s/pcap", getenv("DATA"));
	n = scandir(path, &entry, NULL, alphasort);
	ck_assert_int_gt(n, 0);
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/pcap/%s", getenv("DATA"), entry[i]->d_name);
		if (entry[i]->d_name[0] != '.')
			read_capture(path);
		free(entry[i]);
	}
	free(entry);
	for (uint32_t i = 0; i < PAIR_COUNT; i++)
		ck_assert_msg(difference[i][NO_REASON] == 0, "%s: %u frames differ",
			      pairs[i].condition, difference[i][NO_REASON]);
	if (frames != KNOWN_FRAMES)
		return;
	ck_assert_uint_eq(refused, KNOWN_REFUSED);
	built_frames();
	for (uint32_t i = 0; i < PAIR_COUNT; i++)
		ck_assert_msg(hits[i] > 0 && misses[i] > 0, "%s: %u hits, %u misses",
			      pairs[i].condition, hits[i], misses[i]);
	check_differences(
		"tcp.dport == 80 | extension headers are followed | 1\n"
		"tcp.dport < 1024 | extension headers are followed | 1\n"
		"tcp.sport not in { 80, 179, 443 } | extension headers are followed | 1\n"
		"tcp.sport > tcp.dport | extension headers are followed | 1\n"
		"not tcp.dport == 80 | libpcap gives up where the capture ends | 38\n"
		"not tcp.dport == 80 | extension headers are followed | 1\n"
		"not (tcp.dport != 80) | libpcap gives up where the capture ends | 38\n"
		"tcp.ack | extension headers are followed | 1\n"
		"not tcp.syn | libpcap gives up where the capture ends | 38\n"
		"tcp.flags == 0x18 | extension headers are followed | 1\n"
		"tcp.flags | 0x08 == 0x18 | extension headers are followed | 1\n"
		"l4.dport in { 1..1023 } | extension headers are followed | 1\n"
		"l4.sport >= 1024 | extension headers are followed | 3\n"
		"l4.sport >= 1024 | a later fragment has the first one's fields | 149\n"
		"icmp6.type >= 128 and icmp6.code == 0 | extension headers are followed | 24\n"
		"frame.len >= 100 | padding is not part of the frame | 4\n"
		"frame.len <= 60 | padding is not part of the frame | 3\n"
		"frame.len in { 60..100, 1514 } | padding is not part of the frame | 183\n"
		"tcp.flags >= 0 and ip.version == 4 and payload.len > 0 | a datagram ends with its frame at the latest | 2\n"
		"udp.sport >= 0 and ip.version == 4 and ip.frag_offset == 0 and not ip.more_fragments and payload.len > 100 | a datagram ends with its frame at the latest | 3\n"
		"not (frame[50:2] > 0x7fff) | libpcap gives up where the capture ends | 403\n"
		"(ip.proto, l4.dport) in { (17, 53), (6, 53), (6, 80), (17, 1812..1813) } | extension headers are followed | 1\n"
		"not (ip.version == 4 or ip.version == 6 or arp.op >= 0) | libpcap gives up where the capture ends | 38\n"
		"tcp.dport == 80 and tcp.flags & 2 == 0 and not ip.src in 10.0.0.0/8 | extension headers are followed | 1\n"
	);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("rule_pcap");
	TCase *tc = unit_case(s, "libpcap");
	const char *data = getenv("DATA");

	tcase_add_unchecked_fixture(tc, setup, teardown);
	tcase_add_checked_fixture(tc, begin, NULL);
	tcase_add_test(tc, rules_mean_the_same_as_filters_on_built_frames);
	tcase_add_test(tc, rules_mean_the_same_as_filters_at_every_snap_length);
	tcase_add_test(tc, rules_mean_the_same_as_filters_on_the_shipped_capture);
	if (data != NULL && data[0] != '\0')
		tcase_add_test(tc, rules_mean_the_same_as_filters_on_every_capture);
	else
		unit_skip("rules_mean_the_same_as_filters_on_every_capture", "DATA is not set");
	return s;
}
