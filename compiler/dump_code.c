/*
 * dump_code.c - hvc dump: sections of the object, its programs disassembled
 */
#include "compiler/dump.h"

#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/diag.h"
#include "compiler/disasm.h"
#include "policy/field.h"
#include "policy/module.h"
#include "policy/program.h"

static struct dump_section *section_named(struct dump *d, const char *name)
{
	unsigned h;

	for (h = 0; h < HV_HOOKS; h++)
		if (!strcmp(name, hv_hook_section[h]))
			return &d->code[h];
	if (!strcmp(name, ".text"))
		return &d->code[HV_HOOKS];
	if (!strcmp(name, "maps"))
		return &d->maps;
	if (!strcmp(name, ".hv.sets"))
		return &d->sets;
	if (!strcmp(name, ".hv.class"))
		return &d->classes;
	if (!strcmp(name, ".hv.match"))
		return &d->match;
	return NULL;
}

/* NULL where libelf refuses. */
static const char *section_name(const struct dump *d, size_t index, size_t names)
{
	Elf_Scn *scn = elf_getscn(d->elf, index);
	Elf64_Shdr *sh = scn ? elf64_getshdr(scn) : NULL;

	return sh ? elf_strptr(d->elf, names, sh->sh_name) : NULL;
}

static int take_named(struct dump *d, const Elf_Data *data, const char *name, bool rel)
{
	struct dump_section *s = name ? section_named(d, name) : NULL;

	if (!name)
		return -1;
	if (s && rel) {
		s->rel = data->d_buf;
		s->rel_count = data->d_size / sizeof(Elf64_Rel);
	} else if (s) {
		s->bytes = data->d_buf;
		s->len = data->d_size;
	}
	return 0;
}

static int take_section(struct dump *d, Elf_Scn *scn, size_t names)
{
	const Elf64_Shdr *sh = elf64_getshdr(scn);
	const Elf_Data *data = sh ? elf_getdata(scn, NULL) : NULL;
	bool rel = sh && sh->sh_type == SHT_REL;

	if (!data)
		return -1;
	if (!data->d_buf)
		return 0;
	if (sh->sh_type == SHT_SYMTAB) {
		d->symbols = data->d_buf;
		d->symbol_count = data->d_size / sizeof(Elf64_Sym);
		d->strings = sh->sh_link;
		return 0;
	}
	return take_named(d, data, section_name(d, rel ? sh->sh_info : elf_ndxscn(scn), names), rel);
}

int dump_open(struct dump *d, uint8_t *bytes, size_t len)
{
	Elf_Scn *scn = NULL;
	size_t names;

	memset(d, 0, sizeof(*d));
	elf_version(EV_CURRENT);
	d->elf = elf_memory((char *)bytes, len);
	if (!d->elf || elf_getshdrstrndx(d->elf, &names)) {
		elf_end(d->elf);
		return -1;
	}
	while ((scn = elf_nextscn(d->elf, scn))) {
		if (take_section(d, scn, names)) {
			elf_end(d->elf);
			return -1;
		}
	}
	return 0;
}

void dump_close(struct dump *d)
{
	elf_end(d->elf);
}

/* A section's own symbol has no name but the section's.  NULL where libelf refuses. */
static const char *symbol_name(const struct dump *d, size_t symbol)
{
	const Elf64_Sym *sym;
	size_t names;

	if (symbol >= d->symbol_count)
		return "?";
	sym = &d->symbols[symbol];
	if (ELF64_ST_TYPE(sym->st_info) != STT_SECTION)
		return elf_strptr(d->elf, d->strings, sym->st_name);
	if (elf_getshdrstrndx(d->elf, &names))
		return NULL;
	return section_name(d, sym->st_shndx, names);
}

/* The relocation of each instruction: index + 1, 0: none. */
static uint32_t *relocations(const struct dump_section *s, size_t insns)
{
	uint32_t *of = calloc(insns + 1, sizeof(*of));
	size_t i, at;

	for (i = 0; of && i < s->rel_count; i++) {
		at = s->rel[i].r_offset / sizeof(struct bpf_insn);
		if (at < insns)
			of[at] = (uint32_t)i + 1;
	}
	return of;
}

static void dump_rule(const struct policy *p, uint32_t rule)
{
	const struct hvb_rule *r;

	if (rule == HVB_NONE || rule >= policy_rule_count(p)) {
		puts("      ; classifier or default");
		return;
	}
	r = policy_rule(p, rule);
	printf("      ; rule %u: ", rule);
	put_plain(stdout, policy_string(p, r->label));
	printf(", line %u\n", r->line);
}

/* Lines of one section are ascending: the row behind the last one shown. */
static const struct hvb_line *lines_of(const struct policy *p, size_t *count)
{
	const struct hvb_meta *m = policy_meta(p);

	*count = m ? m->lines.count : 0;
	return m ? (const void *)((const uint8_t *)m + m->lines.offset) : NULL;
}

/* What instruction @i of the section refers to. */
static int dump_symbol(const struct dump *d, const struct dump_section *s, uint32_t rel)
{
	const char *name = symbol_name(d, ELF64_R_SYM(s->rel[rel - 1].r_info));

	if (!name)
		return -1;
	fputs("\t; ", stdout);
	put_plain(stdout, name);
	return 0;
}

static int dump_section_code(const struct dump *d, const struct policy *p, unsigned section)
{
	const struct dump_section *s = &d->code[section];
	const struct bpf_insn *insn = (const void *)s->bytes;
	size_t count = s->len / sizeof(*insn), line_count, line = 0, i;
	const struct hvb_line *lines = lines_of(p, &line_count);
	uint32_t *rel = relocations(s, count);
	char text[DISASM_MAX];
	int slots, error = rel ? 0 : -1;

	for (i = 0; i < count && !error; i += (size_t)slots) {
		for (; line < line_count; line++) {
			if (lines[line].hook == section && lines[line].insn > i)
				break;
			if (lines[line].hook == section && lines[line].insn == i)
				dump_rule(p, lines[line].rule);
		}
		slots = disasm(&insn[i], count - i, text, sizeof(text));
		if (slots < 1)
			slots = 1;
		printf("%5zu: %s", i, text);
		if (rel[i])
			error = dump_symbol(d, s, rel[i]);
		putchar('\n');
	}
	free(rel);
	return error;
}

int dump_code(const struct dump *d, const struct policy *p)
{
	unsigned i;

	for (i = 0; i < DUMP_CODE; i++) {
		if (!d->code[i].len)
			continue;
		printf("%s:\n", i < HV_HOOKS ? hv_hook_section[i] : ".text");
		if (dump_section_code(d, p, i))
			return -1;
	}
	return 0;
}
