/*
 * asm.c - assemble one line by trying every row of opcode.def
 */
#include "tests/bpf/asm.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/insn.h"

static const char *skip_space(const char *s)
{
	while (isspace((unsigned char)*s))
		s++;
	return s;
}

/* A number of base 10 or 16 in the range of int64_t or uint64_t. */
static const char *number(const char *s, int64_t *out)
{
	char *end;

	s = skip_space(s);
	s += *s == '+';
	if (!isdigit((unsigned char)*s) && !(*s == '-' && isdigit((unsigned char)s[1])))
		return NULL;
	*out = *s == '-' ? (int64_t)strtoll(s, &end, 0) : (int64_t)strtoull(s, &end, 0);
	return end;
}

static const char *reg(const char *s, char prefix, unsigned *out)
{
	char *end;

	s = skip_space(s);
	if (*s != prefix || !isdigit((unsigned char)s[1]))
		return NULL;
	*out = (unsigned)strtoul(s + 1, &end, 10);
	return *out < 16 ? end : NULL;
}

struct fields {
	unsigned dst, src;
	bool has_dst;
	int64_t off, imm, wide;
};

static const char *match_reg(const char *s, char prefix, unsigned *out, bool *has)
{
	unsigned n;

	s = reg(s, prefix, &n);
	if (s == NULL || (has && *has && n != *out))
		return NULL;
	*out = n;
	if (has)
		*has = true;
	return s;
}

static const char *match_field(const char *s, char field, struct fields *f)
{
	char sign;

	switch (field) {
	case 'd':
		return match_reg(s, 'r', &f->dst, &f->has_dst);
	case 'D':
		return match_reg(s, 'w', &f->dst, &f->has_dst);
	case 's':
		return match_reg(s, 'r', &f->src, NULL);
	case 'S':
		return match_reg(s, 'w', &f->src, NULL);
	case 'i':
	case 'J':
		s = number(s, &f->imm);
		return s && f->imm >= INT32_MIN && f->imm <= (int64_t)UINT32_MAX ? s : NULL;
	case 'j':
		return number(s, &f->off);
	case 'o':
		s = skip_space(s);
		sign = *s++;
		if (sign != '+' && sign != '-')
			return NULL;
		s = number(s, &f->off);
		f->off = sign == '-' ? -f->off : f->off;
		return s;
	default:
		return number(s, &f->wide);
	}
}

static bool match(const char *text, const char *line, struct fields *f)
{
	for (; *text && line; text++) {
		if (*text == ' ') {
			line = skip_space(line);
		} else if (*text == '$') {
			line = match_field(line, *++text, f);
		} else {
			line = skip_space(line);
			line = *line == *text ? line + 1 : NULL;
		}
	}
	return line && *skip_space(line) == 0;
}

static int special(const char *line, struct bpf_insn out[2])
{
	unsigned dst, opcode, regs;
	int a, b;

	/* most lines are none of these; sscanf() is slow under sanitizers */
	if (!strpbrk(line, ".") && !strstr(line, "local") && !strstr(line, "map") &&
	    !strstr(line, "data"))
		return 0;
	if (sscanf(line, " .insn %i %i %i %i", (int *)&opcode, (int *)&regs, &a, &b) == 4) {
		out[0] = (struct bpf_insn){ (uint8_t)opcode, (uint8_t)regs, (int16_t)a, b };
		return 1;
	}
	if (sscanf(line, " call local %i", &a) == 1) {
		out[0] = (struct bpf_insn){ 0x85, BPF_SRC_LOCAL << 4, 0, a };
		return 1;
	}
	if (sscanf(line, " r%u = map %i ll", &dst, &a) == 2) {
		out[0] = (struct bpf_insn){ 0x18, (uint8_t)(dst | BPF_SRC_MAP << 4), 0, a };
		out[1] = (struct bpf_insn){ 0 };
		return 2;
	}
	if (sscanf(line, " r%u = data %i + %i ll", &dst, &a, &b) == 3) {
		out[0] = (struct bpf_insn){ 0x18, (uint8_t)(dst | BPF_SRC_DATA << 4), 0, a };
		out[1] = (struct bpf_insn){ 0, 0, 0, b };
		return 2;
	}
	return 0;
}

int asm_line(const char *line, struct bpf_insn out[2])
{
	int n = special(line, out);

	for (unsigned op = 1; op < BPF_OPS && n == 0; op++) {
		const struct bpf_op_info *info = &bpf_op_table[op];
		struct fields f = { 0 };

		if (!match(info->text, line, &f))
			continue;
		if (info->off < OPERAND_N)
			f.off = info->off;
		if (info->imm < OPERAND_N)
			f.imm = info->imm;
		out[0] = (struct bpf_insn){ info->opcode, (uint8_t)(f.dst | f.src << 4),
					    (int16_t)f.off, (int32_t)f.imm };
		n = 1;
		if (op == BPF_LDDW) {
			out[0].imm = (int32_t)f.wide;
			out[1] = (struct bpf_insn){ 0, 0, 0, (int32_t)((uint64_t)f.wide >> 32) };
			n = 2;
		}
	}
	return n;
}
