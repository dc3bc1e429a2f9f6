/*
 * verify_random_test.c - random programs: what the verifier claims holds when they run
 */
#include "policy/verify.h"
#include "tests/bpf/fake.h"
#include "tests/bpf/gen.h"
#include "tests/bpf/model.h"
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#define PARTS		4	/* tests, each with a time limit of its own */
#define PROGRAMS	1500	/* of each part */
#define ROUNDS		2000	/* of each operation */
#define ARENA_SIZE	(4u << 20)

/* Mutants are given a part of the whole run: VERIFY_RANDOM_PERCENT of it. */
static unsigned amount(unsigned whole)
{
	const char *percent = getenv("VERIFY_RANDOM_PERCENT");

	return percent ? whole * (unsigned)strtoul(percent, NULL, 10) / 100 : whole;
}

/* What the verifier knew before each instruction, a state a way, and what is wrong about it. */
struct claims {
	struct fake *f;
	struct state at[FAKE_MAX_INSNS][VERIFY_WAYS];
	unsigned ways[FAKE_MAX_INSNS];
	uint64_t checked;
	const char *wrong;
	uint32_t pc;
	int reg;
};

static void note(void *arg, const struct verifier *v, uint32_t pc, const struct state *st)
{
	struct claims *c = arg;

	ck_assert_uint_lt(c->ways[pc], VERIFY_WAYS);
	c->at[pc][c->ways[pc]++] = *st;
}

/* Does @value fit what is claimed of it? */
static bool fits(const struct fake *f, const struct reg *r, uint64_t value, uint64_t fp)
{
	switch (r->type) {
	case REG_NUM:
		return range_contains(&r->r, value);
	case REG_CTX:
		return range_contains(&r->r, value - (uintptr_t)&f->ctx);
	case REG_STACK:
		return range_contains(&r->r, value - fp);
	case REG_VALUE_OR_NULL:
		if (value == 0)
			return true;
		/* fall through */
	case REG_VALUE:
		return range_contains(&r->r, value - (uintptr_t)f->map[r->object].value);
	case REG_DATA:
		return range_contains(&r->r, value - (uintptr_t)f->regions[r->object].base);
	default:
		return true;
	}
}

/* What does not fit the state @st: a register, 100 + a slot of the stack; -1: nothing. */
static int misfit(const struct fake *f, const struct state *st, const uint64_t reg[11])
{
	for (int r = 0; r < (int)BPF_FP; r++)
		if (!fits(f, &st->reg[r], reg[r], reg[10]))
			return r;
	for (unsigned s = 0; s < VERIFY_SLOTS; s++) {
		uint64_t value;

		if (!(st->spilled >> s & 1))
			continue;
		memcpy(&value, (const char *)(uintptr_t)reg[10] - BPF_STACK_SIZE + 8 * s, 8);
		if (!fits(f, &st->slot[s], value, reg[10]))
			return 100 + (int)s;
	}
	return -1;
}

static void hold(void *arg, uint32_t pc, const uint64_t reg[11], unsigned level)
{
	struct claims *c = arg;

	if (c->wrong)
		return;
	c->pc = pc;
	c->wrong = "an instruction runs that the verifier called unreachable";
	for (unsigned n = 0; n < c->ways[pc]; n++) {
		c->checked += BPF_FP;
		c->reg = misfit(c->f, &c->at[pc][n], reg);
		c->wrong = c->reg < 0 ? NULL : "a register or stack slot holds what it cannot";
		if (c->wrong == NULL)
			return;
	}
}

