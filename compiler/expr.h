/*
 * expr.h - makes the model's expressions: sizes and hooks kept, constants folded
 */
#ifndef COMPILER_EXPR_H
#define COMPILER_EXPR_H

#include "compiler/model.h"
#include "compiler/pool.h"

#define HOOKS_ALL	(HOOKS_NET | HOOKS_DISK)

struct expr *expr_new(struct pool *p, enum expr_kind kind, enum value_type type, struct loc loc);
struct expr *expr_const(struct pool *p, const struct value *v, struct loc loc);
struct expr *expr_bool(struct pool *p, bool truth, struct loc loc);
/* Fill in depth, nodes and hooks from the operands; every constructor's last step. */
struct expr *expr_finish(struct expr *e);

/* l op r on numbers; of constants their result. */
struct expr *expr_arith(struct pool *p, enum arith_op op, struct expr *l, struct expr *r,
			struct loc loc);
/* l op r; of constants EXPR_BOOL. */
struct expr *expr_cmp(struct pool *p, enum cmp_op op, struct expr *l, struct expr *r,
		      struct loc loc);
/* A chain as a balanced tree: and, or are associative, so depth is its length's logarithm. */
struct expr *expr_chain(struct pool *p, enum expr_kind kind, struct expr **items, size_t count);

/* The hooks in which a field or area exists, HOOK_BIT()s. */
unsigned area_hooks(enum hv_area area);

/* An upper bound of a number, or of a MAC address's value. */
uint64_t expr_max(const struct expr *e);
/* 1 always true, 0 always false (whatever the transfer), -1 neither is known. */
int expr_truth(const struct expr *e);

/* Structure alone, places apart. */
uint64_t expr_hash(const struct expr *e);
bool expr_equal(const struct expr *a, const struct expr *b);

#endif
