/*
 * reader_pcapng_test.c - pcapng files: sections, interfaces, options, lengths, cuts
 */
#include "tests/unit/trace_build.h"

static const uint8_t frame[61] = { 0xaa, 1, 2, 3, 4, 5, 0xbb, 7, 8, 9, 10, 11, 0x08, 0x00, 0x45 };

static size_t begin(struct build *b, uint32_t type)
{
	build32(b, type);
	build32(b, 0);
	return b->len - 8;
}

static void end(struct build *b, size_t at)
{
	size_t len = b->len - at + 4;
	struct build number = { .big = b->big };

	build32(&number, len);
	memcpy(b->bytes + at + 4, number.bytes, 4);
	build_free(&number);
	build32(b, len);
}

static void option_of(struct build *b, uint16_t code, const void *value, uint16_t len)
{
	build16(b, code);
	build16(b, len);
	build_bytes(b, value, len);
	build_zeros(b, -len & 3u);
}

static void section(struct build *b)
{
	size_t at = begin(b, 0x0a0d0d0a);

	build32(b, 0x1a2b3c4d);
	build16(b, 1);
	build16(b, 0);
	build64(b, UINT64_MAX);
	end(b, at);
}

static void interface(struct build *b, uint16_t link_type, uint32_t snap, int resolution,
		      int64_t offset)
{
	size_t at = begin(b, 1);
	uint8_t byte = (uint8_t)resolution;

	build16(b, link_type);
	build16(b, 0);
	build32(b, snap);
	option_of(b, 2, "eth0", 4);
	if (resolution >= 0)
		option_of(b, 9, &byte, 1);
	if (offset) {
		build16(b, 14);
		build16(b, 8);
		build64(b, (uint64_t)offset);
	}
	build32(b, 0);
	end(b, at);
}

static void packet(struct build *b, uint32_t number, uint64_t stamp, uint32_t len, int flags)
{
	size_t at = begin(b, 6);

	build32(b, number);
	build32(b, stamp >> 32);
	build32(b, stamp);
	build32(b, len);
	build32(b, len);
	build_bytes(b, frame, len);
	build_zeros(b, -len & 3u);
	if (flags >= 0) {
		option_of(b, 1, "a comment", 9);
		build16(b, 2);
		build16(b, 4);
		build32(b, (uint32_t)flags);
		build32(b, 0);
	}
	end(b, at);
}

START_TEST(time_stamps_follow_resolution_and_offset)
{
	static const struct {
		int resolution;
		int64_t offset;
		uint64_t stamp, ns;
	} cases[] = {
		{ -1, 0, 7000009, 7000009000 },
		{ 9, 0, 7000000009, 7000000009 },
		{ 0, 0, 7, 7000000000 },
		{ 12, 0, 7000000001999, 7000000001 },
		{ 19, 0, UINT64_MAX, 1844674407 },
		{ 0x80 | 1, 0, 15, 7500000000 },
		{ 0x80 | 63, 0, 1ull << 62, 500000000 },
		{ 0x80, 0, 3, 3000000000 },
		{ 6, 10, 1, 10000001000 },
		{ 6, -10, 1, 0 },
		{ 0, 0, UINT64_MAX, UINT64_MAX },
	};
	struct build b = { .big = _i & 1 };
	struct outcome out;

	section(&b);
	interface(&b, 1, 0, cases[_i].resolution, cases[_i].offset);
	packet(&b, 0, cases[_i].stamp, 60, -1);
	read_all(&b, b.len, READER_AUTO, &out);
	ck_assert_msg(!out.last, "%s", out.fault.text);
	ck_assert_uint_eq(out.first.t.time_ns, cases[_i].ns);
	build_free(&b);
}
END_TEST

START_TEST(impossible_resolutions_are_refused)
{
	static const int resolution[] = { 20, 0x7f, 0x80 | 64, 0xff };
	struct build b = { 0 };

	section(&b);
	interface(&b, 1, 0, resolution[_i], 0);
	check_fault(&b, "resolution", 0);
	build_free(&b);
}
END_TEST

START_TEST(the_direction_flag_makes_the_hook)
{
	struct build b = { 0 };
	struct outcome out;

	section(&b);
	interface(&b, 1, 0, -1, 0);
	packet(&b, 0, 1, sizeof(frame), _i - 1 < 0 ? -1 : 0xf0 | (_i - 1));
	read_all(&b, b.len, READER_AUTO, &out);
	ck_assert_int_eq(out.first.t.hook, _i == 3 ? HV_HOOK_NET_OUT : HV_HOOK_NET_IN);
	build_free(&b);
}
END_TEST

