/*
 * hv_wake_test.c - the tick's pace, and what the guest's writes to HPET and I/O APIC become
 */
#include "hv/guest/hpet.h"
#include "hv/guest/ioapic.h"
#include "hv/wake.h"
#include "tests/unit/unit.h"

#include <string.h>

/* ---- pace ---- */

START_TEST(an_idle_tick_has_its_own_rate)
{
	struct wake_pace p = { 0 };

	for (unsigned i = 0; i < 5; i++)
		ck_assert_uint_eq(wake_next_us(&p, 1, 1, 1000000, 1000000), 1000000);
	ck_assert_uint_eq(wake_next_us(&p, 500, 1000, 0, 1000), 1000);
	ck_assert_uint_eq(wake_next_us(&p, 1000, 1000, 100, 1000), 1000);
}
END_TEST

START_TEST(who_needs_more_gets_it_where_no_exits_come)
{
	struct wake_pace p = { 0 };

	ck_assert_uint_eq(wake_next_us(&p, 1000, 1, 0, 1000000), 1000);
	ck_assert_uint_eq(wake_next_us(&p, 1000, 1, 0, 1000), 1000);
	ck_assert_uint_eq(wake_next_us(&p, 250, 1, 0, 4000), 4000);
}
END_TEST

START_TEST(exits_make_it_rarer_down_to_an_eighth)
{
	static const uint32_t us[] = { 2000, 4000, 8000, 8000, 8000 };
	struct wake_pace p = { 1 };
	uint64_t elapsed = 1000;

	for (unsigned i = 0; i < 5; i++) {
		ck_assert_uint_eq(wake_next_us(&p, 1000, 1, elapsed / 1000, elapsed), us[i]);
		elapsed = us[i];
	}
	/* one too few, and it has its rate again */
	ck_assert_uint_eq(wake_next_us(&p, 1000, 1, 7, 8000), 1000);
	ck_assert_uint_eq(wake_next_us(&p, 1000, 1, 1, 1000), 2000);
	ck_assert_uint_eq(wake_next_us(&p, 1000, 1, 1, 2000), 1000);
}
END_TEST

START_TEST(it_never_waits_for_nothing_nor_longer_than_idle)
{
	struct wake_pace p = { 0 };

	ck_assert_uint_eq(wake_next_us(&p, 1000, 1, 0, 0), 1000);
	p.stretch = 0;
	ck_assert_uint_eq(wake_next_us(&p, 1000, 1, UINT64_MAX, 1000), 1000);
	p.stretch = 8;
	ck_assert_uint_eq(wake_next_us(&p, 1000, 900, 100, 1000), 1000000 / 900);
	p.stretch = 8;
	ck_assert_uint_eq(wake_next_us(&p, 2, 1, 100, 1000), 1000000);
}
END_TEST

START_TEST(a_status_tells_of_an_nmi_once)
{
	uint8_t seen = 0;

	ck_assert_uint_eq(wake_news(&seen, 0x3f), 0);
	ck_assert_uint_eq(wake_news(&seen, 0x80), 0x80);
	ck_assert_uint_eq(wake_news(&seen, 0x80), 0);
	ck_assert_uint_eq(wake_news(&seen, 0xc0), 0x40);
	ck_assert_uint_eq(wake_news(&seen, 0x40), 0);
	ck_assert_uint_eq(wake_news(&seen, 0xc0), 0x80);
	ck_assert_uint_eq(wake_news(&seen, 0x00), 0);
	ck_assert_uint_eq(wake_news(&seen, 0xff), 0xc0);
}
END_TEST

/* ---- an HPET of three comparators; the last is ours ---- */

#define OURS	2u

static uint32_t hpet[HPET_END / 4];
static uint32_t writes;
static unsigned last_size;
static struct hpet_guard h;

static uint32_t *hpet_at(uint32_t offset)
{
	ck_assert_uint_lt(offset, HPET_END);
	ck_assert_uint_eq(offset % 4, 0);
	return &hpet[offset / 4];
}

/* The counter goes on at each look, while it is enabled. */
static uint32_t hpet_get(void *host, uint32_t offset)
{
	uint32_t v = *hpet_at(offset);

	if (offset == HPET_COUNTER && *hpet_at(HPET_CFG) & CFG_ENABLE && ++*hpet_at(HPET_COUNTER) == 0)
		++*hpet_at(HPET_COUNTER + 4);
	return v;
}

