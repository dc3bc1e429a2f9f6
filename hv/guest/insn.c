/*
 * insn.c - instructions that may touch a device page, and those between them: bytes to struct insn
 *
 * The order is the encoding's: prefixes, REX, opcode, ModRM, SIB, displacement, immediate.  What is
 * invalid is said only after the last byte was taken, since a fault of the fetch comes first.
 */
#include "hv/guest/gstate.h"
#include "hv/guest/insn.h"

#define PREFIX_OPERAND	0x66
#define PREFIX_ADDRESS	0x67
#define PREFIX_LOCK	0xf0
#define PREFIX_REPNE	0xf2
#define PREFIX_REP	0xf3

#define REX_B	1u
#define REX_X	2u
#define REX_R	4u
#define REX_W	8u

struct decoder {
	const uint8_t *bytes;
	unsigned count, at;
	int status;		/* the first that is not INSN_OK stays */
	enum insn_mode mode;
	struct insn *insn;
	unsigned operand_size;
	uint8_t rex, repeat;	/* repeat: the last of F2 and F3 */
	uint8_t segment;	/* override, or GUEST_SEGMENTS */
	bool operand, address, lock;
	bool plain;		/* of insn_decode_plain() */
	uint8_t opcode;		/* its last byte */
	uint8_t mod, reg, rm;
};

/* What follows an opcode, and what it means. */
enum operands {
	OTHER,			/* 0: an opcode that nobody named */
	RM_REG, REG_RM,		/* ModRM */
	RM_IMM,			/* ModRM, immediate of the operand size, at most 4 bytes */
	RM_IMM8,		/* ModRM, one byte, sign-extended */
	RM_SEG,
	MOFFS_ACC, ACC_MOFFS,	/* an address without ModRM, and the accumulator */
	IMPLIED,
	ACC_IMM,		/* the accumulator, immediate of the operand size, at most 4 bytes */
	OPCODE_REG,		/* bits 2:0 of the opcode */
	OPCODE_IMM,		/* ... and an immediate of the operand size, 8 bytes too */
	ADDRESS,		/* ModRM, its address alone */
	NEAR8, NEAR,		/* a distance */
	RM, NONE,		/* ModRM or nothing, of no effect */
	SHIFT_IMM8, SHIFT_1, SHIFT_CL,	/* ModRM with a register, reg is the operation */
};

struct opcode {
	uint8_t op;		/* enum insn_op */
	uint8_t operands;
	uint8_t size;		/* of the memory operand, 0 for the operand size */
	uint16_t flags;
};

#define GROUP1		0x001	/* reg is the operation */
#define GROUP3		0x002	/* reg 0 and 1 are TEST, the others not of ours */
#define GROUP11		0x004	/* reg 0 alone */
#define EXTEND		0x008	/* the register has the operand size, memory its own */
#define SIGN		0x010	/* ... and gets the sign */
#define NOT_64		0x020	/* #UD in 64-bit code */
#define ONLY_64		0x040	/* not of ours outside 64-bit code */
#define MEMORY_ONLY	0x080	/* #UD with a register or REP */
#define NO_OPERAND	0x100	/* #UD with 66; 4 bytes also in 16-bit code */
#define PLAIN		0x200	/* of insn_decode_plain() alone */
#define NO_66		0x400	/* ... and not with 66, which processors read differently */
#define GROUP2		0x800	/* reg 4, 5 and 7 are shifts, the others not of ours */

#define ALU(op, base)							\
	[base] = { op, RM_REG, 1, 0 }, [base + 1] = { op, RM_REG, 0, 0 },		\
	[base + 2] = { op, REG_RM, 1, 0 }, [base + 3] = { op, REG_RM, 0, 0 },		\
	[base + 4] = { op, ACC_IMM, 1, PLAIN }, [base + 5] = { op, ACC_IMM, 0, PLAIN }