START_TEST(sections_and_interfaces_of_their_own_are_read)
{
	struct build b = { 0 };
	struct outcome out;

	section(&b);
	interface(&b, 101, 0, -1, 0);		/* not used by a packet: no harm */
	interface(&b, 1, 20, -1, 0);
	interface(&b, 1, 0, 9, 0);
	packet(&b, 1, 1, sizeof(frame), -1);
	packet(&b, 2, 1, sizeof(frame), -1);
	b.big = true;
	section(&b);
	interface(&b, 1, 0, -1, 0);
	packet(&b, 0, 1, sizeof(frame), -1);
	read_all(&b, b.len, READER_AUTO, &out);
	ck_assert_msg(!out.last, "%s", out.fault.text);
	ck_assert_uint_eq(out.transfers, 3);
	ck_assert_uint_eq(out.first.t.net.captured, 20);
	ck_assert_uint_eq(out.first.t.net.wire_len, sizeof(frame));
	packet(&b, 1, 1, sizeof(frame), -1);	/* the second section has one interface */
	check_fault(&b, "interface 1, of 1", 3);
	build_free(&b);
}
END_TEST

START_TEST(a_packet_of_another_link_type_is_refused)
{
	struct build b = { 0 };

	section(&b);
	interface(&b, 1, 0, -1, 0);
	interface(&b, 113, 0, -1, 0);
	packet(&b, 0, 1, sizeof(frame), -1);
	packet(&b, 1, 1, sizeof(frame), -1);
	check_fault(&b, "link type 113", 1);
	build_free(&b);
}
END_TEST

START_TEST(packets_and_disk_commands_do_not_mix)
{
	struct build b = { 0 };

	section(&b);
	interface(&b, 1, 0, -1, 0);
	interface(&b, 147, 0, -1, 0);
	packet(&b, 0, 1, sizeof(frame), -1);
	packet(&b, 1, 1, sizeof(frame), -1);
	check_fault(&b, "packets and disk commands", 1);
	build_free(&b);
}
END_TEST

START_TEST(simple_and_obsolete_packets_are_read)
{
	struct build b = { .big = _i };
	struct outcome out;
	size_t at;

	section(&b);
	interface(&b, 1, 50, -1, 0);
	at = begin(&b, 3);
	build32(&b, 100);
	build_bytes(&b, frame, 50);
	build_zeros(&b, 2);
	end(&b, at);
	at = begin(&b, 2);
	build16(&b, 0);
	build16(&b, 7);
	build64(&b, 0);
	build32(&b, 13);
	build32(&b, 13);
	build_bytes(&b, frame, 13);
	build_zeros(&b, 3);
	end(&b, at);
	at = begin(&b, 5);			/* statistics: skipped */
	build64(&b, 0);
	end(&b, at);
	read_all(&b, b.len, READER_AUTO, &out);
	ck_assert_msg(!out.last, "%s", out.fault.text);
	ck_assert_uint_eq(out.transfers, 2);
	ck_assert_uint_eq(out.first.t.net.captured, 50);
	ck_assert_uint_eq(out.first.t.net.wire_len, 100);
	build_free(&b);
}
END_TEST

START_TEST(every_cut_is_a_fault_after_the_whole_blocks)
{
	struct build b = { .big = _i };
	size_t ends[5], len, i;

	section(&b);
	ends[0] = b.len;
	interface(&b, 1, 0, 9, 5);
	ends[1] = b.len;
	packet(&b, 0, 1, 60, 1);
	ends[2] = b.len;
	packet(&b, 0, 1, 33, -1);
	ends[3] = b.len;
	section(&b);
	ends[4] = b.len;
	for (len = 1; len <= b.len; len++) {
		struct outcome out;
		bool fine = false;

		for (i = 0; i < 5; i++)
			fine |= len == ends[i];
		read_all(&b, len, READER_PCAPNG, &out);
		ck_assert_int_eq(out.last, fine ? 0 : -1);
		ck_assert_uint_eq(out.transfers, (len >= ends[2]) + (len >= ends[3]));
	}
	build_free(&b);
}
END_TEST

