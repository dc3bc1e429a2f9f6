/*
 * verify_live.c - whose results are read
 *
 * clang leaves anything in r0 where a function has no result, and pays no heed to r0 behind such
 * a call.  So what r0 holds at an exit matters where a caller reads it before it is written
 * again: found here backwards, block by block, callers before callees.  A mistake here could not
 * let anything through: behind calls whose result is not read, r0 counts as unwritten.
 */
#include "policy/verify.h"

#define BPF_CODE	0xf0u	/* of an ALU opcode: RFC 9669, section 4.1 */
#define BPF_CODE_MOV	0xb0u	/* MOV and MOVSX */

static bool writes_only(unsigned op)
{
	const struct bpf_op_info *o = &bpf_op_table[op];

	switch (o->kind) {
	case KIND_LOAD:
	case KIND_LDDW:
		return true;
	case KIND_ALU64:
	case KIND_ALU32:
		return (o->opcode & BPF_CODE) == BPF_CODE_MOV;
	default:
		return false;
	}
}

/* Is r0 read from @pc on, when behind it it is (@after)? */
static bool read_at(struct verifier *v, const struct func *f, uint32_t pc, bool after)
{
	const struct bpf_insn *i = &v->in->insns[pc];
	unsigned op = v->op[pc], kind = bpf_op_table[op].kind;

	if (op == BPF_OP_BAD || kind == KIND_JA)
		return after;
	if (kind == KIND_EXIT)
		return f->is_hook || f->result_read;
	if (kind == KIND_CALL) {
		if (after && bpf_src(i) == BPF_SRC_LOCAL)
			call_callee(v, pc)->result_read = true;
		return false;
	}
	if (bpf_uses_reg(op) && bpf_src(i) == 0)
		return true;
	return bpf_dst(i) == 0 ? !writes_only(op) : after;
}

void find_results_read(struct verifier *v)
{
	for (uint32_t n = 0; n < v->func_count; n++) {
		const struct func *f = &v->funcs[v->func_order[n]];

		for (uint32_t m = f->count; m-- > 0;) {
			struct block *b = &v->blocks[v->order[f->first + m]];
			bool live = (b->next != VERIFY_NONE && v->blocks[b->next].reads_r0) ||
				    (b->target != VERIFY_NONE && v->blocks[b->target].reads_r0);

			for (uint32_t pc = b->end; pc-- > b->start;)
				live = read_at(v, f, pc, live);
			b->reads_r0 = live;
		}
	}
}