static void hpet_put(void *host, uint32_t offset, unsigned size, uint64_t value)
{
	writes++;
	last_size = size;
	*hpet_at(offset) = (uint32_t)value;
	if (size == 8)
		*hpet_at(offset + 4) = (uint32_t)(value >> 32);
	ck_assert(size == 4 || size == 8);
	ck_assert_msg(offset < HPET_TIMER(OURS, 0) || offset >= HPET_TIMER(OURS + 1, 0), "ours was written");
}

static const struct hpet_bus hpet_bus = { NULL, hpet_get, hpet_put };

static void hpet_setup(void)
{
	memset(hpet, 0, sizeof(hpet));
	*hpet_at(HPET_CAP) = 0x8086a201;
	*hpet_at(HPET_PERIOD) = 10000000;
	*hpet_at(HPET_TIMER(OURS, TN_CFG)) = 0x8000 | TN_ENABLE;
	*hpet_at(HPET_TIMER(OURS, TN_CMP)) = 0x1234;
	*hpet_at(HPET_CFG) = CFG_ENABLE;
	*hpet_at(HPET_COUNTER) = 1000;
	hpet_guard_init(&h, &hpet_bus, OURS);
	writes = 0;
}

START_TEST(firmware_s_stopped_counter_runs_and_the_guest_finds_it_stopped)
{
	hpet_setup();
	*hpet_at(HPET_CFG) = CFG_LEGACY | 0x300;
	*hpet_at(HPET_TIMER(0, TN_CFG)) = TN_ENABLE;
	*hpet_at(HPET_COUNTER) = 77;
	hpet_guard_init(&h, &hpet_bus, OURS);
	ck_assert(h.stopped);
	ck_assert_uint_eq(h.timers, 3);
	ck_assert_uint_eq(*hpet_at(HPET_CFG), CFG_ENABLE | 0x300);
	ck_assert_uint_eq(hpet_read(&h, HPET_CFG, 4), CFG_LEGACY | 0x300);
	ck_assert_uint_eq(hpet_read(&h, HPET_COUNTER, 8), 77);
	ck_assert_uint_eq(*hpet_at(HPET_TIMER(0, TN_CFG)), 0);
	ck_assert_uint_eq(hpet_read(&h, HPET_TIMER(0, TN_CFG), 4), TN_ENABLE);
}
END_TEST

START_TEST(a_running_counter_is_the_guest_s)
{
	ck_assert(!h.stopped);
	ck_assert_uint_eq(writes, 0);
	ck_assert_uint_eq(hpet_read(&h, HPET_CFG, 4), CFG_ENABLE);
	ck_assert_uint_eq(hpet_read(&h, HPET_CAP, 8), UINT64_C(0x009896808086a201));
	ck_assert_uint_eq(hpet_read(&h, HPET_COUNTER, 4), 1000);
	ck_assert_uint_eq(hpet_read(&h, HPET_COUNTER, 4), 1001);
}
END_TEST

