/*
 * rewrite_many_test.c - any number of matches is rewritten, as a plain rewriter does it
 *
 * The plain one knows patterns as rows of elements, tries every place, keeps every match and
 * writes them one after the other; checksums it computes from scratch.
 */
#include <stdio.h>
#include <unistd.h>

#include "compiler/hvc.h"
#include "policy/judge_state.h"
#include "tests/unit/frame.h"
#include "tests/unit/sum.h"

static uint8_t arena_bytes[16 << 20] __attribute__((aligned(16)));
static struct hvc_result compiled;
static struct judge *judge;
static struct judgement out;
static unsigned bounded;	/* events that were */

static void note_event(void *arg, const struct policy_event *e)
{
	bounded += e->bounded;
}

static void end(void)
{
	hvc_free(&compiled);
	compiled = (struct hvc_result){ 0 };
}

static void load_from(const char *path, const char *text)
{
	struct hvc_options o = { .plain = false };
	struct policy_error err;
	struct policy *policy;
	struct arena a;

	end();
	hvc_compile_text(path, text, strlen(text), &o, &compiled);
	if (compiled.status)
		diags_print(&compiled.diags, stderr);
	ck_assert_int_eq(compiled.status, 0);
	arena_init(&a, arena_bytes, sizeof(arena_bytes));
	ck_assert_int_eq(policy_load(&a, compiled.module, compiled.module_len, &policy, &err), 0);
	ck_assert_int_eq(judge_create(&a, policy, note_event, NULL, &judge, &err), 0);
	bounded = 0;
}

static void load(const char *rules)
{
	char text[6000];

	snprintf(text, sizeof(text), "policy \"p\" version 1; pattern a = \"a\"; pattern aa = \"aa\"; pattern aaa = \"aaa\";"
		 "pattern ab = \"ab\"; pattern zero = { 00 };\n%s", rules);
	load_from("many.hvrule", text);
}

static enum hv_verdict read_disk(uint8_t *data, uint32_t len)
{
	struct transfer t = {
		.number = 1, .hook = HV_HOOK_DISK_READ,
		.disk = { .data = data, .data_len = len, .command = 0x25, .sectors = len / 512,
			  .sector_size = 512 },
	};

	judge_transfer(judge, &t, &out);
	return out.verdict;
}

static enum hv_verdict receive(uint8_t *frame, uint32_t len)
{
	struct transfer t = { .number = 1, .hook = HV_HOOK_NET_IN,
			      .net = { .frame = frame, .captured = len, .wire_len = len } };

	judge_transfer(judge, &t, &out);
	return out.verdict;
}

/* ---- beside a plain rewriter ---- */

struct element {
	const char *set;	/* NULL: any byte */
	unsigned min, max;
};

enum { EXACT, FOLDED, REGEX };

static const struct model {
	const char *text;
	int kind;
	struct element e[9];
	bool word_before, no_word_behind, at_end;
} models[] = {
	{ "\"a\"", EXACT, .e = { { "a", 1, 1 } } },
	{ "\"ab\"", EXACT, .e = { { "a", 1, 1 }, { "b", 1, 1 } } },
	{ "\"ba\"", EXACT, .e = { { "b", 1, 1 }, { "a", 1, 1 } } },
	{ "\"aa\"", EXACT, .e = { { "a", 2, 2 } } },
	{ "\"aba\"", EXACT, .e = { { "a", 1, 1 }, { "b", 1, 1 }, { "a", 1, 1 } } },
	{ "\"aaaaaaaa\"", EXACT, .e = { { "a", 8, 8 } } },
	{ "\"aaaaaaaab\"", EXACT, .e = { { "a", 8, 8 }, { "b", 1, 1 } } },
	{ "\"A\" i", FOLDED, .e = { { "aA", 1, 1 } } },
	{ "\"aB\" i", FOLDED, .e = { { "aA", 1, 1 }, { "bB", 1, 1 } } },
	{ "\"bab\" i", FOLDED, .e = { { "bB", 1, 1 }, { "aA", 1, 1 }, { "bB", 1, 1 } } },
	{ "{ 61 ?? 62 }", REGEX, .e = { { "a", 1, 1 }, { NULL, 1, 1 }, { "b", 1, 1 } } },
	{ "{ 62 [0-2] 61 }", REGEX, .e = { { "b", 1, 1 }, { NULL, 0, 2 }, { "a", 1, 1 } } },
	{ "/b[ab]{2,20}c/", REGEX, .e = { { "b", 1, 1 }, { "ab", 2, 20 }, { "c", 1, 1 } } },
	{ "/\\ba+/", REGEX, .e = { { "a", 1, 1000 } }, .word_before = true },
	{ "/a\\b/", REGEX, .e = { { "a", 1, 1 } }, .no_word_behind = true },
	{ "/c+$/", REGEX, .e = { { "c", 1, 1000 } }, .at_end = true },
	{ "/c.*a/s", REGEX, .e = { { "c", 1, 1 }, { NULL, 0, 1000 }, { "a", 1, 1 } } },
};
#define MODELS	(sizeof(models) / sizeof(*models))

