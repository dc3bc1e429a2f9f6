/*
 * verify_cfg.c - blocks, functions, and an order in which every jump goes forward
 *
 * A depth-first walk of each function finds loops; its reverse post-order is topological.
 * Nothing here recurses: the walk keeps its own stack.
 */
#include "policy/verify.h"

enum { WHITE, GREY_NEXT, GREY_TARGET, BLACK };

static bool is_jump(unsigned kind)
{
	return kind == KIND_JUMP64 || kind == KIND_JUMP32 || kind == KIND_JA;
}

static bool is_local_call(const struct verifier *v, uint32_t pc)
{
	return v->op[pc] == BPF_CALL && bpf_src(&v->in->insns[pc]) == BPF_SRC_LOCAL;
}

/* Where the jump or local call at @pc goes to. */
static int64_t target_of(const struct verifier *v, uint32_t pc)
{
	const struct bpf_insn *i = &v->in->insns[pc];

	return (int64_t)pc + 1 + (v->op[pc] == BPF_CALL ? i->imm : bpf_distance(v->op[pc], i));
}

/* It starts a block; it must be there and no half of an lddw. */
static int mark_target(struct verifier *v, uint32_t pc)
{
	int64_t t = target_of(v, pc);

	if (t < 0 || t >= (int64_t)v->in->insn_count)
		return refuse(v, pc, "jump out of the program");
	if (v->op[t] == BPF_OP_BAD)
		return refuse(v, pc, "jump into the middle of an lddw");
	v->block_of[t] = 1;
	return 0;
}

/* Marks in block_of[] where blocks start. */
static int mark_leaders(struct verifier *v)
{
	uint32_t count = v->in->insn_count;

	for (uint32_t pc = 0; pc < count; pc++) {
		/* the second half of an lddw has the kind of an ALU instruction */
		unsigned kind = bpf_op_table[v->op[pc]].kind;

		if (is_jump(kind) || is_local_call(v, pc)) {
			int rc = mark_target(v, pc);

			if (rc)
				return rc;
			v->call_count += !is_jump(kind);
		}
		if ((is_jump(kind) || kind == KIND_EXIT) && pc + 1 < count)
			v->block_of[pc + 1] = 1;
	}
	v->block_of[0] = 1;
	for (unsigned h = 0; h < HV_HOOKS; h++) {
		uint32_t e = v->in->entry[h];

		if (e == POLICY_NO_INSN)
			continue;
		if (e >= count || v->op[e] == BPF_OP_BAD)
			return refuse(v, e, "bad entry point");
		v->block_of[e] = 1;
	}
	return 0;
}

static int make_blocks(struct verifier *v)
{
	uint32_t n = 0, count = v->in->insn_count;

	for (uint32_t pc = 0; pc < count; pc++)
		v->block_count += v->block_of[pc];
	v->blocks = arena_alloc(v->arena, v->block_count, sizeof(*v->blocks));
	v->order = arena_alloc(v->arena, v->block_count, 2 * sizeof(*v->order));
	if (v->blocks == NULL || v->order == NULL)
		return policy_fail(v->err, POLICY_ENOMEM, "", POLICY_NO_INSN,
				   "not enough memory to verify");
	for (uint32_t pc = 0; pc < count; pc++) {
		if (v->block_of[pc] == 0) {
			v->block_of[pc] = VERIFY_NONE;
			continue;
		}
		if (n)
			v->blocks[n - 1].end = pc;
		v->block_of[pc] = n;
		v->blocks[n++] = (struct block){ .start = pc, .end = count, .next = VERIFY_NONE,
			.target = VERIFY_NONE, .func = VERIFY_NONE, .head = VERIFY_NONE };
	}
	return 0;
}

static uint32_t last_insn(const struct verifier *v, const struct block *b)
{
	uint32_t last = b->end - 1;

	return v->op[last] == BPF_OP_BAD ? last - 1 : last;
}

static int link_block(struct verifier *v, struct block *b)
{
	uint32_t last = last_insn(v, b);
	unsigned kind = bpf_op_table[v->op[last]].kind;

	if (is_jump(kind))
		b->target = v->block_of[target_of(v, last)];
	if (kind == KIND_EXIT || kind == KIND_JA)
		return 0;
	if (b->end == v->in->insn_count)
		return refuse(v, last, "runs off the end");
	b->next = v->block_of[b->end];
	return 0;
}

/* Start a function at block @n when none starts there yet. */
static struct func *add_func(struct verifier *v, uint32_t n)
{
	struct block *b = &v->blocks[n];

	if (b->head == VERIFY_NONE) {
		b->head = v->func_count++;
		v->funcs[b->head].entry = n;
	}
	return &v->funcs[b->head];
}

