/*
 * apic.c - the guest's local APIC: INIT and start-up IPIs are ours, the rest is handed on
 *
 * A processor that takes an INIT leaves the hypervisor, unless it intercepts or redirects it; that is not
 * so everywhere (APM volume 2, section 15.21.8 and its emulations), so no INIT is ever sent.
 */
#include "hv/guest/apic.h"

#include "hv/cpu/smp.h"
#include "hv/guest/mmio.h"
#include "hv/log.h"

enum { ICR_LOW = 0x300, ICR_HIGH = 0x310 };
#define MODE(icr)	((icr) >> 8 & 7)
#define SHORTHAND(icr)	((icr) >> 18 & 3)
#define VECTOR(icr)	((icr) & 0xff)
#define ICR_LOGICAL	(1u << 11)
#define ICR_ASSERT	(1u << 14)
#define ICR_LEVEL	(1u << 15)
enum { MODE_INIT = 5, MODE_STARTUP = 6 };
enum { TO_FIELD, TO_SELF, TO_ALL, TO_OTHERS };
#define TO_EVERYBODY	0xffu

static struct mmio_region region = { .name = "local-apic" };

/* Does an IPI with these registers go to @c? */
static bool is_for(const struct cpu *c, const struct cpu *sender, uint32_t low, uint32_t high)
{
	uint32_t id = high >> 24;

	switch (SHORTHAND(low)) {
	case TO_SELF:
		return c == sender;
	case TO_ALL:
		return true;
	case TO_OTHERS:
		return c != sender;
	}
	/* flat logical: a bit a processor; nobody starts processors so, but nothing may escape */
	if (low & ICR_LOGICAL)
		return id >> (c->vcpu.index & 7) & 1;
	return id == c->apic_id || id == TO_EVERYBODY;
}

static void init_or_start(struct cpu *sender, uint32_t low, uint32_t high)
{
	if (MODE(low) == MODE_INIT && low & ICR_LEVEL && !(low & ICR_ASSERT))
		return;		/* de-assert: of old APICs only */
	for (uint32_t i = 0; i < cpu_count; i++) {
		struct cpu *c = &cpus[i];

		/* An INIT of the sender itself, or of the boot processor, is a reset that we do not play. */
		if (c == sender || i == 0 || !is_for(c, sender, low, high))
			continue;
		if (MODE(low) == MODE_INIT) {
			__atomic_store_n(&c->start, 0, __ATOMIC_RELEASE);
			if (!c->parked) {
				__atomic_store_n(&c->park, 1, __ATOMIC_RELEASE);
				smp_kick(c);
			}
		} else if (c->parked || c->park) {
			c->start_page = VECTOR(low);
			__atomic_store_n(&c->start, 1, __ATOMIC_RELEASE);
			smp_kick(c);
		}
	}
}

static void apic_access(struct mmio_region *r, struct vcpu *v, uint64_t offset, unsigned size,
			bool write, uint64_t *value)
{
	struct cpu *self = &cpus[v->index];
	uint64_t high = 0;

	if (write && offset == ICR_LOW &&
	    (MODE((uint32_t)*value) == MODE_INIT || MODE((uint32_t)*value) == MODE_STARTUP)) {
		mmio_pass(v, r->at + ICR_HIGH, 4, false, &high);
		init_or_start(self, (uint32_t)*value, (uint32_t)high);
		return;
	}
	/* Other widths and places within the register are undefined, and one of them might be the mode. */
	if (write && size != 4 && offset < ICR_LOW + 16 && offset + size > ICR_LOW)
		return;
	mmio_pass(v, r->at + offset, size, write, value);
}

void apic_init(void)
{
	region.at = rdmsr(MSR_APIC_BASE) & UINT64_C(0x000ffffffffff000);
	region.len = PAGE_SIZE;
	region.fixed = true;
	region.access = apic_access;
	region.readable = true;	/* reads have no effect (APM volume 2, section 16.3.2) */
	mmio_add(&region);
}
