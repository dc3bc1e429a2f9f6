/*
 * verify_state.c - states at merges: kept packed, joined, given back
 *
 * A block's state waits from its first incoming edge until the block is walked.  Only what
 * holds something is kept, in pieces of a few sizes that are used again.
 */
#include "policy/map.h"
#include "policy/verify.h"

#include <string.h>

static const uint8_t class_regs[STATE_CLASSES] = { 2, 4, 8, 16, 32, BPF_FP + VERIFY_SLOTS };

bool reg_is_pointer(const struct reg *r)
{
	return r->type > REG_NUM;
}

struct reg reg_num(struct range r)
{
	return (struct reg){ .type = REG_NUM, .r = r };
}

/* Bits of word @w of a map of stack bytes that lie in [lo, hi), counted from the lowest byte. */
static uint64_t word_mask(unsigned w, unsigned lo, unsigned hi)
{
	unsigned first = w * 64, from = lo > first ? lo - first : 0;
	unsigned to = hi > first ? hi - first : 0;
	uint64_t below;

	if (from >= 64 || to <= from)
		return 0;
	below = to >= 64 ? UINT64_MAX : (UINT64_C(1) << to) - 1;
	return below & UINT64_MAX << from;
}

/* Stack bytes [lo, hi) are in map @to now, and not in @from. */
static void move_bytes(uint64_t *to, uint64_t *from, int64_t lo, int64_t hi)
{
	for (unsigned w = 0; w < BPF_STACK_SIZE / 64; w++) {
		uint64_t bytes = word_mask(w, (unsigned)(lo + (int)BPF_STACK_SIZE),
					   (unsigned)(hi + (int)BPF_STACK_SIZE));

		to[w] |= bytes;
		from[w] &= ~bytes;
	}
}

void state_init_bytes(struct state *st, int64_t lo, int64_t hi)
{
	move_bytes(st->init, st->pointer, lo, hi);
}

void state_pointer_bytes(struct state *st, int64_t lo, int64_t hi)
{
	move_bytes(st->pointer, st->init, lo, hi);
}

bool state_bytes_are_init(const struct state *st, int64_t lo, int64_t hi)
{
	uint64_t missing = 0;

	for (unsigned w = 0; w < BPF_STACK_SIZE / 64; w++)
		missing |= word_mask(w, (unsigned)(lo + (int)BPF_STACK_SIZE),
				     (unsigned)(hi + (int)BPF_STACK_SIZE)) & ~st->init[w];
	return missing == 0;
}

void state_forget_slots(struct state *st, int64_t lo, int64_t hi)
{
	unsigned first = (unsigned)(lo + (int)BPF_STACK_SIZE) / 8;
	unsigned end = ((unsigned)(hi + (int)BPF_STACK_SIZE) + 7) / 8;

	st->spilled &= ~word_mask(0, first, end);
}

void state_clear(struct state *st)
{
	for (unsigned i = 0; i < BPF_FP; i++)
		st->reg[i] = (struct reg){ .type = REG_NONE };
	st->spilled = 0;
	memset(st->init, 0, sizeof(st->init));
	memset(st->pointer, 0, sizeof(st->pointer));
}

void state_copy(struct state *to, const struct state *from)
{
	memcpy(to, from, offsetof(struct state, slot));
	for (uint64_t s = from->spilled; s; s &= s - 1)
		to->slot[__builtin_ctzll(s)] = from->slot[__builtin_ctzll(s)];
}

static struct saved *saved_alloc(struct verifier *v, unsigned count)
{
	struct saved *s;
	uint32_t c = 0;

	while (class_regs[c] < count)
		c++;
	s = v->free[c];
	if (s)
		v->free[c] = s->next;
	else
		s = arena_alloc(v->arena, 1, sizeof(*s) + class_regs[c] * sizeof(struct reg));
	if (s)
		s->class = c;
	return s;
}

