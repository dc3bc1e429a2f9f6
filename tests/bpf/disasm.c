/*
 * disasm.c - print a section of instructions, one a line: for the comparison with llvm-objdump
 */
#include <stdio.h>

#include "compiler/disasm.h"

int main(int argc, char **argv)
{
	static struct bpf_insn insns[65536];
	FILE *in = argc > 1 ? fopen(argv[1], "rb") : NULL;
	size_t count, n = 0;
	char text[DISASM_MAX];

	if (in == NULL)
		return 2;
	count = fread(insns, sizeof(insns[0]), sizeof(insns) / sizeof(insns[0]), in);
	fclose(in);
	while (n < count) {
		int slots = disasm(&insns[n], count - n, text, sizeof(text));

		printf("%zu\t%s\n", n, text);
		n += (size_t)slots;
	}
	return 0;
}
