/*
 * insn.h - instructions that may touch a device page: bytes to struct insn
 */
#ifndef HV_GUEST_INSN_H
#define HV_GUEST_INSN_H

#include <stdbool.h>
#include <stdint.h>

#define INSN_BYTES_MAX	15	/* SDM 2B 2.3.11: longer ones are #GP */

/* The first eight are the numbers of the opcode map: bits 5:3 of the opcode, reg of group 1. */
enum insn_op {
	INSN_ADD, INSN_OR, INSN_ADC, INSN_SBB, INSN_AND, INSN_SUB, INSN_XOR, INSN_CMP,
	INSN_TEST,
	INSN_MOV,		/* MOV, MOVZX, MOVNTI; MOVSX, MOVSXD with sign_extend */
	INSN_MOVBE,
	INSN_STOS,
	INSN_MOVS,
	/* of insn_decode_plain() alone */
	INSN_LEA,
	INSN_PUSH, INSN_POP,
	INSN_JMP, INSN_JCC,
	INSN_NOP,
	INSN_SHL, INSN_SHR, INSN_SAR,	/* of a register of 4 or 8 bytes, by @immediate or CL */
};

/* Where the two operands are, destination first. */
enum insn_form {
	INSN_NONE,
	INSN_MEM_REG,
	INSN_REG_MEM,
	INSN_MEM_IMM,
	INSN_MEM_SEG,		/* @reg is a segment register */
	INSN_STRING,		/* STOS, MOVS: addresses are implied */
	INSN_REG,		/* PUSH, POP: @reg alone */
	INSN_NEAR,		/* JMP, JCC: @immediate behind the instruction's end */
};

#define INSN_NO_REG	0xff	/* for base and index */
#define INSN_RIP	0xfe	/* for base: the next instruction's address */

struct insn {
	enum insn_op op;
	enum insn_form form;
	uint8_t length;
	uint8_t size;		/* of the memory operand in bytes: 1, 2, 4, 8 */
	uint8_t reg_size;	/* of the register operand in bytes; of MOVSXD it may be less than @size */
	uint8_t address_size;	/* 2, 4, 8 */
	uint8_t segment;	/* enum seg, overrides applied; of MOVS, the source's */
	uint8_t reg, base, index;	/* enum gpr */
	uint8_t rm;		/* enum gpr, in the memory operand's place: of register forms */
	uint8_t condition;	/* of JCC, as the opcode has it */
	uint8_t scale;		/* the index is shifted left by it */
	bool memory;		/* false for register forms: no memory operand */
	bool high_byte;		/* @reg is AH, CH, DH or BH: 0 to 3 */
	bool rm_high_byte;	/* @rm is */
	bool sign_extend;	/* into @reg_size; else zeroes */
	bool lock, rep;
	uint64_t displacement;	/* sign-extended */
	uint64_t immediate;	/* sign-extended */
};

enum insn_mode { INSN_16, INSN_32, INSN_64 };

enum insn_verdict {
	INSN_OK = 0,
	INSN_MORE = -1,		/* all @count bytes are part of it, and not all of it */
	INSN_TOO_LONG = -2,	/* #GP */
	INSN_INVALID = -3,	/* #UD */
	INSN_OTHER = -4,	/* none of enum insn_op, valid or not */
};

/*
 * Decode the instruction that begins at @bytes, of which there are @count, at most INSN_BYTES_MAX.
 * *insn is complete for INSN_OK alone.
 */
int insn_decode(const uint8_t *bytes, unsigned count, enum insn_mode mode, struct insn *insn);
/*
 * 64-bit code: also what touches no device, as it stands between accesses of drivers.  INSN_OTHER for what a
 * cluster leaves to the processor: LOCK, REP, strings, segment registers, MOVBE, branches with an operand size.
 */
int insn_decode_plain(const uint8_t *bytes, unsigned count, struct insn *insn);

#endif
