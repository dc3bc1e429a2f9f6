/*
 * model.c - evaluate the original instructions, one at a time, distrusting all of them
 *
 * Addresses are real, but each access must lie within one object the program may use, of
 * which this file keeps a list.  Arithmetic is in 128 bits, by the words of RFC 9669.
 */
#include "tests/bpf/model.h"

#include <string.h>

#include "policy/insn.h"

#define MODEL_STEPS 1000000

typedef __int128 wide;

struct frame {
	uint32_t ret;
	uint64_t saved[4];
	uint64_t fp;
};

struct machine {
	struct fake *f;
	uint64_t reg[11];
	uint8_t stack[8][512];		/* a frame each, so that none reaches another by chance */
	struct frame frames[8];
	unsigned level;
	const char *fault;
};

void model_copy(struct fake *to, const struct fake *from)
{
	memcpy(to, from, sizeof(*to));
	to->in.insns = to->insns;
	to->in.maps = to->maps;
	to->in.regions = to->regions;
	to->in.tables.set_words = to->set_words;
	to->in.tables.set_cost = to->set_cost;
	to->in.tables.class_cost = to->class_cost;
	to->in.tables.query_cost = to->query_cost;
	for (uint32_t i = 0; i < to->in.map_count; i++)
		to->maps[i] = &to->map[i];
	for (uint32_t i = 0; i < to->in.region_count; i++)
		to->regions[i].base = to->bytes[i];
}

static bool inside(uint64_t at, uint64_t size, const void *object, uint64_t object_size)
{
	uint64_t base = (uintptr_t)object;

	return at >= base && size <= object_size && at - base <= object_size - size;
}

/* May [at, at + size) be touched? */
static bool allowed(const struct machine *m, uint64_t at, uint64_t size, bool write)
{
	for (unsigned i = 0; i <= m->level; i++)
		if (inside(at, size, m->stack[i], sizeof(m->stack[i])))
			return true;
	for (uint32_t i = 0; i < m->f->in.map_count; i++)
		if (inside(at, size, m->f->map[i].value, m->f->map[i].value_size))
			return true;
	for (uint32_t i = 0; i < m->f->in.region_count; i++)
		if (inside(at, size, m->f->regions[i].base, m->f->regions[i].size))
			return !write || m->f->regions[i].writable;
	return !write && inside(at, size, &m->f->ctx, sizeof(m->f->ctx));
}

static wide sign(uint64_t x, unsigned bits)
{
	wide v = bits == 64 ? (wide)x : (wide)(x & ((UINT64_C(1) << bits) - 1));

	return v >> (bits - 1) & 1 ? v - ((wide)1 << bits) : v;
}

static wide zero(uint64_t x, unsigned bits)
{
	return bits == 64 ? (wide)x : (wide)(x & ((UINT64_C(1) << bits) - 1));
}

/* RFC 9669 table 6; @code is the upper half of the opcode. */
static wide arithmetic(unsigned code, int off, uint64_t x, uint64_t y, unsigned bits)
{
	wide a = zero(x, bits), b = zero(y, bits), sa = sign(x, bits), sb = sign(y, bits);
	unsigned count = (unsigned)(y % bits);

	switch (code) {
	case 0x0: return a + b;
	case 0x1: return a - b;
	case 0x2: return (wide)((unsigned __int128)a * (unsigned __int128)b);
	case 0x3: return off ? (sb ? sa / sb : 0) : (b ? a / b : 0);
	case 0x4: return a | b;
	case 0x5: return a & b;
	case 0x6: return (wide)((unsigned __int128)a << count);
	case 0x7: return a >> count;
	case 0x8: return -a;
	case 0x9: return off ? (sb ? sa % sb : sa) : (b ? a % b : a);
	case 0xa: return a ^ b;
	case 0xb: return off ? sign(y, (unsigned)off) : b;
	case 0xc: return sa >> count;
	default: return 0;
	}
}

static uint64_t reversed(uint64_t x, int bits)
{
	uint64_t out = 0;

	for (int i = 0; i < bits; i += 8)
		out |= (x >> i & 255) << (bits - 8 - i);
	return out;
}

static void alu(struct machine *m, const struct bpf_insn *i)
{
	bool is64 = (i->opcode & 7) == 7, uses_reg = i->opcode & 8;
	unsigned code = i->opcode >> 4, dst = i->regs & 15;
	uint64_t y = uses_reg ? m->reg[i->regs >> 4] : (uint64_t)(int64_t)i->imm;
	uint64_t x = m->reg[dst];

	if (code == 0xd) {
		bool swap = is64 || uses_reg;

		m->reg[dst] = swap ? reversed(x, i->imm) : (uint64_t)zero(x, (unsigned)i->imm);
		return;
	}
	x = (uint64_t)arithmetic(code, i->offset, x, y, is64 ? 64 : 32);
	m->reg[dst] = is64 ? x : (uint32_t)x;
}

static bool holds(const struct machine *m, const struct bpf_insn *i)
{
	unsigned bits = (i->opcode & 7) == 6 ? 32 : 64;
	uint64_t x = m->reg[i->regs & 15];
	uint64_t y = i->opcode & 8 ? m->reg[i->regs >> 4] : (uint64_t)(int64_t)i->imm;
	wide a = zero(x, bits), b = zero(y, bits), sa = sign(x, bits), sb = sign(y, bits);

	switch (i->opcode >> 4) {
	case 0x0: return true;
	case 0x1: return a == b;
	case 0x2: return a > b;
	case 0x3: return a >= b;
	case 0x4: return (a & b) != 0;
	case 0x5: return a != b;
	case 0x6: return sa > sb;
	case 0x7: return sa >= sb;
	case 0xa: return a < b;
	case 0xb: return a <= b;
	case 0xc: return sa < sb;
	default: return sa <= sb;
	}
}

