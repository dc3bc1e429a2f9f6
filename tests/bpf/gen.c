/*
 * gen.c - random programs
 *
 * Registers: r0..r5 numbers, r6 the context, r7 a number, r8 and r9 scratch for addresses.
 * Stack: 64 bytes of numbers below r10, written at the start; 16 bytes below them a key.
 */
#include "tests/bpf/gen.h"

#include <string.h>

#include "policy/insn.h"

#define BLOCKS_MAX	12
#define BLOCK_INSNS	14

struct gen {
	struct fake *f;
	uint64_t seed;
	bool in_function;
};

static unsigned roll(struct gen *g, unsigned n)
{
	return (unsigned)(gen_random(&g->seed) >> 33) % n;
}

static void put(struct gen *g, uint8_t opcode, unsigned dst, unsigned src, int off, int32_t imm)
{
	g->f->insns[g->f->in.insn_count++] =
		(struct bpf_insn){ opcode, (uint8_t)(dst | src << 4), (int16_t)off, imm };
}

static unsigned number_reg(struct gen *g)
{
	static const uint8_t regs[] = { 0, 2, 3, 4, 5, 7 };

	return regs[roll(g, sizeof(regs))];
}

static uint64_t edge(struct gen *g)
{
	static const uint64_t edges[] = { 0, 1, 2, 7, 8, 31, 32, 63, 64, 255, 256, 0x7fff, 0x8000,
		0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, 0x7fffffffffffffff,
		0x8000000000000000, 0xffffffffffffffff, 0xffffffff80000000, 0xfffffffffffffff0 };
	uint64_t e = edges[roll(g, sizeof(edges) / sizeof(edges[0]))];

	switch (roll(g, 4)) {
	case 0:
		return gen_random(&g->seed) >> roll(g, 64);
	case 1:
		return e + roll(g, 5) - 2;
	default:
		return e;
	}
}

static void lddw(struct gen *g, unsigned dst, unsigned src, uint32_t lo, uint32_t hi)
{
	put(g, 0x18, dst, src, 0, (int32_t)lo);
	put(g, 0, 0, 0, 0, (int32_t)hi);
}

/* Any ALU instruction on numbers. */
static void alu(struct gen *g)
{
	unsigned op, kind;
	const struct bpf_op_info *i;
	int32_t imm;

	do {
		op = 1 + roll(g, BPF_OPS - 1);
		kind = bpf_op_table[op].kind;
	} while (kind != KIND_ALU64 && kind != KIND_ALU32);
	i = &bpf_op_table[op];
	imm = i->imm == OPERAND_N ? (int32_t)edge(g) : i->imm;
	put(g, i->opcode, number_reg(g), i->src == OPERAND_R ? number_reg(g) : 0, i->off, imm);
}

/* r8 = an address of @size bytes that the verifier can bound. */
static void address(struct gen *g, unsigned size, bool write)
{
	unsigned index = number_reg(g);

	put(g, 0xbf, 9, index, 0, 0);			/* r9 = index */
	if (roll(g, 2)) {
		put(g, 0x57, 9, 0, 0, (int32_t)(64 - size) & (int32_t)gen_random(&g->seed));
	} else {
		put(g, 0x97, 9, 0, 0, (int32_t)(65 - size));	/* modulo */
	}
	switch (roll(g, 3)) {
	case 0:
		put(g, 0xbf, 8, 10, 0, 0);
		put(g, 0x07, 8, 0, 0, -64);
		break;
	case 1:
		lddw(g, 8, BPF_SRC_DATA, write ? 1 : roll(g, 2), roll(g, 3));
		break;
	default:
		put(g, 0xb7, 8, 0, 0, (int32_t)roll(g, 3));	/* key byte: found or not */
		put(g, 0x73, 10, 8, -72, 0);
		lddw(g, 1, BPF_SRC_MAP, 0, 0);
		put(g, 0xbf, 2, 10, 0, 0);
		put(g, 0x07, 2, 0, 0, -72);
		put(g, 0xbf, 7, 9, 0, 0);
		put(g, 0x85, 0, 0, 0, 13);
		put(g, 0xbf, 8, 0, 0, 0);
		for (unsigned r = 0; r < 6; r++)
			if (r != 1)
				put(g, 0xb7, r, 0, 0, (int32_t)edge(g));
		put(g, 0x15, 8, 0, 3, 0);		/* NULL: skip up to the access */
		put(g, 0xbf, 9, 7, 0, 0);
	}
	put(g, 0x0f, 8, 9, 0, 0);
}

