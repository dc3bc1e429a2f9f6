/*
 * hv_log_test.c - the hypervisor's log: lines, numbers, what is lost, what the guest may say, a UART that is stuck
 */
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "hv/rate.h"
#include "hv/text.h"
#include "tests/unit/hv_log_lab.h"
#include "tests/unit/unit.h"

#define ROOM	16u
#define MINUTE	(UINT64_C(60) * 1000000)

static const char *add(uint32_t room, const char *format, ...)
{
	static char space[512];
	struct text t = { space, room, 0 };
	va_list args;

	memset(space, '#', sizeof(space));
	va_start(args, format);
	text_add_list(&t, format, args);
	va_end(args);
	ck_assert_uint_le(t.len, room);
	for (uint32_t i = room; i < sizeof(space); i++)
		ck_assert_int_eq(space[i], '#');
	space[t.len] = '\0';
	return space;
}

START_TEST(every_conversion_prints_what_printf_would)
{
	ck_assert_str_eq(add(500, "%u %d %x %s %c %%", 42u, -42, 0xabcu, "word", 'c'), "42 -42 abc word c %");
	ck_assert_str_eq(add(500, "%llu %llx %lld", ~0ull, ~0ull, -9223372036854775807ll - 1),
			 "18446744073709551615 ffffffffffffffff -9223372036854775808");
	ck_assert_str_eq(add(500, "[%04x] [%5u] [%02x] [%-]", 0xabu, 7u, 0x1234u), "[00ab] [    7] [1234] [-]");
	ck_assert_str_eq(add(500, "%zu %lu %lx", (size_t)1, 2ul, 3ul), "1 2 3");
	ck_assert_str_eq(add(500, "%u %d %d %", 0u, 0, 1), "0 0 1 ");
	ck_assert_uint_eq(strlen(add(500, "%64u", 1u)), 64);
	ck_assert_uint_eq(strlen(add(500, "%65u", 1u)), 64);
	ck_assert_uint_eq(strlen(add(500, "%99999999999u", 1u)), 64);
}
END_TEST

START_TEST(text_of_others_cannot_end_a_line_or_speak_to_a_terminal)
{
	ck_assert_str_eq(add(500, "%s|%c", "a\r\nb\x1b[2J\x7f\x80\xff~ ", '\n'), "a??b?[2J???~ |?");
}
END_TEST

START_TEST(text_is_cut_one_past_its_room_and_says_so)
{
	ck_assert_str_eq(add(8, "%s", "12345678"), "12345678");
	ck_assert_str_eq(add(8, "%s", "123456789"), "12345...");
	ck_assert_str_eq(add(3, "%s", "1234"), "...");
	ck_assert_str_eq(add(2, "%s", "1234"), "12");
	ck_assert_str_eq(add(0, "%s", "1"), "");
}
END_TEST

START_TEST(a_line_has_time_processor_level_number_and_crc)
{
	struct lab_line l;

	ck_assert_uint_eq(lab_crc("123456789", 9), 0x29b1);
	log_line("first %u", 1u);
	lab.now = 9999999999999;
	log_error("second");
	lab_drain();
	ck_assert_int_eq(memcmp(lab.sent, "\r\nsluice: [    1.234567 0 info #1 ", 34), 0);
	ck_assert(lab_next(&l));
	ck_assert_uint_eq(l.us, 1234567);
	ck_assert_str_eq(l.text, "first 1");
	ck_assert(lab_next(&l));
	ck_assert_uint_eq(l.us, 9999999999999);
	ck_assert_uint_eq(l.number, 2);
	ck_assert_str_eq(l.level, "error");
	ck_assert_str_eq(l.text, "second");
	ck_assert(!lab_next(&l));
}
END_TEST

