/*
 * gen.h - what the files of lowering (lower*.c, group.c) share: the program in the making
 *
 * R6 holds the context.  R7, R8 and R9 hold words that the hook's rules ask for most, or R9
 * the next matching row of a classifier.  R0 to R5 are for values: what they hold is known
 * along every path (struct facts), so that a word is not loaded again where every way to
 * here has loaded it.  All jumps go forward, so all ways to a label are known when it is
 * placed.
 */
#ifndef COMPILER_GEN_H
#define COMPILER_GEN_H

#include "compiler/asm.h"
#include "compiler/build.h"
#include "compiler/cond.h"
#include "compiler/emit.h"
#include "compiler/hvc.h"
#include "policy/set.h"

/* helper.def's numbers */
enum {
#define HV_HELPER(id, name, cost, ret, a1, a2, a3, a4, a5) CALL_##name = id,
#include "policy/helper.def"
#undef HV_HELPER
};

/*
 * A place that a register can be a copy of.  Words of the context by their byte offset
 * (none is 0), flag bits by field, stack slots by number: slot n is 8 bytes at R10 - 8(n+1).
 */
#define LOC_NONE	0u
#define LOC_FLAG	0x4000u
#define LOC_SLOT	0x8000u

#define GEN_SLOTS	60u		/* of the 64 that 512 bytes of stack are */

struct facts {
	uint16_t holds[10];		/* R0..R9: the place that it is a copy of */
	uint64_t present, absent;	/* fields (presence bits) known to be there, or not */
};

struct label_facts {
	struct facts facts;		/* what holds on every jump to it so far */
	bool jumped;
};

/* A value: a constant, or a place to load it from. */
struct operand {
	bool is_const;
	uint16_t loc;
	uint64_t value;
};

/* An IP address: the family and two words. */
struct ip_operand {
	struct operand family, hi, lo;
};

/* One hook's program in the making. */
struct gen {
	struct pool *pool;
	struct diags *diags;
	const struct hvc_options *options;
	struct set_builder *sets;
	struct class_builder *classes;
	struct match_builder *match;
	struct meta *meta;
	struct folder folder;
	struct ptr_map set_numbers;	/* struct set -> number + 1 */
	struct ptr_map query_numbers;	/* struct query -> number + 1, of this hook */
	struct marks *marks;		/* names of the rules' instructions */
	enum hv_hook hook;
	struct asm_buf *code;
	VEC(struct label_facts) labels;
	struct facts now;
	unsigned pinned;		/* R0..R5 that must keep what they hold */
	unsigned victim;		/* next register to give up */
	unsigned slots;			/* stack slots in use */
	uint16_t hot[10];		/* words that R7..R9 are preloaded with */
	bool failed;			/* reported */
	unsigned depth;			/* of the value expression in hand */
	uint32_t visited;		/* nodes of conditions, COND_MAX_NODES at most */
	/* the rule in hand */
	uint32_t rule;			/* row of rules */
	struct loc loc;
	bool unknown;			/* what an unknown answer makes of the condition */
};

struct rule_work;

/* lower_regs.c */
void gen_start(struct gen *g, enum hv_hook hook, struct asm_buf *code);
uint32_t gen_label(struct gen *g);
void gen_place(struct gen *g, uint32_t label);
void gen_ja(struct gen *g, uint32_t label);
void gen_jump_imm(struct gen *g, uint8_t op, unsigned reg, int32_t imm, uint32_t label);
/* if reg OP value goto label */
void gen_jump_const(struct gen *g, uint8_t op, unsigned reg, uint64_t value, uint32_t label);
void gen_jump_reg(struct gen *g, uint8_t op, unsigned dst, unsigned src, uint32_t label);
/* A register of R0..R5 to write to; nothing is known of it. */
unsigned gen_reg(struct gen *g);
/* A register that holds the word; not to be written to. */
unsigned gen_load(struct gen *g, uint16_t loc);
/* Load into this register. */
void gen_load_into(struct gen *g, unsigned reg, struct operand o);
/* A register that holds the operand; not to be written to. */
unsigned gen_value(struct gen *g, struct operand o);
void gen_mov(struct gen *g, unsigned dst, unsigned src);
void gen_mov_imm(struct gen *g, unsigned dst, uint64_t value);
void gen_alu_imm(struct gen *g, uint8_t op, unsigned dst, int32_t imm);
void gen_alu_reg(struct gen *g, uint8_t op, unsigned dst, unsigned src);
unsigned gen_slot(struct gen *g, unsigned count);	/* the highest of @count in a row */
void gen_store(struct gen *g, unsigned slot, unsigned reg);
/* rN = R10 - 8 (slot + 1) */
void gen_slot_address(struct gen *g, unsigned reg, unsigned slot);
/* R1 = context, and R0 = helper(R1..R5). */
void gen_call(struct gen *g, uint32_t helper);
/* The same with a constant in R2. */
void gen_call_row(struct gen *g, uint32_t helper, uint32_t row);
/* Go to @absent unless the field is there. */
void gen_need(struct gen *g, enum hv_field field, uint32_t absent);
uint16_t loc_of_field(enum hv_field field);
void gen_fail(struct gen *g, const char *text);

/* lower_value.c */
/* if a OP b goto label */
void gen_jump_operands(struct gen *g, uint8_t op, struct operand a, struct operand b,
		       uint32_t label);
bool is_address(const struct expr *e);
/* The value of a number or MAC expression; where it is absent control goes to @absent. */
struct operand gen_number(struct gen *g, const struct expr *e, uint32_t absent);
struct ip_operand gen_address(struct gen *g, const struct expr *e, uint32_t absent);

/* lower_in.c */
/* Both go to @yes or to @no, never fall through. */
void gen_spans(struct gen *g, struct cond *c, uint32_t yes, uint32_t no);
void gen_in(struct gen *g, const struct expr *e, uint32_t yes, uint32_t no);
void gen_overlaps(struct gen *g, const struct expr *e, uint32_t yes, uint32_t no);

/* The number of a set, its static elements only. */
uint32_t gen_set_number(struct gen *g, const struct set *s);

/* lower_cond.c */
uint32_t gen_query_number(struct gen *g, const struct query *q);
/* Goes to @label when the condition is @sense, falls through when not. */
void gen_cond(struct gen *g, struct cond *c, bool sense, uint32_t label);

/* lower_need.c: what a rule reads and names */
/* HVB_NEED_* of the rule; @seen: expressions already counted for its hook */
uint8_t rule_needs(struct gen *g, const struct rule *r, struct ptr_map *seen);
/* The condition holds for none but ATA commands that it lists. */
bool names_command(const struct expr *e);

/* lower_action.c */
/* Carry them out, left to right; a verdict ends the program. */
void gen_actions(struct gen *g, struct rule_work *w);

/* lower.c */
struct rule_work {
	const struct rule *rule;
	struct cond *cond;	/* what is left to be tested */
	uint32_t row;		/* of rules */
	bool names_command;	/* its pass is HV_PASS_NAMED */
	/* group.c: what a context must be in for the condition to hold; NULL: not known */
	struct box *boxes;
	size_t box_count;
	struct cond *rest;	/* what is left to be tested inside of them */
};
/* Test what is left, carry out the actions.  Falls through where no verdict ended it. */
void gen_rule(struct gen *g, struct rule_work *w, struct cond *cond);

/* group.c */
/* The program of a hook's rules, in order, up to where its default holds. */
void gen_rules(struct gen *g, struct rule_work *w, size_t count);

#endif
