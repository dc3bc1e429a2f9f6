/*
 * verify_call.c - calls of helpers: arguments by the types of helper.def
 */
#include "policy/judge.h"
#include "policy/map.h"
#include "policy/verify.h"

enum arg {
	ARG_NONE = 0, ARG_NUM, ARG_CTX, ARG_RMEM, ARG_WMEM, ARG_SIZE, ARG_MAP, ARG_KEY, ARG_VALUE,
	ARG_SET, ARG_CLASS, ARG_QUERY, ARG_LOG, ARG_COUNTER, ARG_REWRITE, ARG_RULE, ARG_KEYWORDS,
};

enum { RET_NUM, RET_MAP_VALUE_OR_NULL };

struct helper_info {
	const char *name;
	uint32_t cost;
	uint8_t ret;
	uint8_t arg[5];		/* enum arg */
};

static const struct helper_info helpers[] = {
#define HV_HELPER(id, nm, cst, rt, a1, a2, a3, a4, a5) \
	[id] = { #nm, cst, RET_##rt, { ARG_##a1, ARG_##a2, ARG_##a3, ARG_##a4, ARG_##a5 } },
#include "policy/helper.def"
#undef HV_HELPER
};

#define HELPERS (sizeof(helpers) / sizeof(helpers[0]))

/* What the arguments so far said. */
struct call {
	const struct helper_info *h;
	struct reg mem;		/* RMEM, WMEM: waits for its SIZE */
	bool write;
	uint32_t map, set;
	uint64_t cost;		/* of the tables' rows */
};

struct table {
	const char *what;
	uint32_t rows;
	const uint32_t *cost;	/* NULL: nothing beyond the helper's own */
};

static struct table table_of(const struct verify_tables *t, unsigned arg)
{
	switch (arg) {
	case ARG_SET:
		return (struct table){ "set", t->sets, t->set_cost };
	case ARG_CLASS:
		return (struct table){ "classifier", t->classes, t->class_cost };
	case ARG_QUERY:
		return (struct table){ "query", t->queries, t->query_cost };
	case ARG_LOG:
		return (struct table){ "log", t->logs, NULL };
	case ARG_COUNTER:
		return (struct table){ "counter", t->counters, NULL };
	case ARG_REWRITE:
		return (struct table){ "rewrite", t->rewrites, NULL };
	default:
		return (struct table){ "rule", t->rules, NULL };
	}
}

static int check_row(struct verifier *v, uint32_t pc, struct call *c, unsigned arg,
		     const struct reg *r)
{
	struct table t = table_of(&v->in->tables, arg);

	if (r->type != REG_NUM || !range_is_const(&r->r))
		return refuse(v, pc, "%s: the %s must be a constant", c->h->name, t.what);
	if (r->r.umin >= t.rows)
		return refuse(v, pc, "%s: no %s %llu, there are %u", c->h->name, t.what,
			      (unsigned long long)r->r.umin, t.rows);
	if (arg == ARG_SET)
		c->set = (uint32_t)r->r.umin;
	if (t.cost)
		c->cost += t.cost[r->r.umin];
	return 0;
}

/* The helper has written @least bytes at least, and perhaps all @most. */
static void written(struct verifier *v, const struct reg *p, uint64_t least, uint64_t most)
{
	if (p->type != REG_STACK)
		return;
	state_forget_slots(&v->now, p->r.smin, p->r.smax + (int64_t)most);
	if (range_is_const(&p->r))
		state_init_bytes(&v->now, p->r.smin, p->r.smin + (int64_t)least);
}

static int check_size(struct verifier *v, uint32_t pc, struct call *c, const struct reg *r)
{
	int rc;

	if (r->type != REG_NUM || r->r.umin < 1 || r->r.umax > VERIFY_MAX_MEM)
		return refuse(v, pc, "%s: the size must be known to lie in 1..%u", c->h->name,
			      VERIFY_MAX_MEM);
	if (c->mem.type == REG_CTX)
		return refuse(v, pc, "%s: the context is no buffer", c->h->name);
	rc = mem_check(v, pc, &c->mem, 0, r->r.umax, c->write);
	if (rc == 0 && c->write)
		written(v, &c->mem, r->r.umin, r->r.umax);
	return rc;
}

static int check_buffer(struct verifier *v, uint32_t pc, struct call *c, const struct reg *r,
			uint64_t size)
{
	if (r->type == REG_CTX)
		return refuse(v, pc, "%s: the context is no buffer", c->h->name);
	return mem_check(v, pc, r, 0, size, false);
}

/* Helpers read words, so these lie on multiples of 8. */
static int check_words(struct verifier *v, uint32_t pc, struct call *c, const struct reg *r)
{
	struct bits b = r->r.bits;

	if (reg_is_pointer(r) && r->type != REG_STACK)
		return refuse(v, pc, "%s: the key must lie on the function's own stack", c->h->name);
	if ((b.value | b.mask) & 7)
		return refuse(v, pc, "%s: the key must lie on a multiple of 8", c->h->name);
	return check_buffer(v, pc, c, r, 8u * v->in->tables.set_words[c->set]);
}

static int check_arg(struct verifier *v, uint32_t pc, struct call *c, unsigned arg,
		     const struct reg *r)
{
	switch (arg) {
	case ARG_NUM:
		return r->type == REG_NUM ? 0 : refuse(v, pc, "%s: a pointer where a number is wanted",
						       c->h->name);
	case ARG_CTX:
		if (r->type != REG_CTX || !range_is_const(&r->r) || r->r.umin != 0)
			return refuse(v, pc, "%s: the context is wanted", c->h->name);
		return 0;
	case ARG_RMEM:
	case ARG_WMEM:
		c->mem = *r;
		c->write = arg == ARG_WMEM;
		return 0;
	case ARG_SIZE:
		return check_size(v, pc, c, r);
	case ARG_MAP:
		c->map = r->object;
		return r->type == REG_MAP ? 0 : refuse(v, pc, "%s: a map is wanted", c->h->name);
	case ARG_KEY:
		return check_buffer(v, pc, c, r, map_key_size(v->in->maps[c->map]));
	case ARG_VALUE:
		return check_buffer(v, pc, c, r, map_value_size(v->in->maps[c->map]));
	case ARG_KEYWORDS:
		return check_words(v, pc, c, r);
	default:
		return check_row(v, pc, c, arg, r);
	}
}

/*
 * How often helper @n does what its cost says: once, or for each range of a disk command.  Only
 * TRIM, in disk control, has more than one.
 */
static uint32_t rounds(const struct verifier *v, uint32_t n)
{
	uint32_t control = v->in->entry[HV_HOOK_DISK_CONTROL];

	if (n != HELPER_hv_overlaps && n != HELPER_hv_overlaps_range)
		return 1;
	if (control == POLICY_NO_INSN)
		return 1;
	if (v->func->is_hook && v->blocks[v->func->entry].start != control)
		return 1;
	return JUDGE_MAX_RANGES;
}

int call_helper(struct verifier *v, uint32_t pc)
{
	uint32_t n = (uint32_t)v->in->insns[pc].imm;
	struct call c = { 0 };
	struct reg r;
	int rc = 0;

	if (n >= HELPERS || helpers[n].name == NULL)
		return refuse(v, pc, "no helper %u", n);
	c.h = &helpers[n];
	for (unsigned i = 0; i < 5 && c.h->arg[i] != ARG_NONE && rc == 0; i++) {
		rc = reg_read(v, pc, i + 1, &r);
		if (rc == 0)
			rc = check_arg(v, pc, &c, c.h->arg[i], &r);
	}
	if (rc)
		return rc;
	v->extra += (c.cost + c.h->cost) * rounds(v, n);
	for (unsigned i = 1; i <= 5; i++)
		v->now.reg[i] = (struct reg){ .type = REG_NONE };
	v->now.reg[0] = reg_num(range_any());
	if (c.h->ret == RET_MAP_VALUE_OR_NULL)
		v->now.reg[0] = (struct reg){ .type = REG_VALUE_OR_NULL, .object = c.map,
					      .id = pc + 1, .r = range_const(0) };
	return 0;
}