START_TEST(the_guest_stops_a_counter_of_its_own)
{
	*hpet_at(HPET_TIMER(0, TN_CFG)) = TN_ENABLE | 0x40;
	*hpet_at(HPET_TIMER(1, TN_CFG)) = 0x40;
	*hpet_at(HPET_CFG) = CFG_ENABLE | CFG_LEGACY;
	ck_assert(!hpet_write(&h, HPET_CFG, 4, CFG_LEGACY));
	ck_assert(h.stopped);
	/* ours goes on, legacy routing and its comparators do not */
	ck_assert_uint_eq(*hpet_at(HPET_CFG), CFG_ENABLE);
	ck_assert_uint_eq(*hpet_at(HPET_TIMER(0, TN_CFG)), 0x40);
	ck_assert_uint_eq(*hpet_at(HPET_TIMER(OURS, TN_CFG)), 0x8000 | TN_ENABLE);
	ck_assert_uint_eq(hpet_read(&h, HPET_CFG, 4), CFG_LEGACY);
	ck_assert_uint_eq(hpet_read(&h, HPET_TIMER(0, TN_CFG), 4), TN_ENABLE | 0x40);
	ck_assert_uint_eq(hpet_read(&h, HPET_TIMER(1, TN_CFG), 4), 0x40);
	ck_assert_uint_eq(hpet_read(&h, HPET_COUNTER, 4), 1000);
	ck_assert_uint_eq(hpet_read(&h, HPET_COUNTER, 4), 1000);
	ck_assert(!hpet_write(&h, HPET_CFG, 4, 0));
	ck_assert_uint_eq(hpet_read(&h, HPET_CFG, 4), 0);
	/* and goes on where it stood */
	*hpet_at(HPET_COUNTER) = 5000;
	ck_assert(hpet_write(&h, HPET_CFG, 4, CFG_ENABLE | CFG_LEGACY));
	ck_assert(!h.stopped);
	ck_assert_uint_eq(*hpet_at(HPET_COUNTER), 1000);
	ck_assert_uint_eq(*hpet_at(HPET_CFG), CFG_ENABLE | CFG_LEGACY);
	ck_assert_uint_eq(*hpet_at(HPET_TIMER(0, TN_CFG)), TN_ENABLE | 0x40);
	ck_assert_uint_eq(*hpet_at(HPET_TIMER(1, TN_CFG)), 0x40);
}
END_TEST

START_TEST(the_guest_sets_its_counter_while_it_is_stopped)
{
	hpet_write(&h, HPET_COUNTER, 8, 5);
	hpet_write(&h, HPET_COUNTER + 4, 4, 5);
	ck_assert_uint_eq(writes, 0);
	hpet_write(&h, HPET_CFG, 8, 0);
	hpet_write(&h, HPET_COUNTER, 8, UINT64_C(0x1122334455667788));
	ck_assert_uint_eq(hpet_read(&h, HPET_COUNTER, 8), UINT64_C(0x1122334455667788));
	hpet_write(&h, HPET_COUNTER, 4, 0xaabbccdd);
	ck_assert_uint_eq(hpet_read(&h, HPET_COUNTER, 8), UINT64_C(0x11223344aabbccdd));
	hpet_write(&h, HPET_COUNTER + 4, 4, 0xeeff0011);
	ck_assert_uint_eq(hpet_read(&h, HPET_COUNTER, 4), 0xaabbccdd);
	ck_assert_uint_eq(hpet_read(&h, HPET_COUNTER + 4, 4), 0xeeff0011);
	hpet_write(&h, HPET_COUNTER, 8, UINT64_C(0x0100000002));
	ck_assert_uint_eq(hpet_read(&h, HPET_COUNTER, 8), UINT64_C(0x0100000002));
	hpet_write(&h, HPET_COUNTER, 8, UINT64_C(0xeeff0011aabbccdd));
	ck_assert(hpet_write(&h, HPET_CFG, 4, CFG_ENABLE));
	ck_assert_uint_eq(*hpet_at(HPET_COUNTER), 0xaabbccdd);
	ck_assert_uint_eq(*hpet_at(HPET_COUNTER + 4), 0xeeff0011);
	ck_assert_uint_eq(*hpet_at(HPET_CFG), CFG_ENABLE);
}
END_TEST

START_TEST(legacy_routing_is_the_guest_s_while_the_counter_runs)
{
	ck_assert(!hpet_write(&h, HPET_CFG, 4, CFG_ENABLE | CFG_LEGACY));
	ck_assert_uint_eq(*hpet_at(HPET_CFG), CFG_ENABLE | CFG_LEGACY);
	ck_assert(!hpet_write(&h, HPET_CFG, 4, CFG_ENABLE));
	ck_assert_uint_eq(*hpet_at(HPET_CFG), CFG_ENABLE);
	ck_assert(!h.stopped);
}
END_TEST

