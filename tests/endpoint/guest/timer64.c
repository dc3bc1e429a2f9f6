/*
 * timer64.c - checks of the HPET and the I/O APIC: what of them is the guest's works, and stops nothing else
 */
#include "tests/endpoint/guest/acpi.h"
#include "tests/endpoint/guest/check.h"
#include "tests/endpoint/guest/print.h"
#include "tests/endpoint/guest/trap.h"
#include "tests/endpoint/guest/x86.h"

#define HPET		0xfed00000
#define HPET_CAP	(HPET + 0x000)
#define HPET_CFG	(HPET + 0x010)
#define  CFG_ENABLE	1
#define HPET_ISR	(HPET + 0x020)
#define HPET_COUNTER	(HPET + 0x0f0)
#define TIMER(n, reg)	(HPET + 0x100 + 0x20 * (n) + (reg))
#define TN_CFG		0x00
#define  TN_ENABLE	4
#define  TN_32BIT	0x100
#define  TN_ROUTE(pin)	((pin) << 9)
#define TN_CMP		0x08
#define TN_FSB		0x10
#define TN_FSB_ADDRESS	0x14
#define IOAPIC		0xfec00000
#define IOAPIC_DATA	(IOAPIC + 0x10)
#define ENTRY(pin)	(0x10 + 2 * (pin))
#define  ENTRY_INIT	0x500
#define  ENTRY_NMI	0x400
#define  ENTRY_MASKED	0x10000
#define PCI_PIN		16		/* the first of eight */
#define PINS		24
#define APIC_SVR	0xfee000f0
#define  SVR_ENABLE	0x1ff
#define TIMER_PIN	20
#define RTC_SECONDS	0
#define SPINS		3000000
#define SECOND		100000000u	/* ticks */
#define MANY		100
#define APART		50000
#define LOST_MAX	20

static volatile unsigned taken;

static const char *no_hpet(void)
{
	return acpi_table("HPET") ? NULL : "there is no HPET";
}

static unsigned last_timer(void)
{
	return mmio_read(HPET_CAP) >> 8 & 0x1f;
}

static void start(void)
{
	mmio_write(HPET_CFG, mmio_read(HPET_CFG) | CFG_ENABLE);
}

static void stop(void)
{
	mmio_write(HPET_CFG, mmio_read(HPET_CFG) & ~CFG_ENABLE);
}

/* In its ticks, which the guest's reads of a running counter pay nobody. */
static void pass(uint32_t ticks)
{
	uint32_t from = mmio_read(HPET_COUNTER);

	while (mmio_read(HPET_COUNTER) - from < ticks)
		;
}

static const char *counter_stops(void)
{
	uint32_t at;

	stop();
	at = mmio_read(HPET_COUNTER);
	for (volatile unsigned i = 0; i < 10000; i++)
		;
	if (mmio_read(HPET_CFG) & CFG_ENABLE)
		return "it says that it runs";
	return mmio_read(HPET_COUNTER) == at ? NULL : "it goes on";
}

static const char *counter_is_set(void)
{
	uint32_t low, high;

	stop();
	mmio_write(HPET_COUNTER, 0xffff0000);
	mmio_write(HPET_COUNTER + 4, 0x12345677);
	if (mmio_read(HPET_COUNTER) != 0xffff0000 || mmio_read(HPET_COUNTER + 4) != 0x12345677)
		return "it is not what was written";
	start();
	pass(0x20000);
	low = mmio_read(HPET_COUNTER);
	high = mmio_read(HPET_COUNTER + 4);
	if (!(mmio_read(HPET_CFG) & CFG_ENABLE))
		return "it says that it stands still";
	/* ten seconds at most */
	return high == 0x12345678 && low >= 0x10000 && low < 1000000000 ? NULL : "it did not go on from there";
}

static void note_nmi(struct trap_frame *frame)
{
	taken++;
}

static void ioapic_write(unsigned index, uint32_t value)
{
	mmio_write(IOAPIC, index);
	mmio_write(IOAPIC_DATA, value);
}

static uint32_t ioapic_read(unsigned index)
{
	mmio_write(IOAPIC, index);
	return mmio_read(IOAPIC_DATA);
}

static void wait_for_nmi(void)
{
	uint32_t from = mmio_read(HPET_COUNTER);

	while (!taken && mmio_read(HPET_COUNTER) - from < SECOND)
		__asm__ volatile("pause");
	pass(APART);
}

static const char *no_pin(void)
{
	if (!acpi_table("HPET"))
		return "there is no HPET";
	return mmio_read(TIMER(0, 4)) >> TIMER_PIN & 1 ? NULL : "its first comparator does not reach the pin";
}

/*
 * The guest's comparator by a pin that the guest unmasks: one NMI each, but where a busy emulator brings two
 * together, which are one on any processor.
 */
