/*
 * mmio.c - the guest touched a page that is not mapped for it: decode, ask who answers, go on
 */
#include "hv/guest/mmio.h"

#include <string.h>

#include "hv/counters.h"
#include "hv/cpu/smp.h"
#include "hv/guest/cluster.h"
#include "hv/guest/emulate.h"
#include "hv/guest/region.h"
#include "hv/guest/seen.h"
#include "hv/log.h"
#include "hv/mem/gmem.h"
#include "hv/mem/npt.h"
#include "hv/mem/paging.h"
#include "hv/model.h"
#include "hv/panic.h"
#include "hv/start.h"

#define DEVICE_WINDOW	1u	/* of the processor's; 0 is gmem.c's */
#define DR6_BS		(UINT64_C(1) << 14)
#define PAGE_MASK	(~(uint64_t)(PAGE_SIZE - 1))
#define KNOWN_PAGES	16u	/* a power of two */

/*
 * Pages that were asked for lately, and whose they are as a whole.  Regions have pages, so that who answers at both ends
 * of one does so between them.  Under the guest lock.
 */
static struct { uint64_t page; struct mmio_region *r; } known[KNOWN_PAGES];

static unsigned known_row(uint64_t at)
{
	return (unsigned)((at >> PAGE_SHIFT ^ at >> (PAGE_SHIFT + 4)) % KNOWN_PAGES);
}

/* NULL: who knows. */
static struct mmio_region *known_of(uint64_t at)
{
	unsigned row = known_row(at);

	return known[row].page == (at & PAGE_MASK) ? known[row].r : NULL;
}

static struct mmio_region *find(uint64_t at)
{
	struct mmio_region *r = known_of(at);
	uint64_t page = at & PAGE_MASK;

	if (r)
		return r;
	r = region_of(at);
	if (r && region_of(page) == r && region_of(page + PAGE_SIZE - 1) == r) {
		known[known_row(at)].page = page;
		known[known_row(at)].r = r;
	}
	return r;
}

static void forget(void)
{
	memset(known, 0, sizeof(known));
}

void mmio_init(void)
{
	bool huge = cpuid(0x80000001, 0).edx >> 26 & 1;

	npt_init(physical_bits(), huge, NPT_TABLES_A_RANGE * REGIONS_MAX, region_access, region_place,
		 region_border);
	npt_update((gpa_t){ boot.start.a }, boot.len);
	npt_flushed();
}

static void update(uint64_t at, uint64_t len)
{
	npt_update((gpa_t){ at }, len);
	smp_flush_all();
	npt_flushed();
}

void mmio_add(struct mmio_region *r)
{
	region_add(r);
	forget();
	if (!r->counters)
		r->counters = counters_device(r->name, r->len);
	npt_update((gpa_t){ r->at }, r->len);
	npt_flushed();
}

bool mmio_cover(uint64_t at, uint64_t len)
{
	if (!region_cover(at, len))
		return false;
	update(at, len);
	return true;
}

void mmio_uncover(void)
{
	uint64_t at, len;

	while (region_uncover(&at, &len))
		update(at, len);
}

void mmio_readable(struct mmio_region *r, bool readable)
{
	r->readable = readable;
	update(r->at, r->len);
}

void mmio_open(struct mmio_region *r, uint64_t offset, hpa_t page)
{
	r->open_at = offset;
	r->open = page;
	if (r->len)
		update(r->at + offset, PAGE_SIZE);
}

void mmio_move(struct mmio_region *r, uint64_t at, uint64_t len)
{
	uint64_t was = r->at, was_len = r->len;

	if (was == at && was_len == len)
		return;
	r->at = at;
	r->len = len;
	forget();
	npt_update((gpa_t){ was }, was_len);
	update(at, len);
}

void mmio_pass(const struct vcpu *v, uint64_t at, unsigned size, bool write, uint64_t *value)
{
	uint32_t slot = v->index * WINDOWS_PER_CPU + DEVICE_WINDOW;
	volatile uint8_t *p;

	if (region_is_own(at, size)) {		/* all ones, writes vanish */
		if (!write)
			*value = UINT64_MAX;
		return;
	}
	p = window_map(slot, (hpa_t){ at }, WINDOW_DEVICE);
	p += at % PAGE_SIZE;
	switch (size) {
	case 1:
		if (write)
			*p = (uint8_t)*value;
		else
			*value = *p;
		break;
	case 2:
		if (write)
			*(volatile uint16_t *)p = (uint16_t)*value;
		else
			*value = *(volatile uint16_t *)p;
		break;
	case 4:
		if (write)
			*(volatile uint32_t *)p = (uint32_t)*value;
		else
			*value = *(volatile uint32_t *)p;
		break;
	case 8:
		if (write)
			*(volatile uint64_t *)p = *value;
		else
			*value = *(volatile uint64_t *)p;
		break;
	}
	window_unmap(slot);
}

