/*
 * apic.c - the guest's local APIC: INIT, start-up IPIs and NMIs are ours, the rest is handed on
 *
 * A processor that takes an INIT leaves the hypervisor, unless it intercepts or redirects it; that is not
 * so everywhere (APM volume 2, section 15.21.8 and its emulations), so no INIT is ever sent: not by ICR, not by a
 * local vector, and not by a write that a chipset would take for an interrupt message (guest/hpet.c and
 * guest/ioapic.c have their part).  An NMI that the guest sends is noted where it goes, so that it and one of
 * ours are two.
 */
#include "hv/guest/apic.h"

#include "hv/cpu/smp.h"
#include "hv/guest/exits.h"
#include "hv/guest/mmio.h"
#include "hv/log.h"
#include "hv/mem/paging.h"

/* APM volume 2, table 16-2 */
enum {
	APIC_ID = 0x020, TPR = 0x080, EOI = 0x0b0, LDR = 0x0d0, DFR = 0x0e0, SVR = 0x0f0, ISR = 0x100, LVT_CMCI = 0x2f0,
	ICR_LOW = 0x300, ICR_HIGH = 0x310, LVT_FIRST = 0x320, LVT_LAST = 0x370, TIMER_COUNT = 0x380,
	LVT_MORE_FIRST = 0x500, LVT_MORE_LAST = 0x530,
};
#define MODE(v)		((v) >> 8 & 7)		/* of ICR and of local vectors */
#define SHORTHAND(icr)	((icr) >> 18 & 3)
#define VECTOR(icr)	((icr) & 0xff)
#define ICR_LOGICAL	(1u << 11)
#define ICR_ASSERT	(1u << 14)
#define ICR_LEVEL	(1u << 15)
#define LVT_MASKED	(1u << 16)
#define SVR_RESET	0xffu
enum { MODE_NMI = 4, MODE_INIT = 5, MODE_STARTUP = 6 };
enum { TO_FIELD, TO_SELF, TO_ALL, TO_OTHERS };
#define TO_EVERYBODY	0xffu
#define REGISTER_BYTES	16u
#define MESSAGES	UINT64_C(0x100000)	/* FEExxxxxh: what is written there interrupts */
#define ISR_WORDS	8u

static struct mmio_region region = { .name = "local-apic" };
static volatile uint32_t *registers;	/* of the processor that looks: they stay mapped, most exits are for them */

/* Section 16.6.1; a processor's DFR says which model its LDR is of. */
static bool is_logical_for(const struct cpu *c, uint32_t to)
{
	uint32_t ldr = c->apic_ldr >> 24;

	if (c->apic_dfr >> 28 == 0xf)
		return to & ldr;
	return (to >> 4 == 0xf || to >> 4 == ldr >> 4) && to & ldr & 0xf;
}

/* Does an IPI with these registers go to @c? */
static bool is_for(const struct cpu *c, const struct cpu *sender, uint32_t low, uint32_t high)
{
	uint32_t to = high >> 24;

	switch (SHORTHAND(low)) {
	case TO_SELF:
		return c == sender;
	case TO_ALL:
		return true;
	case TO_OTHERS:
		return c != sender;
	}
	return to == TO_EVERYBODY || (low & ICR_LOGICAL ? is_logical_for(c, to) : to == c->apic_id);
}

/* One IPI of those that are played, to one processor. */
static void take(struct cpu *c, const struct cpu *sender, uint32_t low)
{
	bool waits = c->parked || c->park;

	switch (MODE(low)) {
	case MODE_INIT:
		if (c == &cpus[0])	/* it starts again at the reset vector, with a chipset that knows of nothing */
			guest_restart("INIT of the boot processor");
		__atomic_store_n(&c->start, 0, __ATOMIC_RELEASE);
		if (c->parked)
			return;
		__atomic_store_n(&c->park, 1, __ATOMIC_SEQ_CST);
		break;
	case MODE_STARTUP:
		if (!waits)
			return;
		c->start_page = VECTOR(low);
		__atomic_store_n(&c->start, 1, __ATOMIC_SEQ_CST);
		break;
	case MODE_NMI:
		if (waits)
			return;
		__atomic_store_n(&c->nmi, 1, __ATOMIC_SEQ_CST);
		break;
	}
	if (c != sender)	/* which looks at all of it before it enters the guest again */
		smp_kick(c);
}

