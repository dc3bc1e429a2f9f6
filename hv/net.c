/*
 * net.c - network cards with a model: registers, memory, time, and when to look
 */
#include "hv/net.h"

#include "devmodel/e1000/e1000.h"
#include "hv/clock.h"
#include "hv/counters.h"
#include "hv/cpu/smp.h"
#include "hv/mem/gmem.h"
#include "hv/mem/pages.h"
#include "hv/mem/paging.h"
#include "hv/text.h"
#include "hv/wake.h"

#define REGISTER_BYTES	0x20000u	/* of BAR 0: 8254x manual, section 4.1 */
#define REGISTER_PAGES	(REGISTER_BYTES / PAGE_SIZE)
#define PAGES(bytes)	(((bytes) + PAGE_SIZE - 1) / PAGE_SIZE)
#define SECOND_US	1000000u

struct net_card {
	const struct pci_function *f;
	const struct e1000_family *family;
	void *memory;			/* of the model */
	struct e1000 *model;		/* NULL: its registers were never to be seen so far */
	struct devmodel d;
	volatile uint32_t *registers;	/* at @at; 0: they decode nowhere */
	uint64_t at;
	uint32_t moves, seen[CPUS_MAX];	/* a processor that has not seen the last move has the old page table entries */
	char name[24];			/* e1000-00:03.0 */
};

static struct net_card cards[NET_CARDS_MAX];
static uint32_t card_count;
static struct net net;
static uint64_t transfers;
static const struct vcpu *on;		/* under the guest lock: the processor that runs a model */
static uint32_t hz;			/* of all cards, the most */
static uint64_t polled_us;

/* ---- a model's surroundings ---- */

static uint32_t reg_read(void *host, uint32_t offset)
{
	const struct net_card *c = host;

	return c->at && offset < REGISTER_BYTES ? c->registers[offset / 4] : UINT32_MAX;
}

