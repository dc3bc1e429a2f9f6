/*
 * wake.c - a tick that makes a guest exit that would not do so by itself
 *
 * The comparator fires once and is written anew at each tick.  In 32-bit mode it also fires when the counter
 * wraps (HPET specification 1.0a, section 2.3.9.2.1): it has 64 bits where it can, else no tick is set beyond that.
 */
#include "hv/wake.h"

#include <stddef.h>

#include "hv/cpu/lock.h"
#include "hv/cpu/smp.h"
#include "hv/guest/hpet.h"
#include "hv/guest/ioapic.h"
#include "hv/guest/mmio.h"
#include "hv/log.h"
#include "hv/mem/paging.h"

#define PORT_61		0x61u
#define FS_PER_SECOND	UINT64_C(1000000000000000)
#define PERIOD_MAX_FS	100000000u	/* section 2.3.4 */
#define MARGIN_US	20u		/* so shortly before it comes, a tick is left to come */
#define CAP_64BIT	(1u << 13)
#define FIRST_OWN	2u		/* the first two comparators are for legacy routing */
#define PCI_PINS	0x00ff0000u	/* of an I/O APIC: not of ISA */
#define MESSAGE_TO(apic_id)	(0xfee00000u | (uint32_t)(apic_id) << 12)
#define EVERYBODY	0xffu
#define TICKS_TOLD	256u
#define OWED_PART	5u		/* of a second: an NMI that has not come by then was never sent */

struct ioapic {
	volatile uint32_t *registers;
	struct mmio_region region;
	struct ioapic_guard guard;
};

static struct spinlock lock;		/* the HPET, and all below */
static volatile uint32_t *hpet;
static struct mmio_region hpet_region = { .name = "hpet" };
static struct hpet_guard guard;
static struct ioapic ioapics[PLATFORM_IOAPICS];
static uint32_t mine;			/* the comparator */
static uint32_t config;			/* of it, but for TN_ENABLE */
static uint32_t hz;			/* of the counter; 0: there is no tick */
static uint32_t due, set_at, margin;	/* counter, its lower half: a tick is never 2^31 away */
static uint32_t high;			/* of the comparator */
static bool armed;
static bool replaced;			/* the comparator is still to be overwritten: at @replaced_due it fires all the same */
static uint32_t replaced_due;
static bool owed;			/* an NMI of ours may come that @due does not tell of; not for ever */
static uint32_t owed_since;
static uint32_t idle, need[WAKE_USERS];
static struct wake_pace pace;
static uint64_t exits_then, ticks;
static uint8_t causes_seen;

static uint32_t hpet_get(void *host, uint32_t offset)
{
	return hpet[offset / 4];
}

static void hpet_put(void *host, uint32_t offset, unsigned size, uint64_t value)
{
	if (size == 8)
		*(volatile uint64_t *)(hpet + offset / 4) = value;
	else
		hpet[offset / 4] = (uint32_t)value;
}

static const struct hpet_bus hpet_bus = { NULL, hpet_get, hpet_put };

static uint32_t counter(void)
{
	return hpet[HPET_COUNTER / 4];
}

static void put_config(uint32_t v)
{
	hpet[HPET_TIMER(mine, TN_CFG) / 4] = v;
}

/* ---- the comparator; the lock is held ---- */

static bool is_past(uint32_t at)
{
	return (int32_t)(counter() - at) >= 0;
}

static void owe(bool is)
{
	if (!is)
		return;
	owed = true;
	owed_since = counter();
}

/* Before @due is forgotten: either it has fired, or it will not. */
static void settle(void)
{
	while (armed && !is_past(due) && due - counter() <= margin)
		cpu_relax();
	owe(armed && is_past(due));
	replaced = armed && !is_past(due);
	replaced_due = due;
	armed = false;
}

/* Not enabled while its halves do not belong together. */
static void set_comparator(uint32_t at)
{
	uint32_t half = hpet[HPET_COUNTER / 4 + 1] + (at < set_at);
	uint32_t enabled = hpet[HPET_TIMER(mine, TN_CFG) / 4];

	if (config & TN_32BIT || half == high) {
		hpet[HPET_TIMER(mine, TN_CMP) / 4] = at;
		return;
	}
	put_config(config);
	hpet[HPET_TIMER(mine, TN_CMP) / 4] = at;
	hpet[HPET_TIMER(mine, TN_CMP) / 4 + 1] = half;
	high = half;
	put_config(enabled);
}