struct rule {
	unsigned patterns;
	unsigned model[3];
	char with[5];
	bool in_frame;		/* and not in the payload */
	bool tie;		/* two regexes: which is later when both end at a byte is not said */
};

struct place {
	uint32_t start, end, model, row;
};

static uint32_t below(uint64_t *seed, uint32_t n)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return (uint32_t)((*seed * 0x2545f4914f6cdd1du >> 32) % n);
}

static bool word(const uint8_t *b, uint32_t len, int64_t at)
{
	return at >= 0 && at < len && (b[at] == '_' || (b[at] >= '0' && b[at] <= '9') ||
				       ((b[at] | 32) >= 'a' && (b[at] | 32) <= 'z'));
}

/* The longest match of elements from @e that begins at @at: its end, 0: none. */
static uint32_t longest(const struct model *m, unsigned e, const uint8_t *b, uint32_t len,
			uint32_t at)
{
	uint32_t most = 0, end;

	if (e == 9 || !m->e[e].max)
		return (m->no_word_behind && word(b, len, (int64_t)at - 1) == word(b, len, at)) ||
		       (m->at_end && at != len) ? 0 : at;
	while (most < m->e[e].max && at + most < len &&
	       (!m->e[e].set || (b[at + most] && strchr(m->e[e].set, b[at + most]))))
		most++;
	for (uint32_t n = most + 1; n-- > m->e[e].min; ) {
		end = longest(m, e + 1, b, len, at + n);
		if (end)
			return end;
	}
	return 0;
}

static bool word_begins(const struct model *m, const uint8_t *b, uint32_t len, uint32_t at)
{
	return !m->word_before || word(b, len, (int64_t)at - 1) != word(b, len, at);
}

static uint32_t places_of(uint32_t model, uint32_t row, const uint8_t *b, uint32_t len,
			  struct place *p)
{
	uint32_t count = 0;

	for (uint32_t at = 0; at < len; ) {
		uint32_t end = word_begins(&models[model], b, len, at) ?
			       longest(&models[model], 0, b, len, at) : 0;

		if (end)
			p[count++] = (struct place){ at, end, model, row };
		at = end ? end : at + 1;
	}
	return count;
}

/* Matches are written by their ends, a shorter one later; a regex behind literals. */
static int by_turn(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	int kx = models[x->model].kind, ky = models[y->model].kind;

	if (x->end != y->end)
		return x->end < y->end ? -1 : 1;
	if (kx != ky)
		return kx - ky;
	if (kx != REGEX && x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return (int)x->row - (int)y->row;
}

/* Rewrite @to, in which @was began @base bytes further on; @keep: offsets left alone. */
static void rewrite_plainly(const struct rule *r, const uint8_t *was, uint32_t len, uint8_t *to,
			    uint32_t base, bool (*keep)(uint32_t at))
{
	static struct place places[3 * 1024];
	uint32_t count = 0, with = (uint32_t)strlen(r->with);

	for (unsigned i = 0; i < r->patterns; i++)
		count += places_of(r->model[i], i, was, len, places + count);
	qsort(places, count, sizeof(*places), by_turn);
	for (uint32_t i = 0; i < count; i++) {
		for (uint32_t at = places[i].start; at < places[i].end; at++)
			if (!keep || !keep(base + at))
				to[base + at] = (uint8_t)r->with[(at - places[i].start) % with];
	}
}

static unsigned make_rules(uint64_t *seed, struct rule *r)
{
	unsigned rules = 1 + below(seed, 4);

	for (unsigned i = 0; i < rules; i++) {
		unsigned with = 1 + below(seed, 4);

		r[i].patterns = 1 + below(seed, 3);
		for (unsigned k = 0; k < r[i].patterns; k++) {
			/* each once: the same bytes under two names are one */
			r[i].model[k] = below(seed, MODELS);
			for (unsigned o = 0; o < k; o++)
				if (r[i].model[o] == r[i].model[k])
					r[i].patterns = k;
		}
		r[i].tie = false;
		for (unsigned k = 1; k < r[i].patterns; k++)
			for (unsigned o = 0; o < k; o++)
				r[i].tie |= models[r[i].model[o]].kind == REGEX &&
					    models[r[i].model[k]].kind == REGEX;
		for (unsigned k = 0; k < with; k++)
			r[i].with[k] = (char)("1234abcAB"[below(seed, 9)]);
		r[i].with[with] = '\0';
		r[i].in_frame = below(seed, 2);
	}
	return rules;
}

static void make_content(uint64_t *seed, uint8_t *b, uint32_t len)
{
	static const char *const letters[] = { "ab", "aabbcAB. ", "aaaaaaab", "abc" };
	const char *of = letters[below(seed, 4)];

	for (uint32_t i = 0; i < len; i++)
		b[i] = (uint8_t)of[below(seed, (uint32_t)strlen(of))];
}

static bool any_tie(const struct rule *r, unsigned rules)
{
	while (rules-- > 0)
		if (r[rules].tie)
			return true;
	return false;
}

static char dir[64];

static void write_sigs(unsigned i, const struct rule *r)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/s%u", dir, i);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	for (unsigned k = 0; k < r->patterns; k++)
		fprintf(f, "p%u = %s\n", k, models[r->model[k]].text);
	ck_assert_int_eq(fclose(f), 0);
}

