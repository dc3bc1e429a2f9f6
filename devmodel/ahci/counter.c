/*
 * counter.c - what a model counts, by name
 */
#include "devmodel/ahci/state.h"

const char *const ahci_counter_name[AHCI_COUNTERS] = {
#define COUNTER(name, words) [AHCI_##name] = words,
#include "devmodel/ahci/counter.def"
#undef COUNTER
};

uint64_t ahci_counter(const struct ahci *h, enum ahci_counter c)
{
	return h->counter[c];
}
