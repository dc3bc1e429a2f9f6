/*
 * loader.h - a module on its way from an ELF file to what verify() takes (internal)
 *
 *	module.c       header, section table, digest: which sections there are
 *	module_link.c  maps, data, code joined and relocated
 *	module_meta.c  the tables of .hv.meta
 *	policy.c       policy_load(): all of it in order
 *
 * Numbers from the file are copied once and checked before they are used; everything that
 * stays in the file (names, tables) is reached through checked offsets only.
 */
#ifndef POLICY_LOADER_H
#define POLICY_LOADER_H

#include <stddef.h>
#include <stdint.h>

#include "policy/arena.h"
#include "policy/elf.h"
#include "policy/error.h"
#include "policy/map.h"
#include "policy/module.h"
#include "policy/program.h"

#define MODULE_MAX_SYMBOLS	(1u << 18)
#define MODULE_MAX_DATA		(16u << 20)	/* bytes of one data section */

enum section_kind {
	SECTION_IGNORED = 0, SECTION_CODE, SECTION_MAPS, SECTION_RODATA, SECTION_DATA,
	SECTION_BSS, SECTION_META, SECTION_SETS, SECTION_CLASS, SECTION_MATCH,
	SECTION_DIGEST, SECTION_REL, SECTION_RELA, SECTION_SYMTAB, SECTION_STRTAB,
	SECTION_KINDS,
};

struct module_section {
	struct elf_section h;	/* a checked copy: offset + size lies in the file */
	const char *name;	/* in the file, NUL-terminated within its string table */
	uint8_t kind;		/* enum section_kind */
	uint8_t hook;		/* CODE: enum hv_hook, HV_HOOKS: .text */
	uint32_t first;		/* CODE: its first instruction; data: its region */
};

struct module_blob {
	const void *bytes;	/* 8-byte aligned; NULL when the section is missing */
	size_t len;
};

struct module {
	const uint8_t *file;
	size_t len;
	uint8_t digest[HVB_DIGEST_SIZE];
	struct module_section *sections;	/* scratch */
	uint32_t section_count;
	uint32_t symtab;			/* section, 0: none */
	struct module_blob meta, sets, class, match;

	/* module_link() */
	struct bpf_insn *insns;			/* scratch: all code, relocated */
	uint32_t insn_count;
	uint32_t entry[HV_HOOKS];
	struct map **maps;
	uint32_t map_count;
	struct data_region *regions;
	const uint8_t **initial;		/* by region: its bytes in the file, NULL: zeros */
	uint32_t region_count;
};

/*
 * Memory that load needs only for itself, from the arena's far end: it lowers a->size,
 * which policy_load() puts back.  Zeroed, 16-byte aligned; NULL when it does not fit.
 */
void *scratch_alloc(struct arena *a, size_t count, size_t size);

/* Read the section table, check the digest, then every section.  0 or a negative code. */
int module_open(struct arena *a, const void *file, size_t len, struct module *m,
		struct policy_error *err);
/* Create maps and data regions, join and relocate the code. */
int module_link(struct arena *a, struct module *m, struct policy_error *err);
/* The code section that joined instruction @insn is in. */
const struct module_section *module_section_of(const struct module *m, uint32_t insn);

/*
 * Check every table, string and cross reference of .hv.meta; @queries is the number of
 * rows of .hv.match.  The result is the blob itself.
 */
int meta_check(const void *blob, size_t len, uint32_t queries, struct policy_error *err);

/* The rows of a table of .hv.meta, which meta_check() has passed. */
static inline const void *meta_rows(const struct hvb_meta *m, const struct hvb_table *t)
{
	return (const uint8_t *)m + t->offset;
}

#endif