START_TEST(the_longest_head_and_text_fit_and_one_more_is_cut)
{
	char text[LOG_TEXT_MAX + 2];
	struct lab_line l;

	memset(text, 'x', sizeof(text));
	text[LOG_TEXT_MAX] = '\0';
	lab.now = UINT64_MAX;
	log_line("%s", text);
	text[LOG_TEXT_MAX] = 'x';
	text[LOG_TEXT_MAX + 1] = '\0';
	log_line("%s", text);
	lab_drain();
	ck_assert(lab_next(&l));
	ck_assert_uint_eq(strlen(l.text), LOG_TEXT_MAX);
	ck_assert_str_eq(l.text + LOG_TEXT_MAX - 3, "xxx");
	ck_assert(lab_next(&l));
	ck_assert_str_eq(l.text + LOG_TEXT_MAX - 3, "...");
}
END_TEST

START_TEST(times_never_go_back)
{
	struct lab_line l;

	log_line("a");
	lab.now -= 1000;
	log_line("b");
	lab_drain();
	lab_find("a");
	l = lab_find("b");
	ck_assert_uint_eq(l.us, 1234567);
}
END_TEST

START_TEST(a_processor_is_told_by_its_apic_id)
{
	cpu_set_t here;
	uint32_t id;

	/* or the process may move between two questions */
	CPU_ZERO(&here);
	CPU_SET((unsigned)sched_getcpu(), &here);
	ck_assert_int_eq(sched_setaffinity(0, sizeof(here), &here), 0);
	id = cpuid(1, 0).ebx >> 24;
	for (uint32_t i = 0; i < CPUS_MAX; i++)
		cpus[i].apic_id = id + 1 + i;
	cpu_count = 6;
	log_line("unknown");
	cpus[5].apic_id = id;
	log_line("the last");
	cpu_count = 5;
	log_line("not among them");
	cpus[0].apic_id = id + 1;
	cpus[3].apic_id = id;
	cpu_count = 1;		/* nobody is asked */
	log_line("alone");
	lab_drain();
	ck_assert_uint_eq(lab_find("unknown").cpu, 0);
	ck_assert_uint_eq(lab_find("the last").cpu, 5);
	ck_assert_uint_eq(lab_find("not among them").cpu, 0);
	ck_assert_uint_eq(lab_find("alone").cpu, 0);
}
END_TEST

START_TEST(levels_decide_what_is_said)
{
	static const struct { enum log_level at; const char *said; } rows[] = {
		{ LOG_QUIET, "e" }, { LOG_INFO, "iemv" }, { LOG_DEBUG, "idembv" },
	};

	for (unsigned i = 0; i < 3; i++) {
		char said[16] = "";
		unsigned n = 0;
		struct lab_line l;

		log_level(rows[i].at);
		log_line("i");
		log_debug("d");
		log_error("e");
		log_guest(OFFENCE_MSR, "m");
		log_guest(OFFENCE_BAR, "b");
		log_event(LINE_INFO, "v");
		lab_drain();
		while (lab_next(&l) && n < sizeof(said) - 1)
			said[n++] = strncmp(l.text, "guest: ", 7) ? l.text[0] : l.text[7];
		ck_assert_str_eq(said, rows[i].said);
		ck_assert(log_is_debug() == (i == 2));
	}
}
END_TEST

/* Lines of 100 bytes of text until none fits; how many. */
static unsigned fill(void)
{
	char text[101];
	unsigned n = 0;

	memset(text, 'y', 100);
	text[100] = '\0';
	for (; log_lost() == 0; n++)
		log_line("%s", text);
	return n - 1;
}

START_TEST(a_full_ring_loses_the_newest_and_the_gap_shows)
{
	struct lab_line l;
	unsigned kept = fill(), n = 0;

	log_line("also lost");
	ck_assert_uint_eq(log_lost(), 2);
	lab_drain();
	log_line("after");
	lab_drain();
	for (; lab_next(&l) && l.text[0] == 'y'; n++)
		ck_assert_uint_eq(l.number, n + 1);
	ck_assert_uint_eq(n, kept);
	ck_assert_uint_ge(n, LOG_RING / 150 - 1);
	ck_assert_uint_eq(l.number, kept + 3);
	ck_assert_str_eq(l.text, "log: 2 lines lost, the serial line is too slow");
	ck_assert_str_eq(l.level, "warn");
	l = lab_find("after");
	ck_assert_uint_eq(l.number, kept + 4);
	ck_assert(!lab_next(&l));
}
END_TEST