static const char *comparator_interrupts(void)
{
	trap_hook(TRAP_NMI, note_nmi);
	mmio_write(APIC_SVR, SVR_ENABLE);
	start();
	mmio_write(TIMER(0, TN_CFG), TN_32BIT | TN_ROUTE(TIMER_PIN));
	ioapic_write(ENTRY(TIMER_PIN) + 1, 0);
	ioapic_write(ENTRY(TIMER_PIN), ENTRY_NMI);
	for (unsigned i = 0, lost = 0; i < 5 && lost < LOST_MAX; i += taken != 0, lost += !taken) {
		taken = 0;
		mmio_write(TIMER(0, TN_CMP), mmio_read(HPET_COUNTER) + 200000);
		mmio_write(TIMER(0, TN_CFG), TN_32BIT | TN_ROUTE(TIMER_PIN) | TN_ENABLE);
		wait_for_nmi();
		mmio_write(TIMER(0, TN_CFG), TN_32BIT | TN_ROUTE(TIMER_PIN));
		if (taken > 1)
			break;
	}
	ioapic_write(ENTRY(TIMER_PIN), ENTRY_MASKED);
	trap_hook(TRAP_NMI, NULL);
	return taken == 1 ? NULL : taken ? "more than one NMI" : "no NMI";
}

/* As above and often, between our comparator's times. */
static const char *many_interrupts(void)
{
	unsigned most = 0, all = 0;

	trap_hook(TRAP_NMI, note_nmi);
	start();
	mmio_write(TIMER(0, TN_CFG), TN_32BIT | TN_ROUTE(TIMER_PIN));
	ioapic_write(ENTRY(TIMER_PIN) + 1, 0);
	ioapic_write(ENTRY(TIMER_PIN), ENTRY_NMI);
	mmio_write(TIMER(0, TN_CMP), mmio_read(HPET_COUNTER) - 1000);
	for (unsigned i = 0; i < MANY; i++) {
		uint32_t now;

		do
			now = mmio_read(HPET_COUNTER);
		while (mmio_read(TIMER(last_timer(), TN_CMP)) - now < APART);
		taken = 0;
		mmio_write(TIMER(0, TN_CMP), now + APART / 2);
		mmio_write(TIMER(0, TN_CFG), TN_32BIT | TN_ROUTE(TIMER_PIN) | TN_ENABLE);
		wait_for_nmi();
		mmio_write(TIMER(0, TN_CFG), TN_32BIT | TN_ROUTE(TIMER_PIN));
		all += taken;
		most = taken > most ? taken : most;
	}
	ioapic_write(ENTRY(TIMER_PIN), ENTRY_MASKED);
	trap_hook(TRAP_NMI, NULL);
	say("NMIS set=%u taken=%u\n", MANY, all);
	if (most > 1)
		return "one was taken more than once";
	return all == MANY ? NULL : "one was lost";
}

/* How many came while the counter stood still; what came when it went on is in @taken. */
static unsigned stop_and_go_on(void)
{
	unsigned while_stopped;

	taken = 0;
	start();
	mmio_write(TIMER(0, TN_CMP), mmio_read(HPET_COUNTER) + 50000000);
	mmio_write(TIMER(0, TN_CFG), TN_32BIT | TN_ROUTE(TIMER_PIN) | TN_ENABLE);
	stop();
	mmio_write(HPET_COUNTER, mmio_read(TIMER(0, TN_CMP)) - 3 * APART);
	for (volatile unsigned i = 0; i < SPINS; i++)
		;
	while_stopped = taken;
	start();
	wait_for_nmi();
	mmio_write(TIMER(0, TN_CFG), 0);
	return while_stopped;
}

/* None while it is stopped, one when it goes on; as above a busy emulator may make one of two. */
static const char *stopped_comparator(void)
{
	unsigned while_stopped = 0, lost = 0;

	trap_hook(TRAP_NMI, note_nmi);
	ioapic_write(ENTRY(TIMER_PIN) + 1, 0);
	ioapic_write(ENTRY(TIMER_PIN), ENTRY_NMI);
	for (taken = 0; !taken && !while_stopped && lost < LOST_MAX; lost += !taken)
		while_stopped = stop_and_go_on();
	ioapic_write(ENTRY(TIMER_PIN), ENTRY_MASKED);
	trap_hook(TRAP_NMI, NULL);
	say("NMIS lost=%u\n", lost);
	if (while_stopped)
		return "it interrupts while the counter stands still";
	return taken == 1 ? NULL : taken ? "more than one NMI" : "no NMI";
}

/* All that a guest may try: what is ours is as it was, and its ticks go on (the test looks). */
static const char *own_comparator(void)
{
	uint32_t config = mmio_read(TIMER(last_timer(), TN_CFG)), message = mmio_read(TIMER(last_timer(), TN_FSB_ADDRESS));

	for (unsigned reg = 0; reg < 0x20; reg += 4)
		mmio_write(TIMER(last_timer(), reg), 0);
	mmio_write(HPET_ISR, ~0u);
	for (unsigned i = 0; i < 100; i++) {
		stop();
		mmio_write(HPET_COUNTER, i * 0x11111111);
		mmio_write(HPET_COUNTER + 4, i);
		start();
	}
	stop();
	if (!(config & TN_ENABLE))
		return "it is not enabled";
	/* its pin may be another one, when a check has taken the last */
	return (mmio_read(TIMER(last_timer(), TN_CFG)) & ~TN_ROUTE(0x1f)) == (config & ~TN_ROUTE(0x1f)) &&
		mmio_read(TIMER(last_timer(), TN_FSB_ADDRESS)) == message ? NULL : "it has changed";
}