static void memory(struct gen *g)
{
	static const uint8_t loads[] = { 0x71, 0x69, 0x61, 0x79, 0x91, 0x89, 0x81 };
	static const uint8_t stores[] = { 0x73, 0x6b, 0x63, 0x7b, 0x72, 0x6a, 0x62, 0x7a };
	static const uint8_t sizes[4] = { 4, 2, 1, 8 };
	bool write = roll(g, 2);
	uint8_t op = write ? stores[roll(g, sizeof(stores))] : loads[roll(g, sizeof(loads))];
	unsigned size = sizes[op >> 3 & 3];

	if (roll(g, 2)) {		/* a fixed place of the stack: spill and fill */
		int off = -(int)size * (1 + (int)roll(g, 64 / size));

		if (write)
			put(g, op, 10, op & 1 ? number_reg(g) : 0, off,
			    op & 1 ? 0 : (int32_t)edge(g));
		else
			put(g, op, number_reg(g), 10, off, 0);
		return;
	}
	address(g, size, write);
	if (write)
		put(g, op, 8, op & 1 ? number_reg(g) : 0, 0, op & 1 ? 0 : (int32_t)edge(g));
	else
		put(g, op, number_reg(g), 8, 0, 0);
}

static void helper(struct gen *g)
{
	put(g, 0xbf, 1, 6, 0, 0);
	if (roll(g, 2)) {		/* hv_bytes into the stack */
		put(g, 0xbf, 4, 10, 0, 0);
		put(g, 0x07, 4, 0, 0, -64);
		put(g, 0x57, 5, 0, 0, 31);
		put(g, 0x07, 5, 0, 0, 1);
		put(g, 0x85, 0, 0, 0, 1);
	} else {			/* hv_overlaps_range */
		put(g, 0x85, 0, 0, 0, 7);
	}
	for (unsigned r = 2; r < 6; r++)
		put(g, 0xbf, r, 0, 0, 0);
}

/* r8 is one of two objects, r9 an index that fits the one on whose way it was taken. */
static void sunk(struct gen *g)
{
	static const uint8_t sizes[4] = { 0x73, 0x7b, 0x71, 0x79 };
	unsigned number = number_reg(g), first = roll(g, 2), op = sizes[roll(g, 4)];

	put(g, 0xbf, 9, number_reg(g), 0, 0);
	put(g, 0x25, number, 0, 4, (int32_t)edge(g));
	put(g, 0xbf, 8, 10, 0, 0);
	put(g, 0x07, 8, 0, 0, first ? -64 : -24);
	put(g, 0x57, 9, 0, 0, first ? 56 : 16);
	put(g, 0x05, 0, 0, 3, 0);
	lddw(g, 8, BPF_SRC_DATA, 1, roll(g, 8));
	put(g, 0x57, 9, 0, 0, 64);
	put(g, 0x0f, 8, 9, 0, 0);
	if (op & 2)
		put(g, (uint8_t)op, 8, number, 0, 0);
	else
		put(g, (uint8_t)op, number, 8, 0, 0);
}

static void ctx_load(struct gen *g)
{
	put(g, 0x79, number_reg(g), 6, 8 * (int)roll(g, sizeof(struct hv_ctx) / 8), 0);
}

static void body(struct gen *g)
{
	unsigned n = 1 + roll(g, BLOCK_INSNS);

	for (unsigned i = 0; i < n; i++) {
		unsigned what = roll(g, 17);

		if (what < 10)
			alu(g);
		else if (what < 13)
			memory(g);
		else if (what < 14)
			helper(g);
		else if (what < 15)
			sunk(g);
		else
			ctx_load(g);
	}
}

