/*
 * disasm.c - print one instruction by the text of its row in opcode.def
 */
#include "compiler/disasm.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "policy/insn.h"

struct out {
	char *at;
	size_t room;		/* with the NUL: at least 1 */
};

static void put(struct out *o, const char *text)
{
	size_t n = strlen(text);

	if (n >= o->room)
		n = o->room - 1;
	memcpy(o->at, text, n);
	o->at += n;
	o->room -= n;
}

static void put_field(struct out *o, char field, const struct bpf_insn *i, int64_t wide)
{
	char text[32];

	switch (field) {
	case 'd':
		snprintf(text, sizeof(text), "r%u", bpf_dst(i));
		break;
	case 's':
		snprintf(text, sizeof(text), "r%u", bpf_src(i));
		break;
	case 'D':
		snprintf(text, sizeof(text), "w%u", bpf_dst(i));
		break;
	case 'S':
		snprintf(text, sizeof(text), "w%u", bpf_src(i));
		break;
	case 'i':
		snprintf(text, sizeof(text), "%" PRId32, i->imm);
		break;
	case 'o':
		snprintf(text, sizeof(text), "%c %d", i->offset < 0 ? '-' : '+',
			 i->offset < 0 ? -i->offset : i->offset);
		break;
	case 'j':
		snprintf(text, sizeof(text), "%+d", i->offset);
		break;
	case 'J':
		snprintf(text, sizeof(text), "%+" PRId32, i->imm);
		break;
	default:
		snprintf(text, sizeof(text), "%" PRId64, wide);
	}
	put(o, text);
}

int disasm(const struct bpf_insn *i, size_t left, char *buf, size_t size)
{
	const char *why, *t;
	enum bpf_op op = bpf_decode(i, &why);
	struct out o = { buf, size };
	int64_t wide = 0;

	if (op == BPF_OP_BAD || (op == BPF_LDDW && left < 2)) {
		put(&o, "<unknown>");
		*o.at = 0;
		return 1;
	}
	if (op == BPF_LDDW)
		wide = (int64_t)((uint64_t)(uint32_t)i[1].imm << 32 | (uint32_t)i[0].imm);
	if (op == BPF_LDDW && bpf_src(i)) {
		char text[DISASM_MAX];

		snprintf(text, sizeof(text), "ld_pseudo\tr%u, %u, %" PRIu32, bpf_dst(i), bpf_src(i),
			 (uint32_t)i->imm);
		put(&o, text);
		*o.at = 0;
		return 2;
	}
	for (t = bpf_op_table[op].text; *t; t++) {
		if (*t == '$')
			put_field(&o, *++t, i, wide);
		else
			put(&o, (char[]){ *t, 0 });
	}
	*o.at = 0;
	return op == BPF_LDDW ? 2 : 1;
}
