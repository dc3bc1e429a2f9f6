/*
 * module_writer.c - modules made by hand for the tests: any section, symbol, relocation
 */
#include "tests/unit/module_writer.h"

#include <stdlib.h>
#include <string.h>

#include "policy/sha256.h"

void mw_init(struct module_writer *w)
{
	memset(w, 0, sizeof(*w));
	w->sections[0].name = "";
	w->count = 1;
	w->symbols[0].name = "";
	w->symbol_count = 1;
}

unsigned mw_section(struct module_writer *w, const char *name, uint32_t type, uint64_t flags,
		    const void *bytes, size_t len)
{
	struct mw_section *s = &w->sections[w->count];

	s->name = name;
	s->h.type = type;
	s->h.flags = flags;
	s->h.size = len;
	s->h.addralign = 8;
	s->bytes = bytes;
	return w->count++;
}

unsigned mw_code(struct module_writer *w, const char *name, const struct bpf_insn *insns,
		 size_t count)
{
	return mw_section(w, name, ELF_SHT_PROGBITS, ELF_SHF_ALLOC | ELF_SHF_EXECINSTR, insns,
			  count * sizeof(*insns));
}

unsigned mw_data(struct module_writer *w, const char *name, const void *bytes, size_t len)
{
	return mw_section(w, name, ELF_SHT_PROGBITS, ELF_SHF_ALLOC, bytes, len);
}

unsigned mw_symbol(struct module_writer *w, const char *name, uint8_t info, unsigned section,
		   uint64_t value)
{
	w->symbols[w->symbol_count].name = name;
	w->symbols[w->symbol_count].s.info = info;
	w->symbols[w->symbol_count].s.shndx = section;
	w->symbols[w->symbol_count].s.value = value;
	return w->symbol_count++;
}

void mw_reloc(struct module_writer *w, unsigned section, uint64_t offset, uint32_t type,
	      unsigned symbol)
{
	struct mw_section *s = &w->sections[section];

	s->rels[s->rel_count].offset = offset;
	s->rels[s->rel_count++].info = (uint64_t)symbol << 32 | type;
}

struct image {
	uint8_t *bytes;
	size_t len;
};

static uint64_t append(struct image *im, const void *bytes, size_t len, size_t align)
{
	uint64_t at = (im->len + align - 1) / align * align;

	if (len)
		memcpy(im->bytes + at, bytes, len);
	im->len = at + len;
	return at;
}

static uint32_t append_name(char *names, size_t *len, const char *name)
{
	uint32_t at = (uint32_t)*len;

	strcpy(names + at, name);
	*len += strlen(name) + 1;
	return at;
}

void *mw_kept[MW_KEPT];

/* Finished modules stay, because what was loaded from them points into them. */
static uint8_t *keep(uint8_t *bytes)
{
	static unsigned count;

	mw_kept[count++ % MW_KEPT] = bytes;
	return bytes;
}