START_TEST(a_loss_is_told_before_the_next_line_or_that_is_lost_too)
{
	unsigned kept = fill();
	struct lab_line l;

	log_drain(16);		/* room for neither */
	log_line("short");
	ck_assert_uint_eq(log_lost(), 2);
	lab_drain();
	log_line("z");
	lab_drain();
	l = lab_find("log: 2 lines lost");
	ck_assert_uint_eq(l.number, kept + 3);
	ck_assert_uint_eq(lab_find("z").number, kept + 4);
}
END_TEST

START_TEST(the_ring_is_used_to_its_last_byte_over_and_over)
{
	struct lab_line l;
	unsigned n = 0;

	for (unsigned round = 0; round < 5; round++) {
		for (unsigned i = 0; i < 400; i++)
			log_line("%u", n++);
		lab_drain();
	}
	for (unsigned i = 0; i < n; i++) {
		char text[16];

		ck_assert(lab_next(&l));
		snprintf(text, sizeof(text), "%u", i);
		ck_assert_str_eq(l.text, text);
	}
	ck_assert_uint_eq(log_lost(), 0);
}
END_TEST

static void line_of(unsigned len)
{
	char text[256];

	memset(text, 'z', len);
	text[len] = '\0';
	log_line("%s", text);
}

START_TEST(a_line_fits_to_the_rings_last_byte_and_no_further)
{
	uint32_t head, room;

	for (unsigned past = 0; past <= 1; past++) {
		for (unsigned i = 0; past == 0 && i < 100; i++)	/* from now on numbers of three digits */
			line_of(1);
		lab_drain();
		head = lab.len;
		line_of(120);
		lab_drain();
		head = lab.len - head - 120;
		room = LOG_RING - 2;		/* kept for the end of a line that others began */
		for (; room >= 2 * (head + 120); room -= head + 120)
			line_of(120);
		line_of(room / 2 - head);
		line_of(room - room / 2 - head + past);
		ck_assert_uint_eq(log_lost(), past);
		lab_drain();
	}
}
END_TEST

START_TEST(what_the_guest_causes_never_fills_the_reserve)
{
	struct lab_line l;
	unsigned guest = 0;

	while (log_lost() == 0) {
		lab.now += MINUTE;
		log_guest(OFFENCE_MSR, "%0100u", 1u);
		guest++;
	}
	log_error("this matters");
	ck_assert_uint_eq(log_lost(), 1);
	lab_drain();
	ck_assert_uint_le(lab.len, LOG_RING - LOG_RESERVE + 256);
	ck_assert_uint_gt(lab.len, LOG_RING - LOG_RESERVE - 256);
	lab_find("log: 1 lines lost");
	l = lab_find("this matters");
	ck_assert_uint_eq(l.number, guest + 2);
}
END_TEST

START_TEST(a_flood_is_eight_lines_then_one_a_minute_with_the_number_left_out)
{
	struct lab_line l;

	for (unsigned i = 0; i < 1000; i++)
		log_guest(OFFENCE_MSR, "msr %u", i);
	log_guest(OFFENCE_PORT, "port");
	lab.now += MINUTE - 1;
	log_guest(OFFENCE_MSR, "too early");
	lab.now += 1;
	log_guest(OFFENCE_MSR, "again");
	log_guest(OFFENCE_MSR, "not again");
	lab_drain();
	for (unsigned i = 0; i < RATE_BURST; i++) {
		ck_assert(lab_next(&l));
		ck_assert_msg(!strncmp(l.text, "guest: msr ", 11), "%s", l.text);
		ck_assert_str_eq(l.level, "warn");
	}
	ck_assert(lab_next(&l));
	ck_assert_str_eq(l.text, "guest: port");
	ck_assert(lab_next(&l));
	ck_assert_str_eq(l.text, "guest: again (993 like it left out)");
	ck_assert(!lab_next(&l));
	ck_assert_uint_eq(log_guest_said(OFFENCE_MSR), RATE_BURST + 1);
	ck_assert_uint_eq(log_guest_said(OFFENCE_PORT), 1);
	ck_assert_uint_eq(log_guest_said(OFFENCE_BAR), 0);
}
END_TEST