static uint32_t get(uint32_t offset)
{
	return registers[offset / 4];
}

static void put(uint32_t offset, uint32_t value)
{
	registers[offset / 4] = value;
}

static void write_icr(struct vcpu *v, uint32_t low)
{
	struct cpu *sender = &cpus[v->index];
	uint32_t high;

	if (MODE(low) != MODE_INIT && MODE(low) != MODE_STARTUP && MODE(low) != MODE_NMI) {
		put(ICR_LOW, low);
		return;
	}
	if (MODE(low) == MODE_INIT && low & ICR_LEVEL && !(low & ICR_ASSERT))
		return;		/* de-assert: of old APICs only */
	high = get(ICR_HIGH);
	for (uint32_t i = 0; i < cpu_count; i++) {
		if (is_for(&cpus[i], sender, low, high))
			take(&cpus[i], sender, low);
	}
}

static bool is_lvt(uint64_t offset)
{
	return offset == LVT_CMCI || (offset >= LVT_FIRST && offset <= LVT_LAST) ||
	       (offset >= LVT_MORE_FIRST && offset <= LVT_MORE_LAST);
}

static void write_register(struct vcpu *v, uint32_t offset, uint32_t value)
{
	struct cpu *self = &cpus[v->index];

	switch (offset) {
	case 0: case APIC_ID:		/* no register, but a message; and the name by which we find it */
		return;
	case ICR_LOW:
		write_icr(v, value);
		return;
	case LDR:
		self->apic_ldr = value;
		break;
	case DFR:
		self->apic_dfr = value;
		break;
	}
	if (is_lvt(offset) && MODE(value) == MODE_INIT)
		value |= LVT_MASKED;
	put(offset, value);
}

/* Dwords at multiples of 16, section 16.3.2; what else is written is undefined, and might reach ICR. */
static void apic_access(struct mmio_region *r, struct vcpu *v, uint64_t offset, unsigned size,
			bool write, uint64_t *value)
{
	if (!write)
		mmio_pass(v, r->at + offset, size, false, value);
	else if (size == 4 && offset % REGISTER_BYTES == 0 && offset < PAGE_SIZE)
		write_register(v, (uint32_t)offset, (uint32_t)*value);
}

static bool in_service(void)
{
	uint32_t bits = 0;

	for (uint32_t i = 0; i < ISR_WORDS; i++)
		bits |= get(ISR + i * REGISTER_BYTES);
	return bits;
}

void apic_reset(struct cpu *c)
{
	if (!region.len)		/* before the guest has run */
		return;
	for (uint32_t at = LVT_FIRST; at <= LVT_LAST; at += REGISTER_BYTES)
		put(at, LVT_MASKED);
	put(TIMER_COUNT, 0);
	for (unsigned i = 0; i < ISR_WORDS * 32 && in_service(); i++)
		put(EOI, 0);
	put(TPR, 0);
	put(LDR, 0);
	put(DFR, UINT32_MAX);
	put(SVR, SVR_RESET);
	c->apic_ldr = 0;
	c->apic_dfr = UINT32_MAX;
}

void apic_init(void)
{
	region.at = rdmsr(MSR_APIC_BASE) & UINT64_C(0x000ffffffffff000);
	/* one that firmware has moved stays where it is (guest/msr.c), and leaves the messages their place */
	region.len = region.at % MESSAGES ? PAGE_SIZE : MESSAGES;
	registers = device_map((hpa_t){ region.at }, 1);
	region.fixed = true;
	region.access = apic_access;
	region.readable = true;	/* reads have no effect (APM volume 2, section 16.3.2) */
	mmio_add(&region);
}
