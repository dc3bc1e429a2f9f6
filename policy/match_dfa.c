/*
 * match_dfa.c - a DFA says whether a regex matches anywhere: one look-up a byte
 */
#include "policy/match_internal.h"

bool dfa_search(const struct match_table *t, const struct hvm_dfa *d, struct subject s)
{
	const uint16_t *next = t->next + d->next_first;
	const uint8_t *map = t->bytes + d->map;
	uint32_t symbol, state = 0;

	if (!s.len)		/* no pattern matches the empty string */
		return false;
	for (uint32_t i = 0; i < s.len - 1; i++) {
		state = next[state * d->symbols + map[s.bytes[i]]];
		if (state & HVM_DFA_ACCEPT)
			return true;
	}
	symbol = s.bytes[s.len - 1] == '\n' ? d->last_nl : map[s.bytes[s.len - 1]];
	state = next[state * d->symbols + symbol];
	if (state & HVM_DFA_ACCEPT)
		return true;
	return next[state * d->symbols + d->symbols - 1] & HVM_DFA_ACCEPT;
}
