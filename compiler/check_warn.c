/*
 * check_warn.c - comparisons that mean little
 */
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
