/*
 * judge_lab.c - a policy of hand-written bytecode, judged
 */
#include "tests/unit/judge_lab.h"

#include <string.h>

#include "policy/field.h"

struct lab lab;
static uint8_t memory[4 << 20] __attribute__((aligned(16)));

void lab_reset(void)
{
	memset(&lab, 0, sizeof(lab));
	meta_init_writer(&lab.meta);
	mw_init(&lab.writer);
}

uint32_t lab_add_query(uint32_t area, uint32_t kind, const char *text)
{
	struct fake_query *q = &lab.queries[lab.query_count];

	q->area = area;
	q->kind = kind;
	strcpy(q->text, text);
	return lab.query_count++;
}

void lab_insn(struct bpf_insn insn)
{
	lab.code[lab.hook][lab.len[lab.hook]++] = insn;
}

void lab_hook(unsigned hook)
{
	lab.hook = hook;
	lab_insn((struct bpf_insn)MW_MOVR(6, 1));
}

void lab_call(unsigned helper, int32_t a2, int32_t a3, int32_t a4)
{
	lab_insn((struct bpf_insn)MW_MOVR(1, 6));
	lab_insn((struct bpf_insn)MW_MOV(2, a2));
	lab_insn((struct bpf_insn)MW_MOV(3, a3));
	lab_insn((struct bpf_insn)MW_MOV(4, a4));
	lab_insn((struct bpf_insn)MW_CALL_HELPER(helper));
}

void lab_show(unsigned helper, int32_t a2, int32_t a3, int32_t len)
{
	/* r7 = 0x4040...; the stack is "@@@@@@@@" until the helper writes */
	lab_insn((struct bpf_insn)MW_INSN(0x18, 7, 0, 0, 0x40404040));
	lab_insn((struct bpf_insn)MW_INSN(0, 0, 0, 0, 0x40404040));
	lab_insn((struct bpf_insn)MW_INSN(0x7b, 10, 7, -8, 0));
	lab_insn((struct bpf_insn)MW_MOVR(1, 6));
	lab_insn((struct bpf_insn)MW_MOV(2, a2));
	lab_insn((struct bpf_insn)MW_MOV(3, a3));
	lab_insn((struct bpf_insn)MW_MOVR(4, 10));
	lab_insn((struct bpf_insn)MW_INSN(0x07, 4, 0, 0, -8));
	lab_insn((struct bpf_insn)MW_MOV(5, len));
	lab_insn((struct bpf_insn)MW_CALL_HELPER(helper));
	/* severity: what the helper returned */
	lab_insn((struct bpf_insn)MW_MOVR(2, 0));
	lab_insn((struct bpf_insn)MW_MOVR(1, 6));
	lab_insn((struct bpf_insn)MW_MOVR(3, 10));
	lab_insn((struct bpf_insn)MW_INSN(0x07, 3, 0, 0, -8));
	lab_insn((struct bpf_insn)MW_MOV(4, 8));
	lab_insn((struct bpf_insn)MW_CALL_HELPER(H_EVENT));
}

void lab_return(int32_t verdict)
{
	lab_insn((struct bpf_insn)MW_MOV(0, verdict));
	lab_insn((struct bpf_insn)MW_EXIT);
}

void lab_return_r0(void)
{
	lab_insn((struct bpf_insn)MW_EXIT);
}

static void on_event(void *arg, const struct policy_event *e)
{
	struct lab_event *to = &lab.events[lab.event_count++ % 64];

	strcpy(to->rule, e->rule);
	memcpy(to->text, e->text, e->text_len + 1);
	to->rule_index = e->rule_index;
	to->severity = e->severity;
	to->action = e->action;
	to->rewritten = e->rewritten;
	to->bounded = e->bounded;
	to->transfer = e->transfer->number;
	to->match_lba = e->match_lba;
}

uint8_t *lab_module(size_t *module_len)
{
	size_t len;

	for (unsigned h = 0; h < HV_HOOKS; h++)
		if (lab.len[h])
			mw_code(&lab.writer, hv_hook_section[h], lab.code[h], lab.len[h]);
	if (!lab.no_meta) {
		len = meta_build(&lab.meta);
		mw_data(&lab.writer, ".hv.meta", lab.meta.blob, len);
	}
	if (lab.query_count)
		mw_data(&lab.writer, ".hv.match", lab.queries,
			lab.query_count * sizeof(lab.queries[0]));
	if (lab.sets)
		mw_data(&lab.writer, ".hv.sets", lab.sets, lab.sets_len);
	return mw_finish(&lab.writer, module_len);
}

int lab_load(void)
{
	struct arena a;
	size_t len;
	const uint8_t *bytes = lab_module(&len);
	int rc;

	arena_init(&a, memory, sizeof(memory));
	rc = policy_load(&a, bytes, len, &lab.policy, &lab.error);
	if (rc == 0)
		rc = judge_create(&a, lab.policy, on_event, NULL, &lab.judge, &lab.error);
	return rc;
}

enum hv_verdict lab_frame(unsigned hook, uint8_t *bytes, uint32_t len)
{
	struct transfer t = { .number = ++lab.transfers, .time_ns = lab.time_ns, .hook = hook,
			      .net = { .frame = bytes, .captured = len, .wire_len = len } };

	judge_transfer(lab.judge, &t, &lab.out);
	return lab.out.verdict;
}

enum hv_verdict lab_disk(unsigned hook, const struct disk_transfer *d)
{
	struct transfer t = { .number = ++lab.transfers, .time_ns = lab.time_ns, .hook = hook,
			      .disk = *d };

	judge_transfer(lab.judge, &t, &lab.out);
	return lab.out.verdict;
}