START_TEST(hostile_lengths_are_refused)
{
	/* offset behind the interface block's end, value, message */
	static const struct {
		size_t at;
		uint32_t value;
		const char *text;
	} cases[] = {
		{ 4, 8, "12 to" }, { 4, 0, "12 to" }, { 4, 11, "12 to" }, { 4, 97, "multiple of 4" },
		{ 4, 0xfffffffc, "multiple of 4" }, { 4, READER_MAX_BLOCK + 4, "16777216" },
		{ 4, READER_MAX_BLOCK, "cut:" }, { 4, 100, "cut:" }, { 4, 92, "two lengths" },
		{ 4, 28, "two lengths" },
		{ 20, 65, "captured length of 65" }, { 20, 0xffffffff, "captured length" },
		{ 20, 262145, "captured length of 262145" }, { 8, 1, "interface 1, of 1" },
	};
	struct build b = { 0 };
	size_t at;

	section(&b);
	interface(&b, 1, 0, -1, 0);
	at = b.len;
	packet(&b, 0, 1, 61, -1);
	ck_assert_uint_eq(b.len - at, 96);
	b.bytes[at + cases[_i].at] = (uint8_t)cases[_i].value;
	b.bytes[at + cases[_i].at + 1] = (uint8_t)(cases[_i].value >> 8);
	b.bytes[at + cases[_i].at + 2] = (uint8_t)(cases[_i].value >> 16);
	b.bytes[at + cases[_i].at + 3] = (uint8_t)(cases[_i].value >> 24);
	check_fault(&b, cases[_i].text, 0);
	build_free(&b);
}
END_TEST

START_TEST(blocks_too_short_for_their_type_are_refused)
{
	static const struct {
		uint32_t type;
		size_t len;
		const char *text;
	} cases[] = {
		{ 1, 4, "interface of 16 bytes" }, { 6, 16, "packet block of 28" },
		{ 2, 16, "packet block of 28" }, { 3, 0, "packet block of 12" },
	};
	struct build b = { 0 };
	size_t at;

	section(&b);
	interface(&b, 1, 0, -1, 0);
	at = begin(&b, cases[_i].type);
	build_zeros(&b, cases[_i].len);
	end(&b, at);
	check_fault(&b, cases[_i].text, 0);
	build_free(&b);
}
END_TEST

START_TEST(broken_section_headers_are_refused)
{
	struct build b = { 0 };
	size_t at;

	section(&b);
	b.bytes[12] = 2;			/* major version */
	check_fault(&b, "version 2.0", 0);
	b.bytes[12] = 1;
	b.bytes[14] = 1;			/* minor version; 2 is what some writers put */
	check_fault(&b, "version 1.1", 0);
	b.bytes[14] = 2;
	at = b.len;
	section(&b);
	b.bytes[at + 8] = 0;
	check_fault(&b, "byte-order magic", 0);
	build_free(&b);
	at = begin(&b, 0x0a0d0d0a);
	build32(&b, 0x1a2b3c4d);
	end(&b, at);
	check_fault(&b, "too short", 0);
	build_free(&b);
}
END_TEST

START_TEST(a_cut_option_of_an_interface_is_refused_and_of_a_packet_ignored)
{
	struct build b = { 0 };
	struct outcome out;
	size_t at;

	section(&b);
	interface(&b, 1, 0, -1, 0);
	at = begin(&b, 6);
	build_zeros(&b, 12);
	build32(&b, 4);
	build32(&b, 4);
	build32(&b, 0);
	build16(&b, 2);
	build16(&b, 5);				/* longer than the block */
	build32(&b, 2);
	end(&b, at);
	read_all(&b, b.len, READER_AUTO, &out);
	ck_assert_msg(!out.last, "%s", out.fault.text);
	ck_assert_int_eq(out.first.t.hook, HV_HOOK_NET_IN);
	at = begin(&b, 1);
	build32(&b, 1);
	build32(&b, 0);
	build16(&b, 2);
	build16(&b, 1);
	end(&b, at);
	check_fault(&b, "option", 1);
	build_free(&b);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("reader_pcapng");
	TCase *tc = unit_case(s, "pcapng");

	tcase_add_loop_test(tc, time_stamps_follow_resolution_and_offset, 0, 11);
	tcase_add_loop_test(tc, impossible_resolutions_are_refused, 0, 4);
	tcase_add_loop_test(tc, the_direction_flag_makes_the_hook, 0, 5);
	tcase_add_test(tc, sections_and_interfaces_of_their_own_are_read);
	tcase_add_test(tc, a_packet_of_another_link_type_is_refused);
	tcase_add_test(tc, packets_and_disk_commands_do_not_mix);
	tcase_add_loop_test(tc, simple_and_obsolete_packets_are_read, 0, 2);
	tcase_add_loop_test(tc, every_cut_is_a_fault_after_the_whole_blocks, 0, 2);
	tcase_add_loop_test(tc, hostile_lengths_are_refused, 0, 14);
	tcase_add_loop_test(tc, blocks_too_short_for_their_type_are_refused, 0, 4);
	tcase_add_test(tc, broken_section_headers_are_refused);
	tcase_add_test(tc, a_cut_option_of_an_interface_is_refused_and_of_a_packet_ignored);
	return s;
}