START_TEST(comparators_but_ours_are_the_guest_s)
{
	for (uint32_t n = 0; n < OURS; n++) {
		hpet_write(&h, HPET_TIMER(n, TN_CFG), 4, TN_ENABLE | 0x48);
		hpet_write(&h, HPET_TIMER(n, TN_CMP), 8, UINT64_C(0x100000002));
		ck_assert_uint_eq(last_size, 8);
		ck_assert_uint_eq(*hpet_at(HPET_TIMER(n, TN_CFG)), TN_ENABLE | 0x48);
		ck_assert_uint_eq(*hpet_at(HPET_TIMER(n, TN_CMP)), 2);
		ck_assert_uint_eq(*hpet_at(HPET_TIMER(n, TN_CMP) + 4), 1);
		hpet_write(&h, HPET_TIMER(n, TN_CMP), 4, 7);
		hpet_write(&h, HPET_TIMER(n, TN_CMP) + 4, 4, 8);
		ck_assert_uint_eq(*hpet_at(HPET_TIMER(n, TN_CMP)), 7);
		ck_assert_uint_eq(*hpet_at(HPET_TIMER(n, TN_CMP) + 4), 8);
	}
	ck_assert_uint_eq(h.refused, 0);
	writes = 0;
	for (uint32_t reg = 0; reg < HPET_TIMER_BYTES; reg += 4)
		hpet_write(&h, HPET_TIMER(OURS, reg), 4, 0);
	hpet_write(&h, HPET_TIMER(OURS, TN_CFG), 8, 0);
	ck_assert_uint_eq(h.refused, 9);
	/* there are no more */
	hpet_write(&h, HPET_TIMER(3, TN_CFG), 4, TN_ENABLE);
	hpet_write(&h, HPET_TIMER(23, TN_CFG), 4, TN_ENABLE);
	ck_assert_uint_eq(writes, 0);
}
END_TEST

START_TEST(a_comparator_set_while_stopped_interrupts_when_started)
{
	hpet_write(&h, HPET_CFG, 4, 0);
	hpet_write(&h, HPET_TIMER(1, TN_CFG), 4, TN_ENABLE | 0x40);
	ck_assert_uint_eq(*hpet_at(HPET_TIMER(1, TN_CFG)), 0x40);
	ck_assert_uint_eq(hpet_read(&h, HPET_TIMER(1, TN_CFG), 4), TN_ENABLE | 0x40);
	hpet_write(&h, HPET_TIMER(0, TN_CFG), 8, TN_ENABLE);
	hpet_write(&h, HPET_TIMER(0, TN_CFG), 4, 0);
	hpet_write(&h, HPET_CFG, 4, CFG_ENABLE);
	ck_assert_uint_eq(*hpet_at(HPET_TIMER(1, TN_CFG)), TN_ENABLE | 0x40);
	ck_assert_uint_eq(*hpet_at(HPET_TIMER(0, TN_CFG)), 0);
}
END_TEST

START_TEST(messages_go_to_local_apics_and_never_as_init)
{
	const uint32_t value = HPET_TIMER(1, TN_FSB), address = HPET_TIMER(1, TN_FSB_ADDRESS);

	hpet_write(&h, value, 4, 0x4041);
	hpet_write(&h, address, 4, 0xfeeff000);
	ck_assert_uint_eq(*hpet_at(value), 0x4041);
	ck_assert_uint_eq(*hpet_at(address), 0xfeeff000);
	hpet_write(&h, value, 4, 0x4541);			/* INIT */
	hpet_write(&h, address, 4, 0xfed00000);
	hpet_write(&h, address, 4, 0xfef00000);
	hpet_write(&h, address, 4, 0);
	hpet_write(&h, value, 8, UINT64_C(0x1000000000000041));
	hpet_write(&h, value, 8, UINT64_C(0xfee0000000000541));
	ck_assert_uint_eq(h.refused, 6);
	ck_assert_uint_eq(*hpet_at(value), 0x4041);
	ck_assert_uint_eq(*hpet_at(address), 0xfeeff000);
	hpet_write(&h, value, 8, UINT64_C(0xfee0000000000442));
	ck_assert_uint_eq(*hpet_at(value), 0x442);
	ck_assert_uint_eq(*hpet_at(address), 0xfee00000);
}
END_TEST