static void jump(struct gen *g)
{
	static const uint8_t codes[] = { 1, 2, 3, 4, 5, 6, 7, 10, 11, 12, 13 };
	unsigned code = codes[roll(g, sizeof(codes))];
	bool narrow = roll(g, 2), reg = roll(g, 2);

	put(g, (uint8_t)(code << 4 | (reg ? 8 : 0) | (narrow ? 6 : 5)), number_reg(g),
	    reg ? number_reg(g) : 0, 0, reg ? 0 : (int32_t)edge(g));
}

static void prologue(struct gen *g)
{
	if (!g->in_function)
		put(g, 0xbf, 6, 1, 0, 0);
	for (unsigned r = 0; r < 8; r++)
		if (r != 6 && (r == 0 || r == 7 || !g->in_function)) {
			uint64_t e = edge(g);

			if (roll(g, 2))
				put(g, 0x79, r, 6, 8 * (int)(2 + roll(g, 20)), 0);
			else
				lddw(g, r, 0, (uint32_t)e, (uint32_t)(e >> 32));
		}
	for (int i = 1; i <= 9; i++)
		put(g, 0x7b, 10, number_reg(g), -8 * i, 0);
}

/* A result whose range the caller may rely on. */
static void result(struct gen *g)
{
	if (g->in_function && roll(g, 2))
		put(g, 0x57, 0, 0, 0, 15);
	put(g, 0x95, 0, 0, 0, 0);
}

/* Blocks laid down in a random order; block n ends in jumps to later ones. */
static void blocks(struct gen *g, unsigned count)
{
	uint32_t to[BLOCKS_MAX][2], at[BLOCKS_MAX][2], start[BLOCKS_MAX];
	unsigned order[BLOCKS_MAX];

	for (unsigned i = 0; i < count; i++)
		order[i] = i;
	for (unsigned i = count; i > 2; i--) {
		unsigned k = 1 + roll(g, i - 1), t = order[k];

		order[k] = order[i - 1];
		order[i - 1] = t;
	}
	for (unsigned i = 0; i < count; i++) {
		unsigned n = order[i];

		start[n] = g->f->in.insn_count;
		body(g);
		if (n == count - 1) {
			result(g);
			continue;
		}
		to[n][0] = n + 1 + roll(g, count - n - 1);
		to[n][1] = n + 1;
		at[n][0] = g->f->in.insn_count;
		jump(g);
		at[n][1] = g->f->in.insn_count;
		put(g, 0x05, 0, 0, 0, 0);
	}
	for (unsigned n = 0; n + 1 < count; n++)
		for (unsigned k = 0; k < 2; k++)
			g->f->insns[at[n][k]].offset = (int16_t)(start[to[n][k]] - at[n][k] - 1);
}

/* A call of a function that is laid down later; its place, whose distance is still missing. */
static uint32_t call(struct gen *g)
{
	put(g, 0xbf, 1, 6, 0, 0);
	put(g, 0x85, 0, BPF_SRC_LOCAL, 0, 0);
	for (unsigned r = 1; r < 6; r++)
		put(g, 0xbf, r, 0, 0, 0);
	return g->f->in.insn_count - 6;
}

void gen_program(struct fake *f, uint64_t seed)
{
	struct gen g = { .f = f, .seed = seed * 2654435761u + 88172645463325252u };
	uint64_t *word = (uint64_t *)&f->ctx;
	unsigned calls;
	uint32_t at = 0;

	fake_init(f);
	fake_add_map(f, 8, 80);
	fake_add_region(f, 80, false);
	fake_add_region(f, 80, true);
	for (unsigned i = 1; i < sizeof(f->ctx) / 8; i++)
		word[i] = edge(&g);
	calls = roll(&g, 6) / 3 + roll(&g, 6) / 5;
	for (unsigned n = 0; n <= calls; n++) {
		if (g.in_function) {
			f->insns[at].imm = (int32_t)(f->in.insn_count - at - 1);
			put(&g, 0xbf, 6, 1, 0, 0);
		}
		prologue(&g);
		if (n < calls)
			at = call(&g);
		blocks(&g, g.in_function ? 1 + roll(&g, 3) : 2 + roll(&g, BLOCKS_MAX - 1));
		g.in_function = true;
	}
}
