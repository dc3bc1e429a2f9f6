/*
 * model.c - devices with a model: registers, memory, time, and when to look
 */
#include "hv/model.h"

#include "hv/clock.h"
#include "hv/counters.h"
#include "hv/cpu/smp.h"
#include "hv/disk.h"
#include "hv/enforce.h"
#include "hv/guest/mmio.h"
#include "hv/mem/gmem.h"
#include "hv/mem/pages.h"
#include "hv/mem/paging.h"
#include "hv/text.h"
#include "hv/wake.h"

#define PAGES(bytes)	(((uint64_t)(bytes) + PAGE_SIZE - 1) / PAGE_SIZE)
#define PAGE_MASK	((uint64_t)PAGE_SIZE - 1)
#define SECOND_US	1000000u

struct model {
	const struct model_kind *kind;
	const struct pci_function *f;
	uint32_t nth;			/* of its kind */
	void *memory;			/* of the model */
	void *state;			/* NULL: its registers were never to be seen so far */
	struct devmodel d;
	volatile uint32_t *room;	/* the mapping */
	uint32_t bytes;			/* registers that are mapped */
	uint64_t at;			/* where they are; 0: they decode nowhere */
	struct mmio_region *region;	/* which traps them; NULL: not yet */
	uint32_t open_at;		/* a page of the pool in place of registers, as struct mmio_region has it */
	hpa_t open;
	uint32_t hz;			/* as often it wants to be looked at, since it was last asked */
	uint32_t moves, seen[CPUS_MAX];	/* a processor that has not seen the last move has the old page table entries */
	char name[24];			/* e1000-00:03.0 */
};

static const struct model_kind *const kinds[] = { &net_kind, &disk_kind };
#define KINDS	(sizeof(kinds) / sizeof(kinds[0]))

static struct model models[MODELS_MAX];
static uint32_t model_count;
static const struct vcpu *on;		/* under the guest lock: the processor that runs a model */
uint32_t model_hz;
bool model_rests;
static uint64_t polled_us;

/* ---- a model's surroundings ---- */

/* BARs below a page may begin anywhere in one. */
static volatile uint32_t *register_at(const struct model *m, uint32_t offset)
{
	return m->room + ((m->at & PAGE_MASK) + offset) / 4;
}

static uint32_t reg_read(void *host, uint32_t offset)
{
	const struct model *m = host;

	return m->at && offset < m->bytes ? *register_at(m, offset) : UINT32_MAX;
}

static void reg_write(void *host, uint32_t offset, uint32_t value)
{
	const struct model *m = host;

	if (m->at && offset < m->bytes)
		*register_at(m, offset) = value;
}

static bool guest_read(void *host, gpa_t at, void *to, uint32_t len)
{
	return gmem_read(on, at, to, len);
}

static bool guest_write(void *host, gpa_t at, const void *from, uint32_t len)
{
	return gmem_write(on, at, from, len);
}

/* The machine's addresses are the guest's. */
static bool guest_dma(void *host, gpa_t at, uint32_t len, dma_t *out)
{
	if (!gmem_is_ram(at, len))
		return false;
	out->a = at.a;
	return true;
}

static uint64_t now_ns(void *host)
{
	return clock_us() * 1000;
}

/* Before the guest runs there is no region yet: model_trapped() then does it. */
static void open_page(void *host, uint32_t offset, uint8_t *page)
{
	struct model *m = host;

	m->open_at = offset;
	m->open = page ? hpa_of(page) : (hpa_t){ 0 };
	if (m->region)
		mmio_open(m->region, offset, m->open);
}

static bool await_halt(void *host)
{
	svm_ops.exit_on_halt(on, true);
	return true;
}

static const struct devmodel_ops ops = { reg_read, reg_write, guest_read, guest_write, guest_dma, now_ns, open_page, await_halt };

static void report(counters_say_fn *say, uint32_t rows)
{
	for (uint32_t i = 0; i < model_count; i++) {
		const struct model *m = &models[i];

		for (uint32_t n = 0; m->state && n < m->kind->counters; n++) {
			uint64_t value = m->kind->counter(m->state, n);

			if (value)
				say(m->name, value, m->kind->counter_name[n], NULL);
		}
	}
	enforce_report(say, rows);
}

/* ---- the devices ---- */

static uint64_t bytes_of(const struct model_kind *k)
{
	return (PAGES(k->size()) + PAGES(k->pool_bytes)) * PAGE_SIZE;
}

uint64_t model_bytes(const struct options *o)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < KINDS; i++) {
		uint32_t n = pci_survey(o, kinds[i]->is);

		sum += (n < kinds[i]->count_max ? n : kinds[i]->count_max) * bytes_of(kinds[i]);
		if (n && kinds[i] == &disk_kind)
			sum += disk_bytes(o);
	}
	return sum;
}

/* @v has the mapping as it is now. */
static void enter(struct model *m, const struct vcpu *v)
{
	on = v;
	if (m->seen[v->index] == m->moves)
		return;
	device_forget(m->room, (uint32_t)PAGES(m->bytes));
	m->seen[v->index] = m->moves;
}

/* Only who has just been called can want something else. */
static void ask(struct model *m)
{
	m->hz = m->state ? m->kind->poll_hz(m->state) : 0;
	model_rests = m->hz && m->kind->rests && m->kind->rests(m->state);
}

/*
 * The devices are looked at as often as one wants, from now on.  Seldomer only when a look has just been (@looked):
 * drivers mask their interrupts for as long as a handful of frames takes, and an HPET is slow to write.
 */