static void access_memory(struct machine *m, const struct bpf_insn *i)
{
	static const unsigned sizes[4] = { 4, 2, 1, 8 };
	unsigned size = sizes[i->opcode >> 3 & 3], class = i->opcode & 7;
	bool load = class == 1;
	uint64_t at = m->reg[load ? i->regs >> 4 : i->regs & 15] + (uint64_t)(int64_t)i->offset;
	uint64_t val = class == 3 ? m->reg[i->regs >> 4] : (uint64_t)(int64_t)i->imm;

	if (!allowed(m, at, size, !load)) {
		m->fault = load ? "a load outside all objects" : "a store outside all objects";
		return;
	}
	if (!load) {
		memcpy((void *)(uintptr_t)at, &val, size);
		return;
	}
	val = 0;
	memcpy(&val, (const void *)(uintptr_t)at, size);
	if (i->opcode >> 5 == 4)
		val = (uint64_t)sign(val, size * 8);
	m->reg[i->regs & 15] = val;
}

/* Memory arguments of the helpers, by number: register, its size or register of its size. */
static void check_helper(struct machine *m, int n)
{
	const uint64_t *r = m->reg;
	bool ok = true;

	if (n == 1 || n == 2)
		ok = r[5] >= 1 && r[5] <= 512 && allowed(m, r[4], r[5], true);
	else if (n == 4)
		ok = r[2] < 4 && r[3] % 8 == 0 && allowed(m, r[3], 8u * m->f->set_words[r[2]], false);
	else if (n == 12)
		ok = r[4] >= 1 && r[4] <= 512 && allowed(m, r[3], r[4], false);
	else if (n == 3 || n == 5 || n == 6 || n == 8 || n == 9 || n == 10 || n == 16)
		ok = r[2] < 4;
	if (n >= 13 && n <= 15)
		ok = allowed(m, r[2], ((struct map *)(uintptr_t)r[1])->key_size, false);
	if (n == 14)
		ok = ok && allowed(m, r[3], ((struct map *)(uintptr_t)r[1])->value_size, false);
	if (n < 13 || n > 15)
		ok = ok && r[1] == (uintptr_t)&m->f->ctx;
	if (!ok)
		m->fault = "a helper was called wrongly";
}

static uint32_t call(struct machine *m, const struct bpf_insn *i, uint32_t pc)
{
	if (i->regs >> 4 == BPF_SRC_HELPER) {
		check_helper(m, i->imm);
		if (m->fault)
			return pc;
		m->reg[0] = helper_table[i->imm](NULL, m->reg[1], m->reg[2], m->reg[3], m->reg[4],
						 m->reg[5]);
		return pc + 1;
	}
	if (m->level == 7) {
		m->fault = "too many frames";
		return pc;
	}
	m->frames[m->level].ret = pc + 1;
	memcpy(m->frames[m->level].saved, &m->reg[6], 32);
	m->frames[m->level++].fp = m->reg[10];
	memset(m->stack[m->level], 0, sizeof(m->stack[m->level]));
	m->reg[10] = (uintptr_t)m->stack[m->level] + 512;
	m->reg[0] = 0;	/* what a function without result returns */
	return pc + 1 + (uint32_t)i->imm;
}

static uint64_t lddw(const struct machine *m, const struct bpf_insn *i)
{
	if (i->regs >> 4 == BPF_SRC_MAP)
		return (uintptr_t)m->f->in.maps[i->imm];
	if (i->regs >> 4 == BPF_SRC_DATA)
		return (uintptr_t)m->f->in.regions[i->imm].base + (uint32_t)i[1].imm;
	return (uint64_t)(uint32_t)i[1].imm << 32 | (uint32_t)i->imm;
}

/* Returns the next instruction; UINT32_MAX at the end. */
static uint32_t advance(struct machine *m, uint32_t pc)
{
	const struct bpf_insn *i = &m->f->in.insns[pc];

	switch (i->opcode & 7) {
	case 4:
	case 7:
		alu(m, i);
		return pc + 1;
	case 0:
		m->reg[i->regs & 15] = lddw(m, i);
		return pc + 2;
	case 1:
	case 2:
	case 3:
		access_memory(m, i);
		return pc + 1;
	default:
		break;
	}
	if (i->opcode == 0x85)
		return call(m, i, pc);
	if (i->opcode == 0x95) {
		if (m->level == 0)
			return UINT32_MAX;
		m->level--;
		memcpy(&m->reg[6], m->frames[m->level].saved, 32);
		m->reg[10] = m->frames[m->level].fp;
		return m->frames[m->level].ret;
	}
	if (i->opcode == 0x06)
		return pc + 1 + (uint32_t)i->imm;
	return holds(m, i) ? pc + 1 + (uint32_t)(int32_t)i->offset : pc + 1;
}

const char *model_run(struct fake *f, enum hv_hook hook, uint64_t *result, model_fn *each,
		      void *arg)
{
	struct machine m = { .f = f };
	uint32_t pc = f->in.entry[hook];

	m.reg[1] = (uintptr_t)&f->ctx;
	m.reg[10] = (uintptr_t)m.stack[0] + 512;
	for (int n = 0; n < MODEL_STEPS && m.fault == NULL; n++) {
		if (pc >= f->in.insn_count)
			return "it ran off the end";
		if (each)
			each(arg, pc, m.reg, m.level);
		pc = advance(&m, pc);
		if (pc == UINT32_MAX) {
			*result = m.reg[0];
			return NULL;
		}
	}
	return m.fault ? m.fault : "it does not end";
}