static const struct opcode one_byte[256] = {
	ALU(INSN_ADD, 0x00), ALU(INSN_OR, 0x08), ALU(INSN_ADC, 0x10), ALU(INSN_SBB, 0x18),
	ALU(INSN_AND, 0x20), ALU(INSN_SUB, 0x28), ALU(INSN_XOR, 0x30), ALU(INSN_CMP, 0x38),
	[0x50 ... 0x57] = { INSN_PUSH, OPCODE_REG, 8, PLAIN | NO_66 },
	[0x58 ... 0x5f] = { INSN_POP, OPCODE_REG, 8, PLAIN | NO_66 },
	[0x63] = { INSN_MOV, REG_RM, 0, EXTEND | SIGN | ONLY_64 },
	[0x70 ... 0x7f] = { INSN_JCC, NEAR8, 0, PLAIN | NO_66 },
	[0x80] = { 0, RM_IMM8, 1, GROUP1 },
	[0x81] = { 0, RM_IMM, 0, GROUP1 },
	[0x82] = { 0, RM_IMM8, 1, GROUP1 | NOT_64 },
	[0x83] = { 0, RM_IMM8, 0, GROUP1 },
	[0x84] = { INSN_TEST, RM_REG, 1, 0 },
	[0x85] = { INSN_TEST, RM_REG, 0, 0 },
	[0x88] = { INSN_MOV, RM_REG, 1, 0 },
	[0x89] = { INSN_MOV, RM_REG, 0, 0 },
	[0x8a] = { INSN_MOV, REG_RM, 1, 0 },
	[0x8b] = { INSN_MOV, REG_RM, 0, 0 },
	[0x8c] = { INSN_MOV, RM_SEG, 2, 0 },
	[0x8d] = { INSN_LEA, ADDRESS, 0, PLAIN },
	[0x90] = { INSN_NOP, NONE, 0, PLAIN },
	[0xa0] = { INSN_MOV, ACC_MOFFS, 1, 0 },
	[0xa1] = { INSN_MOV, ACC_MOFFS, 0, 0 },
	[0xa2] = { INSN_MOV, MOFFS_ACC, 1, 0 },
	[0xa3] = { INSN_MOV, MOFFS_ACC, 0, 0 },
	[0xa4] = { INSN_MOVS, IMPLIED, 1, 0 },
	[0xa5] = { INSN_MOVS, IMPLIED, 0, 0 },
	[0xa8] = { INSN_TEST, ACC_IMM, 1, PLAIN },
	[0xa9] = { INSN_TEST, ACC_IMM, 0, PLAIN },
	[0xaa] = { INSN_STOS, IMPLIED, 1, 0 },
	[0xab] = { INSN_STOS, IMPLIED, 0, 0 },
	[0xb0 ... 0xb7] = { INSN_MOV, OPCODE_IMM, 1, PLAIN },
	[0xb8 ... 0xbf] = { INSN_MOV, OPCODE_IMM, 0, PLAIN },
	[0xc1] = { 0, SHIFT_IMM8, 0, PLAIN | GROUP2 | NO_66 },
	[0xc6] = { INSN_MOV, RM_IMM8, 1, GROUP11 },
	[0xc7] = { INSN_MOV, RM_IMM, 0, GROUP11 },
	[0xd1] = { 0, SHIFT_1, 0, PLAIN | GROUP2 | NO_66 },
	[0xd3] = { 0, SHIFT_CL, 0, PLAIN | GROUP2 | NO_66 },
	[0xe9] = { INSN_JMP, NEAR, 0, PLAIN | NO_66 },
	[0xeb] = { INSN_JMP, NEAR8, 0, PLAIN | NO_66 },
	[0xf6] = { INSN_TEST, RM_IMM8, 1, GROUP3 },
	[0xf7] = { INSN_TEST, RM_IMM, 0, GROUP3 },
};

/* after 0F */
static const struct opcode two_byte[256] = {
	[0x1f] = { INSN_NOP, RM, 0, PLAIN },
	[0x80 ... 0x8f] = { INSN_JCC, NEAR, 0, PLAIN | NO_66 },
	[0xb6] = { INSN_MOV, REG_RM, 1, EXTEND },
	[0xb7] = { INSN_MOV, REG_RM, 2, EXTEND },
	[0xbe] = { INSN_MOV, REG_RM, 1, EXTEND | SIGN },
	[0xbf] = { INSN_MOV, REG_RM, 2, EXTEND | SIGN },
	[0xc3] = { INSN_MOV, RM_REG, 0, MEMORY_ONLY | NO_OPERAND },
};

/* after 0F 38 */
static const struct opcode movbe[2] = {
	{ INSN_MOVBE, REG_RM, 0, MEMORY_ONLY },	/* F0 */
	{ INSN_MOVBE, RM_REG, 0, MEMORY_ONLY },	/* F1 */
};

