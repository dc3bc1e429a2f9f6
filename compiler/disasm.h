/*
 * disasm.h - one instruction as text
 */
#ifndef COMPILER_DISASM_H
#define COMPILER_DISASM_H

#include <stddef.h>

#include "policy/program.h"

#define DISASM_MAX	64	/* bytes of the longest text, its NUL included */

/*
 * Format @i as llvm-objdump 14 does (without the symbol that it puts behind jumps), into
 * @buf; cut to fit @size, 1 or more.  Of the @left instructions at @i the second is the other
 * half of an lddw.  Returns the number of instruction slots taken, 1 or 2; an instruction
 * that is none becomes "<unknown>".
 */
int disasm(const struct bpf_insn *i, size_t left, char *buf, size_t size);

#endif
