/*
 * counter.c - what a model counts, by name
 */
#include "devmodel/e1000/state.h"

const char *const e1000_counter_name[E1000_COUNTERS] = {
#define COUNTER(name, words) [E1000_##name] = words,
#include "devmodel/e1000/counter.def"
#undef COUNTER
};

uint64_t e1000_counter(const struct e1000 *n, enum e1000_counter c)
{
	return n->counter[c];
}