START_TEST(other_registers_and_accesses_vanish)
{
	hpet_write(&h, HPET_ISR, 4, 7);
	ck_assert_uint_eq(writes, 1);
	writes = 0;
	for (uint32_t at = 0; at < HPET_TIMERS; at += 4) {
		if (at != HPET_CFG && at != HPET_ISR)
			hpet_write(&h, at, 4, UINT32_MAX);
	}
	hpet_write(&h, HPET_CFG, 2, 0);
	hpet_write(&h, HPET_CFG, 1, 0);
	hpet_write(&h, HPET_CFG + 4, 8, 0);
	hpet_write(&h, HPET_CFG + 4, 4, 0);
	hpet_write(&h, HPET_END, 4, 0);
	hpet_write(&h, 0xffc, 4, 0);
	ck_assert_uint_eq(writes, 0);
	ck_assert(!h.stopped);
	ck_assert_uint_eq(hpet_read(&h, HPET_END, 4), 0);
	ck_assert_uint_eq(hpet_read(&h, HPET_CFG, 1), 0);
	ck_assert_uint_eq(hpet_read(&h, HPET_CFG + 4, 8), 0);
}
END_TEST

START_TEST(a_counter_that_carries_is_read_whole)
{
	*hpet_at(HPET_COUNTER) = UINT32_MAX;
	*hpet_at(HPET_COUNTER + 4) = 6;
	hpet_write(&h, HPET_CFG, 4, 0);
	ck_assert_uint_eq(h.counter, UINT64_C(7) << 32);
}
END_TEST

/* ---- an I/O APIC of 24 pins, all masked ---- */

#define PINS	24u
#define LOW(pin)	(IOAPIC_ENTRIES + 2 * (pin))
#define NMI_ENTRY	(IOAPIC_NMI | IOAPIC_TO(0xff))

static uint32_t pins[IOAPIC_ENTRIES + 2 * PINS];
static uint32_t ended;
static struct ioapic_guard io;

static uint32_t ioapic_get(void *host, uint32_t index)
{
	ck_assert_uint_lt(index, sizeof(pins) / sizeof(pins[0]));
	return pins[index];
}

static void ioapic_put(void *host, uint32_t index, uint32_t value)
{
	ck_assert_uint_lt(index, sizeof(pins) / sizeof(pins[0]));
	pins[index] = value;
	writes++;
}

static void ioapic_end(void *host, uint32_t vector)
{
	ended = vector;
}

static const struct ioapic_bus ioapic_bus = { ioapic_get, ioapic_put, ioapic_end };

static uint32_t read_index(uint32_t index)
{
	ioapic_write(&io, IOAPIC_SELECT, 4, index);
	return (uint32_t)ioapic_read(&io, IOAPIC_WINDOW, 4);
}

static bool write_index(uint32_t index, uint32_t value)
{
	ck_assert(!ioapic_write(&io, IOAPIC_SELECT, 4, index));
	return ioapic_write(&io, IOAPIC_WINDOW, 4, value);
}

static void ioapic_setup(void)
{
	memset(pins, 0, sizeof(pins));
	pins[IOAPIC_VERSION] = 0x00170020;
	for (uint32_t i = 0; i < PINS; i++)
		pins[LOW(i)] = IOAPIC_MASKED;
	ioapic_guard_init(&io, &ioapic_bus, NULL);
	writes = 0;
	ended = 0;
}

START_TEST(the_last_masked_candidate_is_taken)
{
	ck_assert_uint_eq(io.pins, PINS);
	pins[LOW(22)] = 0;
	ck_assert_uint_eq(ioapic_take(&io, 0x00540000, NMI_ENTRY), 20);
	ck_assert_uint_eq(pins[LOW(20)], IOAPIC_NMI);
	ck_assert_uint_eq(pins[LOW(20) + 1], 0xff000000);
	ioapic_setup();
	ck_assert_uint_eq(ioapic_take(&io, 0xff000000, NMI_ENTRY), IOAPIC_NO_PIN);
	ck_assert_uint_eq(ioapic_take(&io, 0, NMI_ENTRY), IOAPIC_NO_PIN);
	ck_assert_uint_eq(writes, 0);
	ck_assert_uint_eq(ioapic_take(&io, UINT32_MAX, NMI_ENTRY), 23);
}
END_TEST