static void arm(uint32_t us)
{
	uint32_t wait = (uint32_t)((uint64_t)hz * us / 1000000);

	for (;; wait *= 2) {
		while (0 - (set_at = counter()) <= margin)	/* let it wrap first */
			cpu_relax();
		due = set_at + wait;
		if (config & TN_32BIT && due < set_at)
			due = UINT32_MAX;
		set_comparator(due);
		owe(replaced && is_past(replaced_due));	/* whatever held us up on the way here */
		replaced = false;
		if (!is_past(due))
			break;
		owe(true);		/* too late, or just in time: who knows */
	}
	armed = true;
}

static uint32_t wanted(void)
{
	uint32_t most = idle;

	for (unsigned i = 0; i < WAKE_USERS; i++)
		most = need[i] > most ? need[i] : most;
	return most;
}

static uint64_t exits_now(void)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < cpu_count; i++)
		sum += __atomic_load_n(&cpus[i].exits, __ATOMIC_RELAXED);
	return sum;
}

static void tick(void)
{
	uint64_t elapsed_us = (uint64_t)(counter() - set_at) * 1000000 / hz;
	uint64_t exits = exits_now();

	armed = false;
	ticks++;
	/* the exit of this tick is none that came by itself */
	arm(wake_next_us(&pace, wanted(), idle, exits - exits_then - 1, elapsed_us));
	exits_then = exits;
}

void wake_need(enum wake_user user, uint32_t per_second)
{
	uint32_t soon;

	lock_take(&lock);
	__atomic_store_n(&need[user], per_second < WAKE_HZ_MAX ? per_second : WAKE_HZ_MAX, __ATOMIC_RELAXED);
	if (!hz) {
		lock_give(&lock);
		return;
	}
	soon = hz / wanted();
	if (armed && !is_past(due) && due - counter() > soon + margin) {
		settle();
		arm(1000000 / wanted());
	}
	lock_give(&lock);
}

uint32_t wake_needs(enum wake_user user)
{
	return __atomic_load_n(&need[user], __ATOMIC_RELAXED);
}

bool wake_nmi(uint32_t index, uint32_t unexplained, bool *ticked)
{
	bool news;

	*ticked = false;
	if (index != 0)
		return unexplained > 0;
	lock_take(&lock);
	owed = owed && counter() - owed_since < hz / OWED_PART;
	if (armed && is_past(due)) {
		/* merged with a kick, or still on its way behind it; what was owed before may be this one, and that not */
		owe(unexplained == 0 && counter() - due <= margin);
		unexplained -= unexplained > 0;
		tick();
		*ticked = true;
	}
	if (owed && unexplained > 0) {
		owed = false;
		unexplained--;
	}
	news = wake_news(&causes_seen, inb(PORT_61));
	lock_give(&lock);
	/* it ticks, and the log stays short */
	if (*ticked && (!(ticks & (ticks - 1)) || ticks % TICKS_TOLD == 0))
		log_debug("wake: tick %llu", (unsigned long long)ticks);
	return unexplained > 0 || news;
}

/* ---- the guest's accesses ---- */

static void hpet_access(struct mmio_region *r, struct vcpu *v, uint64_t offset, unsigned size, bool write,
			uint64_t *value)
{
	bool was = guard.stopped;

	lock_take(&lock);
	if (!write) {
		*value = hpet_read(&guard, (uint32_t)offset, size);
	} else if (hz && offset / 8 == HPET_CFG / 8) {
		settle();
		put_config(config);
		hpet_write(&guard, (uint32_t)offset, size, *value);
		arm(1000000 / wanted());
		put_config(config | TN_ENABLE);
	} else {
		hpet_write(&guard, (uint32_t)offset, size, *value);
	}
	lock_give(&lock);
	if (guard.stopped != was)
		mmio_readable(r, !guard.stopped);
}

static void ioapic_access(struct mmio_region *r, struct vcpu *v, uint64_t offset, unsigned size, bool write,
			  uint64_t *value)
{
	struct ioapic *a = r->arg;

	if (!write) {
		*value = ioapic_read(&a->guard, (uint32_t)offset, size);
		return;
	}
	if (!ioapic_write(&a->guard, (uint32_t)offset, size, *value))
		return;
	lock_take(&lock);
	settle();
	config = (config & ~TN_ROUTE(0x1f)) | TN_ROUTE(a->guard.ours);
	put_config(config);
	arm(1000000 / wanted());
	put_config(config | TN_ENABLE);
	lock_give(&lock);
	log_line("wake: the guest has pin %u, ours", a->guard.ours);
}

static uint32_t ioapic_get(void *host, uint32_t index)
{
	struct ioapic *a = host;

	a->registers[IOAPIC_SELECT / 4] = index;
	return a->registers[IOAPIC_WINDOW / 4];
}

