/*
 * hostile_test.c - every cut and many a change of real inputs: modules past the digest, captures
 *
 * Modules go through fuzz_module.c, which aborts where a promise is broken; the sanitizers
 * see the rest.
 */
#include <stdio.h>

#include "compiler/hvc.h"
#include "tests/unit/trace_build.h"

#define MAX_INPUT	8192u	/* bytes taken of a shipped trace */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Each kind of section: sets, classifiers, patterns of both plans, logs, rewrites. */
static const char policy[] =
	"policy \"hostile\" version 1;\n"
	"set ports = { 80, 443, 8000..8010 };\n"
	"set hosts = { 10.0.0.0/8, fd00::/16 };\n"
	"set pairs = { (10.0.0.5, 443), (10.0.0.9, 1..99) };\n"
	"pattern word = \"hello\" i;\n"
	"pattern re = /h[a-l]+o|x\\d{2}$/;\n"
	"pattern hex = { 68 ?? 6c [0-2] 6f };\n"
	"on net out, net in default pass {\n"
	"    a: tcp.dport in ports and ip.dst not in hosts -> log \"{ip.dst}\", drop;\n"
	"    b: (ip.dst, tcp.dport) in pairs -> count c, drop;\n"
	"    c: payload has any { word, re, hex } -> log alert \"{pattern} {match}\" limit 1/s,\n"
	"       rewrite word with \"xy\", rewrite ip.ttl = 9;\n"
	"    d1: udp.dport == 53 -> log;\n"
	"    d2: udp.dport == 54 -> log;\n"
	"    d3: udp.dport == 55 -> log;\n"
	"    d4: udp.dport == 56 -> log;\n"
	"}\n"
	"on disk write, disk read default drop {\n"
	"    e: disk.range overlaps { 0..2047 } or data has word at 0 every 512 -> drop silently;\n"
	"    f: sector[0][510:2] == 0x55aa -> pass;\n"
	"}\n"
	"on disk control default pass {\n"
	"    g: ata.command in { 0x92, 0x93, 0xf4 } -> log, pass;\n"
	"}\n";

/* Part @_i of four, so that the test's time is that of a few seconds. */
START_TEST(a_module_changed_past_its_digest_is_refused_or_harmless)
{
	static const uint8_t change[] = { 0x01, 0x80, 0xff, 0x04 };
	struct hvc_options o = { .plain = false };
	struct hvc_result r;

	hvc_compile_text("hostile.hvrule", policy, sizeof(policy) - 1, &o, &r);
	ck_assert_int_eq(r.status, 0);
	for (size_t i = (size_t)_i; i < r.module_len; i += 4) {
		const uint8_t was = r.module[i];

		r.module[i] ^= change[i / 4 % 4];
		LLVMFuzzerTestOneInput(r.module, r.module_len);
		r.module[i] = was;
	}
	hvc_free(&r);
}
END_TEST

/* Numbers of two and four bytes: offsets, counts, sizes. */
START_TEST(absurd_words_in_a_module_are_refused_or_harmless)
{
	static const uint32_t word[] = { 0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0x10000 };
	struct hvc_options o = { .plain = true };
	struct hvc_result r;

	hvc_compile_text("hostile.hvrule", policy, sizeof(policy) - 1, &o, &r);
	ck_assert_int_eq(r.status, 0);
	for (size_t i = 0; i + 4 <= r.module_len; i += 8) {
		uint32_t was;

		memcpy(&was, r.module + i, 4);
		memcpy(r.module + i, &word[i / 8 % 6], 4);
		LLVMFuzzerTestOneInput(r.module, r.module_len);
		memcpy(r.module + i, &was, 4);
	}
	hvc_free(&r);
}
END_TEST

static void read_trace(struct build *b, const char *path)
{
	FILE *f = fopen(unit_source(path), "rb");

	memset(b, 0, sizeof(*b));
	ck_assert_ptr_nonnull(f);
	b->bytes = malloc(MAX_INPUT);
	ck_assert_ptr_nonnull(b->bytes);
	b->len = fread(b->bytes, 1, MAX_INPUT, f);
	fclose(f);
}

static void make_pcapng(struct build *b)
{
	static const uint8_t frame[60] = { 1 };

	memset(b, 0, sizeof(*b));
	build32(b, 0x0a0d0d0a);		/* section header */
	build32(b, 28);
	build32(b, 0x1a2b3c4d);
	build16(b, 1);
	build16(b, 0);
	build64(b, UINT64_MAX);
	build32(b, 28);
	build32(b, 1);			/* interface */
	build32(b, 32);
	build16(b, 1);
	build16(b, 0);
	build32(b, 0);
	build16(b, 9);			/* if_tsresol: nanoseconds */
	build16(b, 1);
	build32(b, 9);
	build32(b, 0);
	build32(b, 32);
	for (unsigned i = 0; i < 3; i++) {
		build32(b, 6);		/* enhanced packet */
		build32(b, 32 + sizeof(frame));
		build64(b, 0);
		build32(b, i);
		build32(b, sizeof(frame));
		build32(b, sizeof(frame));
		build_bytes(b, frame, sizeof(frame));
		build32(b, 32 + sizeof(frame));
	}
}

static void take_input(struct build *b, int which)
{
	static const char *const path[] = { "rules/traces/endpoint.pcap",
					    "rules/traces/commands.pcap",
					    "rules/traces/endpoint.dmlog" };

	if (which < 3)
		read_trace(b, path[which]);
	else
		make_pcapng(b);
	ck_assert_uint_ge(b->len, 256);
}

START_TEST(a_cut_input_gives_the_whole_records_before_the_cut)
{
	unsigned before = 0;
	struct outcome out;
	struct build b;

	take_input(&b, _i);
	for (size_t len = 0; len <= b.len; len++) {
		/* exactly its size, so that a read behind it is found */
		struct build cut = { .bytes = malloc(len + 1), .len = len };

		memcpy(cut.bytes, b.bytes, len);
		read_all(&cut, len, READER_AUTO, &out);
		ck_assert_uint_ge(out.transfers, before);
		ck_assert_uint_le(out.transfers, before + 1);
		before = out.transfers;
		build_free(&cut);
	}
	ck_assert_uint_gt(before, 0);
	build_free(&b);
}
END_TEST

START_TEST(a_changed_byte_is_an_error_or_another_record)
{
	static const uint8_t value[] = { 0x00, 0xff, 0x80, 0x7f };
	struct outcome out;
	struct build b;

	take_input(&b, _i);
	for (size_t i = 0; i < b.len; i++) {
		const uint8_t was = b.bytes[i];

		b.bytes[i] = value[i % 4];
		read_all(&b, b.len, READER_AUTO, &out);
		b.bytes[i] = was;
	}
	build_free(&b);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("hostile");
	TCase *tc = unit_case(s, "modules");

	tcase_add_loop_test(tc, a_module_changed_past_its_digest_is_refused_or_harmless, 0, 4);
	tcase_add_test(tc, absurd_words_in_a_module_are_refused_or_harmless);
	tc = unit_case(s, "captures");
	tcase_add_loop_test(tc, a_cut_input_gives_the_whole_records_before_the_cut, 0, 4);
	tcase_add_loop_test(tc, a_changed_byte_is_an_error_or_another_record, 0, 4);
	return s;
}