START_TEST(claims_hold_and_the_interpreter_agrees_with_the_model)
{
	struct fake *f = malloc(sizeof(*f)), *copy = malloc(sizeof(*copy));
	struct claims *c = malloc(sizeof(*c));
	void *memory = aligned_alloc(16, ARENA_SIZE);
	unsigned programs = amount(PROGRAMS), verified = 0;
	uint64_t checked = 0;

	for (uint64_t seed = 1 + (uint64_t)_i; seed <= PARTS * programs; seed += PARTS) {
		const struct program *p;
		struct policy_error err = { 0 };
		struct arena a;
		uint64_t want = 0, got;
		const char *fault;

		gen_program(f, seed);
		arena_init(&a, memory, ARENA_SIZE);
		memset(c->ways, 0, sizeof(c->ways));
		c->checked = 0;
		c->wrong = NULL;
		if (verify_observed(&a, &f->in, &p, &err, note, c))
			continue;
		verified++;
		model_copy(copy, f);
		c->f = copy;
		fault = model_run(copy, HV_HOOK_NET_OUT, &want, hold, c);
		ck_assert_msg(fault == NULL, "seed %llu: %s", (unsigned long long)seed, fault);
		ck_assert_msg(c->wrong == NULL, "seed %llu: %s at %u, r%d", (unsigned long long)seed,
			      c->wrong, c->pc, c->reg);
		checked += c->checked;
		got = program_run(p, HV_HOOK_NET_OUT, NULL, &f->ctx);
		ck_assert_msg(got == want, "seed %llu: 0x%llx, the model says 0x%llx",
			      (unsigned long long)seed, (unsigned long long)got,
			      (unsigned long long)want);
		ck_assert_msg(memcmp(f->bytes, copy->bytes, sizeof(f->bytes)) == 0 &&
			      memcmp(f->map[0].value, copy->map[0].value, 80) == 0,
			      "seed %llu: memory differs", (unsigned long long)seed);
	}
	/* the generator must not drift into programs that are all refused */
	ck_assert_uint_gt(verified, programs / 2);
	ck_assert_uint_gt(checked, programs * 100);
	free(f);
	free(copy);
	free(c);
	free(memory);
}
END_TEST

/* Each ALU operation on ranges that are drawn around two numbers holds their result. */
static struct range around(uint64_t *seed, uint64_t n)
{
	struct range r = range_const(n), other;
	unsigned joins = (unsigned)(gen_random(seed) >> 60) % 3;

	for (unsigned i = 0; i < joins; i++) {
		other = range_const(n + (gen_random(seed) >> (gen_random(seed) >> 58)) -
				    (gen_random(seed) >> (gen_random(seed) >> 58)));
		r = range_join(&r, &other);
	}
	if (gen_random(seed) >> 63)
		range_sync(&r);
	return r;
}

static uint64_t number(uint64_t *seed)
{
	uint64_t n = gen_random(seed) >> (gen_random(seed) >> 58);

	return gen_random(seed) >> 63 ? 0 - n : n;
}

START_TEST(every_operation_on_ranges_is_sound)
{
	struct fake *f = malloc(sizeof(*f));
	uint64_t seed = 42;

	fake_init(f);
	for (unsigned op = 1; op < BPF_OPS; op++) {
		const struct bpf_op_info *info = &bpf_op_table[op];
		bool is_alu = info->kind == KIND_ALU64 || info->kind == KIND_ALU32;

		for (int n = 0; n < (int)amount(ROUNDS) && is_alu; n++) {
			uint64_t x = number(&seed), y = number(&seed), got;
			struct range a = around(&seed, x), b, r;

			if (!bpf_uses_reg(op))
				y = (uint64_t)(int64_t)(int32_t)(info->imm < OPERAND_N ? info->imm : y);
			b = bpf_uses_reg(op) ? around(&seed, y) : range_const(y);
			f->ctx.eth_src = x;
			f->ctx.eth_dst = y;
			f->insns[0] = (struct bpf_insn){ 0x79, 0x12, offsetof(struct hv_ctx, eth_dst), 0 };
			f->insns[1] = (struct bpf_insn){ 0x79, 0x10, offsetof(struct hv_ctx, eth_src), 0 };
			f->insns[2] = (struct bpf_insn){ info->opcode, bpf_uses_reg(op) ? 0x20 : 0,
							 info->off, bpf_uses_reg(op) ? 0 : (int32_t)y };
			f->insns[3] = (struct bpf_insn){ 0x95, 0, 0, 0 };
			f->in.insn_count = 4;
			ck_assert_ptr_null(model_run(f, HV_HOOK_NET_OUT, &got, NULL, NULL));
			r = range_alu(op, &a, &b);
			ck_assert_msg(range_contains(&r, got), "%s: 0x%llx and 0x%llx give 0x%llx",
				      info->text, (unsigned long long)x, (unsigned long long)y,
				      (unsigned long long)got);
		}
	}
	free(f);
}
END_TEST

