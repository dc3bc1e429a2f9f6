/*
 * module_link.c - maps, data and code of a module: made, joined and bound by symbol
 *
 * clang's conventions for -target bpf: R_BPF_64_64 on lddw, the addend in its first imm;
 * R_BPF_64_32 on call, where imm is the distance of the function from the symbol minus 1.
 */
#include "policy/loader.h"

#include <stdbool.h>
#include <string.h>

#include "policy/field.h"

#define OP_LDDW		0x18u
#define OP_CALL		0x85u
#define SRC_OF(insn)	((insn)->regs >> 4)

struct linker {
	struct module *m;
	const struct elf_section *symtab, *strtab;
	uint32_t symbol_count;
	uint8_t *done;			/* by instruction: relocated already */
	struct policy_error *err;
};

static int no_memory(struct policy_error *err)
{
	return policy_fail(err, POLICY_ENOMEM, "", POLICY_NO_INSN,
			   "the arena is too small for the module");
}

/* ---- maps, data ---- */

static int make_maps(struct arena *a, struct module *m, const struct module_section *s,
		     struct policy_error *err)
{
	uint32_t count = s->h.size / sizeof(struct hvb_map);

	if (s->h.size % sizeof(struct hvb_map))
		return policy_fail(err, POLICY_EINVAL, s->name, POLICY_NO_INSN,
				   "the section is no whole number of map definitions");
	if (s->h.size / sizeof(struct hvb_map) > HVB_MAX_MAPS)
		return policy_fail(err, POLICY_ELIMIT, s->name, POLICY_NO_INSN,
				   "more than %u maps", HVB_MAX_MAPS);
	m->maps = arena_alloc(a, count, sizeof(*m->maps));
	if (!m->maps)
		return no_memory(err);
	for (; m->map_count < count; m->map_count++) {
		struct hvb_map def;
		int rc;

		memcpy(&def, m->file + s->h.offset + m->map_count * sizeof(def), sizeof(def));
		rc = map_create(a, &def, &m->maps[m->map_count], err);
		if (rc)
			return rc;
	}
	return 0;
}

static int make_region(struct arena *a, struct module *m, struct module_section *s,
		       struct policy_error *err)
{
	struct data_region *r = &m->regions[m->region_count];

	s->first = m->region_count;
	r->size = s->h.size;
	r->writable = s->kind != SECTION_RODATA;
	if (s->kind != SECTION_BSS)
		m->initial[m->region_count] = m->file + s->h.offset;
	m->region_count++;
	if (!r->writable) {
		/* Read in place: verify() lets no program write to it. */
		r->base = (uint8_t *)(uintptr_t)(m->file + s->h.offset);
		return 0;
	}
	r->base = arena_alloc(a, 1, s->h.size);
	if (!r->base)
		return no_memory(err);
	if (s->kind == SECTION_DATA)
		memcpy(r->base, m->file + s->h.offset, s->h.size);
	return 0;
}

static int make_data(struct arena *a, struct module *m, struct policy_error *err)
{
	int rc = 0;

	m->regions = arena_alloc(a, m->section_count, sizeof(*m->regions));
	m->initial = arena_alloc(a, m->section_count, sizeof(*m->initial));
	if (!m->regions || !m->initial)
		return no_memory(err);
	for (uint32_t i = 1; !rc && i < m->section_count; i++) {
		struct module_section *s = &m->sections[i];

		if (s->kind == SECTION_MAPS)
			rc = make_maps(a, m, s, err);
		else if (s->kind >= SECTION_RODATA && s->kind <= SECTION_BSS)
			rc = make_region(a, m, s, err);
	}
	return rc;
}

/* ---- code ---- */

static uint32_t insns_of(const struct module_section *s)
{
	return s->h.size / sizeof(struct bpf_insn);
}