static void keep_pace(bool looked)
{
	uint32_t most = 0;

	for (uint32_t i = 0; i < model_count; i++)
		most = models[i].hz > most ? models[i].hz : most;
	if (most == model_hz || (most < model_hz && !looked))
		return;
	if (!model_hz)
		polled_us = clock_us();
	__atomic_store_n(&model_hz, most, __ATOMIC_RELAXED);
	wake_need(WAKE_DEVICES, most);
}

static void leave(struct model *m)
{
	ask(m);
	keep_pace(false);
}

void model_moved(struct model *m, const struct vcpu *v)
{
	const struct pci_bar *b = &m->f->bar[m->kind->bar];
	uint64_t at = b->len >= m->kind->least ? b->at : 0;

	if (at == m->at)
		return;
	m->at = at;
	if (!at)
		return;
	device_point(m->room, (hpa_t){ at & ~PAGE_MASK }, (uint32_t)PAGES(m->bytes));
	m->moves++;
	enter(m, v);
	if (!m->state)
		m->state = m->kind->attach(m->memory, &m->d, m->f, m->nth);
	leave(m);
}

void model_was_reset(struct model *m, const struct vcpu *v)
{
	if (!m->state)
		return;
	enter(m, v);
	m->kind->was_reset(m->state);
	leave(m);
}

static void add(const struct model_kind *k, const struct pci_function *f, uint32_t nth, const struct vcpu *v)
{
	struct model *m = &models[model_count++];
	struct text name = { m->name, sizeof(m->name) - 1, 0 };
	uint8_t *pool = pages_alloc(PAGES(k->pool_bytes));

	text_add(&name, "%s-%02x:%02x.%u", k->name, f->bdf >> 8, f->bdf >> 3 & 31u, f->bdf & 7u);
	m->kind = k;
	m->f = f;
	m->nth = nth;
	m->memory = pages_alloc(PAGES(k->size()));
	m->d = (struct devmodel){ &ops, m, { pool, { hpa_of(pool).a }, k->pool_bytes } };
	m->bytes = f->size[k->bar] < k->most ? (uint32_t)f->size[k->bar] : k->most;
	m->room = device_reserve((uint32_t)PAGES(m->bytes));
	model_moved(m, v);
	if (!m->state && m->at)
		log_error("%s: %s that could not be stopped: the guest does not reach it", m->name, k->what);
	else
		log_line("%s: %s, what goes through it goes through the policy%s", m->name, k->what,
			 m->state ? "" : " as soon as it is mapped");
}

void model_init(const struct vcpu *v)
{
	for (unsigned i = 0; i < KINDS; i++) {
		uint32_t nth = 0;

		for (uint32_t n = 0; n < pci_count(); n++) {
			struct pci_function *f = pci_nth(n);

			if (f->fate != PCI_MODELLED || f->model != kinds[i]->is)
				continue;
			if (nth == kinds[i]->count_max || f->size[kinds[i]->bar] < kinds[i]->least)
				pci_hide(f);
			else
				add(kinds[i], f, nth++, v);
		}
	}
	counters_source(report);
}

unsigned model_bar(const struct pci_function *f)
{
	for (unsigned i = 0; i < KINDS; i++) {
		if (kinds[i]->is == f->model)
			return kinds[i]->bar;
	}
	return PCI_BARS;
}

struct model *model_of(const struct pci_function *f)
{
	for (uint32_t i = 0; i < model_count; i++) {
		if (models[i].f == f)
			return &models[i];
	}
	return NULL;
}

void model_trapped(struct model *m, struct mmio_region *r)
{
	m->region = r;
	if (m->open.a)
		mmio_open(r, m->open_at, m->open);
}

/* ---- accesses, and looking ---- */

void model_memory(struct model *m, struct vcpu *v, uint64_t at, unsigned size, bool write, uint64_t *value)
{
	uint64_t offset = at - m->at, len = m->f->size[m->kind->bar];

	if (m->at && (at >= m->at + len || at + size <= m->at)) {	/* beside it, in the same page */
		mmio_pass(v, at, size, write, value);
		return;
	}
	if (!m->state || offset > m->bytes - size) {
		if (!write)
			*value = UINT64_MAX;
		return;
	}
	enter(m, v);
	m->kind->access(m->state, (uint32_t)offset, size, write, value);
	leave(m);
}

void model_port(struct model *m, const struct vcpu *v, unsigned bar, uint32_t offset, unsigned size, bool write,
		 uint32_t *value)
{
	if (!m->state) {
		*value = write ? *value : UINT32_MAX;
		return;
	}
	enter(m, v);
	m->kind->port(m->state, m->f, bar, offset, size, write, value);
	leave(m);
}

bool model_is_due(bool ticked)
{
	uint32_t most = __atomic_load_n(&model_hz, __ATOMIC_RELAXED);

	return most && (ticked || clock_us() - __atomic_load_n(&polled_us, __ATOMIC_RELAXED) >= SECOND_US / most);
}

void model_poll(const struct vcpu *v)
{
	__atomic_store_n(&polled_us, clock_us(), __ATOMIC_RELAXED);
	for (uint32_t i = 0; i < model_count; i++) {
		struct model *m = &models[i];

		if (!m->hz)
			continue;
		enter(m, v);
		m->kind->poll(m->state);
		ask(m);
	}
	keep_pace(true);
}

void model_halts(const struct vcpu *v)
{
	svm_ops.exit_on_halt(v, false);
	for (uint32_t i = 0; i < model_count; i++) {
		struct model *m = &models[i];

		if (!m->state || !m->kind->halts)
			continue;
		enter(m, v);
		m->kind->halts(m->state);
		ask(m);
	}
}
