/*
 * smp.c - the other processors, by INIT and start-up IPIs (SDM 3A, section 10.4.4)
 */
#include "hv/cpu/smp.h"

#include <string.h>

#include "hv/clock.h"
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
enum { APIC_ID = 0x20, APIC_LDR = 0xd0, APIC_DFR = 0xe0, APIC_ICR_LOW = 0x300, APIC_ICR_HIGH = 0x310 };
enum {
	ICR_NMI = 4u << 8, ICR_INIT = 5u << 8, ICR_STARTUP = 6u << 8, ICR_PENDING = 1u << 12,
	ICR_ASSERT = 1u << 14, ICR_OTHERS = 3u << 18,
};
#define APIC_BASE_MASK	UINT64_C(0x000ffffffffff000)

#define INIT_US		100u	/* the MP specification's 10 ms were for APICs outside the processor */
#define AGAIN_US	2000u	/* after which a second start-up IPI is sent */
#define START_US	2000000u	/* until a processor is given up */
#define UNKNOWN_US	100000u	/* where nobody says how many there are: whoever comes, comes soon */

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
static struct spinlock start_lock;
static volatile uint32_t *apic;

static uint32_t apic_read(uint32_t reg)
{
	return apic[reg / 4];
}

static void wait_us(uint64_t us)
{
	uint64_t from = clock_us();

	while (clock_us() - from < us)
		cpu_relax();
}

/* Returns when the other side has it; the guest's half of ICR is as it was. */
static void send(uint32_t high, uint32_t low)
{
	uint32_t was;

	while (apic_read(APIC_ICR_LOW) & ICR_PENDING)
		cpu_relax();
	was = apic_read(APIC_ICR_HIGH);
	apic[APIC_ICR_HIGH / 4] = high;
	apic[APIC_ICR_LOW / 4] = low;
	while (apic_read(APIC_ICR_LOW) & ICR_PENDING)
		cpu_relax();
	apic[APIC_ICR_HIGH / 4] = was;
}

static void take_ids(struct cpu *c)
{
	c->apic_id = apic_read(APIC_ID) >> 24;
	c->apic_ldr = apic_read(APIC_LDR);
	c->apic_dfr = apic_read(APIC_DFR);
}