static const struct opcode other = { 0, OTHER, 0, 0 };

static void fail(struct decoder *d, int status)
{
	if (d->status == INSN_OK)
		d->status = status;
}

/* The next byte, or 0 behind the end, which is no prefix and asks for no more than a ModRM. */
static uint8_t take(struct decoder *d)
{
	if (d->at == INSN_BYTES_MAX)
		fail(d, INSN_TOO_LONG);
	else if (d->at == d->count)
		fail(d, INSN_MORE);
	else
		return d->bytes[d->at++];
	return 0;
}

/* @size bytes, little-endian, sign-extended. */
static uint64_t take_signed(struct decoder *d, unsigned size)
{
	uint64_t value = 0, sign;

	if (!size)
		return 0;
	for (unsigned i = 0; i < size; i++)
		value |= (uint64_t)take(d) << (8 * i);
	sign = UINT64_C(1) << (8 * size - 1);
	return (value ^ sign) - sign;
}

/* One legacy prefix: true when @byte was one. */
static bool prefix(struct decoder *d, uint8_t byte)
{
	switch (byte) {
	case 0x26: case 0x2e: case 0x36: case 0x3e:
		/* in 64-bit code these four are without effect, also on an FS before them */
		if (d->mode != INSN_64)
			d->segment = byte >> 3 & 3;
		return true;
	case 0x64: case 0x65:
		d->segment = SEG_FS + (byte & 1);
		return true;
	case PREFIX_OPERAND:
		d->operand = true;
		return true;
	case PREFIX_ADDRESS:
		d->address = true;
		return true;
	case PREFIX_LOCK:
		d->lock = true;
		return true;
	case PREFIX_REPNE: case PREFIX_REP:
		d->repeat = byte;
		return true;
	default:
		return false;
	}
}

/* All prefixes; returns the first byte of the opcode.  A REX counts only directly before it. */
static uint8_t take_prefixes(struct decoder *d)
{
	for (;;) {
		uint8_t byte = take(d);

		if (d->mode == INSN_64 && (byte & 0xf0) == 0x40)
			d->rex = byte;
		else if (prefix(d, byte))
			d->rex = 0;
		else
			return byte;
	}
}

static const struct opcode *find_opcode(struct decoder *d, uint8_t byte)
{
	d->opcode = byte;
	if (byte != 0x0f)
		return &one_byte[byte];
	d->opcode = byte = take(d);
	if (byte != 0x38)
		return &two_byte[byte];
	byte = take(d);
	return (byte & 0xfe) == 0xf0 ? &movbe[byte & 1] : &other;
}

static const struct opcode *take_opcode(struct decoder *d, uint8_t first)
{
	const struct opcode *o = find_opcode(d, first);

	return o->flags & PLAIN && !d->plain ? &other : o;
}

static void set_sizes(struct decoder *d, const struct opcode *o)
{
	static const uint8_t address_sizes[3][2] = { { 2, 4 }, { 4, 2 }, { 8, 4 } };
	bool wide = (d->mode == INSN_16) == d->operand;

	if (o->flags & NO_OPERAND)
		wide = true;
	d->operand_size = d->rex & REX_W ? 8 : wide ? 4 : 2;
	d->insn->address_size = address_sizes[d->mode][d->address];
	d->insn->size = o->size ? o->size : d->operand_size;
	d->insn->reg_size = o->flags & EXTEND ? d->operand_size : d->insn->size;
	if (o->flags & ONLY_64)
		d->insn->size = 4;		/* MOVSXD reads 32 bits whatever it writes; Intel's 16 for 16 */
}

static void set_base(struct decoder *d, uint8_t base)
{
	d->insn->base = base | (d->rex & REX_B ? 8 : 0);
	/* by the three bits and REX.B: R12 and R13 are of the data segment */
	if (d->insn->base == RSP || d->insn->base == RBP)
		d->insn->segment = SEG_SS;
}

/* ModRM with 16-bit addresses (SDM 2A table 2-1). */
static void take_address16(struct decoder *d)
{
	static const uint8_t bases[8] = { RBX, RBX, RBP, RBP,
					  RSI, RDI, RBP, RBX };
	static const uint8_t indexes[4] = { RSI, RDI, RSI, RDI };

	if (d->mod == 0 && d->rm == 6) {
		d->insn->displacement = take_signed(d, 2);
		return;
	}
	set_base(d, bases[d->rm]);
	if (d->rm < 4)
		d->insn->index = indexes[d->rm];
	d->insn->displacement = take_signed(d, d->mod);
}

