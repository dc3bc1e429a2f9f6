/*
 * judge_lab.h - a policy of hand-written bytecode, judged, for the tests of the judge
 *
 * A test describes its module (lab.meta, lab_query(), code by the emitters below), calls
 * lab_load(), and judges transfers; events are kept in lab.events.
 */
#ifndef TESTS_JUDGE_LAB_H
#define TESTS_JUDGE_LAB_H

#include "policy/judge.h"
#include "tests/unit/fake_match.h"
#include "tests/unit/meta_writer.h"
#include "tests/unit/module_writer.h"

/* helper.def's numbers */
enum { H_BYTES = 1, H_SECTOR, H_FIND, H_IN, H_CLASS, H_OVERLAPS, H_OVERLAPS_RANGE, H_LOG,
       H_COUNT, H_REWRITE, H_SET_FIELD, H_EVENT, H_LOOKUP, H_UPDATE, H_DELETE, H_HIT };

struct lab_event {
	char rule[64], text[600];
	uint32_t rule_index, severity;
	enum hv_verdict action;
	bool rewritten, bounded;
	uint64_t transfer, match_lba;
};

struct lab {
	struct meta_writer meta;
	bool no_meta;			/* a C module */
	struct fake_query queries[8];
	uint32_t query_count;
	const void *sets;
	size_t sets_len;
	struct bpf_insn code[HV_HOOKS][256];
	unsigned len[HV_HOOKS];
	unsigned hook;			/* the one code is emitted for */
	struct module_writer writer;
	struct policy *policy;
	struct judge *judge;
	struct policy_error error;
	struct lab_event events[64];
	unsigned event_count;
	struct judgement out;
	uint64_t transfers, time_ns;
};

extern struct lab lab;

void lab_reset(void);
uint32_t lab_add_query(uint32_t area, uint32_t kind, const char *text);
/* From here on, code is this hook's: r6 is the context. */
void lab_hook(unsigned hook);
void lab_insn(struct bpf_insn insn);
/* helper(ctx, a2, a3, a4) with constants */
void lab_call(unsigned helper, int32_t a2, int32_t a3, int32_t a4);
/* helper(ctx, a2, a3, r10 - 8, len): hv_bytes, hv_sector; then an event shows the bytes. */
void lab_show(unsigned helper, int32_t a2, int32_t a3, int32_t len);
void lab_return(int32_t verdict);
void lab_return_r0(void);
/* The module as described, sealed; once after each lab_reset(). */
uint8_t *lab_module(size_t *len);
/* Load it and make its judge: 0, or the error's code and lab.error. */
int lab_load(void);

enum hv_verdict lab_frame(unsigned hook, uint8_t *bytes, uint32_t len);
enum hv_verdict lab_disk(unsigned hook, const struct disk_transfer *d);

#endif
