/*
 * lower_value.c - value expressions: numbers, addresses, bytes of an area
 *
 * Each value has a home, a word of the context or a stack slot, so that no register must
 * live across a helper call.
 */
#include "compiler/gen.h"

#define WORD_BITS	64u

bool is_address(const struct expr *e)
{
	return e->type == TYPE_IP || e->type == TYPE_IP4;
}

static struct operand constant(uint64_t value)
{
	return (struct operand){ .is_const = true, .value = value };
}

static struct operand place(unsigned loc)
{
	return (struct operand){ .loc = (uint16_t)loc };
}

static bool is_leaf(const struct expr *e)
{
	return e->kind == EXPR_CONST || e->kind == EXPR_FIELD;
}

/* Stack slots that are in use at once while @e is evaluated, the larger side first. */
static unsigned slots_of(const struct expr *e)
{
	unsigned l, r;

	if (e->kind == EXPR_BYTES)
		return slots_of(e->l) + 2;
	if (e->kind == EXPR_SECTOR) {
		l = slots_of(e->l);
		r = slots_of(e->r);
		return (l > r ? l : r) + 3;
	}
	if (e->kind != EXPR_ARITH)
		return 0;
	l = slots_of(e->l);
	r = slots_of(e->r);
	if (is_leaf(e->l) || is_leaf(e->r))
		return l > r ? l : r;
	return l == r ? l + 1 : l > r ? l : r;
}

void gen_jump_operands(struct gen *g, uint8_t op, struct operand a, struct operand b,
		       uint32_t label)
{
	unsigned keep = g->pinned, ra, rb;

	ra = gen_value(g, a);
	if (b.is_const) {
		gen_jump_const(g, op, ra, b.value, label);
		return;
	}
	g->pinned |= 1u << ra;
	rb = gen_value(g, b);
	g->pinned = keep;
	gen_jump_reg(g, op, ra, rb, label);
}

static unsigned eval(struct gen *g, const struct expr *e, uint32_t absent);

/* R0 = 0 when all bytes are there: read them from @slot into a register. */
static unsigned take_bytes(struct gen *g, const struct expr *e, unsigned slot, uint32_t absent)
{
	static const uint8_t width[9] = { [1] = OP_B, [2] = OP_H, [4] = OP_W, [8] = OP_DW };
	unsigned r;

	gen_jump_imm(g, OP_JNE, R0, 0, absent);
	r = gen_reg(g);
	asm_emit(g->code, OP_LDX | OP_MEM | width[e->size], r, R10,
		 (int16_t)(-8 * ((int)slot + 1)), 0);
	/* RFC 9669 section 4.2: to big endian is from big endian as well */
	if (!e->little_endian && e->size > 1)
		asm_emit(g->code, OP_ALU32 | OP_END | OP_X, r, 0, 0, 8 * e->size);
	return r;
}

static unsigned eval_bytes(struct gen *g, const struct expr *e, uint32_t absent)
{
	unsigned slots = g->slots, buffer, r;
	struct operand first = gen_number(g, e->l, absent), second = { 0 };

	if (e->kind == EXPR_SECTOR)
		second = gen_number(g, e->r, absent);
	else
		second = first;
	buffer = gen_slot(g, 1);
	if (e->kind == EXPR_SECTOR)
		gen_load_into(g, R2, first);
	else
		gen_mov_imm(g, R2, e->area);
	g->pinned |= 1u << R2;
	gen_load_into(g, R3, second);
	g->pinned &= ~(1u << R2);
	gen_slot_address(g, R4, buffer);
	gen_mov_imm(g, R5, e->size);
	gen_call(g, e->kind == EXPR_SECTOR ? CALL_hv_sector : CALL_hv_bytes);
	r = take_bytes(g, e, buffer, absent);
	g->slots = slots;
	return r;
}

