/*
 * net.c - network cards of the e1000 family: the model's place among the others
 */
#include "devmodel/e1000/e1000.h"
#include "hv/enforce.h"
#include "hv/model.h"

#define REGISTER_BYTES	0x20000u	/* of BAR 0: 8254x manual, section 4.1 */
#define CARDS_MAX	4u

static void *attach(void *memory, const struct devmodel *d, const struct pci_function *f, uint32_t nth)
{
	return e1000_attach(memory, e1000_family((uint16_t)(f->id >> 16)), d, &enforce_net);
}

static void access(void *state, uint32_t offset, unsigned size, bool write, uint64_t *value)
{
	e1000_access(state, offset, size, write, value);
}

/* A card has one BAR of ports at most. */
static void port(void *state, const struct pci_function *f, unsigned bar, uint32_t offset, unsigned size, bool write,
		 uint32_t *value)
{
	e1000_port(state, offset, size, write, value);
}

static void poll(void *state)
{
	e1000_poll(state);
}

static uint32_t poll_hz(const void *state)
{
	return e1000_poll_hz(state);
}

static void was_reset(void *state)
{
	e1000_was_reset(state);
}

static uint64_t counter(const void *state, uint32_t n)
{
	return e1000_counter(state, n);
}

const struct model_kind net_kind = {
	.name = "e1000", .what = "network card", .is = PCI_E1000, .bar = 0, .least = REGISTER_BYTES, .most = REGISTER_BYTES,
	.count_max = CARDS_MAX, .pool_bytes = E1000_POOL_BYTES, .size = e1000_size, .attach = attach, .access = access,
	.port = port, .poll = poll, .poll_hz = poll_hz, .was_reset = was_reset, .counters = E1000_COUNTERS,
	.counter_name = e1000_counter_name, .counter = counter,
};