START_TEST(what_was_left_out_is_told_when_the_flood_is_over)
{
	struct lab_line l;

	for (unsigned i = 0; i < 100; i++)
		log_guest(OFFENCE_MSR, "msr");
	log_tick();
	lab.now += MINUTE;
	log_tick();
	lab.now += MINUTE;
	log_tick();
	lab_drain();
	l = lab_find("guest: msr: 92 more left out");
	ck_assert_str_eq(l.level, "warn");
	ck_assert(!lab_next(&l));
}
END_TEST

START_TEST(the_bucket_fills_again_to_eight_and_no_further)
{
	struct rate r = { 0 };
	unsigned n;

	for (unsigned i = 0; i < RATE_BURST; i++)
		ck_assert(rate_take(&r, 5));
	ck_assert(!rate_take(&r, 5));
	ck_assert(!rate_take(&r, 5 + RATE_PERIOD_US - 1));
	ck_assert_uint_eq(r.unsaid, 2);
	ck_assert(rate_take(&r, 5 + RATE_PERIOD_US));
	ck_assert(!rate_take(&r, 5 + 2 * RATE_PERIOD_US - 1));
	ck_assert(rate_take(&r, 5 + 2 * RATE_PERIOD_US));
	for (n = 0; rate_take(&r, 1000 * RATE_PERIOD_US); n++)
		;
	ck_assert_uint_eq(n, RATE_BURST);
	/* a clock that goes back gives nothing */
	ck_assert(!rate_take(&r, 0));
	/* three come back of eight */
	for (n = 0; rate_take(&r, 1003 * RATE_PERIOD_US); n++)
		;
	ck_assert_uint_eq(n, 3);
}
END_TEST

START_TEST(a_drain_sends_what_was_asked_and_what_the_uart_takes)
{
	log_line("0123456789012345678901234567890123456789");
	log_drain(5);
	ck_assert_uint_eq(lab.len, 5);
	log_drain(100);
	ck_assert_uint_eq(lab.len, 5 + ROOM);
	lab.room = 1;
	log_drain(100);
	ck_assert_uint_eq(lab.len, 6 + ROOM);
	lab.room = 0;
	log_drain(100);
	ck_assert_uint_eq(lab.len, 6 + ROOM);
	lab.room = ROOM;
	lab_drain();
	ck_assert(!log_pending());
	log_drain(100);
	ck_assert_uint_lt(lab.len, 100);
}
END_TEST

START_TEST(a_stuck_uart_is_given_up)
{
	uint64_t from = lab.now;

	log_line("never seen");
	lab.room = 0;
	lab.step = 10;
	log_flush();
	ck_assert_uint_ge(lab.now - from, LOG_STUCK_US);
	ck_assert_uint_lt(lab.now - from, LOG_STUCK_US + 1000);
	ck_assert(!log_pending());	/* nobody needs to hurry for it */
	from = lab.now;
	log_flush();
	log_drain(16);
	log_tick();
	ck_assert_uint_lt(lab.now - from, 1000);
	ck_assert_uint_eq(lab.len, 0);
	/* it comes back */
	lab.room = 1;
	log_drain(1);
	ck_assert(log_pending());
	ck_assert_uint_eq(lab.len, 1);
	/* and is given its time again */
	lab.room = 0;
	lab.step = 0;
	log_drain(16);
	lab.now += LOG_STUCK_US;
	log_drain(16);
	ck_assert(log_pending());
	lab.now += 1;
	log_drain(16);
	ck_assert(!log_pending());
	lab.room = 1;
	log_flush();
	ck_assert(!log_pending());
	lab_find("never seen");
}
END_TEST

START_TEST(without_a_uart_nothing_waits)
{
	lab.no_uart = true;
	log_line("to nobody");
	log_flush();
	ck_assert(!log_pending());
	log_drain(16);
	log_tick();
	ck_assert_uint_eq(lab.len, 0);
}
END_TEST

START_TEST(a_tick_minds_the_uart_once_a_second)
{
	struct lab_line l;

	lab.changed = true;
	log_tick();
	lab_drain();
	l = lab_find("console: its UART was changed");
	ck_assert_str_eq(l.level, "error");
	lab.changed = true;
	lab.now += 999999;
	log_tick();
	lab_drain();
	ck_assert(!lab_next(&l));
	lab.now += 1;
	log_tick();
	lab_drain();
	lab_find("console: its UART was changed");
}
END_TEST