static bool is_whole(const struct range *r)
{
	return r->umin <= r->umax && r->smin <= r->smax && r->umin32 <= r->umax32 &&
	       r->smin32 <= r->smax32 && (r->bits.value & r->bits.mask) == 0;
}

/*
 * A way that cannot be taken may be walked with bounds that contradict each other, unnoticed
 * so far.  What is computed from them must not be an interval that ends before it begins: it
 * would lie within any object.
 */
START_TEST(no_operation_makes_an_interval_without_numbers)
{
	uint64_t seed = 44;

	for (unsigned op = 1; op < BPF_OPS; op++) {
		const struct bpf_op_info *info = &bpf_op_table[op];
		bool is_alu = info->kind == KIND_ALU64 || info->kind == KIND_ALU32;

		for (int n = 0; n < (int)amount(ROUNDS) && is_alu; n++) {
			struct range a = around(&seed, number(&seed) & 63), b, r;
			bool ok = true;

			b = range_const(gen_random(&seed) >> 58);
			a.bits = bits_meet(a.bits, (struct bits){ b.umin & 12, UINT64_MAX - 12 }, &ok);
			if (!ok || !range_sync(&a))
				continue;
			r = range_alu(op, &a, &b);
			ck_assert_msg(is_whole(&r), "%s", info->text);
			r = range_alu(op, &b, &a);
			ck_assert_msg(is_whole(&r), "%s", info->text);
		}
	}
}
END_TEST

START_TEST(every_branch_keeps_the_numbers_that_take_it)
{
	struct fake *f = malloc(sizeof(*f));
	uint64_t seed = 43;

	fake_init(f);
	for (unsigned op = 1; op < BPF_OPS; op++) {
		const struct bpf_op_info *info = &bpf_op_table[op];
		bool is_jump = info->kind == KIND_JUMP64 || info->kind == KIND_JUMP32;

		for (int n = 0; n < (int)amount(ROUNDS) && is_jump && bpf_uses_reg(op); n++) {
			uint64_t x = number(&seed), y = n % 3 ? number(&seed) : x + n % 2, taken;
			struct range a = around(&seed, x), b = around(&seed, y);

			f->ctx.eth_src = x;
			f->ctx.eth_dst = y;
			f->insns[0] = (struct bpf_insn){ 0x79, 0x12, offsetof(struct hv_ctx, eth_dst), 0 };
			f->insns[1] = (struct bpf_insn){ 0x79, 0x13, offsetof(struct hv_ctx, eth_src), 0 };
			f->insns[2] = (struct bpf_insn){ 0xb7, 0, 0, 1 };
			f->insns[3] = (struct bpf_insn){ info->opcode, 0x23, 1, 0 };
			f->insns[4] = (struct bpf_insn){ 0xb7, 0, 0, 0 };
			f->insns[5] = (struct bpf_insn){ 0x95, 0, 0, 0 };
			f->in.insn_count = 6;
			ck_assert_ptr_null(model_run(f, HV_HOOK_NET_OUT, &taken, NULL, NULL));
			ck_assert_msg(range_branch(op, taken, &a, &b) && range_contains(&a, x) &&
				      range_contains(&b, y), "%s: 0x%llx and 0x%llx, taken %d",
				      info->text, (unsigned long long)x, (unsigned long long)y,
				      (int)taken);
		}
	}
	free(f);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("verify_random");
	TCase *tc = unit_case(s, "random");

	tcase_add_test(tc, every_operation_on_ranges_is_sound);
	tcase_add_test(tc, no_operation_makes_an_interval_without_numbers);
	tcase_add_test(tc, every_branch_keeps_the_numbers_that_take_it);
	tcase_add_loop_test(tc, claims_hold_and_the_interpreter_agrees_with_the_model, 0, PARTS);
	return s;
}
