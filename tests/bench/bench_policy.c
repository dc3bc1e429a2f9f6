/*
 * bench_policy.c - ns a packet, parsing included, beside libpcap on the same condition
 *
 * Policies of 1 to 10,000 rules, each with one log, over packets in memory of which one in a
 * hundred hits a rule.  Ours and libpcap's run in turn, all sizes in each round; the median
 * of the rounds counts.  Both must find the same packets.
 */
#include <pcap/pcap.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/hvc.h"
#include "policy/judge.h"
#include "tests/bench/bench_policy.h"
#include "tests/bench/report.h"

#define PACKETS		4000u
#define HITS		(PACKETS / 100)
#define HEADERS		54u	/* bytes of Ethernet, IPv4 and TCP headers; every frame has them */
#define SIZES		5u
#define ROUNDS		25u
#define ARENA		((size_t)256 << 20)	/* bytes; only what is used is ever touched */
#define SNAPLEN		65535
/*
 * Beyond this pcap_compile() takes minutes, without its optimiser too (each long jump makes it
 * begin anew).  Each clause is then compiled and optimised alone and the programs are joined,
 * which is less to run than what optimize=0 makes of them.
 */
#define MAX_COMPILED	1000u

static const uint32_t sizes[SIZES] = { 1, 10, 100, 1000, 10000 };
enum shape { ONE_FIELD, THREE_FIELDS, SHAPES };
static const char *const shape_name[SHAPES] = { "one field", "three fields" };

/* One condition: destination network, protocol, port; or a TCP port alone. */
struct clause {
	uint32_t net, mask;
	unsigned prefix, proto, port;
};

struct frame {
	uint8_t *bytes;
	uint32_t len;
};

/* One policy, the packets it is tried on, and the same for libpcap. */
struct contest {
	enum shape shape;
	uint32_t rules;
	struct clause *clause;
	struct frame frame[PACKETS];
	struct judge *judge;
	struct bpf_program filter;
	double ours[ROUNDS], peer[ROUNDS];	/* ns a packet */
};

static uint64_t seed = 0x5eed;

uint64_t bench_random(uint64_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (seed * 0x2545f4914f6cdd1du >> 16) % n;
}

static void die(const char *what, const char *why)
{
	fprintf(stderr, "bench-policy: %s: %s\n", what, why);
	exit(2);
}

/* ---- rules ------------------------------------------------------------------ */

/* Different ports for one field; networks of 16 to 28 bits, two protocols, any ports else. */
static void make_clauses(struct contest *c)
{
	static bool taken[65536];

	memset(taken, 0, sizeof(taken));
	c->clause = calloc(c->rules, sizeof(*c->clause));
	for (uint32_t i = 0; i < c->rules; i++) {
		struct clause *k = &c->clause[i];

		do {
			k->port = 1 + (unsigned)bench_random(65535);
		} while (c->shape == ONE_FIELD && taken[k->port]);
		taken[k->port] = true;
		k->proto = 6;
		if (c->shape == ONE_FIELD)
			continue;
		k->proto = bench_random(2) ? 6 : 17;
		k->prefix = 16 + (unsigned)bench_random(13);
		k->mask = ~(uint32_t)0 << (32 - k->prefix);
		k->net = (uint32_t)bench_random((uint64_t)1 << 32) & k->mask;
	}
}

static bool clause_holds(const struct clause *k, uint32_t dst, unsigned proto, unsigned port)
{
	return (dst & k->mask) == k->net && proto == k->proto && port == k->port;
}

static bool any_holds(const struct contest *c, uint32_t dst, unsigned proto, unsigned port)
{
	for (uint32_t i = 0; i < c->rules; i++) {
		if (clause_holds(&c->clause[i], dst, proto, port))
			return true;
	}
	return false;
}

static void print_address(FILE *f, uint32_t a)
{
	fprintf(f, "%u.%u.%u.%u", a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255);
}

static void write_policy(const struct contest *c, FILE *f)
{
	fputs("policy \"bench\" version 1;\non net out default pass {\n", f);
	for (uint32_t i = 0; i < c->rules; i++) {
		const struct clause *k = &c->clause[i];

		fprintf(f, "r%u: ", i);
		if (c->shape == ONE_FIELD) {
			fprintf(f, "tcp.dport == %u -> log;\n", k->port);
			continue;
		}
		fputs("ip.dst in ", f);
		print_address(f, k->net);
		fprintf(f, "/%u and ip.proto == %u and l4.dport == %u -> log;\n", k->prefix,
			k->proto, k->port);
	}
	fputs("}\n", f);
}

static void write_filter(const struct contest *c, uint32_t first, uint32_t end, FILE *f)
{
	for (uint32_t i = first; i < end; i++) {
		const struct clause *k = &c->clause[i];

		fputs(i > first ? " or " : "", f);
		if (c->shape == ONE_FIELD) {
			fprintf(f, "tcp dst port %u", k->port);
			continue;
		}
		fputs("(ip dst net ", f);
		print_address(f, k->net);
		fprintf(f, "/%u and %s dst port %u)", k->prefix, k->proto == 6 ? "tcp" : "udp",
			k->port);
	}
}

