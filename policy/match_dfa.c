/*
 * match_dfa.c - a DFA says whether a regex matches anywhere: one look-up a byte
 */
#include "policy/match_internal.h"

bool dfa_search(const struct match_table *t, const struct hvm_dfa *d, struct subject s,
		struct pace *pace)
{
	const uint16_t *next = t->next + d->next_first;
	const uint8_t *map = t->bytes + d->map;
	uint32_t symbol, state = 0, i = 0;

	if (!s.len)		/* no pattern matches the empty string */
		return false;
	while (i < s.len - 1) {
		uint32_t end = block_end(i, s.len - 1), bytes = end - i;

		for (; i < end; i++) {
			state = next[state * d->symbols + map[s.bytes[i]]];
			if (state & HVM_DFA_ACCEPT)
				return true;
		}
		pace_worked(pace, bytes);
	}
	symbol = s.bytes[s.len - 1] == '\n' ? d->last_nl : map[s.bytes[s.len - 1]];
	state = next[state * d->symbols + symbol];
	if (state & HVM_DFA_ACCEPT)
		return true;
	return next[state * d->symbols + d->symbols - 1] & HVM_DFA_ACCEPT;
}
