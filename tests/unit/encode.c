/*
 * encode.c - encodings of the instructions that the emulator knows, built from their parts
 *
 * Written from the manual's tables of encodings, not from the decoder: it says where an operand is
 * and how long an instruction is before the decoder is asked.
 */
#include <string.h>

#include "tests/unit/encode.h"

uint64_t random_next(struct random *r)
{
	r->state += 0x9e3779b97f4a7c15;
	uint64_t x = r->state;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

enum tail { NOTHING, BYTE, FULL, MOFFS, STRING };

struct shape {
	uint8_t map;		/* 0, 1 (0F), 2 (0F 38) */
	uint8_t opcode;
	enum tail tail;
	uint8_t regs;		/* values of reg that are used, 0 for all */
	bool logic, only_64;
};

#define ALU(base, logic)									\
	{ 0, base, NOTHING, 0, logic, 0 }, { 0, base + 1, NOTHING, 0, logic, 0 },		\
	{ 0, base + 2, NOTHING, 0, logic, 0 }, { 0, base + 3, NOTHING, 0, logic, 0 }

static const struct shape shapes[] = {
	ALU(0x00, 0), ALU(0x08, 1), ALU(0x10, 0), ALU(0x18, 0), ALU(0x20, 1), ALU(0x28, 0),
	ALU(0x30, 1), ALU(0x38, 0),
	{ 0, 0x80, BYTE, 0, 0, 0 }, { 0, 0x81, FULL, 0, 0, 0 }, { 0, 0x82, BYTE, 0, 0, 0 },
	{ 0, 0x83, BYTE, 0, 0, 0 },
	{ 0, 0x84, NOTHING, 0, 1, 0 }, { 0, 0x85, NOTHING, 0, 1, 0 },
	{ 0, 0x88, NOTHING, 0, 0, 0 }, { 0, 0x89, NOTHING, 0, 0, 0 },
	{ 0, 0x8a, NOTHING, 0, 0, 0 }, { 0, 0x8b, NOTHING, 0, 0, 0 }, { 0, 0x8c, NOTHING, 0, 0, 0 },
	{ 0, 0xa0, MOFFS, 0, 0, 0 }, { 0, 0xa1, MOFFS, 0, 0, 0 }, { 0, 0xa2, MOFFS, 0, 0, 0 },
	{ 0, 0xa3, MOFFS, 0, 0, 0 },
	{ 0, 0xa4, STRING, 0, 0, 0 }, { 0, 0xa5, STRING, 0, 0, 0 }, { 0, 0xaa, STRING, 0, 0, 0 },
	{ 0, 0xab, STRING, 0, 0, 0 },
	{ 0, 0xc6, BYTE, 7, 0, 0 }, { 0, 0xc7, FULL, 7, 0, 0 },
	{ 0, 0xf6, BYTE, 2, 1, 0 }, { 0, 0xf7, FULL, 2, 1, 0 },
	{ 1, 0xb6, NOTHING, 0, 0, 0 }, { 1, 0xb7, NOTHING, 0, 0, 0 }, { 1, 0xbe, NOTHING, 0, 0, 0 },
	{ 1, 0xbf, NOTHING, 0, 0, 0 }, { 1, 0xc3, NOTHING, 0, 0, 0 },
	{ 2, 0xf0, NOTHING, 0, 0, 0 }, { 2, 0xf1, NOTHING, 0, 0, 0 },
	{ 0, 0x63, NOTHING, 0, 0, 1 },		/* last: not outside 64-bit code */
};

#define SHAPES	(sizeof(shapes) / sizeof(shapes[0]))

unsigned encode_cases(enum insn_mode mode)
{
	return (mode == INSN_64 ? SHAPES : SHAPES - 1) * 256;
}

struct prefixes {
	bool operand, address, lock, repne, rep;
	int segment;		/* enum seg, or -1 */
	uint8_t rex;
};

static void put(struct encoding *e, uint8_t byte)
{
	e->bytes[e->length++] = byte;
}

static void put_random(struct random *r, struct encoding *e, unsigned size)
{
	for (unsigned i = 0; i < size; i++)
		put(e, (uint8_t)random_next(r));
}

static void put_displacement(struct random *r, struct encoding *e, unsigned size)
{
	e->displacement_at = e->length;
	e->displacement_size = size;
	put_random(r, e, size);
	encode_displacement(e, random_next(r) >> (random_next(r) & 63));
}

void encode_displacement(struct encoding *e, uint64_t value)
{
	unsigned shift = 64 - 8 * e->displacement_size;

	if (!e->displacement_size)
		return;
	memcpy(e->bytes + e->displacement_at, &value, e->displacement_size);
	e->displacement = (uint64_t)((int64_t)(value << shift) >> shift);
}

/* Each prefix that @p has, in any order, some of them more than once. */
static void put_prefixes(struct random *r, struct encoding *e, struct prefixes *p,
			 enum insn_mode mode)
{
	static const uint8_t segments[] = { 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65 };
	unsigned most = random_one_in(r, 40) ? 14 : random_one_in(r, 3) ? 0 : 3;
	unsigned count = most ? random_next(r) % (most + 1) : 0;

	p->segment = -1;
	for (unsigned i = 0; i < count; i++) {
		static const uint8_t kinds[] = {
			0x66, 0x66, 0x66, 0x67, 0x67, 0x67, 0xf2, 0xf2, 0xf3, 0xf3, 0, 0, 0, 0, 0,
			0xf0,
		};
		uint8_t kind = kinds[random_next(r) % sizeof(kinds)];
		unsigned segment = random_next(r) % 6;

		put(e, kind ? kind : segments[segment]);
		p->operand |= kind == 0x66;
		p->address |= kind == 0x67;
		p->lock |= kind == 0xf0;
		if (kind == 0xf2 || kind == 0xf3) {
			p->repne = kind == 0xf2;
			p->rep = kind == 0xf3;
		}
		if (!kind && (mode != INSN_64 || segment >= SEG_FS))
			p->segment = segment;
		/* a REX that a prefix follows does not count */
		if (mode == INSN_64 && i + 1 < count && random_one_in(r, 10))
			put(e, 0x40 | (random_next(r) & 15));
	}
	if (mode == INSN_64 && !random_one_in(r, 3))
		put(e, p->rex = 0x40 | (random_next(r) & 15));
}

static void put_address16(struct random *r, struct encoding *e, unsigned mod, unsigned rm)
{
	static const int bases[] = { RBX, RBX, RBP, RBP, -1, -1, RBP, RBX };
	static const int indexes[] = { RSI, RDI, RSI, RDI, RSI, RDI, -1, -1 };

	if (mod == 0 && rm == 6) {
		put_displacement(r, e, 2);
		return;
	}
	e->base = bases[rm];
	e->index = indexes[rm];
	if (e->base == RBP)
		e->segment = SEG_SS;
	put_displacement(r, e, mod);
}

static void put_address(struct random *r, struct encoding *e, const struct prefixes *p,
			unsigned mod, unsigned rm, enum insn_mode mode)
{
	unsigned base = rm;

	if (rm == 4) {
		uint8_t sib = (uint8_t)random_next(r);

		put(e, sib);
		base = sib & 7;
		e->index = (sib >> 3 & 7) | (p->rex & 2) << 2;
		e->scale = sib >> 6;
		if (e->index == 4)
			e->index = -1;
	}
	if (mod == 0 && base == 5) {
		e->rip = rm == 5 && mode == INSN_64;
		put_displacement(r, e, 4);
		return;
	}
	e->base = base | (p->rex & 1) << 3;
	if (e->base == RSP || e->base == RBP)
		e->segment = SEG_SS;
	put_displacement(r, e, mod == 2 ? 4 : mod);
}

static void put_modrm(struct random *r, struct encoding *e, const struct prefixes *p, uint8_t modrm,
		      enum insn_mode mode)
{
	put(e, modrm);
	e->memory = modrm >> 6 != 3;
	if (!e->memory)
		return;
	if (e->address_size == 2)
		put_address16(r, e, modrm >> 6, modrm & 7);
	else
		put_address(r, e, p, modrm >> 6, modrm & 7, mode);
}

static void put_tail(struct random *r, struct encoding *e, const struct prefixes *p,
		     const struct shape *s, enum insn_mode mode)
{
	bool wide = p->rex & 8 || (mode == INSN_16) == p->operand;

	if (s->tail == BYTE)
		put_random(r, e, 1);
	else if (s->tail == FULL)
		put_random(r, e, s->opcode == 0xf6 ? 1 : wide ? 4 : 2);
}

void encode(struct random *r, enum insn_mode mode, uint64_t number, struct encoding *e)
{
	static const unsigned sizes[3][2] = { { 2, 4 }, { 4, 2 }, { 8, 4 } };
	const unsigned shape_count = encode_cases(mode) / 256;
	const struct shape *s = &shapes[number / 256 % shape_count];
	uint8_t modrm = (uint8_t)number;
	struct prefixes p = { 0 };

	*e = (struct encoding) { .base = -1, .index = -1, .segment = SEG_DS };
	if (s->regs)
		modrm = (modrm & 0xc7) | (modrm >> 3 & 7) % s->regs << 3;
	put_prefixes(r, e, &p, mode);
	if (s->map)
		put(e, 0x0f);
	if (s->map == 2)
		put(e, 0x38);
	put(e, s->opcode);
	e->address_size = sizes[mode][p.address];
	e->locked = p.lock;
	e->string = s->tail == STRING;
	e->movbe = s->map == 2;
	e->other = e->movbe && p.repne;
	/* of group 1: OR, AND, XOR */
	e->af_undefined = s->logic || (s->opcode >= 0x80 && s->opcode <= 0x83 &&
				       0x52 >> (modrm >> 3 & 7) & 1);
	if (s->tail == MOFFS) {
		e->memory = true;
		put_displacement(r, e, e->address_size);
	} else if (s->tail != STRING) {
		put_modrm(r, e, &p, modrm, mode);
	}
	put_tail(r, e, &p, s, mode);
	if (p.segment >= 0)
		e->segment = p.segment;
}