static int join_code(struct arena *a, struct module *m, struct policy_error *err)
{
	uint64_t total = 0;

	for (unsigned i = 0; i < HV_HOOKS; i++)
		m->entry[i] = POLICY_NO_INSN;
	for (uint32_t i = 1; i < m->section_count; i++)
		if (m->sections[i].kind == SECTION_CODE)
			total += m->sections[i].h.size / sizeof(struct bpf_insn);
	if (total > HVB_MAX_INSNS)
		return policy_fail(err, POLICY_ELIMIT, "", POLICY_NO_INSN,
				   "more than %u instructions", HVB_MAX_INSNS);
	m->insns = scratch_alloc(a, total, sizeof(*m->insns));
	if (!m->insns)
		return no_memory(err);
	for (uint32_t i = 1; i < m->section_count; i++) {
		struct module_section *s = &m->sections[i];

		if (s->kind != SECTION_CODE)
			continue;
		s->first = m->insn_count;
		memcpy(m->insns + s->first, m->file + s->h.offset, s->h.size);
		m->insn_count += insns_of(s);
		if (s->hook < HV_HOOKS && s->h.size)
			m->entry[s->hook] = s->first;
	}
	return 0;
}

const struct module_section *module_section_of(const struct module *m, uint32_t insn)
{
	for (uint32_t i = 1; i < m->section_count; i++) {
		const struct module_section *s = &m->sections[i];

		if (s->kind == SECTION_CODE && insn >= s->first && insn - s->first < insns_of(s))
			return s;
	}
	return NULL;
}

/* ---- symbols ---- */

static struct elf_symbol symbol_at(const struct linker *l, uint32_t i)
{
	struct elf_symbol sym;

	memcpy(&sym, l->m->file + l->symtab->offset + (uint64_t)i * sizeof(sym), sizeof(sym));
	return sym;
}

static const char *symbol_name(const struct linker *l, const struct elf_symbol *sym)
{
	return (const char *)l->m->file + l->strtab->offset + sym->name;
}

static int bad_symbols(struct linker *l, const char *text)
{
	return policy_fail(l->err, POLICY_EINVAL, l->m->sections[l->m->symtab].name,
			   POLICY_NO_INSN, "%s", text);
}

static int open_symbols(struct linker *l)
{
	const struct elf_section *str;

	if (!l->m->symtab)
		return 0;
	l->symtab = &l->m->sections[l->m->symtab].h;
	if (l->symtab->entsize != sizeof(struct elf_symbol) ||
	    l->symtab->size % sizeof(struct elf_symbol))
		return bad_symbols(l, "the symbol table's size is wrong");
	if (l->symtab->size / sizeof(struct elf_symbol) > MODULE_MAX_SYMBOLS)
		return policy_fail(l->err, POLICY_ELIMIT, "", POLICY_NO_INSN,
				   "more than %u symbols", MODULE_MAX_SYMBOLS);
	l->symbol_count = l->symtab->size / sizeof(struct elf_symbol);
	if (l->symtab->link >= l->m->section_count ||
	    l->m->sections[l->symtab->link].kind != SECTION_STRTAB)
		return bad_symbols(l, "the symbol table names no string table");
	str = &l->m->sections[l->symtab->link].h;
	if (str->size == 0 || l->m->file[str->offset + str->size - 1] != '\0')
		return bad_symbols(l, "the symbols' names do not end");
	l->strtab = str;
	return 0;
}

/*
 * Every symbol's name and place; and the program of each hook: the one global function of
 * its section, or the section's start when there is none.
 */
static int check_symbols(struct linker *l)
{
	bool named[HV_HOOKS] = { false };

	for (uint32_t i = 0; i < l->symbol_count; i++) {
		struct elf_symbol sym = symbol_at(l, i);
		const struct module_section *s;

		if (sym.name >= l->strtab->size)
			return bad_symbols(l, "a symbol's name is not within the names");
		if (sym.shndx == ELF_SHN_UNDEF || sym.shndx >= ELF_SHN_LORESERVE)
			continue;
		if (sym.shndx >= l->m->section_count)
			return bad_symbols(l, "a symbol is in a section that is not there");
		s = &l->m->sections[sym.shndx];
		if (sym.value > s->h.size)
			return bad_symbols(l, "a symbol is not within its section");
		if (s->kind != SECTION_CODE || s->hook == HV_HOOKS ||
		    (sym.info & 15) != ELF_STT_FUNC || sym.info >> 4 == 0)
			continue;
		if (named[s->hook])
			return policy_fail(l->err, POLICY_EINVAL, s->name, POLICY_NO_INSN,
					   "two programs in one section; make one static");
		if (sym.value % sizeof(struct bpf_insn) || sym.value == s->h.size)
			return bad_symbols(l, "a function does not start at an instruction");
		named[s->hook] = true;
		l->m->entry[s->hook] = s->first + sym.value / sizeof(struct bpf_insn);
	}
	return 0;
}