/* On its own stack, one after the other: own memory is handed out without a lock. */
void ap_main(uint32_t index)
{
	struct cpu *c = &cpus[index];

	lock_take(&start_lock);
	paging_enter();
	exceptions_init();
	c->vcpu.index = index;
	take_ids(c);
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

static uint32_t ready_now(void)
{
	return __atomic_load_n(&ready, __ATOMIC_ACQUIRE);
}

static uint32_t begun_now(void)
{
	return __atomic_load_n(&next_index, __ATOMIC_ACQUIRE);
}

/* Not by broadcast: a processor that the firmware keeps off stays off. */
static void send_all(const struct platform *p, uint32_t low)
{
	if (!p->processors)
		send(0, ICR_OTHERS | ICR_ASSERT | low);
	for (uint32_t i = 0; i < p->processors; i++) {
		if (p->apic_id[i] != cpus[0].apic_id)
			send((uint32_t)p->apic_id[i] << 24, ICR_ASSERT | low);
	}
}

/* True: there are @count. */
static bool wait_for(uint32_t count, uint64_t us)
{
	uint64_t from = clock_us();

	while (ready_now() < count) {
		if (clock_us() - from >= us)
			return false;
		cpu_relax();
	}
	return true;
}

static void wait_for_all(const struct platform *p, uint32_t startup)
{
	uint32_t begun;

	if (!p->processors) {
		send_all(p, startup);
		do {
			begun = begun_now();
			wait_for(UINT32_MAX, UNKNOWN_US);
		} while (begun != begun_now() || (ready_now() < begun && begun <= CPUS_MAX));
		return;
	}
	if (wait_for(p->processors, AGAIN_US))
		return;
	send_all(p, startup);
	if (wait_for(p->processors, START_US))
		return;
	/* None may come later: INIT makes it wait for a start-up IPI again, and the guest sends none. */
	for (uint32_t i = 0; i < p->processors; i++) {
		bool came = false;

		for (uint32_t n = 0; n < ready_now(); n++)
			came |= cpus[n].apic_id == p->apic_id[i];
		if (!came)
			send((uint32_t)p->apic_id[i] << 24, ICR_ASSERT | ICR_INIT);
	}
	wait_us(INIT_US);
	log_line("%u of %u processors have come", ready_now(), p->processors);
	if (begun_now() != ready_now())
		fail("a processor stopped on its way here");
}

void smp_init(gpa_t page, const struct platform *p)
{
	static uint8_t was[PAGE_SIZE], copy[PAGE_SIZE];
	uint32_t startup = ICR_STARTUP | (uint32_t)(page.a >> PAGE_SHIFT);

	apic = device_map((hpa_t){ rdmsr(MSR_APIC_BASE) & APIC_BASE_MASK }, 1);
	take_ids(&cpus[0]);
	if (p->processors == 1)
		return;
	if (p->processors > CPUS_MAX)
		fail("%u processors, more than %u", p->processors, CPUS_MAX);
	fill(copy, page);
	gmem_read(&cpus[0].vcpu, page, was, sizeof(was));
	gmem_write(&cpus[0].vcpu, page, copy, sizeof(copy));
	paging_step(page);
	send_all(p, ICR_INIT);
	wait_us(INIT_US);
	send_all(p, startup);
	wait_for_all(p, startup);
	if (begun_now() > CPUS_MAX)
		fail("more than %u processors", CPUS_MAX);
	cpu_count = ready_now();
	paging_guard((void *)page.a);
	gmem_write(&cpus[0].vcpu, page, was, sizeof(was));
}

void smp_kick(struct cpu *c)
{
	uint32_t none = KICK_NONE;

	if (!__atomic_compare_exchange_n(&c->kicked, &none, KICK_SENDING, false, __ATOMIC_SEQ_CST,
					 __ATOMIC_SEQ_CST))
		return;		/* it has not taken the last one, and will see what is asked now */
	send(c->apic_id << 24, ICR_NMI | ICR_ASSERT);
	__atomic_store_n(&c->kicked, KICK_SENT, __ATOMIC_RELEASE);
}

uint32_t smp_take_nmis(struct cpu *c)
{
	uint32_t kicked, taken = 0;

	/* Until nothing came meanwhile: a kick that is SENT has then been taken, perhaps as one with another. */
	do {
		while ((kicked = __atomic_load_n(&c->kicked, __ATOMIC_ACQUIRE)) == KICK_SENDING)
			cpu_relax();
		taken += svm_ops.take_nmis();
	} while (kicked != __atomic_load_n(&c->kicked, __ATOMIC_ACQUIRE));
	if (kicked == KICK_NONE)
		return taken;
	__atomic_store_n(&c->kicked, KICK_NONE, __ATOMIC_SEQ_CST);
	return taken > 0 ? taken - 1 : 0;
}

void smp_flush_all(void)
{
	for (uint32_t i = 0; i < cpu_count; i++) {
		__atomic_store_n(&cpus[i].flush, 1, __ATOMIC_SEQ_CST);
		if (apic && cpus[i].apic_id != apic_read(APIC_ID) >> 24)
			smp_kick(&cpus[i]);
	}
	/* one that has seen the flag, or will look at it before it enters, is waited for no longer */
	for (uint32_t i = 0; i < cpu_count; i++) {
		while (__atomic_load_n(&cpus[i].flush, __ATOMIC_SEQ_CST) &&
		       __atomic_load_n(&cpus[i].in_guest, __ATOMIC_SEQ_CST))
			cpu_relax();
	}
}

void smp_wait(struct cpu *c)
{
	ap_wait(&c->start);
	smp_take_nmis(c);	/* a processor that waits for its start takes no NMI of the guest's */
}
