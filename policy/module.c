/*
 * module.c - the section table of a policy module, and its digest
 *
 * Before the digest is known to fit, only the ELF header, the section headers and their
 * names are looked at.
 */
#include "policy/loader.h"

#include <stdbool.h>
#include <string.h>

#include "policy/field.h"
#include "policy/sha256.h"

#define DIGEST_NAME	".hv.digest"
#define MAX_ALIGN	4096u
#define FLAG_MERGE	0x10u
#define FLAG_STRINGS	0x20u

static int bad(struct policy_error *err, const char *where, const char *text)
{
	return policy_fail(err, POLICY_EINVAL, where, POLICY_NO_INSN, "%s", text);
}

void *scratch_alloc(struct arena *a, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes) || bytes > a->size - a->used ||
	    ((a->size - bytes) & ~(size_t)15) < a->used)
		return NULL;
	a->size = (a->size - bytes) & ~(size_t)15;
	memset(a->base + a->size, 0, bytes);
	return a->base + a->size;
}

static bool starts_with(const char *s, const char *prefix)
{
	while (*prefix)
		if (*s++ != *prefix++)
			return false;
	return true;
}

static bool same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

/* The section is that one, or one of its parts: ".rodata", ".rodata.str1.1". */
static bool is_or_below(const char *name, const char *base)
{
	size_t n = 0;

	while (base[n])
		n++;
	return starts_with(name, base) && (name[n] == '\0' || name[n] == '.');
}

/* Do @size bytes at @offset lie in the file? */
static bool in_file(const struct module *m, uint64_t offset, uint64_t size)
{
	return offset <= m->len && size <= m->len - offset;
}

static int read_header(struct module *m, struct elf_header *h, struct policy_error *err)
{
	if (m->len > HVB_MAX_FILE)
		return policy_fail(err, POLICY_ELIMIT, "", POLICY_NO_INSN,
				   "a module has at most %u bytes", HVB_MAX_FILE);
	if ((uintptr_t)m->file % 8)
		return bad(err, "", "the module is not 8-byte aligned in memory");
	if (m->len < sizeof(*h))
		return bad(err, "", "not a policy module: too short for an ELF header");
	memcpy(h, m->file, sizeof(*h));
	if (memcmp(h->ident, ELF_IDENT, ELF_IDENT_SIZE) != 0 || h->version != ELF_EV_CURRENT)
		return bad(err, "", "not a policy module: no little-endian ELF64 file");
	if (h->type != ELF_ET_REL || h->machine != ELF_EM_BPF)
		return bad(err, "", "not a policy module: no relocatable BPF object");
	if (h->ehsize != sizeof(*h) || h->shentsize != sizeof(struct elf_section) || h->phnum)
		return bad(err, "", "the ELF header's sizes are wrong");
	if (h->shnum < 2 || h->shnum > HVB_MAX_SECTIONS)
		return policy_fail(err, POLICY_ELIMIT, "", POLICY_NO_INSN,
				   "%u sections; 2 to %u are possible", h->shnum,
				   HVB_MAX_SECTIONS);
	if (h->shoff < sizeof(*h) ||
	    !in_file(m, h->shoff, (uint64_t)h->shnum * sizeof(struct elf_section)))
		return bad(err, "", "the section table is not within the file");
	if (h->shstrndx == 0 || h->shstrndx >= h->shnum)
		return bad(err, "", "there is no section of that number for names");
	return 0;
}

/* A string table lies in the file and ends with a NUL. */
static bool string_table_ok(const struct module *m, const struct elf_section *h)
{
	return h->type == ELF_SHT_STRTAB && h->size > 0 && in_file(m, h->offset, h->size) &&
	       m->file[h->offset + h->size - 1] == '\0';
}

static int read_sections(struct arena *a, struct module *m, const struct elf_header *h,
			 struct policy_error *err)
{
	const struct elf_section *names;

	m->section_count = h->shnum;
	m->sections = scratch_alloc(a, h->shnum, sizeof(*m->sections));
	if (!m->sections)
		return policy_fail(err, POLICY_ENOMEM, "", POLICY_NO_INSN,
				   "no memory for the section table");
	for (uint32_t i = 0; i < m->section_count; i++)
		memcpy(&m->sections[i].h, m->file + h->shoff + i * sizeof(struct elf_section),
		       sizeof(struct elf_section));
	names = &m->sections[h->shstrndx].h;
	if (!string_table_ok(m, names))
		return bad(err, "", "the section names are no string table within the file");
	for (uint32_t i = 0; i < m->section_count; i++) {
		if (m->sections[i].h.name >= names->size)
			return bad(err, "", "a section's name is not within the names");
		m->sections[i].name =
			(const char *)m->file + names->offset + m->sections[i].h.name;
	}
	return 0;
}