/* ---- relocations ---- */

static int bad_reloc(struct linker *l, const struct module_section *at, uint32_t insn,
		     const char *text)
{
	return policy_fail(l->err, POLICY_EINVAL, at->name, insn, "%s", text);
}

static const char *const helper_names[] = {
#define HV_HELPER(id, name, ...) [id] = #name,
#include "policy/helper.def"
#undef HV_HELPER
};

static bool names_equal(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

static int link_helper(struct linker *l, const struct module_section *at, uint32_t n,
		       struct bpf_insn *insn, const char *name)
{
	for (uint32_t i = 0; i < sizeof(helper_names) / sizeof(helper_names[0]); i++) {
		if (!helper_names[i] || !names_equal(name, helper_names[i]))
			continue;
		insn->regs = (insn->regs & 15) | BPF_SRC_HELPER << 4;
		insn->imm = i;
		return 0;
	}
	return policy_fail(l->err, POLICY_ESYMBOL, at->name, n, "nobody exports \"%s\"", name);
}

static int link_call(struct linker *l, const struct module_section *at, uint32_t n,
		     const struct elf_symbol *sym)
{
	struct bpf_insn *insn = l->m->insns + at->first + n;
	const struct module_section *to;
	int64_t target;

	if (insn->opcode != OP_CALL || SRC_OF(insn) != BPF_SRC_LOCAL)
		return bad_reloc(l, at, n, "R_BPF_64_32 on what is no call");
	if (sym->shndx == ELF_SHN_UNDEF)
		return link_helper(l, at, n, insn, symbol_name(l, sym));
	if (sym->shndx >= ELF_SHN_LORESERVE ||
	    l->m->sections[sym->shndx].kind != SECTION_CODE)
		return bad_reloc(l, at, n, "a call to what is no code");
	to = &l->m->sections[sym->shndx];
	/* value <= the section's size, and imm has 32 bits: no overflow. */
	target = (int64_t)(sym->value / sizeof(*insn)) + insn->imm + 1;
	if (sym->value % sizeof(*insn) || target < 0 || target >= insns_of(to))
		return bad_reloc(l, at, n, "a call to what is not within the code");
	insn->imm = (int32_t)(to->first + target - (at->first + n) - 1);
	return 0;
}

static int link_lddw(struct linker *l, const struct module_section *at, uint32_t n,
		     const struct elf_symbol *sym)
{
	struct bpf_insn *insn = l->m->insns + at->first + n;
	const struct module_section *to;
	uint64_t offset;

	if (insn->opcode != OP_LDDW || SRC_OF(insn) || n + 1 >= insns_of(at) || insn[1].imm)
		return bad_reloc(l, at, n, "R_BPF_64_64 on what is no lddw");
	if (sym->shndx == ELF_SHN_UNDEF)
		return policy_fail(l->err, POLICY_ESYMBOL, at->name, n, "nobody exports \"%s\"",
				   symbol_name(l, sym));
	if (sym->shndx >= ELF_SHN_LORESERVE)
		return bad_reloc(l, at, n, "a pointer to what is in no section");
	to = &l->m->sections[sym->shndx];
	offset = sym->value + (uint32_t)insn->imm;
	if (to->kind == SECTION_MAPS) {
		if (offset % sizeof(struct hvb_map) || offset >= to->h.size)
			return bad_reloc(l, at, n, "a pointer to what is no map's start");
		insn->regs = (insn->regs & 15) | BPF_SRC_MAP << 4;
		insn->imm = offset / sizeof(struct hvb_map);
		return 0;
	}
	if (to->kind < SECTION_RODATA || to->kind > SECTION_BSS)
		return bad_reloc(l, at, n, "a pointer to what is neither data nor a map");
	/* One past the end is a pointer too; what may be read through it is verify()'s. */
	if (offset > to->h.size)
		return bad_reloc(l, at, n, "a pointer beyond its data");
	insn->regs = (insn->regs & 15) | BPF_SRC_DATA << 4;
	insn->imm = to->first;
	insn[1].imm = offset;
	return 0;
}

static int link_one(struct linker *l, const struct module_section *at, const struct elf_rel *rel)
{
	uint32_t type = (uint32_t)rel->info, n;
	uint64_t symbol = rel->info >> 32;
	struct elf_symbol sym;

	if (rel->offset % sizeof(struct bpf_insn) || rel->offset >= at->h.size)
		return bad_reloc(l, at, POLICY_NO_INSN, "a relocation is at no instruction");
	n = rel->offset / sizeof(struct bpf_insn);
	if (symbol >= l->symbol_count)
		return bad_reloc(l, at, n, "a relocation names no symbol");
	if (l->done[at->first + n])
		return bad_reloc(l, at, n, "an instruction is relocated twice");
	l->done[at->first + n] = 1;
	sym = symbol_at(l, symbol);
	if (type == ELF_R_BPF_64_64)
		return link_lddw(l, at, n, &sym);
	if (type == ELF_R_BPF_64_32)
		return link_call(l, at, n, &sym);
	return policy_fail(l->err, POLICY_EINVAL, at->name, n,
			   "relocations of type %u are not supported", type);
}

static int link_section(struct linker *l, const struct module_section *rels)
{
	const struct module_section *at;

	if (rels->h.info >= l->m->section_count)
		return bad_reloc(l, rels, POLICY_NO_INSN, "relocations of no section");
	at = &l->m->sections[rels->h.info];
	if (at->kind < SECTION_CODE || at->kind > SECTION_DIGEST)
		return 0;		/* .debug_*, .BTF: never loaded */
	if (at->kind != SECTION_CODE)
		return bad_reloc(l, at, POLICY_NO_INSN,
				 "pointers in data (R_BPF_64_ABS64) are not supported");
	if (rels->kind != SECTION_REL || rels->h.entsize != sizeof(struct elf_rel) ||
	    rels->h.size % sizeof(struct elf_rel) || !l->symtab || rels->h.link != l->m->symtab)
		return bad_reloc(l, rels, POLICY_NO_INSN, "the relocations are malformed");
	for (uint64_t i = 0; i < rels->h.size / sizeof(struct elf_rel); i++) {
		struct elf_rel rel;
		int rc;

		memcpy(&rel, l->m->file + rels->h.offset + i * sizeof(rel), sizeof(rel));
		rc = link_one(l, at, &rel);
		if (rc)
			return rc;
	}
	return 0;
}

/* What no relocation named must mean what it says: a plain constant, a call near by. */
static int check_unrelocated(struct linker *l, const struct module_section *s)
{
	uint32_t count = insns_of(s);

	for (uint32_t n = 0; n < count; n++) {
		const struct bpf_insn *insn = l->m->insns + s->first + n;
		bool plain = !l->done[s->first + n];
		int64_t target = (int64_t)n + 1 + insn->imm;

		if (insn->opcode == OP_LDDW) {
			if (plain && SRC_OF(insn))
				return bad_reloc(l, s, n, "lddw of a map or data without symbol");
			n++;	/* its second half is no instruction */
		} else if (plain && insn->opcode == OP_CALL && SRC_OF(insn) == BPF_SRC_LOCAL &&
			   (target < 0 || target >= count)) {
			return bad_reloc(l, s, n, "a call to what is not within the code");
		}
	}
	return 0;
}

int module_link(struct arena *a, struct module *m, struct policy_error *err)
{
	struct linker l = { .m = m, .err = err };
	int rc = make_data(a, m, err);

	if (!rc)
		rc = join_code(a, m, err);
	if (!rc)
		rc = open_symbols(&l);
	if (!rc)
		rc = check_symbols(&l);
	l.done = scratch_alloc(a, m->insn_count, sizeof(*l.done));
	if (!rc && !l.done)
		rc = no_memory(err);
	for (uint32_t i = 1; !rc && i < m->section_count; i++)
		if (m->sections[i].kind == SECTION_REL || m->sections[i].kind == SECTION_RELA)
			rc = link_section(&l, &m->sections[i]);
	for (uint32_t i = 1; !rc && i < m->section_count; i++)
		if (m->sections[i].kind == SECTION_CODE)
			rc = check_unrelocated(&l, &m->sections[i]);
	return rc;
}
