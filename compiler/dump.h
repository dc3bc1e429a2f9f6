/*
 * dump.h - the parts of a module that hvc dump shows
 */
#ifndef COMPILER_DUMP_H
#define COMPILER_DUMP_H

#include <libelf.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/context.h"
#include "policy/judge.h"

#define DUMP_CODE	(HV_HOOKS + 1)	/* programs, and .text */

struct dump_section {
	const uint8_t *bytes;		/* in the file; NULL: there is none */
	size_t len;
	const Elf64_Rel *rel;		/* CODE: sorted or not, as the file has them */
	size_t rel_count;
};

/* Sections of a module that policy_load() has taken. */
struct dump {
	Elf *elf;
	struct dump_section code[DUMP_CODE];	/* HV_HOOKS: .text */
	struct dump_section maps, sets, classes, match;
	const Elf64_Sym *symbols;
	size_t symbol_count;
	size_t strings;			/* section of their names */
};

/* 0, or -1 where libelf refuses. */
int dump_open(struct dump *d, uint8_t *bytes, size_t len);
void dump_close(struct dump *d);

/* dump_code.c: the programs, disassembled, with the rules' names; -1 when memory is out or libelf refuses. */
int dump_code(const struct dump *d, const struct policy *p);

#endif
