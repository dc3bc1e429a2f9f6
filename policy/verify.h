/*
 * verify.h - what the parts of the verifier share; nobody else includes it but tests
 *
 * verify() goes: encodings (verify.c) -> blocks, functions and their order (verify_cfg.c)
 * -> what the module's functions can return (verify_scout.c) -> one pass over all blocks,
 * callers before callees (verify_walk.c, verify_step.c and the parts for memory, helper calls,
 * local calls) -> cost (verify_cost.c) -> code for the interpreter (layout.c).  A block is
 * looked at once, or a few times where ways meet on which pointers differ: in linear time.
 */
#ifndef POLICY_VERIFY_H
#define POLICY_VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/insn.h"
#include "policy/program.h"
#include "policy/range.h"

#define VERIFY_MAX_FRAMES	8u		/* calls within calls, the hook's program included */
#define VERIFY_MAX_OFFSET	(1 << 29)	/* bytes a pointer may be off its object's start */
#define VERIFY_MAX_STEPS	(64u << 20)	/* instructions of one run, worst case */
#define VERIFY_FRAME_ALIGN	16u		/* bytes; clang takes it for granted */
#define VERIFY_MAX_MEM		512u		/* bytes a helper reads or writes */
#define VERIFY_SLOTS		(BPF_STACK_SIZE / 8)
#define VERIFY_WAYS		4u		/* times a block is walked at most */
#define VERIFY_SCOUTS		2u		/* passes for the results of functions */
#define VERIFY_NONE		UINT32_MAX

enum reg_type {
	REG_NONE = 0,		/* never written, or different things on different ways */
	REG_NUM,		/* r: the number */
	/* pointers; r: byte offset from the object's start */
	REG_CTX,
	REG_STACK,		/* offset from the end of the function's own frame: negative */
	REG_ARG,		/* caller's stack; object: bytes there that may be used */
	REG_VALUE,		/* object: number of the map */
	REG_VALUE_OR_NULL,
	REG_DATA,		/* object: number of the region */
	REG_READ,		/* one of several objects; object: bytes that may be read */
	REG_MAP,		/* the map itself; object: its number */
};

struct reg {
	uint32_t type;		/* enum reg_type */
	uint32_t object;
	uint32_t id;		/* equal and not 0: the same value */
	struct range r;
};

/* Everything known at one point of a function.  r10 is constant and not in it. */
struct state {
	struct reg reg[BPF_FP];
	uint64_t init[BPF_STACK_SIZE / 64];	/* bytes of the frame that were written, with numbers */
	uint64_t pointer[BPF_STACK_SIZE / 64];	/* bytes that may be a pointer's, or left of one */
	uint64_t spilled;	/* slots whose 8 bytes are slot[] */
	struct reg slot[VERIFY_SLOTS];
};

/* A state put aside, packed: only registers and slots that hold something. */
struct saved {
	struct saved *next;	/* of the block's others, or of the free list */
	const struct block *from;	/* where the first way here comes from */
	uint32_t class;		/* of its size */
	uint32_t live;		/* registers that are in reg[], then the slots */
	uint64_t spilled;
	uint64_t init[BPF_STACK_SIZE / 64];
	uint64_t pointer[BPF_STACK_SIZE / 64];
	struct reg reg[];
};

enum { EDGE_NEXT = 1, EDGE_TARGET = 2 };

struct block {
	uint32_t start, end;	/* instructions [start, end) */
	uint32_t next, target;	/* blocks that follow, VERIFY_NONE */
	uint32_t func;		/* VERIFY_NONE: unreachable */
	uint32_t head;		/* function that starts here, VERIFY_NONE */
	uint32_t at;		/* first instruction of its code */
	uint8_t color;		/* of the depth-first walk */
	uint8_t edges;		/* EDGE_*: ways out that can be taken */
	bool reached;
	bool reads_r0;		/* before it writes it */
	struct saved *in;	/* states to walk it with, VERIFY_WAYS at most */
	uint64_t extra;		/* cost of helpers beyond the instructions */
	uint64_t cost, steps;	/* worst case from here to the exit */
};

struct func {
	uint32_t entry;		/* block */
	uint32_t first, count;	/* of order[] */
	uint32_t callers;	/* call sites not yet walked */
	uint32_t level;		/* longest chain of calls that leads here */
	uint32_t depth;		/* bytes of its frame */
	uint32_t above;		/* most bytes of its callers' frames */
	bool is_hook;
	bool lends_unwritten;	/* bytes of its frame that it never wrote, to a function */
	bool returns;		/* an exit was seen in this pass */
	bool result_read;	/* by a caller */
	struct range result;	/* of all exits */
};

