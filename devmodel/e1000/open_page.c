/*
 * open_page.c - registers of receive rings that the guest writes without a call
 *
 * The page is memory that the guest changes at any time: each word is loaded once, and what was loaded is handed to the
 * register as an access would.  Stores of the model's go in only where the guest has not written meanwhile.
 */
#include "devmodel/e1000/pool.h"
#include "devmodel/e1000/registers.h"

static uint32_t *word_at(const struct e1000 *n, uint32_t at)
{
	return (uint32_t *)(n->d->pool.at + POOL_OPEN_PAGE + (at - OPEN_PAGE));
}

/* Register @i has @value now; where the guest has written another, that is taken at the next call. */
static void show(struct e1000 *n, uint32_t i, uint32_t value)
{
	uint32_t *word = word_at(n, n->open.reg[i].at), was = n->open.reg[i].shown;

	if (__atomic_compare_exchange_n(word, &was, value, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
		n->open.reg[i].shown = value;
}

static void take(struct e1000 *n, uint32_t i)
{
	uint32_t at = n->open.reg[i].at, value = __atomic_load_n(word_at(n, at), __ATOMIC_ACQUIRE);

	if (value == n->open.reg[i].shown)
		return;
	n->open.reg[i].shown = value;
	register_write(n, at, value);
	show(n, i, register_value(n, at));	/* it keeps not all bits, perhaps */
}

static void take_all(struct e1000 *n)
{
	for (uint32_t i = 0; i < n->open.count; i++)
		take(n, i);
}

void open_page_take(struct e1000 *n, bool all)
{
	if (!n->open.on)
		return;
	if (all)
		take_all(n);
	else
		take(n, n->open.rdt);
}

static void list(struct e1000 *n)
{
	struct open_page *o = &n->open;

	o->count = 0;
	for (uint32_t at = OPEN_PAGE; at < OPEN_PAGE + OPEN_PAGE_BYTES && o->count < OPEN_REGISTERS; at += 4) {
		if (!register_is(n, at))
			continue;
		if (at == E1000_RDH)
			o->rdh = o->count;
		if (at == E1000_RDT)
			o->rdt = o->count;
		o->reg[o->count++].at = at;
	}
}

static void open_it(struct e1000 *n)
{
	struct open_page *o = &n->open;

	if (!o->count)
		list(n);
	for (uint32_t i = 0; i < o->count; i++)
		*word_at(n, o->reg[i].at) = o->reg[i].shown = register_value(n, o->reg[i].at);
	o->on = true;
	n->d->ops->open_page(n->d->host, OPEN_PAGE, n->d->pool.at + POOL_OPEN_PAGE);
}

/* What another processor has written until it was closed is carried out too. */
static void close_it(struct e1000 *n)
{
	n->d->ops->open_page(n->d->host, OPEN_PAGE, NULL);
	take_all(n);
	n->open.on = false;
}

/* A ring that cannot be stays closed: the next write may make it one, and frames wait for that. */
static bool is_wanted(const struct e1000 *n)
{
	return n->rx.running && guest_ring_count(&n->rx.guest) && n->d->ops->open_page;
}

void open_page_follow(struct e1000 *n, bool all)
{
	struct open_page *o = &n->open;

	if (is_wanted(n) != o->on) {
		if (o->on)
			close_it(n);
		else
			open_it(n);
	} else if (o->on && all) {
		for (uint32_t i = 0; i < o->count; i++)
			show(n, i, register_value(n, o->reg[i].at));
	} else if (o->on && o->reg[o->rdh].shown != n->rx.guest.head) {
		show(n, o->rdh, n->rx.guest.head);
	}
}