/* Take @n up into the walk of function @f; a grey block closes a loop. */
static int visit(struct verifier *v, uint32_t *stack, uint32_t *top, uint32_t f, uint32_t from,
		 uint32_t n)
{
	struct block *b = &v->blocks[n];

	if (b->func != VERIFY_NONE && b->func != f)
		return refuse(v, from, "jump into another function");
	if (b->color == GREY_NEXT || b->color == GREY_TARGET)
		return refuse(v, from, "loop; write #pragma unroll before it, or bound it otherwise");
	if (b->color == BLACK)
		return 0;
	b->func = f;
	b->color = GREY_TARGET;
	stack[(*top)++] = n;
	return link_block(v, b);
}

/* The walk: a block's jump first, so that what falls through stands right behind it. */
static int order_func(struct verifier *v, uint32_t f, uint32_t *stack, uint32_t *end)
{
	uint32_t top = 0;
	int rc = visit(v, stack, &top, f, v->blocks[v->funcs[f].entry].start, v->funcs[f].entry);

	while (rc == 0 && top) {
		struct block *b = &v->blocks[stack[top - 1]];
		uint32_t to = VERIFY_NONE;

		if (b->color == GREY_TARGET) {
			b->color = GREY_NEXT;
			to = b->target;
		} else if (b->next != VERIFY_NONE && v->blocks[b->next].color != BLACK) {
			to = b->next;
		} else if (b->next != VERIFY_NONE && v->blocks[b->next].func != f) {
			to = b->next;	/* refused by visit() */
		} else {
			b->color = BLACK;
			v->order[--*end] = stack[--top];
		}
		if (to != VERIFY_NONE)
			rc = visit(v, stack, &top, f, last_insn(v, b), to);
	}
	return rc;
}

/* Blocks of each function found so far; its local calls add more functions. */
static int order_all(struct verifier *v)
{
	uint32_t *stack = v->order + v->block_count;
	uint32_t end = v->block_count;
	int rc;

	for (uint32_t f = 0; f < v->func_count; f++) {
		uint32_t after = end;

		rc = order_func(v, f, stack, &end);
		if (rc)
			return rc;
		v->funcs[f].first = end;
		v->funcs[f].count = after - end;
		for (uint32_t n = end; n < after; n++) {
			const struct block *b = &v->blocks[v->order[n]];

			for (uint32_t pc = b->start; pc < b->end; pc++)
				if (is_local_call(v, pc))
					add_func(v, v->block_of[target_of(v, pc)])->callers++;
		}
	}
	return 0;
}

/* Callers before callees; what is left over calls itself. */
static int order_funcs(struct verifier *v)
{
	uint32_t done = 0, ready = 0;

	for (uint32_t f = 0; f < v->func_count; f++)
		if (v->funcs[f].callers == 0)
			v->func_order[ready++] = f;
	for (; done < ready; done++) {
		const struct func *f = &v->funcs[v->func_order[done]];

		for (uint32_t n = f->first; n < f->first + f->count; n++) {
			const struct block *b = &v->blocks[v->order[n]];

			for (uint32_t pc = b->start; pc < b->end; pc++) {
				struct func *callee;

				if (!is_local_call(v, pc))
					continue;
				callee = call_callee(v, pc);
				if (callee->level <= f->level)
					callee->level = f->level + 1;
				if (callee->level >= VERIFY_MAX_FRAMES)
					return refuse(v, pc, "more than %u calls within each other",
						      VERIFY_MAX_FRAMES - 1);
				if (--callee->callers == 0)
					v->func_order[ready++] = (uint32_t)(callee - v->funcs);
			}
		}
	}
	for (uint32_t f = 0; f < v->func_count; f++)
		if (v->funcs[f].callers)
			return refuse(v, v->blocks[v->funcs[f].entry].start, "recursion");
	return 0;
}

int cfg_build(struct verifier *v)
{
	int rc = mark_leaders(v);

	if (rc == 0)
		rc = make_blocks(v);
	if (rc)
		return rc;
	/* each is a hook's program or is called somewhere */
	v->funcs = arena_alloc(v->arena, HV_HOOKS + v->call_count, sizeof(*v->funcs));
	v->func_order = arena_alloc(v->arena, HV_HOOKS + v->call_count, sizeof(*v->func_order));
	if (v->funcs == NULL || v->func_order == NULL)
		return policy_fail(v->err, POLICY_ENOMEM, "", POLICY_NO_INSN,
				   "not enough memory to verify");
	for (unsigned h = 0; h < HV_HOOKS; h++)
		if (v->in->entry[h] != POLICY_NO_INSN)
			add_func(v, v->block_of[v->in->entry[h]])->is_hook = true;
	rc = order_all(v);
	return rc ? rc : order_funcs(v);
}