#define STATE_CLASSES	6u

struct verifier;
/* Tests look at every state before its instruction. */
typedef void observe_fn(void *arg, const struct verifier *v, uint32_t pc, const struct state *st);

struct verifier {
	const struct verify_input *in;
	struct arena *arena;
	struct policy_error *err;
	observe_fn *observe;
	void *observe_arg;

	uint8_t *op;		/* enum bpf_op by instruction; BPF_OP_BAD: second half of lddw */
	uint32_t *block_of;	/* block that starts at an instruction, VERIFY_NONE */
	struct block *blocks;
	uint32_t block_count;
	uint32_t *order;	/* blocks, function by function, topologically */
	uint32_t order_count;
	struct func *funcs;
	uint32_t func_count, call_count;	/* functions; calls of functions */
	uint32_t *func_order;	/* callers before callees */
	struct saved *free[STATE_CLASSES];

	/* where the walk is */
	struct func *func;
	struct block *block;
	struct state now;	/* before the next instruction */
	struct state other;	/* the second way of a conditional jump */
	uint64_t extra;		/* cost of the block's helpers, as walked now */
	bool scouting;		/* verify_scout.c: all is numbers, nothing is refused */
};

#define refuse(v, pc, ...) policy_fail((v)->err, POLICY_EVERIFY, "", pc, __VA_ARGS__)

int verify_observed(struct arena *a, const struct verify_input *in, const struct program **out,
		    struct policy_error *err, observe_fn *observe, void *arg);

/* verify_cfg.c */
int cfg_build(struct verifier *v);

/* verify_live.c: which functions' results are read; after cfg_build() */
void find_results_read(struct verifier *v);

/* verify_state.c: moving states; -ENOMEM codes when the arena is full */
int state_flow(struct verifier *v, const struct state *st, struct block *to);
void state_take(struct verifier *v, struct block *b, struct state *st);
/* Nothing is known, nothing was written. */
void state_clear(struct state *st);
void state_copy(struct state *to, const struct state *from);
void state_init_bytes(struct state *st, int64_t lo, int64_t hi);
/* A pointer was written there: no byte of it is a number, on no way. */
void state_pointer_bytes(struct state *st, int64_t lo, int64_t hi);
bool state_bytes_are_init(const struct state *st, int64_t lo, int64_t hi);
void state_forget_slots(struct state *st, int64_t lo, int64_t hi);
bool reg_is_pointer(const struct reg *r);
struct reg reg_num(struct range r);

/* verify_step.c */
int step(struct verifier *v, uint32_t pc);
/* The value of register @n into *@out; refused when it holds nothing. */
int reg_read(struct verifier *v, uint32_t pc, unsigned n, struct reg *out);
/* @copy is a copy of register @n: numbers that are equal share an id, so that a comparison
 * of one narrows all. */
void reg_share_id(struct verifier *v, uint32_t pc, unsigned n, struct reg *copy);
/* verify_scout.c: the ranges of functions' results, for the proof to rely on */
int scout(struct verifier *v);
int scout_step(struct verifier *v, uint32_t pc);
void scout_enter(struct state *st);
int scout_exit(struct verifier *v);
/* verify_jump.c: a conditional jump; v->other takes the jump, v->now falls through */
int jump_step(struct verifier *v, uint32_t pc, bool *taken, bool *falls);
/* verify_mem.c */
int mem_load(struct verifier *v, uint32_t pc);
int mem_store(struct verifier *v, uint32_t pc);
/* Any number that the load @op can find. */
struct range mem_any(unsigned op);
/* May @size bytes from @p + @off be read (written)? */
int mem_check(struct verifier *v, uint32_t pc, const struct reg *p, int64_t off, uint64_t size,
	      bool write);
/* verify_call.c, verify_local.c */
int call_helper(struct verifier *v, uint32_t pc);
int call_local(struct verifier *v, uint32_t pc);
/* The function that the local call at @pc calls. */
struct func *call_callee(const struct verifier *v, uint32_t pc);
/* verify_walk.c, verify_cost.c, layout.c; a pass: all functions, callers before callees */
int walk(struct verifier *v);
int walk_pass(struct verifier *v);
int cost(struct verifier *v, uint64_t hook_cost[HV_HOOKS]);
/* Bytes of the frame of @f that are cleared when it is entered; after walk(). */
uint32_t func_clears(const struct func *f);
/* Code of all functions into @code, which has room for two a instruction; returns how many. */
struct code;
uint32_t layout(struct verifier *v, struct code *code);
/* front.c: how the programs of @p begin, which has all but that */
void find_fronts(struct program *p);

#endif
