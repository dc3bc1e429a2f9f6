/*
 * module_writer.h - modules made by hand for the tests: any section, symbol, relocation
 */
#ifndef TESTS_MODULE_WRITER_H
#define TESTS_MODULE_WRITER_H

#include <stddef.h>
#include <stdint.h>

#include "policy/elf.h"
#include "policy/module.h"
#include "policy/program.h"

#define MW_SECTIONS	80u
#define MW_SYMBOLS	64u

struct module_writer {
	struct mw_section {
		const char *name;
		struct elf_section h;
		const void *bytes;
		struct elf_rel rels[16];
		unsigned rel_count;
	} sections[MW_SECTIONS];
	unsigned count;			/* section 0 is the null section */
	struct { const char *name; struct elf_symbol s; } symbols[MW_SYMBOLS];
	unsigned symbol_count;		/* symbol 0 is the null symbol */
	unsigned symtab, strtab;	/* made by mw_finish() */
	int no_digest;
};

void mw_init(struct module_writer *w);
/* All return the index of what they added. */
unsigned mw_section(struct module_writer *w, const char *name, uint32_t type, uint64_t flags,
		    const void *bytes, size_t len);
unsigned mw_code(struct module_writer *w, const char *name, const struct bpf_insn *insns,
		 size_t count);
unsigned mw_data(struct module_writer *w, const char *name, const void *bytes, size_t len);
unsigned mw_symbol(struct module_writer *w, const char *name, uint8_t info, unsigned section,
		   uint64_t value);
void mw_reloc(struct module_writer *w, unsigned section, uint64_t offset, uint32_t type,
	      unsigned symbol);
/* The sealed module: 16-byte aligned, never freed. */
uint8_t *mw_finish(struct module_writer *w, size_t *len);

/* Where they are kept: the leak checker must find them. */
#define MW_KEPT		4096u
extern void *mw_kept[MW_KEPT];

/* Make the digest fit again after a change; any bytes. 0, or -1 when there is none. */
int mw_reseal(uint8_t *module, size_t len);

/* The header of a section of a finished module, to be broken. */
struct elf_section *mw_header(uint8_t *module, const char *name);

#define MW_INSN(op, dst, src, off, im) \
	{ .opcode = (op), .regs = (uint8_t)((dst) | (src) << 4), .offset = (off), .imm = (im) }
#define MW_MOV(dst, im)		MW_INSN(0xb7, dst, 0, 0, im)
#define MW_MOVR(dst, src)	MW_INSN(0xbf, dst, src, 0, 0)
#define MW_LDDW(dst, im)	MW_INSN(0x18, dst, 0, 0, im), MW_INSN(0, 0, 0, 0, 0)
#define MW_CALL_SYMBOL		MW_INSN(0x85, 0, 1, 0, -1)
#define MW_CALL_HELPER(n)	MW_INSN(0x85, 0, 0, 0, n)
#define MW_EXIT			MW_INSN(0x95, 0, 0, 0, 0)

#endif