/* ModRM and SIB with 32- and 64-bit addresses (SDM 2A tables 2-2, 2-3). */
static void take_address(struct decoder *d)
{
	uint8_t base = d->rm;

	if (base == 4) {
		uint8_t sib = take(d);
		uint8_t index = (sib >> 3 & 7) | (d->rex & REX_X ? 8 : 0);

		base = sib & 7;
		if (index != RSP) {
			d->insn->index = index;
			d->insn->scale = sib >> 6;
		}
	} else if (d->mod == 0 && base == 5 && d->mode == INSN_64) {
		d->insn->base = INSN_RIP;
		d->insn->displacement = take_signed(d, 4);
		return;
	}
	if (d->mod == 0 && base == 5) {
		d->insn->displacement = take_signed(d, 4);
		return;
	}
	set_base(d, base);
	if (d->mod)
		d->insn->displacement = take_signed(d, d->mod == 1 ? 1 : 4);
}

static void take_modrm(struct decoder *d, const struct opcode *o)
{
	uint8_t byte = take(d);

	d->mod = byte >> 6;
	d->reg = byte >> 3 & 7;
	d->rm = byte & 7;
	d->insn->memory = d->mod != 3;
	d->insn->reg = d->reg | (d->rex & REX_R ? 8 : 0);
	if (o->operands == RM_SEG)
		d->insn->reg = d->reg;
	d->insn->rm = d->rm | (d->rex & REX_B ? 8 : 0);
	if (!d->insn->memory)
		return;
	if (d->insn->address_size == 2)
		take_address16(d);
	else
		take_address(d);
}

/* True when the opcode, or reg in its place, is not one of ours: then no one knows what follows. */
static bool is_other(const struct decoder *d, const struct opcode *o)
{
	if (o->operands == OTHER || (o->flags & ONLY_64 && d->mode != INSN_64))
		return true;
	if (o->flags & GROUP2 && (d->reg < 4 || d->reg == 6))
		return true;
	return o->flags & GROUP3 && d->reg > 1;
}

static void take_immediate(struct decoder *d, const struct opcode *o)
{
	unsigned size = d->insn->size;

	switch (o->operands) {
	case RM_IMM8: case NEAR8: case SHIFT_IMM8:
		size = 1;
		break;
	case RM_IMM: case ACC_IMM:
		size = size < 4 ? size : 4;
		break;
	case NEAR:
		size = 4;
		break;
	case OPCODE_IMM:
		break;
	case SHIFT_1:
		d->insn->immediate = 1;
		return;
	default:
		return;
	}
	d->insn->immediate = take_signed(d, size);
}

static void take_operands(struct decoder *d, const struct opcode *o)
{
	switch (o->operands) {
	case OTHER: case ACC_IMM: case NEAR8: case NEAR: case NONE:
		break;
	case OPCODE_REG: case OPCODE_IMM:
		d->insn->reg = d->insn->rm = (d->opcode & 7) | (d->rex & REX_B ? 8 : 0);
		break;
	case MOFFS_ACC: case ACC_MOFFS:
		d->insn->memory = true;
		d->insn->displacement = take_signed(d, d->insn->address_size);
		break;
	case IMPLIED:
		d->insn->memory = true;
		d->insn->rep = d->repeat;
		break;
	default:
		take_modrm(d, o);
	}
	if (is_other(d, o))
		fail(d, INSN_OTHER);
	take_immediate(d, o);
}