/* SHA-256 of the file with the digest's own bytes zero. */
static int check_digest(struct module *m, struct policy_error *err)
{
	static const uint8_t zeros[HVB_DIGEST_SIZE];
	const struct elf_section *d = NULL;
	uint8_t sum[SHA256_SIZE];
	struct sha256 s;

	for (uint32_t i = 1; i < m->section_count; i++) {
		if (!same(m->sections[i].name, DIGEST_NAME))
			continue;
		if (d)
			return bad(err, DIGEST_NAME, "there are two digests");
		d = &m->sections[i].h;
	}
	if (!d)
		return bad(err, "", "the module has no digest (seal it with hvc build)");
	if (d->type != ELF_SHT_PROGBITS || d->size != HVB_DIGEST_SIZE ||
	    !in_file(m, d->offset, d->size))
		return bad(err, DIGEST_NAME, "the digest is not 32 bytes within the file");
	sha256_init(&s);
	sha256_update(&s, m->file, d->offset);
	sha256_update(&s, zeros, sizeof(zeros));
	sha256_update(&s, m->file + d->offset + d->size, m->len - d->offset - d->size);
	sha256_final(&s, sum);
	memcpy(m->digest, m->file + d->offset, sizeof(m->digest));
	if (memcmp(sum, m->digest, sizeof(sum)) != 0)
		return policy_fail(err, POLICY_EDIGEST, "", POLICY_NO_INSN,
				   "the SHA-256 of the module does not fit: it was changed");
	return 0;
}

/* Sections that say something about the source, not to us. */
static bool is_ignored(const char *name)
{
	return is_or_below(name, ".BTF") || starts_with(name, ".debug_") ||
	       same(name, ".llvm_addrsig") || same(name, "license") || same(name, ".eh_frame");
}

