/*
 * reader_pcap_test.c - pcap files: byte orders, precisions, link types, lengths, cuts
 */
#include "tests/unit/trace_build.h"

static const uint8_t frame[60] = { 0xaa, 1, 2, 3, 4, 5, 0xbb, 7, 8, 9, 10, 11, 0x08, 0x00, 0x45 };

START_TEST(both_byte_orders_and_precisions_are_read)
{
	static const struct {
		uint32_t magic;
		uint64_t time_ns;
	} kinds[] = { { 0xa1b2c3d4, 7000009000 }, { 0xa1b23c4d, 7000000009 } };
	struct build b = { .big = _i & 1 };
	struct outcome out;

	build_pcap(&b, kinds[_i / 2].magic, 65535, 1);
	build_record(&b, 7, 9, frame, sizeof(frame), 100);
	build_record(&b, 8, 9, frame, 10, 10);
	read_all(&b, b.len, READER_AUTO, &out);
	ck_assert_int_eq(out.last, 0);
	ck_assert_uint_eq(out.transfers, 2);
	ck_assert_uint_eq(out.first.t.time_ns, kinds[_i / 2].time_ns);
	ck_assert_uint_eq(out.first.t.net.captured, sizeof(frame));
	ck_assert_uint_eq(out.first.t.net.wire_len, 100);
	ck_assert_uint_eq(out.first_byte, 0xaa);
	ck_assert_int_eq(out.first.t.hook, HV_HOOK_NET_IN);
	build_free(&b);
}
END_TEST

START_TEST(the_longer_record_header_of_patched_libpcap_is_read)
{
	struct build b = { 0 };
	struct outcome out;

	build_pcap(&b, 0xa1b2cd34, 65535, 1);
	build32(&b, 1);
	build32(&b, 2);
	build32(&b, sizeof(frame));
	build32(&b, sizeof(frame));
	build64(&b, 0x1122334455667788);
	build_bytes(&b, frame, sizeof(frame));
	read_all(&b, b.len, READER_AUTO, &out);
	ck_assert_int_eq(out.last, 0);
	ck_assert_uint_eq(out.first_byte, 0xaa);
	build_free(&b);
}
END_TEST

START_TEST(old_versions_swap_the_lengths)
{
	/* version minor, the two lengths as they stand, the captured one that is meant */
	static const uint32_t cases[][4] = {
		{ 2, 50, 20, 20 }, { 3, 50, 20, 20 }, { 3, 20, 50, 20 }, { 4, 20, 50, 20 },
	};
	struct build b = { 0 };
	struct outcome out;

	build_pcap(&b, 0xa1b2c3d4, 65535, 1);
	b.bytes[6] = (uint8_t)cases[_i][0];
	build64(&b, 0);
	build32(&b, cases[_i][1]);
	build32(&b, cases[_i][2]);
	build_bytes(&b, frame, cases[_i][3]);
	read_all(&b, b.len, READER_AUTO, &out);
	ck_assert_int_eq(out.last, 0);
	ck_assert_uint_eq(out.first.t.net.captured, 20);
	ck_assert_uint_eq(out.first.t.net.wire_len, 50);
	build_free(&b);
}
END_TEST

START_TEST(every_cut_is_a_fault_after_the_whole_records)
{
	struct build b = { .big = _i };
	size_t len, second, end;

	build_pcap(&b, 0xa1b2c3d4, 65535, 1);
	build_record(&b, 7, 9, frame, sizeof(frame), sizeof(frame));
	second = b.len;
	build_record(&b, 7, 9, frame, 33, 33);
	end = b.len;
	for (len = 4; len <= end; len++) {
		bool fine = len == 24 || len == second || len == end;
		struct outcome out;

		read_all(&b, len, READER_PCAP, &out);
		ck_assert_int_eq(out.last, fine ? 0 : -1);
		ck_assert_uint_eq(out.transfers, (len >= second) + (len == end));
	}
	build_free(&b);
}
END_TEST

START_TEST(upper_link_type_bits_do_not_matter)
{
	struct build b = { 0 };
	struct outcome out;

	build_pcap(&b, 0xa1b2c3d4, 65535, 0xf7ff0001);
	build_record(&b, 7, 9, frame, sizeof(frame), sizeof(frame));
	read_all(&b, b.len, READER_AUTO, &out);
	ck_assert_int_eq(out.last, 0);
	ck_assert_uint_eq(out.transfers, 1);
	build_free(&b);
}
END_TEST