/* ---- packets ---------------------------------------------------------------- */

static void put16(uint8_t *at, unsigned v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

static void put32(uint8_t *at, uint32_t v)
{
	put16(at, v >> 16);
	put16(at + 2, v & 0xffff);
}

static struct frame make_frame(uint32_t dst, unsigned proto, unsigned port)
{
	static const uint32_t lengths[] = { 60, 60, 60, 120, 590, 1514 };
	struct frame f = { .len = lengths[bench_random(6)] };
	uint8_t *b = calloc(1, f.len), *ip = b + 14, *l4 = ip + 20;

	f.bytes = b;
	memcpy(b, "\x52\x54\0\x12\x34\x56\x52\x54\0\x65\x43\x21\x08\0", 14);
	ip[0] = 0x45;
	put16(ip + 2, f.len - 14);
	ip[8] = 64;
	ip[9] = (uint8_t)proto;
	put32(ip + 12, 0x0a000002);
	put32(ip + 16, dst);
	put16(l4, 1024 + (unsigned)bench_random(60000));
	put16(l4 + 2, port);
	if (proto == 6)
		l4[12] = 0x50, l4[13] = 0x10;
	else
		put16(l4 + 4, f.len - 34);
	return f;
}

/*
 * A packet that no rule wants.  A third of them goes into a rule's network or to a rule's port,
 * so that the answer does not hang on the first field alone.
 */
static struct frame make_miss(const struct contest *c)
{
	uint32_t dst;
	unsigned proto, port;

	do {
		const struct clause *k = &c->clause[bench_random(c->rules)];

		dst = (uint32_t)bench_random((uint64_t)1 << 32);
		port = (unsigned)bench_random(65536);
		proto = bench_random(2) ? 6 : 17;
		switch (bench_random(6)) {
		case 0:
			dst = k->net | (dst & ~k->mask);
			break;
		case 1:
			port = k->port;
			break;
		default:
			break;
		}
	} while (any_holds(c, dst, proto, port));
	return make_frame(dst, proto, port);
}

static struct frame make_hit(const struct contest *c)
{
	const struct clause *k = &c->clause[bench_random(c->rules)];
	uint32_t host = (uint32_t)bench_random((uint64_t)1 << 32) & ~k->mask;

	return make_frame(k->net | host, k->proto, k->port);
}

static void make_packets(struct contest *c)
{
	for (unsigned i = 0; i < PACKETS; i++)
		c->frame[i] = make_miss(c);
	for (unsigned i = 0; i < HITS; i++) {
		unsigned at = 100 * i + (unsigned)bench_random(100);

		free(c->frame[at].bytes);
		c->frame[at] = make_hit(c);
	}
}

/* ---- the two judges --------------------------------------------------------- */

static uint64_t events;

static void note_event(void *arg, const struct policy_event *e)
{
	events++;
}

static void load_ours(struct contest *c)
{
	struct hvc_result r;
	struct policy_error err;
	struct arena arena;
	struct policy *policy;
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	write_policy(c, f);
	fclose(f);
	hvc_compile_text("bench.hvrule", text, len, NULL, &r);
	if (r.status) {
		diags_print(&r.diags, stderr);
		die("hvc", "the policy does not compile");
	}
	free(text);
	arena_init(&arena, aligned_alloc(64, ARENA), ARENA);
	/* module and arena live as long as the program */
	if (policy_load(&arena, r.module, r.module_len, &policy, &err) ||
	    judge_create(&arena, policy, note_event, NULL, &c->judge, &err))
		die("policy", err.text);
}

/* Clauses first..end - 1, optimised. */
static void compile_filter(const struct contest *c, pcap_t *p, uint32_t first, uint32_t end,
			   struct bpf_program *out)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	write_filter(c, first, end, f);
	fclose(f);
	if (pcap_compile(p, out, text, 1, PCAP_NETMASK_UNKNOWN))
		die("libpcap", pcap_geterr(p));
	free(text);
}

/* Behind the last instruction: @from, where a packet that does not match goes on. */
static void join_filter(struct bpf_program *to, const struct bpf_program *from)
{
	to->bf_insns = realloc(to->bf_insns, (to->bf_len + from->bf_len) * sizeof(*to->bf_insns));
	for (unsigned i = 0; i < from->bf_len; i++) {
		struct bpf_insn *insn = &to->bf_insns[to->bf_len + i];

		*insn = from->bf_insns[i];
		if (insn->code == (BPF_RET | BPF_K) && insn->k == 0)
			*insn = (struct bpf_insn){
				.code = BPF_JMP | BPF_JA, .k = from->bf_len - i - 1,
			};
	}
	to->bf_len += from->bf_len;
}