static const char *message_clamped(void)
{
	const char *text = arg_value("hidden");
	uint32_t target = text ? (uint32_t)take_hex(&text) : 0x100000;

	mmio_write(TIMER(0, TN_FSB_ADDRESS), 0xfee01000);
	mmio_write(TIMER(0, TN_FSB), 0x41);
	mmio_write(TIMER(0, TN_FSB_ADDRESS), target);
	mmio_write(TIMER(0, TN_FSB), ENTRY_INIT);
	if (mmio_read(TIMER(0, TN_FSB_ADDRESS)) != 0xfee01000)
		return "a message may go to memory";
	return mmio_read(TIMER(0, TN_FSB)) == 0x41 ? NULL : "a message may be an INIT";
}

/* Every PCI pin for the guest: each reads as it was written. */
static const char *pins_read_back(void)
{
	bool same = true;

	for (unsigned pin = 0; pin < PINS; pin++)
		same = same && ioapic_read(ENTRY(pin)) & ENTRY_MASKED;
	if (!same)
		return "one is not masked to begin with";
	for (unsigned pin = PCI_PIN; pin < PINS; pin++) {
		ioapic_write(ENTRY(pin) + 1, pin << 24);
		ioapic_write(ENTRY(pin), 0x8020 + pin);
	}
	for (unsigned pin = PCI_PIN; pin < PINS; pin++)
		same = same && ioapic_read(ENTRY(pin)) == 0x8020 + pin && ioapic_read(ENTRY(pin) + 1) == pin << 24;
	for (unsigned pin = PCI_PIN; pin < PINS; pin++) {
		ioapic_write(ENTRY(pin) + 1, 0);
		ioapic_write(ENTRY(pin), ENTRY_MASKED);
	}
	for (unsigned pin = PCI_PIN; pin < PINS; pin++)
		same = same && ioapic_read(ENTRY(pin)) == ENTRY_MASKED;
	return same ? NULL : "one is not what was written";
}

static const char *no_init(void)
{
	uint32_t value;

	ioapic_write(ENTRY(4), ENTRY_INIT);
	value = ioapic_read(ENTRY(4));
	ioapic_write(ENTRY(4), ENTRY_MASKED);
	return value == (ENTRY_MASKED | ENTRY_INIT) ? NULL : "it is not masked";
}

static uint8_t seconds(void)
{
	outb(0x70, RTC_SECONDS);
	return inb(0x71);
}

static void read_unknown_msr(void *arg)
{
	rdmsr(0x12345);
}

/* More lines of the log than the exits that cause them send. */
static void make_log(void)
{
	for (unsigned i = 0; i < 4; i++)
		try(read_unknown_msr, NULL);
}

static void halt(void)
{
	__asm__ volatile("cli; hlt");
}

static void no_halt(void)
{
}

/* Some seconds of which nothing exits but by the hypervisor's own doing. */
static void stay(const char *how, void (*idle)(void))
{
	unsigned ends = 0;

	make_log();
	say("READY %s\n", how);
	__asm__ volatile("cli");
	for (uint8_t now = seconds(); ends < 4;) {
		idle();
		if (seconds() != now)
			ends++;
		now = seconds();
	}
	say("DONE %s\n", how);
}

/* The rig sees the log's lines, and ticks, between both words. */
static const char *woken(void)
{
	trap_hook(TRAP_NMI, note_nmi);
	taken = 0;
	stay("spinning", no_halt);
	if (!arg("spin-only"))
		stay("halting", halt);
	trap_hook(TRAP_NMI, NULL);
	return taken ? "an NMI of the hypervisor's reached the guest" : NULL;
}

const struct check timer_checks[] = {
	{"hpet-stops", 0, counter_stops, no_hpet},
	{"hpet-is-set", 0, counter_is_set, no_hpet},
	{"hpet-comparator-interrupts", 0, comparator_interrupts, no_pin},
	{"hpet-many-interrupts", ASKED, many_interrupts, no_pin},
	{"hpet-stopped-interrupts-nobody", 0, stopped_comparator, no_pin},
	{"hpet-own-comparator-stays", HV_ONLY, own_comparator, no_hpet},
	{"hpet-messages-clamped", HV_ONLY, message_clamped, no_hpet},
	{"ioapic-pins-read-back", 0, pins_read_back, NULL},
	{"ioapic-sends-no-init", HV_ONLY, no_init, NULL},
	{"woken-with-interrupts-off", ASKED, woken, no_pin},
};
const size_t timer_check_count = sizeof(timer_checks) / sizeof(timer_checks[0]);