START_TEST(other_link_types_are_refused)
{
	struct build b = { 0 };

	build_pcap(&b, 0xa1b2c3d4, 65535, 101);
	check_fault(&b, "link type 101", 0);
	build_free(&b);
}
END_TEST

START_TEST(versions_beyond_2_4_are_refused)
{
	struct build b = { 0 };

	build_pcap(&b, 0xa1b2c3d4, 65535, 1);
	b.bytes[6] = 5;
	check_fault(&b, "version 2.5", 0);
	b.bytes[6] = 4;
	b.bytes[4] = 1;
	check_fault(&b, "version 1.4", 0);
	build_free(&b);
}
END_TEST

START_TEST(the_largest_record_is_read_and_one_byte_more_is_refused)
{
	struct build b = { 0 };
	struct outcome out;

	build_pcap(&b, 0xa1b2c3d4, 0, 1);
	build64(&b, 0);
	build32(&b, READER_MAX_RECORD);
	build32(&b, READER_MAX_RECORD);
	build_zeros(&b, READER_MAX_RECORD);
	read_all(&b, b.len, READER_AUTO, &out);
	ck_assert_int_eq(out.last, 0);
	ck_assert_uint_eq(out.first.t.net.captured, READER_MAX_RECORD);
	build64(&b, 0);
	build32(&b, READER_MAX_RECORD + 1);
	build32(&b, READER_MAX_RECORD + 1);
	build_zeros(&b, READER_MAX_RECORD + 1);
	check_fault(&b, "captured length of 262145", 1);
	build_free(&b);
}
END_TEST

START_TEST(a_record_longer_than_the_snap_length_is_cut_to_it)
{
	struct build b = { 0 };
	struct outcome out;

	build_pcap(&b, 0xa1b2c3d4, 40, 1);
	build_record(&b, 7, 9, frame, sizeof(frame), sizeof(frame));
	read_all(&b, b.len, READER_AUTO, &out);
	ck_assert_int_eq(out.last, 0);
	ck_assert_uint_eq(out.first.t.net.captured, 40);
	ck_assert_uint_eq(out.first.t.net.wire_len, 60);
	build_free(&b);
}
END_TEST

START_TEST(a_wire_length_below_the_captured_one_is_raised)
{
	struct build b = { 0 };
	struct outcome out;

	build_pcap(&b, 0xa1b2c3d4, 65535, 1);
	build_record(&b, 7, 9, frame, sizeof(frame), 3);
	read_all(&b, b.len, READER_AUTO, &out);
	ck_assert_uint_eq(out.first.t.net.wire_len, sizeof(frame));
	build_free(&b);
}
END_TEST

START_TEST(what_is_nothing_is_refused_with_a_reason)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *text;
	} cases[] = {
		{ "", 0, "is empty" },
		{ "\x1f\x8b\x08", 3, "gzip" },
		{ "QFI\xfb", 4, "qcow2" },
		{ "hello", 5, "multiple of 512" },
		{ "\xa1\xb2\xc3", 3, "multiple of 512" },
	};
	struct build b = { 0 };

	build_bytes(&b, cases[_i].bytes, cases[_i].len);
	check_fault(&b, cases[_i].text, 0);
	build_free(&b);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("reader_pcap");
	TCase *tc = unit_case(s, "pcap");

	tcase_add_loop_test(tc, both_byte_orders_and_precisions_are_read, 0, 4);
	tcase_add_test(tc, the_longer_record_header_of_patched_libpcap_is_read);
	tcase_add_loop_test(tc, old_versions_swap_the_lengths, 0, 4);
	tcase_add_loop_test(tc, every_cut_is_a_fault_after_the_whole_records, 0, 2);
	tcase_add_test(tc, upper_link_type_bits_do_not_matter);
	tcase_add_test(tc, other_link_types_are_refused);
	tcase_add_test(tc, versions_beyond_2_4_are_refused);
	tcase_add_test(tc, the_largest_record_is_read_and_one_byte_more_is_refused);
	tcase_add_test(tc, a_record_longer_than_the_snap_length_is_cut_to_it);
	tcase_add_test(tc, a_wire_length_below_the_captured_one_is_raised);
	tcase_add_loop_test(tc, what_is_nothing_is_refused_with_a_reason, 0, 5);
	return s;
}