/* Bits set; the built-in one calls the compiler's run-time library, which is not there. */
static unsigned count_bits(uint64_t bits)
{
	unsigned n = 0;

	for (; bits; bits &= bits - 1)
		n++;
	return n;
}

static struct saved *save(struct verifier *v, const struct state *st)
{
	unsigned count = 0, live = 0;
	struct saved *s;

	for (unsigned i = 0; i < BPF_FP; i++)
		if (st->reg[i].type != REG_NONE)
			live |= 1u << i;
	s = saved_alloc(v, count_bits(live) + count_bits(st->spilled));
	if (s == NULL)
		return NULL;
	s->next = NULL;
	s->from = v->block;
	s->live = live;
	s->spilled = st->spilled;
	memcpy(s->init, st->init, sizeof(s->init));
	memcpy(s->pointer, st->pointer, sizeof(s->pointer));
	for (; live; live &= live - 1)
		s->reg[count++] = st->reg[__builtin_ctz(live)];
	for (uint64_t m = st->spilled; m; m &= m - 1)
		s->reg[count++] = st->slot[__builtin_ctzll(m)];
	return s;
}

void state_take(struct verifier *v, struct block *b, struct state *st)
{
	struct saved *s = b->in;
	unsigned count = 0;

	for (unsigned i = 0; i < BPF_FP; i++)
		if (s->live >> i & 1)
			st->reg[i] = s->reg[count++];
		else
			st->reg[i] = (struct reg){ .type = REG_NONE };
	st->spilled = s->spilled;
	memcpy(st->init, s->init, sizeof(st->init));
	memcpy(st->pointer, s->pointer, sizeof(st->pointer));
	for (uint64_t m = s->spilled; m; m &= m - 1)
		st->slot[__builtin_ctzll(m)] = s->reg[count++];
	b->in = s->next;
	s->next = v->free[s->class];
	v->free[s->class] = s;
}

/* A number that is 0 is also the NULL of a map's value. */
static bool is_null(const struct reg *r)
{
	return r->type == REG_NUM && range_is_const(&r->r) && r->r.umin == 0;
}

static bool is_value(const struct reg *r)
{
	return r->type == REG_VALUE || r->type == REG_VALUE_OR_NULL;
}

static bool is_value_start(const struct reg *r)
{
	return is_value(r) && range_is_const(&r->r) && r->r.umin == 0;
}

/* A looked-up value and NULL: a value that may be NULL. */
static bool join_null(struct reg *a, const struct reg *b)
{
	if (!(is_value_start(a) || is_null(a)) || !(is_value_start(b) || is_null(b)))
		return false;
	if (is_value(a) && is_value(b) && a->object != b->object)
		return false;
	a->object = is_value(a) ? a->object : b->object;
	a->type = REG_VALUE_OR_NULL;
	a->id = 0;
	a->r = range_const(0);
	return true;
}

/* End of the stack bytes that are written from @from on, without a gap. */
static int64_t written_end(const uint64_t *init, int64_t from)
{
	unsigned i = (unsigned)(from + (int)BPF_STACK_SIZE);

	while (i < BPF_STACK_SIZE && (init[i / 64] >> i % 64 & 1))
		i++;
	return (int64_t)i - (int)BPF_STACK_SIZE;
}

/* Bytes behind @r that can be read, wherever in its range it points to; 0: none. */
static int64_t readable(const struct verifier *v, const struct reg *r, const uint64_t *init)
{
	int64_t end, low = 0;

	switch (r->type) {
	case REG_CTX:
		end = sizeof(struct hv_ctx);
		break;
	case REG_STACK:
		low = -(int64_t)BPF_STACK_SIZE;
		end = r->r.smin < low || r->r.smin > 0 ? low : written_end(init, r->r.smin);
		break;
	case REG_ARG:
	case REG_READ:
		end = r->object;
		break;
	case REG_VALUE:
		end = map_value_size(v->in->maps[r->object]);
		break;
	case REG_DATA:
		end = v->in->regions[r->object].size;
		break;
	default:
		return 0;
	}
	return r->r.smin < low || r->r.smax >= end ? 0 : end - r->r.smax;
}