/* ---- the bus, as the emulator sees it ---- */

static bool bus_is_ram(void *host, gpa_t at)
{
	return !known_of(at.a) && gmem_is_ram_page(host, at);
}

static bool bus_read(void *host, gpa_t at, void *to, unsigned size)
{
	return gmem_read(host, at, to, size);
}

static bool bus_write(void *host, gpa_t at, const void *from, unsigned size)
{
	return gmem_write(host, at, from, size);
}

static bool bus_cmpxchg(void *host, gpa_t at, uint64_t old, uint64_t new, unsigned size)
{
	return gmem_cmpxchg(host, at, old, new, size);
}

static void bus_mmio(void *host, gpa_t at, unsigned size, bool write, uint64_t *value)
{
	struct vcpu *v = host;
	struct mmio_region *r = find(at.a);

	if (at.a >= boot.start.a && at.a - boot.start.a < boot.len) {
		/* ours, whatever else may lie there: reads all ones, writes vanish */
		counters_offence(v->index, OFFENCE_OWN_MEMORY);
		log_guest(OFFENCE_OWN_MEMORY, "%s of the hypervisor's memory at %llx",
			  write ? "write" : "read", (unsigned long long)at.a);
		if (!write)
			*value = UINT64_MAX;
		return;
	}
	if (r) {
		if (!r->counters->numbered)
			counters_access(r->counters, at.a - r->at, write);
		r->access(r, v, at.a - r->at, size, write, value);
		return;
	}
	mmio_pass(v, at.a, size, write, value);
}

/* ---- one exit ---- */

/*
 * Bit 8 of entries above the page directory: AMD's must be zero (APM volume 2, section 5.3), Intel's ignore it (SDM 3A,
 * section 4.5).
 */
static bool upper_g_reserved(void)
{
	struct cpuid c = cpuid(0, 0);

	return c.ebx == 0x68747541 || c.ebx == 0x6f677948;	/* AuthenticAMD, HygonGenuine */
}

/* What all processors have alike, found once: CPUID takes longer than all the rest of an exit. */
static void paging_features(struct guest_cpu *c)
{
	static bool page_1g, upper_g;
	static uint8_t phys_bits;

	if (!phys_bits) {
		page_1g = cpuid(0x80000001, 0).edx >> 26 & 1;
		upper_g = upper_g_reserved();
		phys_bits = (uint8_t)physical_bits();
	}
	c->phys_bits = phys_bits;
	c->page_1g = page_1g;
	c->upper_g_reserved = upper_g;
}

/*
 * Field by field: a compound literal clears all of it first, at every exit.  Builtin: moves, where freestanding code
 * calls a loop.
 */
static void cpu_of(const struct vcpu *v, const struct vcpu_state *s, struct guest_cpu *c)
{
	__builtin_memcpy(c->gpr, v->gpr, sizeof(c->gpr));
	c->rip = s->rip;
	c->rflags = s->rflags;
	c->cr0 = s->cr0;
	c->cr3 = s->cr3;
	c->cr4 = s->cr4;
	c->dr7 = s->dr7;
	c->efer = s->efer;
	__builtin_memcpy(c->seg, s->seg, sizeof(c->seg));
	c->pkru = s->pkru;
	c->cpl = s->cpl;
	paging_features(c);
}

static void fault(struct vcpu *v, struct vcpu_state *s, const struct guest_fault *f)
{
	counters_offence(v->index, OFFENCE_FAULT);
	if (f->vector == VECTOR_PF) {
		s->cr2 = f->cr2;
		svm_ops.set(v, s);
	}
	svm_ops.inject(v, f->vector, f->has_error, f->error);
}

/* Does this processor have something else to do before it runs on, or did a device have so much that others come first? */
static bool is_asked_for(void *host)
{
	const struct vcpu *v = host;
	const struct cpu *c = &cpus[v->index];

	return model_rests || __atomic_load_n(&c->park, __ATOMIC_RELAXED) || __atomic_load_n(&c->nmi, __ATOMIC_RELAXED);
}