/* d = d OP s, where a shift of 64 or more gives 0. */
static void apply(struct gen *g, enum arith_op op, unsigned d, struct operand s)
{
	static const uint8_t code[] = {
		[ARITH_ADD] = OP_ADD, [ARITH_SUB] = OP_SUB, [ARITH_AND] = OP_AND,
		[ARITH_OR] = OP_OR, [ARITH_XOR] = OP_XOR, [ARITH_SHL] = OP_LSH,
		[ARITH_SHR] = OP_RSH,
	};
	bool shift = op == ARITH_SHL || op == ARITH_SHR;
	unsigned keep = g->pinned, r;
	uint32_t small;

	if (shift && s.is_const && s.value >= WORD_BITS) {
		gen_mov_imm(g, d, 0);
		return;
	}
	if (s.is_const && s.value <= INT32_MAX) {
		gen_alu_imm(g, code[op], d, (int32_t)s.value);
		return;
	}
	g->pinned |= 1u << d;
	r = gen_value(g, s);
	if (shift) {
		/* the count is masked: 0 shifted by whatever is left of it stays 0 */
		small = gen_label(g);
		gen_jump_imm(g, OP_JLT, r, WORD_BITS, small);
		gen_mov_imm(g, d, 0);
		gen_place(g, small);
	}
	gen_alu_reg(g, code[op], d, r);
	g->pinned = keep;
}

static struct operand spill(struct gen *g, unsigned r)
{
	unsigned slot = gen_slot(g, 1);

	gen_store(g, slot, r);
	return place(LOC_SLOT | slot);
}

static unsigned eval_arith(struct gen *g, const struct expr *e, uint32_t absent)
{
	unsigned slots = g->slots, keep = g->pinned, d;
	struct operand l, r;

	if (is_leaf(e->r)) {
		d = eval(g, e->l, absent);
		g->pinned |= 1u << d;
		r = gen_number(g, e->r, absent);
	} else if (is_leaf(e->l) || slots_of(e->r) > slots_of(e->l)) {
		r = spill(g, eval(g, e->r, absent));
		d = eval(g, e->l, absent);
	} else {
		l = spill(g, eval(g, e->l, absent));
		r = spill(g, eval(g, e->r, absent));
		d = gen_reg(g);
		gen_load_into(g, d, l);
	}
	apply(g, e->op, d, r);
	g->pinned = keep;
	g->slots = slots;
	return d;
}

/* Into a register that may be written to. */
static unsigned eval(struct gen *g, const struct expr *e, uint32_t absent)
{
	unsigned r;

	if (g->failed)
		return R0;
	if (++g->depth > COND_MAX_DEPTH) {
		gen_fail(g, "the expression is nested too deeply");
		return R0;
	}
	if (e->kind == EXPR_ARITH) {
		r = eval_arith(g, e, absent);
	} else if (e->kind == EXPR_BYTES || e->kind == EXPR_SECTOR) {
		r = eval_bytes(g, e, absent);
	} else {
		struct operand o = gen_number(g, e, absent);

		r = gen_reg(g);
		gen_load_into(g, r, o);
	}
	g->now.holds[r] = LOC_NONE;
	g->depth--;
	return r;
}

struct operand gen_number(struct gen *g, const struct expr *e, uint32_t absent)
{
	if (e->kind == EXPR_CONST)
		return constant(e->value.lo);
	if (e->kind == EXPR_FIELD || e->kind == EXPR_FLAG) {
		gen_need(g, e->field, absent);
		return place(loc_of_field(e->field));
	}
	return spill(g, eval(g, e, absent));
}

struct ip_operand gen_address(struct gen *g, const struct expr *e, uint32_t absent)
{
	const struct field_info *fi = &hv_field_table[e->field];

	if (e->kind == EXPR_CONST)
		return (struct ip_operand){
			constant(e->value.family), constant(e->value.hi), constant(e->value.lo),
		};
	gen_need(g, e->field, absent);
	if (fi->type == FIELD_IP4)
		return (struct ip_operand){ constant(4), constant(0), place(fi->offset) };
	return (struct ip_operand){
		place(offsetof(struct hv_ctx, ip_version)),
		place(fi->offset + offsetof(struct hv_ip, hi)),
		place(fi->offset + offsetof(struct hv_ip, lo)),
	};
}