START_TEST(our_entry_reads_as_the_guest_left_it)
{
	pins[LOW(23) + 1] = 0x01000000;
	pins[LOW(23)] = IOAPIC_MASKED | 0x31;
	ioapic_take(&io, 1u << 23, NMI_ENTRY);
	ck_assert_uint_eq(read_index(LOW(23)), IOAPIC_MASKED | 0x31);
	ck_assert_uint_eq(read_index(LOW(23) + 1), 0x01000000);
	ck_assert(!write_index(LOW(23) + 1, 0x05000000));
	ck_assert(!write_index(LOW(23), IOAPIC_MASKED | 0xd042));
	ck_assert_uint_eq(read_index(LOW(23)), IOAPIC_MASKED | 0x8042);	/* without the read-only bits */
	ck_assert_uint_eq(read_index(LOW(23) + 1), 0x05000000);
	ck_assert_uint_eq(pins[LOW(23)], IOAPIC_NMI);
	ck_assert_uint_eq(pins[LOW(23) + 1], 0xff000000);
	ck_assert_uint_eq(io.refused, 0);
}
END_TEST

START_TEST(other_entries_are_the_guest_s)
{
	ioapic_take(&io, 1u << 23, NMI_ENTRY);
	ck_assert(!write_index(LOW(22), 0xa041));
	ck_assert(!write_index(LOW(22) + 1, 0x02000000));
	ck_assert(!write_index(IOAPIC_ID, 0x05000000));
	ck_assert_uint_eq(pins[LOW(22)], 0xa041);
	ck_assert_uint_eq(read_index(LOW(22)), 0xa041);
	ck_assert_uint_eq(read_index(LOW(22) + 1), 0x02000000);
	ck_assert_uint_eq(read_index(IOAPIC_VERSION), 0x00170020);
	ck_assert_uint_eq(read_index(IOAPIC_ID), 0x05000000);
	ck_assert_uint_eq(ioapic_read(&io, IOAPIC_SELECT, 4), IOAPIC_ID);
	ioapic_write(&io, IOAPIC_SELECT, 4, 0x1234);
	ck_assert_uint_eq(ioapic_read(&io, IOAPIC_SELECT, 4), 0x34);
	ioapic_write(&io, IOAPIC_EOI, 4, 0x41);
	ck_assert_uint_eq(ended, 0x41);
}
END_TEST

START_TEST(when_the_guest_wants_our_pin_we_have_another)
{
	ioapic_take(&io, 0x00e00000, NMI_ENTRY);
	pins[LOW(22)] = 0xa050;			/* in use */
	pins[LOW(21) + 1] = 0x03000000;
	write_index(LOW(23) + 1, 0x01000000);
	ck_assert(write_index(LOW(23), 0xa041));
	ck_assert_uint_eq(io.ours, 21);
	ck_assert_uint_eq(pins[LOW(23)], 0xa041);
	ck_assert_uint_eq(pins[LOW(23) + 1], 0x01000000);
	ck_assert_uint_eq(pins[LOW(21)], IOAPIC_NMI);
	ck_assert_uint_eq(pins[LOW(21) + 1], 0xff000000);
	ck_assert_uint_eq(read_index(LOW(21)), IOAPIC_MASKED);
	ck_assert_uint_eq(read_index(LOW(21) + 1), 0x03000000);
	ck_assert_uint_eq(read_index(LOW(23)), 0xa041);
	ck_assert_uint_eq(io.refused, 0);
}
END_TEST

START_TEST(the_last_pin_stays_ours)
{
	ioapic_take(&io, 0x00c00000, NMI_ENTRY);
	ck_assert(write_index(LOW(23), 0xa041));
	ck_assert(!write_index(LOW(22), 0xa042));
	ck_assert_uint_eq(io.ours, 22);
	ck_assert_uint_eq(pins[LOW(22)], IOAPIC_NMI);
	ck_assert_uint_eq(read_index(LOW(22)), 0xa042);
	ck_assert_uint_eq(io.refused, 1);
	/* until there is room */
	ck_assert(!write_index(LOW(23), IOAPIC_MASKED));
	ck_assert(write_index(LOW(22), 0xa042));
	ck_assert_uint_eq(io.ours, 23);
	ck_assert_uint_eq(pins[LOW(22)], 0xa042);
}
END_TEST

