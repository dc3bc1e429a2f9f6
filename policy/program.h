/*
 * program.h - BPF programs (RFC 9669): what the verifier takes, what it makes
 *
 * Only verify() makes a struct program, so whatever runs has been proven to
 * end, to stay inside its memory and to call helpers as they want to be called.
 */
#ifndef POLICY_PROGRAM_H
#define POLICY_PROGRAM_H

#include <stddef.h>
#include <stdint.h>

#include "policy/arena.h"
#include "policy/context.h"
#include "policy/error.h"

/* RFC 9669 section 3: one instruction as it lies in a section. */
struct bpf_insn {
	uint8_t opcode;
	uint8_t regs;		/* low nibble destination, high nibble source */
	int16_t offset;
	int32_t imm;
};

/*
 * What the loader has put into src of a relocated instruction:
 * LDDW: BPF_SRC_MAP, imm = map; BPF_SRC_DATA, imm = data region, imm of the second
 * slot = byte offset within it.  CALL: BPF_SRC_HELPER, imm = helper number;
 * BPF_SRC_LOCAL, imm = distance in instructions to the function, counted from the next.
 */
enum { BPF_SRC_HELPER = 0, BPF_SRC_LOCAL = 1, BPF_SRC_MAP = 1, BPF_SRC_DATA = 2 };

/* A block of data that lddw can point into. */
struct data_region {
	uint8_t *base;
	uint32_t size;
	uint32_t writable;
};

struct map;			/* policy/map.h */

/* Rows of the module's tables, for the constants that helpers take. */
struct verify_tables {
	uint32_t sets, classes, queries, logs, counters, rewrites, rules;
	const uint8_t *set_words;	/* 64-bit words of a key, by set */
	const uint32_t *set_cost, *class_cost, *query_cost;	/* worst case, instructions */
};

struct verify_input {
	const struct bpf_insn *insns;	/* all sections joined, calls relocated */
	uint32_t insn_count;
	uint32_t entry[HV_HOOKS];	/* first instruction of a hook's program, POLICY_NO_INSN: none */
	struct map *const *maps;
	uint32_t map_count;
	const struct data_region *regions;
	uint32_t region_count;
	struct verify_tables tables;
};

struct program;

/*
 * Prove the programs and lay them out.  Takes memory for the result from @a and
 * gives its scratch back.  Returns 0 and *@out, else a negative code and @err
 * (insn is the index in @in->insns).  Linear time in insn_count.
 */
int verify(struct arena *a, const struct verify_input *in, const struct program **out,
	   struct policy_error *err);

/* Worst-case cost of a hook in instructions, helpers included; 0: no program. */
uint64_t program_cost(const struct program *p, enum hv_hook hook);
uint32_t program_insns(const struct program *p);	/* as laid out: some do the work of several */

struct judge;			/* policy/judge.h: the running judgement, for the helpers */

enum helper_number {
#define HV_HELPER(id, name, ...) HELPER_##name = id,
#include "policy/helper.def"
#undef HV_HELPER
};

/* Helper number n of helper.def; arguments as verified. */
typedef uint64_t helper_fn(struct judge *j, uint64_t a1, uint64_t a2, uint64_t a3,
			   uint64_t a4, uint64_t a5);
extern helper_fn *const helper_table[];	/* defined by helper.c */

/*
 * Run the program of @hook; it must have one.  @ctx is R1.  Returns R0.  Cannot fail,
 * cannot loop; its stack is on the caller's.
 */
uint64_t program_run(const struct program *p, enum hv_hook hook, struct judge *j,
		     const struct hv_ctx *ctx);

/*
 * A program that begins with hv_class, from row 0 of a classifier, and does nothing but
 * return a constant when the row that it gets is @limit or more.  It need not be run for
 * that: ask, take @none, or hand the row that holds to program_resume().
 */
struct program_front {
	uint32_t resume;	/* instruction behind the question; 0: the program begins otherwise */
	uint32_t classifier;
	uint64_t limit;
	uint64_t none;		/* R0 */
};

const struct program_front *program_front(const struct program *p, enum hv_hook hook);

/* As program_run() where the program has a front, with the answer @row to its question. */
uint64_t program_resume(const struct program *p, enum hv_hook hook, struct judge *j,
			const struct hv_ctx *ctx, uint32_t row);

#endif
