/*
 * check_warn.c - rules that can never be reached, comparisons that mean little
 */
#include <string.h>

#include "compiler/check.h"
#include "compiler/value.h"

static const char *name_of(const struct expr *e)
{
	return e->kind == EXPR_FIELD ? hv_field_table[e->field].name : "this";
}

static bool subtracts(const struct expr *e)
{
	if (e->kind != EXPR_ARITH)
		return false;
	return e->op == ARITH_SUB || subtracts(e->l) || subtracts(e->r);
}

/* Is `x op k` true for every value of x that is there? */
static bool always(enum cmp_op op, uint64_t k, uint64_t most)
{
	return (op == CMP_GE && k == 0) || (op == CMP_LE && k >= most) ||
	       (op == CMP_LT && k > most) || (op == CMP_NE && k > most);
}

static bool never(enum cmp_op op, uint64_t k, uint64_t most)
{
	return (op == CMP_LT && k == 0) || (op == CMP_GT && k >= most) ||
	       (op == CMP_GE && k > most) || (op == CMP_EQ && k > most);
}

/* The addresses of ARP are IPv4: of IPv6 they are equal to none, unlike all. */
static void warn_family(struct check *c, const struct expr *e, const struct expr *field, bool unlike)
{
	diag_warning(c->diags, e->loc, "%s: %s is an IPv4 address",
		     unlike ? "true for every value" : "never true", name_of(field));
}

void warn_compare(struct check *c, const struct expr *e)
{
	static const enum cmp_op mirrored[] = {
		[CMP_EQ] = CMP_EQ, [CMP_NE] = CMP_NE, [CMP_LT] = CMP_GT, [CMP_LE] = CMP_GE,
		[CMP_GT] = CMP_LT, [CMP_GE] = CMP_LE,
	};
	const struct expr *x, *k;
	enum cmp_op op;

	if (e->kind != EXPR_CMP)
		return;
	x = e->l->kind == EXPR_CONST ? e->r : e->l;
	k = e->l->kind == EXPR_CONST ? e->l : e->r;
	if (x->type == TYPE_IP4 && k->kind == EXPR_CONST && k->value.family == 6)
		warn_family(c, e, x, e->op == CMP_NE);
	if (e->l->type != TYPE_NUM)
		return;
	if (e->op != CMP_EQ && e->op != CMP_NE && (subtracts(e->l) || subtracts(e->r)))
		diag_warning(c->diags, e->loc, "the subtraction wraps below 0: "
			     "move the term to the other side, or test the order first");
	op = e->l->kind == EXPR_CONST ? mirrored[e->op] : (enum cmp_op)e->op;
	if (k->kind != EXPR_CONST)
		return;
	if (never(op, k->value.lo, expr_max(x)))
		diag_warning(c->diags, e->loc, "never true: %s is 0 to %llu", name_of(x),
			     (unsigned long long)expr_max(x));
	else if (always(op, k->value.lo, expr_max(x)))
		diag_warning(c->diags, e->loc, "true for every value: %s is 0 to %llu", name_of(x),
			     (unsigned long long)expr_max(x));
}

void warn_in(struct check *c, const struct expr *e)
{
	const struct set *s = e->set;
	uint64_t most, last;

	if (s->arity != 1 || !s->count || e->l->kind == EXPR_CONST)
		return;
	/* by family: where the first is IPv6, all are */
	if (e->l->type == TYPE_IP4 && s->elements[0].lo->family == 6)
		warn_family(c, e, e->l, e->negated);
	if (s->types[0] != TYPE_NUM)
		return;
	most = expr_max(e->l);
	last = s->elements[s->count - 1].hi->lo;
	if (last > most)
		diag_warning(c->diags, e->loc, "%s is 0 to %llu: it is never %llu", name_of(e->l),
			     (unsigned long long)most, (unsigned long long)last);
}

/* ---- rules never reached ---- */

static const struct action *verdict_of(const struct rule *r)
{
	for (const struct action *a = r->actions; a; a = a->next)
		if (a->kind <= ACTION_DROP_SILENTLY)
			return a;
	return NULL;
}

struct seen {
	uint64_t hash;
	const struct rule *rule;
	struct seen *next;
};

static const struct rule *same_before(struct seen **buckets, size_t mask, uint64_t hash,
				      const struct expr *e)
{
	for (const struct seen *s = buckets[hash & mask]; s; s = s->next)
		if (s->hash == hash && expr_equal(s->rule->condition, e))
			return s->rule;
	return NULL;
}

/* A rule of several hooks is warned of once. */
static bool told(struct names *done, const struct rule *r)
{
	char key[64];
	int n = snprintf(key, sizeof(key), "%p:%u", (const void *)r->loc.src, r->loc.first);

	if (names_find(done, key, (size_t)n))
		return true;
	names_add(done, key, (size_t)n, NULL);
	return false;
}

static void warn_hook(struct check *c, unsigned hook, struct names *done)
{
	const struct hook_rules *hr = &c->model->hooks[hook];
	const struct rule *end = NULL;
	size_t mask = 63;
	struct seen **buckets;

	while (mask < hr->count)
		mask = mask * 2 + 1;
	buckets = pool_array(c->pool, mask + 1, sizeof(*buckets));
	for (const struct rule *r = hr->rules; r; r = r->next) {
		int truth = r->condition ? expr_truth(r->condition) : 1;
		const struct rule *same = NULL;
		uint64_t hash = 0;

		if (r->condition && truth < 0) {
			hash = expr_hash(r->condition);
			same = same_before(buckets, mask, hash, r->condition);
		}
		if (end || same) {
			if (told(done, r))
				continue;
			diag_warning(c->diags, r->loc, "rule '%s' is never reached in %s", r->label,
				     hv_hook_name[hook]);
			diag_note(c->diags, (end ? end : same)->loc, end ? "this rule decides every transfer"
				  : "this rule decides the same transfers");
		} else if (truth == 0) {
			/* a comparison alone was warned of where it stands */
			if (r->condition->kind != EXPR_CMP && !told(done, r))
				diag_warning(c->diags, r->loc, "the condition of rule '%s' is never true",
					     r->label);
		} else if (verdict_of(r) && truth == 1) {
			end = r;
		} else if (verdict_of(r)) {
			struct seen *s = pool_alloc(c->pool, sizeof(*s));

			*s = (struct seen){ hash, r, buckets[hash & mask] };
			buckets[hash & mask] = s;
		}
	}
}

void warn_unreachable(struct check *c)
{
	struct names done;

	names_init(&done, c->pool);
	for (unsigned h = 0; h < HV_HOOKS; h++)
		warn_hook(c, h, &done);
}