uint8_t *mw_finish(struct module_writer *w, size_t *len)
{
	static const uint8_t zeros[HVB_DIGEST_SIZE];
	struct elf_header h = {
		.ident = ELF_IDENT, .type = ELF_ET_REL, .machine = ELF_EM_BPF, .version = 1,
		.ehsize = sizeof(h), .shentsize = sizeof(struct elf_section),
	};
	struct elf_symbol symbols[MW_SYMBOLS];
	char names[8192] = "", symbol_names[4096] = "";
	size_t names_len = 1, symbol_names_len = 1, total = 65536;
	unsigned user = w->count;
	struct image im;

	for (unsigned i = 0; i < w->symbol_count; i++) {
		symbols[i] = w->symbols[i].s;
		symbols[i].name = append_name(symbol_names, &symbol_names_len,
					      w->symbols[i].name);
	}
	if (!w->no_digest)
		mw_section(w, ".hv.digest", ELF_SHT_PROGBITS, 0, zeros, sizeof(zeros));
	w->symtab = mw_section(w, ".symtab", ELF_SHT_SYMTAB, 0, symbols,
			       w->symbol_count * sizeof(symbols[0]));
	w->sections[w->symtab].h.entsize = sizeof(symbols[0]);
	w->strtab = mw_section(w, ".strtab", ELF_SHT_STRTAB, 0, symbol_names, symbol_names_len);
	w->sections[w->symtab].h.link = w->strtab;
	for (unsigned i = 1; i < user; i++) {
		struct mw_section *s = &w->sections[i];
		unsigned r;

		if (!s->rel_count)
			continue;
		r = mw_section(w, ".rel", ELF_SHT_REL, 0, s->rels,
			       s->rel_count * sizeof(s->rels[0]));
		w->sections[r].h.link = w->symtab;
		w->sections[r].h.info = i;
		w->sections[r].h.entsize = sizeof(s->rels[0]);
	}
	h.shstrndx = mw_section(w, ".shstrtab", ELF_SHT_STRTAB, 0, names, 0);
	h.shnum = w->count;
	for (unsigned i = 0; i < w->count; i++) {
		w->sections[i].h.name = append_name(names, &names_len, w->sections[i].name);
		if (w->sections[i].h.type != ELF_SHT_NOBITS)
			total += w->sections[i].h.size + 64;
	}
	w->sections[h.shstrndx].h.size = names_len;
	im = (struct image){ aligned_alloc(16, (total + 15) & ~(size_t)15), sizeof(h) };
	memset(im.bytes, 0, total);
	for (unsigned i = 1; i < w->count; i++) {
		struct mw_section *s = &w->sections[i];

		s->h.offset = append(&im, s->bytes, s->h.type == ELF_SHT_NOBITS ? 0 : s->h.size, 8);
	}
	h.shoff = append(&im, NULL, 0, 8);
	for (unsigned i = 0; i < w->count; i++)
		append(&im, &w->sections[i].h, sizeof(struct elf_section), 8);
	memcpy(im.bytes, &h, sizeof(h));
	mw_reseal(im.bytes, im.len);
	*len = im.len;
	return keep(im.bytes);
}

/* Nothing is trusted here either: the fuzzer calls it with anything. */
int mw_reseal(uint8_t *module, size_t len)
{
	struct elf_header h;
	struct elf_section s, names;
	struct sha256 sum;

	if (len < sizeof(h))
		return -1;
	memcpy(&h, module, sizeof(h));
	if (h.shoff > len || (len - h.shoff) / sizeof(s) < h.shnum || h.shstrndx >= h.shnum)
		return -1;
	memcpy(&names, module + h.shoff + h.shstrndx * sizeof(s), sizeof(s));
	if (names.offset > len || names.size > len - names.offset)
		return -1;
	for (unsigned i = 0; i < h.shnum; i++) {
		memcpy(&s, module + h.shoff + i * sizeof(s), sizeof(s));
		if (s.name >= names.size || names.size - s.name < sizeof(".hv.digest") ||
		    memcmp(module + names.offset + s.name, ".hv.digest", sizeof(".hv.digest")))
			continue;
		if (s.size != HVB_DIGEST_SIZE || s.offset > len || len - s.offset < s.size)
			return -1;
		memset(module + s.offset, 0, HVB_DIGEST_SIZE);
		sha256_init(&sum);
		sha256_update(&sum, module, len);
		sha256_final(&sum, module + s.offset);
		return 0;
	}
	return -1;
}

struct elf_section *mw_header(uint8_t *module, const char *name)
{
	struct elf_header *h = (struct elf_header *)module;
	struct elf_section *s = (struct elf_section *)(module + h->shoff);

	for (unsigned i = 1; i < h->shnum; i++)
		if (!strcmp((char *)module + s[h->shstrndx].offset + s[i].name, name))
			return &s[i];
	abort();
}