static void reg_write(void *host, uint32_t offset, uint32_t value)
{
	struct net_card *c = host;

	if (c->at && offset < REGISTER_BYTES)
		c->registers[offset / 4] = value;
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

static const struct devmodel_ops ops = { reg_read, reg_write, guest_read, guest_write, guest_dma, now_ns };

/* ---- what is told ---- */

static void report_rules(counters_say_fn *say, uint32_t rules)
{
	for (uint32_t i = 0; net.policy && rules && i < policy_rule_count(net.policy); i++) {
		const struct rule_stats *s = judge_rule_stats(net.judge, i);

		if (!s || !s->hits)
			continue;
		say("policy", s->hits, "hits of rule", policy_string(net.policy, policy_rule(net.policy, i)->label));
		rules--;
	}
}

static void report(counters_say_fn *say, uint32_t rules)
{
	for (uint32_t i = 0; i < card_count; i++) {
		for (unsigned n = 0; cards[i].model && n < E1000_COUNTERS; n++) {
			uint64_t value = e1000_counter(cards[i].model, n);

			if (value)
				say(cards[i].name, value, e1000_counter_name[n], NULL);
		}
	}
	for (unsigned n = 0; net.judge && n < JUDGE_COUNTERS; n++) {
		if (judge_counter(net.judge, n))
			say("policy", judge_counter(net.judge, n), judge_counter_name[n], NULL);
	}
	report_rules(say, rules);
}

/* ---- the cards ---- */

uint64_t net_pool_bytes(uint32_t count)
{
	return (uint64_t)(count < NET_CARDS_MAX ? count : NET_CARDS_MAX) * E1000_POOL_BYTES;
}

void net_policy(struct judge *j, const struct policy *p)
{
	net = (struct net){ .judge = j, .policy = p, .transfers = &transfers };
}

/* @v has the mapping as it is now. */
static void enter(struct net_card *c, const struct vcpu *v)
{
	on = v;
	if (c->seen[v->index] == c->moves)
		return;
	device_forget(c->registers, REGISTER_PAGES);
	c->seen[v->index] = c->moves;
}

/*
 * The cards are looked at as often as one wants, from now on.  Seldomer only when a look has just been (@looked):
 * drivers mask their interrupts for as long as a handful of frames takes, and an HPET is slow to write.
 */
static void leave(bool looked)
{
	uint32_t most = 0;

	for (uint32_t i = 0; i < card_count; i++) {
		uint32_t n = cards[i].model ? e1000_poll_hz(cards[i].model) : 0;

		most = n > most ? n : most;
	}
	if (most == hz || (most < hz && !looked))
		return;
	if (!hz)
		polled_us = clock_us();
	__atomic_store_n(&hz, most, __ATOMIC_RELAXED);
	wake_need(WAKE_NET, most);
}

void net_moved(struct net_card *c, const struct vcpu *v)
{
	const struct pci_bar *b = &c->f->bar[0];
	uint64_t at = b->len >= REGISTER_BYTES ? b->at : 0;

	if (at == c->at)
		return;
	c->at = at;
	if (!at)
		return;
	device_point(c->registers, (hpa_t){ at }, REGISTER_PAGES);
	c->moves++;
	enter(c, v);
	if (!c->model)
		c->model = e1000_attach(c->memory, c->family, &c->d, &net);
	leave(false);
}

void net_was_reset(struct net_card *c, const struct vcpu *v)
{
	if (!c->model)
		return;
	enter(c, v);
	e1000_was_reset(c->model);
	leave(false);
}

static void add(const struct pci_function *f, const struct vcpu *v)
{
	struct net_card *c = &cards[card_count++];
	struct text name = { c->name, sizeof(c->name) - 1, 0 };
	uint8_t *pool = pages_alloc(PAGES(E1000_POOL_BYTES));

	text_add(&name, "e1000-%02x:%02x.%u", f->bdf >> 8, f->bdf >> 3 & 31u, f->bdf & 7u);
	c->f = f;
	c->family = e1000_family((uint16_t)(f->id >> 16));
	c->memory = pages_alloc(PAGES(e1000_size()));
	c->d = (struct devmodel){ &ops, c, { pool, { hpa_of(pool).a }, E1000_POOL_BYTES } };
	c->registers = device_reserve(REGISTER_PAGES);
	net_moved(c, v);
	log_line("net: %s is an %s, frames go through the policy%s", c->name, c->family->name,
		 c->model ? "" : " as soon as it is mapped");
}

void net_init(const struct vcpu *v)
{
	for (uint32_t n = 0; n < pci_count(); n++) {
		struct pci_function *f = pci_nth(n);

		if (f->fate != PCI_MODELLED || f->model != PCI_E1000)
			continue;
		if (card_count == NET_CARDS_MAX)
			pci_hide(f);
		else
			add(f, v);
	}
	counters_source(report);
}

struct net_card *net_card_of(const struct pci_function *f)
{
	for (uint32_t i = 0; i < card_count; i++) {
		if (cards[i].f == f)
			return &cards[i];
	}
	return NULL;
}

/* ---- accesses, and looking ---- */

void net_memory(struct net_card *c, struct vcpu *v, uint64_t offset, unsigned size, bool write, uint64_t *value)
{
	if (!c->model || offset > REGISTER_BYTES - size) {
		if (!write)
			*value = UINT64_MAX;
		return;
	}
	enter(c, v);
	e1000_access(c->model, (uint32_t)offset, size, write, value);
	leave(false);
}

void net_port(struct net_card *c, const struct vcpu *v, uint32_t offset, unsigned size, bool write, uint32_t *value)
{
	if (!c->model) {
		*value = write ? *value : UINT32_MAX;
		return;
	}
	enter(c, v);
	e1000_port(c->model, offset, size, write, value);
	leave(false);
}

bool net_is_due(bool ticked)
{
	uint32_t most = __atomic_load_n(&hz, __ATOMIC_RELAXED);

	return most && (ticked || clock_us() - __atomic_load_n(&polled_us, __ATOMIC_RELAXED) >= SECOND_US / most);
}

void net_poll(const struct vcpu *v)
{
	__atomic_store_n(&polled_us, clock_us(), __ATOMIC_RELAXED);
	for (uint32_t i = 0; i < card_count; i++) {
		if (!cards[i].model)
			continue;
		enter(&cards[i], v);
		e1000_poll(cards[i].model);
	}
	leave(true);
}
