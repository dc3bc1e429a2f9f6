/*
 * match_nfa.c - run a position automaton: all threads at once, a byte at a time
 *
 * A thread is an active position and where its match began.  Threads are kept ascending
 * by start and each position at most once, with the leftmost start: so the first
 * that accepts is leftmost, and time is bounded by the edges, not by the data.
 */
#include "policy/match_internal.h"

struct run {
	const struct match_table *t;
	const struct hvm_nfa *n;
	const struct hvm_position *position;
	struct subject s;
	struct nfa_scratch *x;
	uint32_t count;		/* threads */
	unsigned now;		/* which list of the scratch they are in */
	bool found;
	uint32_t start, end;	/* of the best match so far */
};

uint64_t window_next(const struct window *w, uint64_t at)
{
	uint64_t into;

	if (at <= w->first)
		return w->first;
	if (!w->every)
		return at <= w->last ? at : UINT64_MAX;
	into = (at - w->first) % w->every;
	return into <= w->last - w->first ? at : at + (w->every - into);
}

static unsigned context(const struct subject *s, uint32_t at)
{
	enum hvm_before before = at ? hvm_before(s->bytes[at - 1]) : HVM_BEFORE_START;
	enum hvm_after after = HVM_AFTER_END;

	if (at < s->len)
		after = hvm_after(s->bytes[at]);
	if (after == HVM_AFTER_NL && at == s->len - 1)
		after = HVM_AFTER_LAST_NL;
	return HVM_CONTEXT(before, after);
}

/* Do matches end here?  Threads that can no longer be leftmost are dropped. */
static void accept(struct run *r, unsigned ctx, uint32_t at)
{
	const uint32_t *pos = r->x->pos[r->now], *start = r->x->start[r->now];

	for (uint32_t i = 0; i < r->count; i++) {
		if (r->found && start[i] > r->start) {
			r->count = i;
			return;
		}
		if (r->position[pos[i]].accept >> ctx & 1) {
			r->found = true;
			r->start = start[i];
			r->end = at;
		}
	}
}

/* Follow @count edges from @first with this byte; the threads of the next step grow to
 * the returned number. */
static uint32_t follow(struct run *r, uint32_t first, uint32_t count, unsigned ctx, uint8_t byte,
		       uint32_t start, uint32_t made)
{
	const struct hvm_edge *e = r->t->edge + first;
	uint32_t *pos = r->x->pos[!r->now], *starts = r->x->start[!r->now];

	for (uint32_t i = 0; i < count; i++) {
		uint32_t to = e[i].to;

		if (!(e[i].when >> ctx & 1) || r->x->mark[to] == r->x->step ||
		    !hvm_class_has(&r->t->class[r->position[to].class], byte))
			continue;
		r->x->mark[to] = r->x->step;
		pos[made] = to;
		starts[made++] = start;
	}
	return made;
}

/* Take the byte at @at; returns the steps that took. */
static uint64_t advance(struct run *r, unsigned ctx, uint32_t at, bool begin)
{
	const uint32_t *pos = r->x->pos[r->now], *start = r->x->start[r->now];
	uint64_t steps = 1 + r->count;
	uint32_t made = 0;

	r->x->step++;
	for (uint32_t i = 0; i < r->count; i++) {
		const struct hvm_position *p = &r->position[pos[i]];

		steps += p->edge_count;
		made = follow(r, p->edge_first, p->edge_count, ctx, r->s.bytes[at], start[i], made);
	}
	if (begin) {
		steps += r->n->entry_count;
		made = follow(r, r->n->entry_first, r->n->entry_count, ctx, r->s.bytes[at], at,
			      made);
	}
	r->count = made;
	r->now = !r->now;
	return steps;
}

/* The next place where a match can begin, or the end. */
static uint32_t next_start(const struct run *r, const struct window *w, uint32_t at)
{
	const struct hvm_class *c = &r->t->class[r->n->start_class];
	uint64_t next = at;

	for (;; next++) {
		next = window_next(w, next);
		if (next >= r->s.len)
			return r->s.len;
		if (hvm_class_has(c, r->s.bytes[next]))
			return (uint32_t)next;
		if (next % MATCH_BLOCK == 0)
			pace_worked(r->x->pace, MATCH_BLOCK);
	}
}

static bool spend(uint64_t *budget, uint64_t steps)
{
	if (*budget < steps) {
		*budget = 0;
		return false;
	}
	*budget -= steps;
	return true;
}

enum match_answer nfa_search(const struct match_table *t, const struct hvm_nfa *n,
			     struct subject s, uint32_t from, const struct window *w, bool any,
			     struct nfa_scratch *x, uint64_t *budget, struct match_extent *out)
{
	struct run r = { .t = t, .n = n, .position = t->position + n->position_first, .s = s,
			 .x = x };
	uint32_t at = from;

	for (;; at++) {
		uint64_t steps;
		unsigned ctx;

		if (!r.count) {
			uint32_t skipped = at;

			if (r.found)
				break;
			at = next_start(&r, w, at);
			if (at >= s.len)
				break;
			if (!spend(budget, at - skipped))
				return MATCH_UNKNOWN;
		}
		ctx = context(&s, at);
		accept(&r, ctx, at);
		if ((any && r.found) || at >= s.len)
			break;
		steps = advance(&r, ctx, at, !r.found && window_has(w, at));
		if (!spend(budget, steps))
			return MATCH_UNKNOWN;
		pace_worked(x->pace, steps);
	}
	out->start = r.start;
	out->len = r.end - r.start;
	return r.found ? MATCH_YES : MATCH_NO;
}