static const void *view_of(void *host, gpa_t at)
{
	return gmem_view(host, at);
}

/* An access that was met before, with those behind it that were; or one that none follows soon: most are. */
static bool again(struct vcpu *v, const struct vmexit *x, const struct guest_bus *bus)
{
	const struct chain_host host = { bus, view_of, is_asked_for };
	struct seen_access a;
	struct vcpu_brief b;

	if (x->page.walk || x->page.fetch || !known_of(x->page.at.a))
		return false;
	svm_ops.brief(v, &b);
	if (!seen_find(&b, v->gpr, x->page.at, x->page.write, view_of, v, &a))
		return false;
	if (seen_goes_on(&b, &a)) {
		counters_spared += seen_go_on(&a, &b, v->gpr, x->page.at, &host);
	} else {
		if (!cluster_passes(b.rip))
			return false;
		b.rip += a.seen->insn.length;
		seen_carry_out(&a.seen->insn, v->gpr, x->page.at, bus_mmio, v);
	}
	svm_ops.go_on(v, b.rip, b.rflags);
	return true;
}

/* What may follow the access that the instruction at @rip was, and what to know of both the next time. */
static void go_on(struct guest_cpu *c, const struct guest_bus *bus, uint64_t rip, const struct emulation *e)
{
	static struct trail trail;	/* under the guest lock */
	unsigned reached = guest_cluster(c, bus, &e->fetch, rip, is_asked_for, &trail);

	counters_spared += reached;
	if (seen_keep(c, rip, &e->fetch, &e->insn) && reached)
		chain_keep(c, bus, &e->fetch, &e->insn, rip, e->linear, &trail);
}

void mmio_exit(struct vcpu *v, const struct vmexit *x)
{
	const struct guest_bus bus = {
		.host = v, .is_ram = bus_is_ram, .read = bus_read, .write = bus_write,
		.cmpxchg = bus_cmpxchg, .mmio = bus_mmio,
	};
	struct emulation e;
	static struct walks walks;	/* under the guest lock */
	struct vcpu_state s;
	struct guest_cpu c;
	int status;

	if (x->page.event) {	/* an interrupt's or exception's own stack or table is not there */
		counters_offence(v->index, OFFENCE_FAULT);
		svm_ops.inject(v, VECTOR_DF, true, 0);
		return;
	}
	if (again(v, x, &bus))
		return;
	svm_ops.get(v, &s);
	cpu_of(v, &s, &c);
	e.fetch.count = 0;
	e.fetch.in_page = false;
	__builtin_memset(e.fetch.byte, 0, 4);	/* of these a line of the log is made */
	c.found = !x->page.walk && !x->page.fetch;
	c.found_write = x->page.write;
	c.found_at = x->page.at;
	walks_begin(&walks);
	c.walks = &walks;
	status = guest_emulate(&c, &bus, &e);
	if (status == GUEST_OK && !e.unfinished)
		go_on(&c, &bus, s.rip, &e);
	__builtin_memcpy(v->gpr, c.gpr, sizeof(v->gpr));	/* also after a fault: iterations of REP are done */
	if (status == GUEST_AGAIN)
		return;
	if (status == GUEST_OK && !e.unfinished) {
		svm_ops.go_on(v, c.rip, c.rflags);	/* which traces by itself */
		return;
	}
	if (status == GUEST_REFUSED) {
		counters_offence(v->index, OFFENCE_INSTRUCTION);
		log_guest(OFFENCE_INSTRUCTION,
			  "instruction at %llx on a device page (%llx) refused, bytes %02x %02x %02x %02x",
			  (unsigned long long)s.rip, (unsigned long long)x->page.at.a, e.fetch.byte[0],
			  e.fetch.byte[1], e.fetch.byte[2], e.fetch.byte[3]);
	}
	s.rflags = c.rflags;
	if (status != GUEST_OK) {
		s.rflags |= RFLAGS_RF;	/* as a fault pushes it; event injection does not set it */
		svm_ops.set(v, &s);
		fault(v, &s, &e.fault);
		return;
	}
	if (e.trace)
		s.dr6 |= DR6_BS;
	svm_ops.set(v, &s);
	if (e.trace)
		svm_ops.inject(v, VECTOR_DB, false, 0);
}