START_TEST(a_tick_sends_for_two_milliseconds_where_nobody_exits)
{
	for (unsigned i = 0; i < 300; i++)
		log_line("line %u", i);
	lab.room = 1;
	lab.step = 87;		/* a byte at 115200 baud */
	log_tick();
	ck_assert_uint_ge(lab.len, 20);
	ck_assert_uint_le(lab.len, 30);
	ck_assert(log_pending());
}
END_TEST

static void last(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_text("bug: ", format, args);
	va_end(args);
}

START_TEST(last_words_are_said_at_every_level_and_on_the_screen)
{
	struct lab_line l;

	log_level(LOG_QUIET);
	last("%s", "it broke\n");
	ck_assert_str_eq(lab.screen, "sluice: bug: it broke?");
	log_flush();
	ck_assert(lab_next(&l));
	ck_assert_str_eq(l.text, "bug: it broke?");
	ck_assert_str_eq(l.level, "error");
}
END_TEST

START_TEST(last_words_have_room_in_a_full_ring)
{
	fill();
	last("it broke");
	log_flush();
	lab_find("log: 1 lines lost");
	lab_find("bug: it broke");
}
END_TEST

static void dies(void)
{
	last("inside the log");
}

START_TEST(who_dies_holding_the_logs_lock_still_speaks)
{
	log_line("the last ordinary line");
	lab.on_byte = dies;
	log_flush();
	log_flush();
	ck_assert_str_eq(lab.screen, "sluice: bug: inside the log");
	ck_assert_ptr_nonnull(memmem(lab.sent, lab.len, "bug: inside the log", 19));
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("hv log");
	TCase *t = unit_case(s, "text");

	lab_own_process();
	tcase_add_test(t, every_conversion_prints_what_printf_would);
	tcase_add_test(t, text_of_others_cannot_end_a_line_or_speak_to_a_terminal);
	tcase_add_test(t, text_is_cut_one_past_its_room_and_says_so);
	t = unit_case(s, "lines");
	tcase_add_test(t, a_line_has_time_processor_level_number_and_crc);
	tcase_add_test(t, the_longest_head_and_text_fit_and_one_more_is_cut);
	tcase_add_test(t, times_never_go_back);
	tcase_add_test(t, a_processor_is_told_by_its_apic_id);
	tcase_add_test(t, levels_decide_what_is_said);
	t = unit_case(s, "ring");
	tcase_add_test(t, a_full_ring_loses_the_newest_and_the_gap_shows);
	tcase_add_test(t, a_loss_is_told_before_the_next_line_or_that_is_lost_too);
	tcase_add_test(t, the_ring_is_used_to_its_last_byte_over_and_over);
	tcase_add_test(t, a_line_fits_to_the_rings_last_byte_and_no_further);
	t = unit_case(s, "guest");
	tcase_add_test(t, what_the_guest_causes_never_fills_the_reserve);
	tcase_add_test(t, a_flood_is_eight_lines_then_one_a_minute_with_the_number_left_out);
	tcase_add_test(t, what_was_left_out_is_told_when_the_flood_is_over);
	tcase_add_test(t, the_bucket_fills_again_to_eight_and_no_further);
	t = unit_case(s, "UART");
	tcase_add_test(t, a_drain_sends_what_was_asked_and_what_the_uart_takes);
	tcase_add_test(t, a_stuck_uart_is_given_up);
	tcase_add_test(t, without_a_uart_nothing_waits);
	tcase_add_test(t, a_tick_minds_the_uart_once_a_second);
	tcase_add_test(t, a_tick_sends_for_two_milliseconds_where_nobody_exits);
	t = unit_case(s, "last words");
	tcase_add_test(t, last_words_are_said_at_every_level_and_on_the_screen);
	tcase_add_test(t, last_words_have_room_in_a_full_ring);
	tcase_add_test(t, who_dies_holding_the_logs_lock_still_speaks);
	return s;
}
