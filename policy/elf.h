/*
 * elf.h - the structures of an ELF64 relocatable object (System V ABI, chapters 4 and 5)
 *
 * Our own, because policy/ is freestanding; only what a policy module has.
 */
#ifndef POLICY_ELF_H
#define POLICY_ELF_H

#include <stdint.h>

struct elf_header {
	uint8_t ident[16];
	uint16_t type, machine;
	uint32_t version;
	uint64_t entry, phoff, shoff;
	uint32_t flags;
	uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

enum { ELF_IDENT_SIZE = 7 };	/* bytes that are compared: magic, class, data, version */
#define ELF_IDENT	"\177ELF\2\1\1"	/* ELFCLASS64, ELFDATA2LSB, EV_CURRENT */

enum { ELF_ET_REL = 1, ELF_EM_BPF = 247, ELF_EV_CURRENT = 1 };

struct elf_section {
	uint32_t name, type;
	uint64_t flags, addr, offset, size;
	uint32_t link, info;
	uint64_t addralign, entsize;
};

enum {
	ELF_SHT_NULL = 0, ELF_SHT_PROGBITS = 1, ELF_SHT_SYMTAB = 2, ELF_SHT_STRTAB = 3,
	ELF_SHT_RELA = 4, ELF_SHT_NOBITS = 8, ELF_SHT_REL = 9,
};

enum { ELF_SHF_WRITE = 1, ELF_SHF_ALLOC = 2, ELF_SHF_EXECINSTR = 4 };

struct elf_symbol {
	uint32_t name;
	uint8_t info;		/* low nibble type, high nibble binding */
	uint8_t other;
	uint16_t shndx;
	uint64_t value, size;
};

enum { ELF_STT_NOTYPE = 0, ELF_STT_OBJECT = 1, ELF_STT_FUNC = 2, ELF_STT_SECTION = 3 };
enum { ELF_SHN_UNDEF = 0, ELF_SHN_LORESERVE = 0xff00, ELF_SHN_ABS = 0xfff1 };

struct elf_rel {
	uint64_t offset;
	uint64_t info;		/* low half type, high half symbol */
};

/* Relocations of EM_BPF (LLVM, BPFELFRelocs). */
enum { ELF_R_BPF_64_64 = 1, ELF_R_BPF_64_ABS64 = 2, ELF_R_BPF_64_ABS32 = 3, ELF_R_BPF_64_32 = 10 };

_Static_assert(sizeof(struct elf_header) == 64, "ELF64 header");
_Static_assert(sizeof(struct elf_section) == 64, "ELF64 section header");
_Static_assert(sizeof(struct elf_symbol) == 24, "ELF64 symbol");
_Static_assert(sizeof(struct elf_rel) == 16, "ELF64 relocation");

#endif