/* What a register holds on one way (and what its stack holds there). */
struct way {
	const struct verifier *v;
	const uint64_t *a_init, *b_init;
};

/* Pointers to different objects: clang joins loads behind a branch; reading stays possible. */
static bool join_objects(const struct way *w, struct reg *a, const struct reg *b)
{
	int64_t n = readable(w->v, a, w->a_init), m = readable(w->v, b, w->b_init);

	n = n < m ? n : m;
	*a = (struct reg){ .type = REG_READ, .object = (uint32_t)n, .r = range_const(0) };
	return n > 0;
}

/* What @a holds when it is @a on one way and @b on the other; false: nothing usable. */
static bool reg_join(const struct way *w, struct reg *a, const struct reg *b)
{
	bool sized = a->type == REG_ARG || a->type == REG_READ;

	if (a->type != b->type)
		return join_null(a, b) || join_objects(w, a, b);
	if (!sized && a->object != b->object)
		return join_objects(w, a, b);
	if (sized && b->object < a->object)
		a->object = b->object;
	if (a->id != b->id)
		a->id = 0;
	a->r = range_join(&a->r, &b->r);
	return true;
}

static void join(const struct verifier *v, struct saved *s, const struct state *st)
{
	const struct way w = { v, s->init, st->init };
	unsigned from = 0, to = 0, live = s->live;
	uint64_t spilled = s->spilled;

	for (unsigned i = 0; i < BPF_FP; i++) {
		if (!(live >> i & 1))
			continue;
		s->reg[to] = s->reg[from++];
		if (reg_join(&w, &s->reg[to], &st->reg[i]))
			to++;
		else
			s->live &= ~(1u << i);
	}
	for (uint64_t m = spilled; m; m &= m - 1) {
		unsigned i = (unsigned)__builtin_ctzll(m);

		s->reg[to] = s->reg[from++];
		if ((st->spilled >> i & 1) && reg_join(&w, &s->reg[to], &st->slot[i]))
			to++;
		else
			s->spilled &= ~(UINT64_C(1) << i);
	}
	for (unsigned i = 0; i < BPF_STACK_SIZE / 64; i++) {
		s->init[i] &= st->init[i];
		s->pointer[i] |= st->pointer[i];
	}
}

static bool pointers_differ(const struct reg *a, const struct reg *b)
{
	return reg_is_pointer(a) && reg_is_pointer(b) &&
	       (a->type != b->type || a->object != b->object || a->r.smin != b->r.smin ||
		a->r.smax != b->r.smax);
}

/*
 * Does a pointer differ?  clang sinks what two ways do to the block where they meet: there the
 * base is one of two objects and the index fits the one whose way was taken.  Joined, neither
 * would say so; the block is walked once with each instead.
 */
static bool ways_differ(const struct saved *s, const struct state *st)
{
	const struct reg *r = s->reg;

	for (unsigned live = s->live; live; live &= live - 1)
		if (pointers_differ(r++, &st->reg[__builtin_ctz(live)]))
			return true;
	for (uint64_t m = s->spilled; m; m &= m - 1, r++)
		if ((st->spilled & m & -m) && pointers_differ(r, &st->slot[__builtin_ctzll(m)]))
			return true;
	return false;
}

int state_flow(struct verifier *v, const struct state *st, struct block *to)
{
	struct saved **s = &to->in;

	to->reached = true;
	/* what was walked apart is joined behind its block, or all would be apart to the end */
	for (unsigned n = 1; *s; n++, s = &(*s)->next)
		if (n == VERIFY_WAYS || (*s)->from == v->block || !ways_differ(*s, st)) {
			join(v, *s, st);
			return 0;
		}
	*s = save(v, st);
	if (*s == NULL)
		return policy_fail(v->err, POLICY_ENOMEM, "", to->start,
				   "not enough memory to verify: too many open branches");
	return 0;
}