static void load_rules(const char *hook, const struct rule *r, unsigned rules, const char *before,
		       const char *behind)
{
	char text[2048], path[128];
	size_t n;

	n = (size_t)snprintf(text, sizeof(text), "policy \"p\" version 1;\n");
	for (unsigned i = 0; i < rules; i++) {
		write_sigs(i, &r[i]);
		n += (size_t)snprintf(text + n, sizeof(text) - n, "patterns s%u = file \"s%u\";\n", i, i);
	}
	n += (size_t)snprintf(text + n, sizeof(text) - n, "on %s default pass {\n", hook);
	for (unsigned i = 0; i < rules; i++) {
		n += (size_t)snprintf(text + n, sizeof(text) - n, "r%u: %s -> %srewrite s%u with \"%s\"%s;\n",
				      i, !strcmp(hook, "disk read") ? "" :
				      r[i].in_frame ? "frame.len > 0 or frame has any s0" : "frame.len > 0",
				      i == 0 ? before : "", i, r[i].with, i == rules / 2 ? behind : "");
	}
	snprintf(text + n, sizeof(text) - n, "}\n");
	snprintf(path, sizeof(path), "%s/p.hvrule", dir);
	load_from(path, text);
}

static void begin_dir(void)
{
	snprintf(dir, sizeof(dir), "/tmp/rewrite-many-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void end_dir(void)
{
	char path[128];

	for (unsigned i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "%s/s%u", dir, i);
		unlink(path);
	}
	rmdir(dir);
	end();
}

static const uint32_t room[] = { EXTENTS_KEPT, 5, 2, 1 };

START_TEST(sectors_are_what_a_plain_rewriter_makes_of_them)
{
	uint64_t seed = 0x5ec7 + (uint64_t)_i;
	uint8_t was[300], plain[300], now[300];
	struct rule r[4];

	for (unsigned policies = 0; policies < 40; policies++) {
		unsigned rules = make_rules(&seed, r);

		load_rules("disk read", r, rules, "", "");
		for (unsigned n = 0; n < 40; n++) {
			uint32_t len = 1 + below(&seed, n % 8 ? 40 : 300);

			make_content(&seed, was, len);
			memcpy(plain, was, len);
			for (unsigned i = 0; i < rules; i++)
				rewrite_plainly(&r[i], was, len, plain, 0, NULL);
			for (unsigned k = 0; k < 4; k++) {
				memcpy(now, was, len);
				judge->extents_kept = room[k];
				ck_assert_int_eq(read_disk(now, len), HV_PASS);
				if (k == 0 && any_tie(r, rules))
					memcpy(plain, now, len);
				ck_assert_mem_eq(now, plain, len);
			}
		}
	}
}
END_TEST

/* ---- frames ---- */

#define UDP_AT	34u
#define PAYLOAD	42u

static bool is_sum(uint32_t at)
{
	return at / 2 == 12 || at / 2 == 20;	/* of IPv4, of UDP */
}

static void make_right(uint8_t *f, uint32_t len)
{
	uint32_t sum;

	memset(f + 24, 0, 2);
	memset(f + 40, 0, 2);
	sum = 0xffff - scratch_sum(0, f + 14, 20);
	f[24] = (uint8_t)(sum >> 8);
	f[25] = (uint8_t)sum;
	sum = 0xffff - scratch_transport(f + 26, f + 30, 4, 17, f + UDP_AT, len, len);
	sum = sum ? sum : 0xffff;
	f[40] = (uint8_t)(sum >> 8);
	f[41] = (uint8_t)sum;
}

/* A datagram whose ports and source are letters too. */
static struct frame *make_frame(uint64_t *seed, uint32_t payload)
{
	struct frame *f = start(0x0800);

	put_ipv4(f, 17, 8 + payload, 0, 0);
	put_udp(f, 8 + payload);
	make_content(seed, f->bytes + 26, 4);
	make_content(seed, f->bytes + UDP_AT, 4);
	make_content(seed, f->bytes + PAYLOAD, payload);
	f->len += payload;
	make_right(f->bytes, 8 + payload);
	return f;
}

/* Rules, and a field before the first and behind the middle one. */
START_TEST(frames_are_what_a_plain_rewriter_makes_of_them)
{
	uint64_t seed = 0xf7a3e + (uint64_t)_i;
	uint8_t plain[400], now[400];
	struct rule r[4];

	for (unsigned policies = 0; policies < 40; policies++) {
		unsigned rules = make_rules(&seed, r);

		/* the area is that of the condition's first search for the set's first */
		for (unsigned i = 1; i < rules; i++)
			r[i].in_frame = false;
		load_rules("net in", r, rules, "rewrite udp.sport = 0x6161, ", ", rewrite ip.src = 97.98.97.98");
		for (unsigned n = 0; n < 40; n++) {
			struct frame *f = make_frame(&seed, 1 + below(&seed, n % 8 ? 40 : 300));
			uint32_t len = f->len - PAYLOAD;

			memcpy(plain, f->bytes, f->len);
			memcpy(plain + UDP_AT, "aa", 2);
			for (unsigned i = 0; i < rules; i++) {
				if (r[i].in_frame)
					rewrite_plainly(&r[i], f->bytes, f->len, plain, 0, is_sum);
				else
					rewrite_plainly(&r[i], f->bytes + PAYLOAD, len, plain, PAYLOAD, NULL);
				if (i == rules / 2)
					memcpy(plain + 26, "abab", 4);
			}
			make_right(plain, 8 + len);
			for (unsigned k = 0; k < 4; k++) {
				memcpy(now, f->bytes, f->len);
				judge->extents_kept = room[k];
				ck_assert_int_eq(receive(now, f->len), HV_PASS);
				if (k == 0 && any_tie(r, rules))
					memcpy(plain, now, f->len);
				ck_assert_mem_eq(now, plain, f->len);
			}
		}
	}
}
END_TEST

/* ---- sizes ---- */

#if defined(__SANITIZE_ADDRESS__) || !defined(__OPTIMIZE__)
#define LARGEST	(1u << 20)	/* as much as is searched in the time */
#else
#define LARGEST	(32u << 20)	/* READ DMA EXT of 65,536 sectors */
#endif

static uint8_t *sectors;

static void begin_sectors(void)
{
	sectors = malloc(LARGEST);
	ck_assert_ptr_nonnull(sectors);
}

static void end_sectors(void)
{
	free(sectors);
	end();
}

/* @text @count times. */
static void check_runs(const uint8_t *b, uint32_t count, const char *text)
{
	uint32_t len = (uint32_t)strlen(text), same = 0;

	while (same < count && !memcmp(b + same * len, text, len))
		same++;
	ck_assert_uint_eq(same, count);
}

START_TEST(as_many_matches_as_there_are_are_rewritten)
{
	static const uint32_t counts[] = { EXTENTS_KEPT - 1, EXTENTS_KEPT, EXTENTS_KEPT + 1, 65536, 65537 };

	load("on disk read default pass { a: -> log, rewrite ab with \"x\"; }");
	for (unsigned c = 0; c < 5; c++) {
		uint32_t len = 66000 * 4;

		memset(sectors, '.', len);
		for (uint32_t i = 0; i < counts[c]; i++)
			memcpy(sectors + 4 * i, "ab", 2);
		ck_assert_int_eq(read_disk(sectors, len), HV_PASS);
		ck_assert(out.rewritten);
		check_runs(sectors, counts[c], "xx..");
		check_runs(sectors + 4 * counts[c], len / 4 - counts[c], "....");
		/* the next transfer is not affected */
		memcpy(sectors, "abcd", 4);
		ck_assert_int_eq(read_disk(sectors, 512), HV_PASS);
		ck_assert_mem_eq(sectors, "xxcd", 4);
	}
	ck_assert_uint_eq(bounded, 0);
	ck_assert_uint_eq(judge_counter(judge, JUDGE_UNKNOWN), 0);
	ck_assert_uint_eq(judge_counter(judge, JUDGE_REWRITE_REFUSED), 0);
}
END_TEST

START_TEST(every_byte_of_256_KiB_is_a_match_of_two_rules)
{
	uint32_t len = (256 << 10) - 1;

	load("on disk read default pass { a: -> rewrite aa with \"12\"; b: -> rewrite a with \"3\";"
	     " c: -> rewrite aaa with \"45\"; }");
	memset(sectors, 'a', len);
	ck_assert_int_eq(read_disk(sectors, len), HV_PASS);
	ck_assert_uint_eq(len % 3, 0);
	check_runs(sectors, len / 3, "454");
	load("on disk read default pass { b: -> rewrite a with \"3\"; a: -> rewrite aa with \"12\"; }");
	memset(sectors, 'a', len);
	ck_assert_int_eq(read_disk(sectors, len), HV_PASS);
	check_runs(sectors, len / 2, "12");
	ck_assert_int_eq(sectors[len - 1], '3');
}
END_TEST

START_TEST(every_byte_of_the_largest_command_is_a_match)
{
	uint32_t len = LARGEST;

	load("on disk read default pass { a: -> rewrite a with \"x\"; }");
	memset(sectors, 'a', len);
	ck_assert_int_eq(read_disk(sectors, len), HV_PASS);
	ck_assert_int_eq(sectors[0], 'x');
	ck_assert_int_eq(memcmp(sectors, sectors + 1, len - 1), 0);
}
END_TEST

START_TEST(an_earlier_rewrite_leaves_a_long_match_of_a_later_one_alone)
{
	char text[400 + 4003];
	uint32_t len = 9000;

	/* more of the second than are kept; the first's ends behind the third's and overlaps it */
	memset(sectors, 'a', 8192);
	memset(sectors + 8192, 'b', len - 8192);
	snprintf(text, sizeof(text), "pattern end = /b{807}$/; pattern long = \"%.*s\"; on disk read default pass {"
		 "x: -> rewrite end with \"1\"; y: -> rewrite a with \"2\";"
		 " z: -> rewrite long with \"345\"; }", 4003, (const char *)sectors + 8192 - 4000);
	load(text);
	ck_assert_int_eq(read_disk(sectors, len), HV_PASS);
	for (uint32_t i = 0; i < 8192 - 4000; i++)
		ck_assert_int_eq(sectors[i], '2');
	for (uint32_t i = 0; i < 4003; i++)
		ck_assert_int_eq(sectors[8192 - 4000 + i], "345"[i % 3]);
	for (uint32_t i = 8195; i < len; i++)
		ck_assert_int_eq(sectors[i], i < len - 807 ? 'b' : '1');
}
END_TEST

START_TEST(matches_of_a_regex_are_rewritten_too_however_many)
{
	load("pattern r = /a.b/; on disk read default pass { a: -> rewrite r with \"xyz\"; }");
	for (uint32_t i = 0; i < 65537; i++)
		memcpy(sectors + 4 * i, "a1b.", 4);
	ck_assert_int_eq(read_disk(sectors, 4 * 65537), HV_PASS);
	check_runs(sectors, 65537, "xyz.");
}
END_TEST

START_TEST(a_search_that_ends_at_its_bound_drops_and_changes_nothing)
{
	load("pattern hard = /a[^b]{900}c/; on disk read default pass { a: -> log, rewrite a with \"x\";"
	     " b: -> log, rewrite hard with \"y\"; }");
	memset(sectors, 'a', 1 << 15);
	ck_assert_int_eq(read_disk(sectors, 1 << 15), HV_DROP);
	ck_assert(!out.rewritten);
	ck_assert_int_eq(sectors[0], 'a');
	ck_assert_int_eq(memcmp(sectors, sectors + 1, (1 << 15) - 1), 0);
	ck_assert_uint_eq(bounded, 1);
	ck_assert_uint_eq(judge_counter(judge, JUDGE_REWRITE_REFUSED), 1);
}
END_TEST

START_TEST(a_datagram_of_matches_is_rewritten_with_its_checksums)
{
	struct frame *f;
	uint64_t seed = 1;
	uint32_t payload = 65507;

	load("on net in default pass { a: -> rewrite a with \"1\", rewrite ip.ttl = 9;"
	     " b: -> rewrite aa with \"23\"; }");
	f = make_frame(&seed, payload);
	memset(f->bytes + PAYLOAD, 'a', payload);
	make_right(f->bytes, 8 + payload);
	ck_assert_int_eq(receive(f->bytes, f->len), HV_PASS);
	check_runs(f->bytes + PAYLOAD, payload / 2, "23");
	ck_assert_int_eq(f->bytes[f->len - 1], '1');
	ck_assert_uint_eq(f->bytes[22], 9);
	ck_assert_uint_eq(scratch_sum(0, f->bytes + 14, 20), 0xffff);
	ck_assert_uint_eq(scratch_transport(f->bytes + 26, f->bytes + 30, 4, 17, f->bytes + UDP_AT,
					    8 + payload, 8 + payload), 0xffff);
}
END_TEST

/* What is summed must not be looked at for each match. */
START_TEST(zeros_of_a_message_whose_checksum_is_0_take_no_longer_than_others)
{
	struct frame *f = start(0x0800);
	uint32_t payload = 65507;

	load("on net in default pass { a: -> rewrite zero with { 00 }; }");
	put_ipv4(f, 1, 8 + payload, 0, 0);
	put_hex(f, "0800 0000 f7fe 0000");
	put_fill(f, 0, payload - 2);
	put_hex(f, "0100");
	ck_assert_uint_eq(scratch_sum(0, f->bytes + 34, 8 + payload), 0xffff);
	for (unsigned n = 0; n < 4; n++) {
		ck_assert_int_eq(receive(f->bytes, f->len), HV_PASS);
		ck_assert_mem_eq(f->bytes + 36, "\0\0", 2);
	}
}
END_TEST

START_TEST(a_frame_of_the_most_bytes_is_rewritten_and_one_more_drops)
{
	load("on net in default pass { a: frame has a -> log, rewrite a with \"x\"; }");
	for (unsigned past = 0; past <= 1; past++) {
		uint32_t len = NET_FRAME_MAX + past;

		memset(sectors, 'a', len);
		ck_assert_int_eq(receive(sectors, len), past ? HV_DROP : HV_PASS);
		ck_assert_int_eq(sectors[0], past ? 'a' : 'x');
		ck_assert_int_eq(memcmp(sectors, sectors + 1, len - 1), 0);
		ck_assert_uint_eq(bounded, past);
	}
	/* what is kept needs no copy */
	memset(sectors, '.', NET_FRAME_MAX + 1);
	sectors[NET_FRAME_MAX] = 'a';
	ck_assert_int_eq(receive(sectors, NET_FRAME_MAX + 1), HV_PASS);
	ck_assert_int_eq(sectors[NET_FRAME_MAX], 'x');
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("rewrite many");
	TCase *tc = unit_case(s, "plainly");

	tcase_add_checked_fixture(tc, begin_dir, end_dir);
	tcase_add_loop_test(tc, sectors_are_what_a_plain_rewriter_makes_of_them, 0, 4);
	tcase_add_loop_test(tc, frames_are_what_a_plain_rewriter_makes_of_them, 0, 4);
	tc = unit_case(s, "sizes");
	tcase_add_checked_fixture(tc, begin_sectors, end_sectors);
	tcase_add_test(tc, as_many_matches_as_there_are_are_rewritten);
	tcase_add_test(tc, every_byte_of_256_KiB_is_a_match_of_two_rules);
	tcase_add_test(tc, every_byte_of_the_largest_command_is_a_match);
	tcase_add_test(tc, an_earlier_rewrite_leaves_a_long_match_of_a_later_one_alone);
	tcase_add_test(tc, matches_of_a_regex_are_rewritten_too_however_many);
	tcase_add_test(tc, a_search_that_ends_at_its_bound_drops_and_changes_nothing);
	tcase_add_test(tc, a_datagram_of_matches_is_rewritten_with_its_checksums);
	tcase_add_test(tc, zeros_of_a_message_whose_checksum_is_0_take_no_longer_than_others);
	tcase_add_test(tc, a_frame_of_the_most_bytes_is_rewritten_and_one_more_drops);
	return s;
}
