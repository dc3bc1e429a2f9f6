/*
 * wake.c - a tick that makes a guest exit that would not do so by itself
 *
 * The comparator fires once and is written anew at each tick (wake_timer.c).
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
#include "hv/wake_timer.h"

#define PORT_61		0x61u
#define FS_PER_SECOND	UINT64_C(1000000000000000)
#define PERIOD_MAX_FS	100000000u	/* section 2.3.4 */
#define FIRST_OWN	2u		/* the first two comparators are for legacy routing */
#define PCI_PINS	0x00ff0000u	/* of an I/O APIC: not of ISA */
#define MESSAGE_TO(apic_id)	(0xfee00000u | (uint32_t)(apic_id) << 12)
#define EVERYBODY	0xffu
#define TICKS_TOLD	256u

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
static struct wake_timer timer;		/* .hz 0: there is no tick */
uint32_t wake_asked[WAKE_USERS];
static uint32_t idle;
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

/* ---- the tick; the lock is held ---- */

static uint32_t wanted(void)
{
	uint32_t most = idle;

	for (unsigned i = 0; i < WAKE_USERS; i++)
		most = wake_asked[i] > most ? wake_asked[i] : most;
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
	uint64_t elapsed_us = (uint64_t)(hpet[HPET_COUNTER / 4] - timer.set_at) * 1000000 / timer.hz;
	uint64_t exits = exits_now();

	ticks++;
	/* the exit of this tick is none that came by itself */
	wake_timer_arm(&timer, wake_next_us(&pace, wanted(), idle, exits - exits_then - 1, elapsed_us));
	exits_then = exits;
}

void wake_need(enum wake_user user, uint32_t per_second)
{
	lock_take(&lock);
	__atomic_store_n(&wake_asked[user], per_second < WAKE_HZ_MAX ? per_second : WAKE_HZ_MAX, __ATOMIC_RELAXED);
	if (timer.hz && wake_timer_is_beyond(&timer, timer.hz / wanted() + timer.margin)) {
		wake_timer_settle(&timer);
		wake_timer_arm(&timer, 1000000 / wanted());
	}
	lock_give(&lock);
}

static uint32_t take_nmis(void *arg)
{
	return smp_take_nmis(arg);
}

bool wake_nmi(uint32_t index, bool *ticked)
{
	uint32_t foreign;
	bool news;

	*ticked = false;
	if (index != 0)
		return smp_take_nmis(&cpus[index]) > 0;
	lock_take(&lock);
	foreign = wake_timer_take(&timer, take_nmis, &cpus[index], ticked);
	if (*ticked)
		tick();
	news = wake_news(&causes_seen, inb(PORT_61));
	lock_give(&lock);
	/* it ticks, and the log stays short */
	if (*ticked && (!(ticks & (ticks - 1)) || ticks % TICKS_TOLD == 0))
		log_debug("wake: tick %llu", (unsigned long long)ticks);
	return foreign > 0 || news;
}

/* ---- the guest's accesses ---- */

static void hpet_access(struct mmio_region *r, struct vcpu *v, uint64_t offset, unsigned size, bool write,
			uint64_t *value)
{
	bool was = guard.stopped;

	lock_take(&lock);
	if (!write) {
		*value = hpet_read(&guard, (uint32_t)offset, size);
	} else if (timer.hz && offset / 8 == HPET_CFG / 8) {
		wake_timer_settle(&timer);
		hpet_write(&guard, (uint32_t)offset, size, *value);
		wake_timer_arm(&timer, 1000000 / wanted());
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
	wake_timer_settle(&timer);
	timer.config = (timer.config & ~TN_ROUTE(0x1f)) | TN_ROUTE(a->guard.ours);
	wake_timer_arm(&timer, 1000000 / wanted());
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

/* The last comparator that can send messages; else the last that reaches a pin of ours; else one past the last. */
static uint32_t choose(struct ioapic *a, uint32_t *config)
{
	uint32_t count = HPET_COUNT(hpet[HPET_CAP / 4]), n, pin;
	/* a guest may change its processor's APIC id where nobody looks on: where it is alone */
	uint32_t to = cpu_count == 1 ? EVERYBODY : cpus[0].apic_id;

	for (n = count; n-- > FIRST_OWN;) {
		if (!(hpet[HPET_TIMER(n, TN_CFG) / 4] & TN_FSB_CAP))
			continue;
		hpet[HPET_TIMER(n, TN_FSB_ADDRESS) / 4] = MESSAGE_TO(to);
		hpet[HPET_TIMER(n, TN_FSB) / 4] = IOAPIC_NMI;
		*config = TN_FSB_ENABLE;
		log_line("wake: HPET at %llx, comparator %u of %u, by FSB", (unsigned long long)hpet_region.at, n, count);
		return n;
	}
	for (n = count; a && n-- > FIRST_OWN;) {
		uint32_t pins = hpet[HPET_TIMER(n, TN_ROUTE_CAP) / 4] & PCI_PINS;

		pin = ioapic_take(&a->guard, pins, IOAPIC_NMI | IOAPIC_TO(to));
		if (pin == IOAPIC_NO_PIN)
			continue;
		*config = TN_ROUTE(pin);
		log_line("wake: HPET at %llx, comparator %u of %u, by I/O APIC pin %u",
			 (unsigned long long)hpet_region.at, n, count, pin);
		return n;
	}
	return count;
}

void wake_init(const struct platform *p, uint32_t idle_hz)
{
	struct ioapic *a = guard_ioapics(p);
	uint32_t period = 0, n = 0, config = 0;

	if (p->hpet) {
		hpet = device_map((hpa_t){ p->hpet }, 1);
		hpet_region.at = p->hpet;
		period = hpet[HPET_PERIOD / 4];
	}
	if (period > 0 && period <= PERIOD_MAX_FS) {
		n = choose(a, &config);
		hpet_guard_init(&guard, &hpet_bus, n);
		hpet_region.len = PAGE_SIZE;
		hpet_region.fixed = true;
		hpet_region.access = hpet_access;
		mmio_add(&hpet_region);
		mmio_readable(&hpet_region, !guard.stopped);
	}
	if (!config) {
		log_line("wake: %s; a guest that does not exit is not woken, and the log waits for it",
			 hpet_region.len ? "no comparator of the HPET can interrupt us" : "no HPET");
		return;
	}
	idle = idle_hz;
	wake_timer_init(&timer, &hpet_bus, n, config, (uint32_t)(FS_PER_SECOND / period));
	wake_timer_arm(&timer, 1000000 / idle);
}
