/*
 * hv_event_test.c - lines of the log for what a rule's log says
 */
#include "hv/event.h"
#include "hv/log.h"
#include "policy/event.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#define HEAD	"event: policy \"test\" rule \"r\" "

static char line[1024];
static enum line_level level;
static struct transfer transfer;
static struct hv_ctx ctx;

/* Instead of the policy's and the log's. */
const char *policy_name(const struct policy *p)
{
	return "test";
}

void log_event(enum line_level at, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	level = at;
}

static struct policy_event event(enum hv_hook hook)
{
	memset(&transfer, 0, sizeof(transfer));
	memset(&ctx, 0, sizeof(ctx));
	transfer.hook = hook;
	return (struct policy_event){
		.transfer = &transfer, .ctx = &ctx, .rule = "r", .action = HV_DROP, .severity = HVB_ALERT,
		.match_lba = EVENT_NO_MATCH, .text = "",
	};
}

static const char *said(const struct policy_event *e)
{
	event_line(NULL, e);
	return line;
}

static struct policy_event write_of(uint64_t lba, uint64_t sectors)
{
	struct policy_event e = event(HV_HOOK_DISK_WRITE);

	transfer.disk = (struct disk_transfer){ .command = 0x35, .unit = 1, .port = 2, .first_lba = lba, .sectors = sectors };
	return e;
}

START_TEST(a_disk_command_is_named_with_drive_and_sectors)
{
	struct policy_event e = write_of(5000000000, 8);

	ck_assert_str_eq(said(&e), HEAD "drop alert WRITE DMA EXT disk 1.2, LBA 5000000000, 8 sectors");
	e = write_of(0, 1);
	ck_assert_str_eq(said(&e), HEAD "drop alert WRITE DMA EXT disk 1.2, LBA 0, 1 sector");
}
END_TEST

START_TEST(the_sector_of_a_match_is_named)
{
	struct policy_event e = write_of(100, 50);

	e.match_lba = 120;
	e.text = "eicar";
	e.text_len = 5;
	ck_assert_str_eq(said(&e), HEAD "drop alert WRITE DMA EXT disk 1.2, LBA 100, 50 sectors, "
			 "match in LBA 120: eicar");
}
END_TEST

START_TEST(what_became_of_it_and_how_grave_it_is)
{
	struct policy_event e = write_of(0, 1);

	e.action = HV_PASS;
	e.severity = HVB_INFO;
	ck_assert_ptr_nonnull(strstr(said(&e), "\"r\" pass info WRITE"));
	ck_assert_int_eq(level, LINE_INFO);
	e.rewritten = true;
	e.severity = HVB_NOTICE;
	ck_assert_ptr_nonnull(strstr(said(&e), "\"r\" rewrite notice WRITE"));
	ck_assert_int_eq(level, LINE_INFO);
	e.action = HV_PASS_NAMED;
	ck_assert_ptr_nonnull(strstr(said(&e), "\"r\" rewrite notice WRITE"));
	e.action = HV_DROP_SILENTLY;
	e.severity = 77;
	ck_assert_ptr_nonnull(strstr(said(&e), "\"r\" drop-silently alert WRITE"));
	e.severity = HVB_ALERT;
	e.action = HV_DROP;
	e.bounded = true;
	ck_assert_ptr_nonnull(strstr(said(&e), "\"r\" drop alert WRITE DMA EXT disk 1.2, LBA 0, 1 sector, a bound was reached"));
	ck_assert_int_eq(level, LINE_WARN);
}
END_TEST

START_TEST(a_trim_has_ranges_and_other_commands_nothing)
{
	static const struct disk_range ranges[] = { { 8192, 2048 }, { 100000, 1 } };
	struct policy_event e = event(HV_HOOK_DISK_CONTROL);

	transfer.disk = (struct disk_transfer){ .command = 0x06, .features = 1, .ranges = ranges, .range_count = 2 };
	ctx.present = UINT64_C(1) << HV_F_DISK_RANGE;
	ck_assert_str_eq(said(&e), HEAD "drop alert DATA SET MANAGEMENT disk 0.0, LBA 8192..10239, "
			 "100000..100000");
	e = event(HV_HOOK_DISK_CONTROL);
	transfer.disk = (struct disk_transfer){ .command = 0x92, .port = 5 };
	ck_assert_str_eq(said(&e), HEAD "drop alert DOWNLOAD MICROCODE disk 0.5");
}
END_TEST

START_TEST(a_frame_has_protocol_ends_and_length)
{
	struct policy_event e = event(HV_HOOK_NET_IN);

	transfer.net.wire_len = 60;
	ctx.eth_type = 0x88cc;
	ck_assert_ptr_nonnull(strstr(said(&e), "\"r\" drop alert eth-88cc "));
	ck_assert_ptr_nonnull(strstr(line, ", 60 bytes"));
	ctx.present = UINT64_C(1) << HV_F_IP_PROTO;
	ctx.ip_proto = 47;
	ck_assert_ptr_nonnull(strstr(said(&e), "\"r\" drop alert ip-47 "));
	ctx.present |= UINT64_C(1) << HV_F_IP_SRC | UINT64_C(1) << HV_F_IP_DST;
	ctx.ip_version = 4;
	ctx.ip_src.lo = 0x0a000001;
	ctx.ip_dst.lo = 0x0a000002;
	ck_assert_ptr_nonnull(strstr(said(&e), "10.0.0.1 > 10.0.0.2, "));
	ctx.present |= UINT64_C(1) << HV_F_L4_SPORT | UINT64_C(1) << HV_F_L4_DPORT;
	ctx.l4_sport = 1;
	ctx.l4_dport = 65535;
	ck_assert_ptr_nonnull(strstr(said(&e), "10.0.0.1:1 > 10.0.0.2:65535, "));
}
END_TEST

START_TEST(a_long_text_is_cut)
{
	static char text[600];
	struct policy_event e = write_of(0, 1);

	memset(text, 'x', sizeof(text) - 1);
	e.text = text;
	e.text_len = sizeof(text) - 1;
	ck_assert_uint_lt(strlen(said(&e)), 400);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("hv_event");
	TCase *tc = tcase_create("lines");

	suite_add_tcase(s, tc);
	tcase_add_test(tc, a_disk_command_is_named_with_drive_and_sectors);
	tcase_add_test(tc, the_sector_of_a_match_is_named);
	tcase_add_test(tc, what_became_of_it_and_how_grave_it_is);
	tcase_add_test(tc, a_trim_has_ranges_and_other_commands_nothing);
	tcase_add_test(tc, a_frame_has_protocol_ends_and_length);
	tcase_add_test(tc, a_long_text_is_cut);
	return s;
}