static uint8_t kind_by_name(struct module_section *s)
{
	static const struct { const char *name; uint8_t kind; } fixed[] = {
		{ "maps", SECTION_MAPS }, { ".hv.meta", SECTION_META },
		{ ".hv.sets", SECTION_SETS }, { ".hv.class", SECTION_CLASS },
		{ ".hv.match", SECTION_MATCH }, { DIGEST_NAME, SECTION_DIGEST },
	};

	s->hook = HV_HOOKS;
	if (same(s->name, ".text"))
		return SECTION_CODE;
	for (unsigned i = 0; i < HV_HOOKS; i++)
		if (same(s->name, hv_hook_section[i])) {
			s->hook = i;
			return SECTION_CODE;
		}
	for (unsigned i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		if (same(s->name, fixed[i].name))
			return fixed[i].kind;
	if (is_or_below(s->name, ".rodata"))
		return SECTION_RODATA;
	if (is_or_below(s->name, ".data"))
		return SECTION_DATA;
	if (is_or_below(s->name, ".bss"))
		return SECTION_BSS;
	return SECTION_IGNORED;
}

static int classify(struct module_section *s, struct policy_error *err)
{
	switch (s->h.type) {
	case ELF_SHT_NULL:
		return 0;
	case ELF_SHT_SYMTAB:
		s->kind = SECTION_SYMTAB;
		return 0;
	case ELF_SHT_STRTAB:
		s->kind = SECTION_STRTAB;
		return 0;
	case ELF_SHT_REL:
		s->kind = SECTION_REL;
		return 0;
	case ELF_SHT_RELA:
		s->kind = SECTION_RELA;
		return 0;
	}
	if (is_ignored(s->name))
		return 0;
	s->kind = kind_by_name(s);
	if (s->kind == SECTION_IGNORED &&
	    (s->h.flags & ELF_SHF_ALLOC || starts_with(s->name, ".hv.")))
		return bad(err, s->name, "no section of a module has this name");
	return 0;
}

/* What must hold of a section that is used, by its kind. */
static int check_shape(const struct module *m, const struct module_section *s,
		       struct policy_error *err)
{
	const uint64_t known = ELF_SHF_WRITE | ELF_SHF_ALLOC | ELF_SHF_EXECINSTR | FLAG_MERGE |
			       FLAG_STRINGS;
	uint64_t align = s->h.addralign ? s->h.addralign : 1;
	uint32_t type = s->kind == SECTION_BSS ? ELF_SHT_NOBITS : ELF_SHT_PROGBITS;

	if (s->h.type != type)
		return bad(err, s->name, "the section's type does not fit its name");
	if (s->h.flags & ~known)
		return bad(err, s->name, "the section has a flag that is not known");
	if (!(s->h.flags & ELF_SHF_EXECINSTR) != (s->kind != SECTION_CODE))
		return bad(err, s->name, "code must be executable, and only code");
	if (align > MAX_ALIGN || (align & (align - 1)) ||
	    (s->kind != SECTION_BSS && s->h.offset & (align - 1)))
		return bad(err, s->name, "the section's alignment is wrong");
	switch (s->kind) {
	case SECTION_CODE:
		if (s->h.size % sizeof(struct bpf_insn))
			return bad(err, s->name, "code is no whole number of instructions");
		break;
	case SECTION_RODATA: case SECTION_DATA: case SECTION_BSS:
		if (s->h.size > MODULE_MAX_DATA)
			return policy_fail(err, POLICY_ELIMIT, s->name, POLICY_NO_INSN,
					   "at most %u bytes of data", MODULE_MAX_DATA);
		break;
	case SECTION_META: case SECTION_SETS: case SECTION_CLASS: case SECTION_MATCH:
		if (s->h.offset % 8)
			return bad(err, s->name, "the section is not 8-byte aligned");
		break;
	}
	return 0;
}

static bool is_shaped(const struct module_section *s)
{
	return s->kind >= SECTION_CODE && s->kind <= SECTION_DIGEST;
}

static struct module_blob blob_of(const struct module *m, const struct module_section *s)
{
	return (struct module_blob){ .bytes = m->file + s->h.offset, .len = s->h.size };
}

static int take_section(struct module *m, uint32_t i, struct policy_error *err)
{
	struct module_section *s = &m->sections[i];
	int rc = classify(s, err);

	if (!rc && s->h.type != ELF_SHT_NULL && s->h.type != ELF_SHT_NOBITS &&
	    !in_file(m, s->h.offset, s->h.size))
		rc = bad(err, s->name, "the section is not within the file");
	if (!rc && is_shaped(s))
		rc = check_shape(m, s, err);
	if (rc)
		return rc;
	for (uint32_t k = 1; k < i && is_shaped(s); k++)
		if (m->sections[k].kind == s->kind && same(m->sections[k].name, s->name))
			return bad(err, s->name, "there are two sections of this name");
	switch (s->kind) {
	case SECTION_SYMTAB:
		if (m->symtab)
			return bad(err, s->name, "there are two symbol tables");
		m->symtab = i;
		break;
	case SECTION_META:
		m->meta = blob_of(m, s);
		break;
	case SECTION_SETS:
		m->sets = blob_of(m, s);
		break;
	case SECTION_CLASS:
		m->class = blob_of(m, s);
		break;
	case SECTION_MATCH:
		m->match = blob_of(m, s);
		break;
	}
	return 0;
}

/* Do two spans of the file share a byte?  Both lie in the file. */
static bool spans_meet(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
	return a < b + b_size && b < a + a_size && a_size && b_size;
}

static int check_overlaps(const struct module *m, const struct elf_header *h,
			  struct policy_error *err)
{
	for (uint32_t i = 1; i < m->section_count; i++) {
		const struct module_section *s = &m->sections[i];

		if (s->h.type == ELF_SHT_NULL || s->h.type == ELF_SHT_NOBITS)
			continue;
		if (spans_meet(s->h.offset, s->h.size, 0, sizeof(*h)) ||
		    spans_meet(s->h.offset, s->h.size, h->shoff,
			       (uint64_t)h->shnum * sizeof(struct elf_section)))
			return bad(err, s->name, "the section lies over the ELF headers");
		for (uint32_t k = 1; k < i; k++) {
			const struct elf_section *o = &m->sections[k].h;

			if (o->type != ELF_SHT_NULL && o->type != ELF_SHT_NOBITS &&
			    spans_meet(s->h.offset, s->h.size, o->offset, o->size))
				return bad(err, s->name, "the section lies over another");
		}
	}
	return 0;
}

int module_open(struct arena *a, const void *file, size_t len, struct module *m,
		struct policy_error *err)
{
	struct elf_header h;
	int rc;

	memset(m, 0, sizeof(*m));
	m->file = file;
	m->len = len;
	rc = read_header(m, &h, err);
	if (!rc)
		rc = read_sections(a, m, &h, err);
	if (!rc)
		rc = check_digest(m, err);
	for (uint32_t i = 1; !rc && i < m->section_count; i++)
		rc = take_section(m, i, err);
	if (!rc)
		rc = check_overlaps(m, &h, err);
	return rc;
}
