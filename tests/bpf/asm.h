/*
 * asm.h - assemble the syntax that llvm-objdump prints, for tests
 */
#ifndef TESTS_BPF_ASM_H
#define TESTS_BPF_ASM_H

#include <stddef.h>

#include "policy/program.h"

/*
 * One line of text into out[0..1].  Returns the slots taken, or 0 when it is no
 * instruction.  `rN = map M ll` and `rN = data R + OFF ll` are lddw of a map and of data,
 * `call local +N` calls a function; raw words are `.insn OPCODE REGS OFFSET IMM`.
 */
int asm_line(const char *line, struct bpf_insn out[2]);

#endif