static void ioapic_put(void *host, uint32_t index, uint32_t value)
{
	struct ioapic *a = host;

	a->registers[IOAPIC_SELECT / 4] = index;
	a->registers[IOAPIC_WINDOW / 4] = value;
}

static void ioapic_end(void *host, uint32_t vector)
{
	struct ioapic *a = host;

	a->registers[IOAPIC_EOI / 4] = vector;
}

static const struct ioapic_bus ioapic_bus = { ioapic_get, ioapic_put, ioapic_end };

/* ---- at start-up ---- */

static struct ioapic *guard_ioapics(const struct platform *p)
{
	struct ioapic *first = NULL;

	for (uint32_t i = 0; i < p->ioapic_count; i++) {
		struct ioapic *a = &ioapics[i];

		a->registers = device_map((hpa_t){ p->ioapic[i].at }, 1);
		a->region = (struct mmio_region){ .name = "ioapic", .at = p->ioapic[i].at, .len = PAGE_SIZE,
						  .fixed = true, .access = ioapic_access, .arg = a };
		ioapic_guard_init(&a->guard, &ioapic_bus, a);
		mmio_add(&a->region);
		if (p->ioapic[i].gsi == 0)
			first = a;
	}
	return first;
}

/* The last comparator that can send messages; else the last that reaches a pin of ours. */
static bool choose(struct ioapic *a)
{
	uint32_t count = HPET_COUNT(hpet[HPET_CAP / 4]), pin;
	/* a guest may change its processor's APIC id where nobody looks on: where it is alone */
	uint32_t to = cpu_count == 1 ? EVERYBODY : cpus[0].apic_id;

	for (mine = count; mine-- > FIRST_OWN;) {
		if (!(hpet[HPET_TIMER(mine, TN_CFG) / 4] & TN_FSB_CAP))
			continue;
		hpet[HPET_TIMER(mine, TN_FSB_ADDRESS) / 4] = MESSAGE_TO(to);
		hpet[HPET_TIMER(mine, TN_FSB) / 4] = IOAPIC_NMI;
		config = TN_FSB_ENABLE;
		log_line("wake: HPET at %llx, comparator %u of %u, by FSB", (unsigned long long)hpet_region.at, mine, count);
		return true;
	}
	for (mine = count; a && mine-- > FIRST_OWN;) {
		uint32_t pins = hpet[HPET_TIMER(mine, TN_ROUTE_CAP) / 4] & PCI_PINS;

		pin = ioapic_take(&a->guard, pins, IOAPIC_NMI | IOAPIC_TO(to));
		if (pin == IOAPIC_NO_PIN)
			continue;
		config = TN_ROUTE(pin);
		log_line("wake: HPET at %llx, comparator %u of %u, by I/O APIC pin %u",
			 (unsigned long long)hpet_region.at, mine, count, pin);
		return true;
	}
	mine = count;
	return false;
}

void wake_init(const struct platform *p, uint32_t idle_hz)
{
	struct ioapic *a = guard_ioapics(p);
	uint32_t period = 0;
	bool found = false;

	if (p->hpet) {
		hpet = device_map((hpa_t){ p->hpet }, 1);
		hpet_region.at = p->hpet;
		period = hpet[HPET_PERIOD / 4];
	}
	if (period > 0 && period <= PERIOD_MAX_FS) {
		found = choose(a);
		hpet_guard_init(&guard, &hpet_bus, mine);
		hpet_region.len = PAGE_SIZE;
		hpet_region.fixed = true;
		hpet_region.access = hpet_access;
		mmio_add(&hpet_region);
		mmio_readable(&hpet_region, !guard.stopped);
	}
	if (!found) {
		log_line("wake: %s; a guest that does not exit is not woken, and the log waits for it",
			 hpet_region.len ? "no comparator of the HPET can interrupt us" : "no HPET");
		return;
	}
	hz = (uint32_t)(FS_PER_SECOND / period);
	margin = (uint32_t)((uint64_t)hz * MARGIN_US / 1000000);
	idle = idle_hz;
	if (!(hpet[HPET_CAP / 4] & CAP_64BIT) || !(hpet[HPET_TIMER(mine, TN_CFG) / 4] & TN_SIZE_CAP))
		config |= TN_32BIT;
	put_config(config);
	high = hpet[HPET_TIMER(mine, TN_CMP) / 4 + 1];
	arm(1000000 / idle);		/* before it is enabled */
	put_config(config | TN_ENABLE);
}
