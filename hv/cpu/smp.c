/*
 * smp.c - the other processors, by INIT and start-up IPIs (SDM 3A, section 10.4.4)
 */
#include "hv/cpu/smp.h"

#include <string.h>

#include "hv/cpu/exception.h"
#include "hv/cpu/lock.h"
#include "hv/guest/exits.h"
#include "hv/log.h"
#include "hv/mem/gmem.h"
#include "hv/mem/npt.h"
#include "hv/mem/pages.h"
#include "hv/mem/paging.h"
#include "hv/panic.h"

/* Local APIC registers (APM volume 2, table 16-2) */
enum { APIC_ID = 0x20, APIC_ICR_LOW = 0x300, APIC_ICR_HIGH = 0x310 };
enum {
	ICR_NMI = 4u << 8, ICR_INIT = 5u << 8, ICR_STARTUP = 6u << 8, ICR_PENDING = 1u << 12,
	ICR_ASSERT = 1u << 14, ICR_OTHERS = 3u << 18,
};
#define APIC_BASE_MASK	UINT64_C(0x000ffffffffff000)

/* PIT channel 2 by port 61h */
enum { PIT_2 = 0x42, PIT_CONTROL = 0x43, PORT_61 = 0x61 };
enum { PIT_2_ONE_SHOT = 0xb0, P61_GATE = 1, P61_SPEAKER = 2, P61_OUT = 0x20 };
#define PIT_HZ		1193182u
#define START_WAIT_MS	100u

#define AP_STACK_PAGES	3u	/* the first one is a guard */

/* The data of ap_entry.S's trampoline. */
struct trampoline {
	uint64_t gdt[3];
	uint16_t gdt_limit;
	uint32_t gdt_at;
	uint16_t pad;
	uint64_t cr3;
	uint32_t far;
	uint16_t far_selector, pad2;
	uint64_t main, counter, stacks, stack_bytes;
	uint32_t limit, offset_64;
} __attribute__((packed));

extern const uint8_t ap_trampoline[], ap_trampoline_end[], ap_trampoline_data[];
void ap_wait(const uint32_t *flag);
void ap_main(uint32_t index) __attribute__((noreturn));

struct cpu cpus[CPUS_MAX];
uint32_t cpu_count = 1;

static uint32_t next_index = 1;		/* taken by the trampoline */
static uint32_t ready = 1;		/* processors that are parked, and ours */
static struct spinlock start_lock, icr_lock;
static volatile uint32_t *apic;

static uint32_t apic_read(uint32_t reg)
{
	return apic[reg / 4];
}

static void wait_ms(uint32_t ms)
{
	uint8_t was = inb(PORT_61);

	for (; ms > 0; ms -= ms < 10 ? ms : 10) {
		uint32_t ticks = PIT_HZ / 1000 * (ms < 10 ? ms : 10);

		outb(PORT_61, (uint8_t)((was & ~P61_SPEAKER) | P61_GATE));
		outb(PIT_CONTROL, PIT_2_ONE_SHOT);
		outb(PIT_2, (uint8_t)ticks);
		outb(PIT_2, (uint8_t)(ticks >> 8));
		while (!(inb(PORT_61) & P61_OUT))
			cpu_relax();
	}
	outb(PORT_61, was);
}

static void send(uint32_t high, uint32_t low)
{
	lock_take(&icr_lock);
	while (apic_read(APIC_ICR_LOW) & ICR_PENDING)
		cpu_relax();
	apic[APIC_ICR_HIGH / 4] = high;
	apic[APIC_ICR_LOW / 4] = low;
	lock_give(&icr_lock);
}

/* On its own stack, one after the other: own memory is handed out without a lock. */
void ap_main(uint32_t index)
{
	struct cpu *c = &cpus[index];

	lock_take(&start_lock);
	paging_enter();
	exceptions_init();
	c->vcpu.index = index;
	c->apic_id = apic_read(APIC_ID) >> 24;
	svm_ops.create(&c->vcpu, npt_root());
	svm_ops.enable(&c->vcpu);
	c->parked = c->park = 1;
	__atomic_fetch_add(&ready, 1, __ATOMIC_RELEASE);
	lock_give(&start_lock);
	guest_run(c);
}

static void fill(uint8_t *copy, gpa_t page)
{
	size_t at = (size_t)(ap_trampoline_data - ap_trampoline);
	struct trampoline *t = (struct trampoline *)(copy + at);
	uint8_t *stacks = pages_alloc((uint64_t)CPUS_MAX * AP_STACK_PAGES);

	memcpy(copy, ap_trampoline, (size_t)(ap_trampoline_end - ap_trampoline));
	for (unsigned i = 0; i < CPUS_MAX; i++)
		paging_guard(stacks + (size_t)i * AP_STACK_PAGES * PAGE_SIZE);
	t->gdt_at = (uint32_t)(page.a + at);
	t->cr3 = read_cr3();
	t->far = (uint32_t)page.a + t->offset_64;
	t->main = (uint64_t)ap_main;
	t->counter = (uint64_t)&next_index;
	t->stacks = (uint64_t)stacks;
	t->stack_bytes = AP_STACK_PAGES * PAGE_SIZE;
	t->limit = CPUS_MAX;
}

void smp_init(gpa_t page)
{
	static uint8_t was[PAGE_SIZE], copy[PAGE_SIZE];
	uint32_t started;

	apic = device_map((hpa_t){ rdmsr(MSR_APIC_BASE) & APIC_BASE_MASK }, 1);
	cpus[0].apic_id = apic_read(APIC_ID) >> 24;
	fill(copy, page);
	gmem_read(&cpus[0].vcpu, page, was, sizeof(was));
	gmem_write(&cpus[0].vcpu, page, copy, sizeof(copy));
	paging_step(page);
	send(0, ICR_OTHERS | ICR_INIT | ICR_ASSERT);
	wait_ms(10);
	for (unsigned i = 0; i < 2; i++) {
		send(0, ICR_OTHERS | ICR_STARTUP | ICR_ASSERT | (uint32_t)(page.a >> PAGE_SHIFT));
		wait_ms(1);
	}
	/* nobody says how many there are: whoever comes, comes soon */
	do {
		started = __atomic_load_n(&next_index, __ATOMIC_ACQUIRE);
		wait_ms(START_WAIT_MS);
	} while (started != __atomic_load_n(&next_index, __ATOMIC_ACQUIRE) ||
		 (__atomic_load_n(&ready, __ATOMIC_ACQUIRE) < started && started <= CPUS_MAX));
	if (started > CPUS_MAX)
		fail("more than %u processors", CPUS_MAX);
	cpu_count = started;
	paging_guard((void *)page.a);
	gmem_write(&cpus[0].vcpu, page, was, sizeof(was));
}

void smp_kick(struct cpu *c)
{
	__atomic_store_n(&c->kicked, 1, __ATOMIC_RELEASE);
	send(c->apic_id << 24, ICR_NMI | ICR_ASSERT);
}

void smp_flush_all(void)
{
	for (uint32_t i = 0; i < cpu_count; i++) {
		__atomic_store_n(&cpus[i].flush, 1, __ATOMIC_RELEASE);
		if (apic && cpus[i].apic_id != apic_read(APIC_ID) >> 24)
			smp_kick(&cpus[i]);
	}
}

void smp_wait(struct cpu *c)
{
	ap_wait(&c->start);
	__atomic_store_n(&c->kicked, 0, __ATOMIC_RELEASE);
}