static void load_peer(struct contest *c)
{
	static struct bpf_insn refuse = { .code = BPF_RET | BPF_K };
	pcap_t *p = pcap_open_dead(DLT_EN10MB, SNAPLEN);
	struct bpf_program one;

	if (c->rules <= MAX_COMPILED) {
		compile_filter(c, p, 0, c->rules, &c->filter);
	} else {
		for (uint32_t i = 0; i < c->rules; i++) {
			compile_filter(c, p, i, i + 1, &one);
			join_filter(&c->filter, &one);
			pcap_freecode(&one);
		}
		c->filter.bf_insns = realloc(c->filter.bf_insns,
					     (c->filter.bf_len + 1) * sizeof(refuse));
		c->filter.bf_insns[c->filter.bf_len++] = refuse;
	}
	pcap_close(p);
}

static unsigned run_ours(struct contest *c)
{
	struct transfer t = { .hook = HV_HOOK_NET_OUT };
	unsigned hits = 0;

	for (unsigned i = 0; i < PACKETS; i++) {
		struct judgement j;

		t.number = i + 1;
		t.net = (struct net_transfer){ c->frame[i].bytes, c->frame[i].len, c->frame[i].len };
		judge_transfer(c->judge, &t, &j);
		hits += j.matched;
	}
	return hits;
}

static unsigned run_peer(const struct contest *c)
{
	unsigned hits = 0;

	for (unsigned i = 0; i < PACKETS; i++)
		hits += bpf_filter(c->filter.bf_insns, c->frame[i].bytes, c->frame[i].len,
				   c->frame[i].len) != 0;
	return hits;
}

/* Bring the headers into the cache, or whoever is first fetches them for the other as well. */
static void touch_headers(const struct contest *c)
{
	for (unsigned i = 0; i < PACKETS; i++) {
		const volatile uint8_t *b = c->frame[i].bytes;

		for (unsigned at = 0; at < HEADERS; at++)
			(void)b[at];
	}
}

static void run_round(struct contest *c, unsigned round)
{
	double start, middle, peer_start, end;
	unsigned ours, peer;

	touch_headers(c);
	start = report_seconds();
	ours = run_ours(c);
	middle = report_seconds();
	touch_headers(c);
	peer_start = report_seconds();
	peer = run_peer(c);
	end = report_seconds();
	if (ours != peer || ours != HITS)
		die("hits", "the two do not find the same packets");
	c->ours[round] = (middle - start) * 1e9 / PACKETS;
	c->peer[round] = (end - peer_start) * 1e9 / PACKETS;
}

/* ---- rows ------------------------------------------------------------------- */

static double goal_beside_libpcap(const struct contest *c)
{
	if (c->rules != 100)
		return REPORT_NONE;
	return c->shape == ONE_FIELD ? 1.0 / 3 : 1;
}

static size_t add_rows(const struct contest contests[SIZES], unsigned rounds,
		       struct report_row *rows)
{
	struct report_row *r = rows;
	double own_hundred = 0;

	for (unsigned i = 0; i < SIZES; i++, r++) {
		const struct contest *c = &contests[i];
		double ours[ROUNDS], peer[ROUNDS];

		memcpy(ours, c->ours, sizeof(ours));
		memcpy(peer, c->peer, sizeof(peer));
		*r = (struct report_row){
			.unit = "ns/packet", .ours = report_median(ours, rounds),
			.peer = report_median(peer, rounds), .goal = goal_beside_libpcap(c),
			.peer_name = c->rules <= MAX_COMPILED ? "libpcap" : "libpcap, joined",
		};
		snprintf(r->name, sizeof(r->name), "%s, %u rule%s", shape_name[c->shape], c->rules,
			 c->rules > 1 ? "s" : "");
		if (c->rules == 100)
			own_hundred = r->ours;
	}
	*r = (struct report_row){
		.unit = "ns/packet", .ours = r[-1].ours, .peer = own_hundred,
		.peer_name = "ours at 100 rules", .goal = contests->shape == ONE_FIELD ? 2 : 5,
	};
	snprintf(r->name, sizeof(r->name), "%s, 10000 rules beside our own 100",
		 shape_name[contests->shape]);
	return SIZES + 1;
}

int main(int argc, char **argv)
{
	struct contest *c = calloc(SHAPES * SIZES, sizeof(*c));
	struct report_row rows[SHAPES * (SIZES + 1) + BENCH_COMPILE_ROWS];
	unsigned rounds = argc > 1 && !strcmp(argv[1], "--quick") ? 1 : ROUNDS;
	size_t n = 0;

	report_build();
	n = bench_compile(rows);	/* first: its child starts small */
	for (unsigned i = 0; i < SHAPES * SIZES; i++) {
		c[i].shape = i / SIZES;
		c[i].rules = sizes[i % SIZES];
		make_clauses(&c[i]);
		make_packets(&c[i]);
		load_ours(&c[i]);
		load_peer(&c[i]);
		run_round(&c[i], 0);
	}
	for (unsigned round = 0; round < rounds; round++) {
		for (unsigned i = 0; i < SHAPES * SIZES; i++)
			run_round(&c[i], round);
	}
	for (unsigned i = 0; i < SHAPES; i++)
		n += add_rows(&c[i * SIZES], rounds, &rows[n]);
	return report("policy", rows, n) ? 2 : 0;
}