START_TEST(no_entry_sends_init)
{
	ioapic_take(&io, 0x00c00000, NMI_ENTRY);
	write_index(LOW(3), 0x500);
	ck_assert_uint_eq(pins[LOW(3)], IOAPIC_MASKED | 0x500);
	ck_assert(!write_index(LOW(23), 0x500));
	ck_assert_uint_eq(io.ours, 23);
	ck_assert_uint_eq(read_index(LOW(23)), IOAPIC_MASKED | 0x500);
	ck_assert_uint_eq(io.refused, 2);
	write_index(LOW(3) + 1, 0x500);		/* no mode there */
	ck_assert_uint_eq(pins[LOW(3) + 1], 0x500);
	write_index(LOW(3), 0x400);
	ck_assert_uint_eq(pins[LOW(3)], 0x400);
}
END_TEST

START_TEST(what_is_not_there_vanishes)
{
	write_index(IOAPIC_VERSION, 0);
	write_index(0x0f, 0);
	write_index(LOW(PINS), 0);
	write_index(LOW(PINS) + 1, 0);
	write_index(0xff, 0);
	ck_assert_uint_eq(read_index(LOW(PINS)), 0);
	ck_assert_uint_eq(read_index(0xff), 0);
	ioapic_write(&io, IOAPIC_SELECT, 4, LOW(1));
	ioapic_write(&io, IOAPIC_WINDOW, 1, 0);
	ioapic_write(&io, IOAPIC_WINDOW, 8, 0);
	ioapic_write(&io, 0x20, 4, 5);
	ioapic_write(&io, 0x110, 4, 0);
	ioapic_write(&io, IOAPIC_EOI, 1, 0x41);
	ck_assert_uint_eq(writes, 0);
	ck_assert_uint_eq(ended, 0);
	ck_assert_uint_eq(ioapic_read(&io, 0x20, 4), 0);
	ck_assert_uint_eq(ioapic_read(&io, IOAPIC_WINDOW, 2), 0);
	ck_assert_uint_eq(read_index(LOW(PINS - 1)), IOAPIC_MASKED);
	/* one that says it has more entries than there are indices */
	pins[IOAPIC_VERSION] = 0x00ff0020;
	ioapic_guard_init(&io, &ioapic_bus, NULL);
	ck_assert_uint_eq(io.pins, 120);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("hv_wake");
	TCase *tc = unit_case(s, "pace");

	tcase_add_test(tc, an_idle_tick_has_its_own_rate);
	tcase_add_test(tc, who_needs_more_gets_it_where_no_exits_come);
	tcase_add_test(tc, exits_make_it_rarer_down_to_an_eighth);
	tcase_add_test(tc, it_never_waits_for_nothing_nor_longer_than_idle);
	tcase_add_test(tc, a_status_tells_of_an_nmi_once);
	tc = unit_case(s, "hpet");
	tcase_add_checked_fixture(tc, hpet_setup, NULL);
	tcase_add_test(tc, firmware_s_stopped_counter_runs_and_the_guest_finds_it_stopped);
	tcase_add_test(tc, a_running_counter_is_the_guest_s);
	tcase_add_test(tc, the_guest_stops_a_counter_of_its_own);
	tcase_add_test(tc, the_guest_sets_its_counter_while_it_is_stopped);
	tcase_add_test(tc, legacy_routing_is_the_guest_s_while_the_counter_runs);
	tcase_add_test(tc, comparators_but_ours_are_the_guest_s);
	tcase_add_test(tc, a_comparator_set_while_stopped_interrupts_when_started);
	tcase_add_test(tc, messages_go_to_local_apics_and_never_as_init);
	tcase_add_test(tc, other_registers_and_accesses_vanish);
	tcase_add_test(tc, a_counter_that_carries_is_read_whole);
	tc = unit_case(s, "ioapic");
	tcase_add_checked_fixture(tc, ioapic_setup, NULL);
	tcase_add_test(tc, the_last_masked_candidate_is_taken);
	tcase_add_test(tc, our_entry_reads_as_the_guest_left_it);
	tcase_add_test(tc, other_entries_are_the_guest_s);
	tcase_add_test(tc, when_the_guest_wants_our_pin_we_have_another);
	tcase_add_test(tc, the_last_pin_stays_ours);
	tcase_add_test(tc, no_entry_sends_init);
	tcase_add_test(tc, what_is_not_there_vanishes);
	return s;
}