static void settle(struct decoder *d, const struct opcode *o)
{
	static const uint8_t forms[] = {
		[OTHER] = INSN_NONE, [RM_REG] = INSN_MEM_REG, [REG_RM] = INSN_REG_MEM,
		[RM_IMM] = INSN_MEM_IMM, [RM_IMM8] = INSN_MEM_IMM, [RM_SEG] = INSN_MEM_SEG,
		[MOFFS_ACC] = INSN_MEM_REG, [ACC_MOFFS] = INSN_REG_MEM, [IMPLIED] = INSN_STRING,
		[ACC_IMM] = INSN_MEM_IMM, [OPCODE_REG] = INSN_REG, [OPCODE_IMM] = INSN_MEM_IMM,
		[ADDRESS] = INSN_REG_MEM, [NEAR8] = INSN_NEAR, [NEAR] = INSN_NEAR, [RM] = INSN_NONE, [NONE] = INSN_NONE,
		[SHIFT_IMM8] = INSN_MEM_IMM, [SHIFT_1] = INSN_MEM_IMM, [SHIFT_CL] = INSN_MEM_REG,
	};
	static const uint8_t shifts[8] = { [4] = INSN_SHL, [5] = INSN_SHR, [7] = INSN_SAR };
	struct insn *insn = d->insn;

	insn->form = forms[o->operands];
	insn->op = o->flags & GROUP1 ? d->reg : o->flags & GROUP2 ? shifts[d->reg] : o->op;
	if (o->operands == SHIFT_CL)
		insn->reg = RCX;
	insn->length = d->at;
	insn->sign_extend = o->flags & SIGN;
	if (d->segment != GUEST_SEGMENTS)
		insn->segment = d->segment;
	if (insn->form != INSN_MEM_SEG && insn->reg_size == 1 && !d->rex && insn->reg > 3) {
		insn->high_byte = true;
		insn->reg -= 4;
	}
	if (insn->size == 1 && !d->rex && insn->rm > 3) {
		insn->rm_high_byte = true;
		insn->rm -= 4;
	}
	insn->condition = d->opcode & 15;
	if (o->operands == ADDRESS || o->operands == RM)	/* nothing is there for them */
		insn->memory = false;
}

/* LOCK is for what reads, changes and writes memory. */
static bool may_lock(const struct insn *insn)
{
	return insn->memory && insn->op < INSN_CMP &&
	       (insn->form == INSN_MEM_REG || insn->form == INSN_MEM_IMM);
}

static bool is_invalid(const struct decoder *d, const struct opcode *o)
{
	if (o->flags & NOT_64 && d->mode == INSN_64)
		return true;
	if (o->flags & GROUP11 && d->reg)
		return true;
	if (o->operands == RM_SEG && d->reg > SEG_GS)
		return true;
	if (o->flags & MEMORY_ONLY && (!d->insn->memory || d->repeat))
		return true;
	if (o->flags & NO_OPERAND && d->operand)
		return true;
	return d->lock && !may_lock(d->insn);
}

/* What a cluster leaves to the processor. */
static bool is_not_plain(const struct decoder *d, const struct opcode *o)
{
	const struct insn *insn = d->insn;

	if (d->lock || d->repeat || (o->flags & NO_66 && d->operand))
		return true;
	switch (o->operands) {
	case RM_SEG: case IMPLIED:
		return true;
	case NONE:		/* XCHG R8, RAX */
		return d->rex & REX_B;
	case ADDRESS:		/* of a register there is none */
		return d->mod == 3;
	case SHIFT_IMM8: case SHIFT_1: case SHIFT_CL:
		return insn->memory;
	}
	return insn->op == INSN_MOVBE;
}

static int decode(const uint8_t *bytes, unsigned count, enum insn_mode mode, bool plain, struct insn *insn)
{
	struct decoder d = {
		.bytes = bytes, .count = count, .mode = mode, .plain = plain, .insn = insn,
		.segment = GUEST_SEGMENTS,
	};
	const struct opcode *o;
	uint8_t first;

	*insn = (struct insn) { .segment = SEG_DS, .base = INSN_NO_REG, .index = INSN_NO_REG };
	first = take_prefixes(&d);
	o = take_opcode(&d, first);
	set_sizes(&d, o);
	take_operands(&d, o);
	settle(&d, o);
	insn->lock = d.lock;
	/* CRC32 is MOVBE's opcode with REPNE */
	if (insn->op == INSN_MOVBE && d.repeat == PREFIX_REPNE)
		fail(&d, INSN_OTHER);
	if (is_invalid(&d, o))
		fail(&d, INSN_INVALID);
	if (plain && is_not_plain(&d, o))
		fail(&d, INSN_OTHER);
	return d.status;
}

int insn_decode(const uint8_t *bytes, unsigned count, enum insn_mode mode, struct insn *insn)
{
	return decode(bytes, count, mode, false, insn);
}

int insn_decode_plain(const uint8_t *bytes, unsigned count, struct insn *insn)
{
	return decode(bytes, count, INSN_64, true, insn);
}
