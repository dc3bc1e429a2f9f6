/*
 * emit_elf.c - the module as an ELF64 EM_BPF relocatable object, by libelf
 */
#include "compiler/emit.h"

#include <errno.h>
#include <gelf.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "policy/sha256.h"

#define SECTION_ALIGN	8u

static const struct {
	uint32_t number;
	const char *name;
} helpers[] = {
#define HV_HELPER(id, nm, cost, ret, a1, a2, a3, a4, a5) { id, #nm },
#include "policy/helper.def"
#undef HV_HELPER
};

#define HELPERS	(sizeof(helpers) / sizeof(helpers[0]))

struct elf_out {
	struct pool *pool;
	Elf *elf;
	const struct image *im;
	VEC(char) names;		/* .shstrtab */
	VEC(char) strings;		/* .strtab */
	VEC(Elf64_Sym) symbols;
	uint32_t locals;		/* symbols before the first global one */
	uint32_t helper_symbol[HELPERS];	/* 0: not called */
	size_t section[HV_HOOKS];	/* index of the hook's section */
	size_t digest;			/* index of .hv.digest */
	const char *why;
	bool large;			/* that is why */
};

static bool refused(struct elf_out *o)
{
	if (!o->why)
		o->why = elf_errmsg(-1);
	return false;
}

static uint32_t name_of(struct elf_out *o, const char *s)
{
	uint32_t at = (uint32_t)o->names.count;

	do
		*VEC_ADD(o->pool, &o->names) = *s;
	while (*s++);
	return at;
}

static uint32_t string_of(struct elf_out *o, const char *s)
{
	uint32_t at = (uint32_t)o->strings.count;

	do
		*VEC_ADD(o->pool, &o->strings) = *s;
	while (*s++);
	return at;
}

/* One section with one piece of data; its index, 0 on failure. */
static size_t add_section(struct elf_out *o, const char *name, Elf64_Shdr want, struct blob b,
			  Elf_Type type)
{
	Elf_Scn *scn = elf_newscn(o->elf);
	Elf_Data *data = scn ? elf_newdata(scn) : NULL;
	Elf64_Shdr *sh = scn ? elf64_getshdr(scn) : NULL;

	if (!data || !sh)
		return refused(o);
	data->d_buf = (void *)b.bytes;
	data->d_size = b.len;
	data->d_align = want.sh_addralign;
	data->d_type = type;
	data->d_version = EV_CURRENT;
	sh->sh_name = name_of(o, name);
	sh->sh_type = want.sh_type;
	sh->sh_flags = want.sh_flags;
	sh->sh_link = want.sh_link;
	sh->sh_info = want.sh_info;
	sh->sh_entsize = want.sh_entsize;
	sh->sh_addralign = want.sh_addralign;
	return elf_ndxscn(scn);
}

static bool add_code(struct elf_out *o)
{
	const Elf64_Shdr want = {
		.sh_type = SHT_PROGBITS,
		.sh_flags = SHF_ALLOC | SHF_EXECINSTR,
		.sh_addralign = SECTION_ALIGN,
	};
	unsigned h;

	for (h = 0; h < HV_HOOKS; h++) {
		const struct asm_buf *c = o->im->code[h];

		if (!c)
			continue;
		o->section[h] = add_section(o, hv_hook_section[h], want, (struct blob){
			c->insns.at, c->insns.count * sizeof(*c->insns.at) }, ELF_T_BYTE);
		if (!o->section[h])
			return false;
	}
	return true;
}

static bool add_table(struct elf_out *o, const char *name, struct blob b)
{
	const Elf64_Shdr want = { .sh_type = SHT_PROGBITS, .sh_addralign = SECTION_ALIGN };

	return !b.len || add_section(o, name, want, b, ELF_T_BYTE);
}

static bool add_digest(struct elf_out *o)
{
	static const uint8_t zeros[HVB_DIGEST_SIZE];
	const Elf64_Shdr want = { .sh_type = SHT_PROGBITS, .sh_addralign = SECTION_ALIGN };

	o->digest = add_section(o, ".hv.digest", want, (struct blob){ zeros, sizeof(zeros) },
				ELF_T_BYTE);
	return o->digest;
}

static void add_symbol(struct elf_out *o, const char *name, unsigned info, size_t section,
		       uint64_t value, uint64_t size)
{
	*VEC_ADD(o->pool, &o->symbols) = (Elf64_Sym){
		.st_name = string_of(o, name),
		.st_info = (unsigned char)info,
		.st_shndx = (Elf64_Section)section,
		.st_value = value,
		.st_size = size,
	};
}

/* A function's name is its section's, as C spells it. */
static const char *program_name(struct elf_out *o, unsigned hook)
{
	const char *s = hv_hook_section[hook];
	char *name = pool_strndup(o->pool, s, strlen(s)), *slash = strchr(name, '/');

	*slash = '_';
	return name;
}

/* gABI: local symbols come first. */
static void make_symbols(struct elf_out *o)
{
	const uint64_t size = sizeof(struct bpf_insn);
	const struct asm_buf *c;
	unsigned h;
	size_t i, k;

	add_symbol(o, "", 0, SHN_UNDEF, 0, 0);
	for (h = 0; h < HV_HOOKS; h++)
		for (i = 0; o->im->code[h] && i < o->im->marks[h].count; i++)
			add_symbol(o, o->im->marks[h].at[i].name,
				   ELF64_ST_INFO(STB_LOCAL, STT_NOTYPE), o->section[h],
				   o->im->marks[h].at[i].insn * size, 0);
	o->locals = (uint32_t)o->symbols.count;
	for (h = 0; h < HV_HOOKS; h++) {
		c = o->im->code[h];
		if (!c)
			continue;
		add_symbol(o, program_name(o, h), ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
			   o->section[h], 0, c->insns.count * size);
		for (i = 0; i < c->calls.count; i++)
			for (k = 0; k < HELPERS; k++)
				if (helpers[k].number == c->calls.at[i].helper)
					o->helper_symbol[k] = 1;
	}
	for (k = 0; k < HELPERS; k++) {
		if (!o->helper_symbol[k])
			continue;
		o->helper_symbol[k] = (uint32_t)o->symbols.count;
		add_symbol(o, helpers[k].name, ELF64_ST_INFO(STB_GLOBAL, STT_NOTYPE), SHN_UNDEF,
			   0, 0);
	}
}

static uint32_t symbol_of(const struct elf_out *o, uint32_t helper)
{
	size_t k;

	for (k = 0; k < HELPERS; k++)
		if (helpers[k].number == helper)
			return o->helper_symbol[k];
	return 0;
}

static bool add_relocations(struct elf_out *o, unsigned hook, size_t symtab)
{
	const struct asm_buf *c = o->im->code[hook];
	const Elf64_Shdr want = {
		.sh_type = SHT_REL,
		.sh_flags = SHF_INFO_LINK,
		.sh_link = (Elf64_Word)symtab,
		.sh_info = (Elf64_Word)o->section[hook],
		.sh_entsize = sizeof(Elf64_Rel),
		.sh_addralign = SECTION_ALIGN,
	};
	char name[32] = ".rel";
	Elf64_Rel *rel;
	size_t i;

	if (!c || !c->calls.count)
		return true;
	rel = pool_array(o->pool, c->calls.count, sizeof(*rel));
	for (i = 0; i < c->calls.count; i++) {
		rel[i].r_offset = (uint64_t)c->calls.at[i].insn * sizeof(struct bpf_insn);
		rel[i].r_info = ELF64_R_INFO((uint64_t)symbol_of(o, c->calls.at[i].helper),
					     R_BPF_64_32);
	}
	strcat(name, hv_hook_section[hook]);
	return add_section(o, name, want,
			   (struct blob){ rel, c->calls.count * sizeof(*rel) }, ELF_T_REL);
}

static bool add_symbols(struct elf_out *o)
{
	const Elf64_Shdr strings = { .sh_type = SHT_STRTAB, .sh_addralign = 1 };
	Elf64_Shdr table = {
		.sh_type = SHT_SYMTAB,
		.sh_entsize = sizeof(Elf64_Sym),
		.sh_addralign = SECTION_ALIGN,
	};
	size_t strtab, symtab;
	unsigned h;

	make_symbols(o);
	strtab = add_section(o, ".strtab", strings,
			     (struct blob){ o->strings.at, o->strings.count }, ELF_T_BYTE);
	table.sh_link = (Elf64_Word)strtab;
	table.sh_info = o->locals;
	symtab = strtab ? add_section(o, ".symtab", table, (struct blob){
		o->symbols.at, o->symbols.count * sizeof(*o->symbols.at) }, ELF_T_SYM) : 0;
	if (!symtab)
		return false;
	for (h = 0; h < HV_HOOKS; h++)
		if (!add_relocations(o, h, symtab))
			return false;
	return true;
}

/* The section names last: adding a section adds to them. */
static bool add_names(struct elf_out *o)
{
	Elf_Scn *scn = elf_newscn(o->elf);
	Elf_Data *data = scn ? elf_newdata(scn) : NULL;
	Elf64_Shdr *sh = scn ? elf64_getshdr(scn) : NULL;
	Elf64_Ehdr *eh = elf64_getehdr(o->elf);

	if (!data || !sh || !eh)
		return refused(o);
	sh->sh_name = name_of(o, ".shstrtab");
	sh->sh_type = SHT_STRTAB;
	sh->sh_addralign = 1;
	data->d_buf = o->names.at;
	data->d_size = o->names.count;
	data->d_align = 1;
	data->d_type = ELF_T_BYTE;
	data->d_version = EV_CURRENT;
	eh->e_shstrndx = (Elf64_Half)elf_ndxscn(scn);
	return true;
}

static bool build(struct elf_out *o)
{
	Elf64_Ehdr *eh = elf64_newehdr(o->elf);

	if (!eh)
		return refused(o);
	eh->e_ident[EI_DATA] = ELFDATA2LSB;
	eh->e_type = ET_REL;
	eh->e_machine = EM_BPF;
	eh->e_version = EV_CURRENT;
	name_of(o, "");
	if (!add_code(o) || !add_table(o, ".hv.meta", o->im->meta) ||
	    !add_table(o, ".hv.sets", o->im->sets) ||
	    !add_table(o, ".hv.class", o->im->classes) ||
	    !add_table(o, ".hv.match", o->im->match) ||
	    !add_digest(o) || !add_symbols(o) || !add_names(o))
		return false;
	return elf_update(o->elf, ELF_C_WRITE) >= 0 || refused(o);
}

/* SHA-256 of the whole file, the digest's own bytes being zero. */
static bool seal(struct elf_out *o, uint8_t *file, size_t len)
{
	Elf64_Shdr *sh = elf64_getshdr(elf_getscn(o->elf, o->digest));
	struct sha256 s;

	if (!sh || sh->sh_offset > len || len - sh->sh_offset < HVB_DIGEST_SIZE)
		return refused(o);
	sha256_init(&s);
	sha256_update(&s, file, len);
	sha256_final(&s, file + sh->sh_offset);
	return true;
}

static int read_back(struct elf_out *o, int fd, struct blob *out)
{
	off_t end = lseek(fd, 0, SEEK_END);
	size_t done = 0;
	uint8_t *bytes;
	ssize_t n;

	if (end > (off_t)HVB_MAX_FILE) {
		o->why = "it is larger than 256 MiB";
		o->large = true;
		return -1;
	}
	o->why = "its bytes cannot be read back";
	if (end < 0)
		return -1;
	bytes = pool_alloc(o->pool, (size_t)end);
	while (done < (size_t)end) {
		n = pread(fd, bytes + done, (size_t)end - done, (off_t)done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		done += (size_t)n;
	}
	if (!seal(o, bytes, (size_t)end))
		return -1;
	*out = (struct blob){ bytes, (size_t)end };
	return 0;
}

int emit_elf(const struct image *im, struct pool *p, struct blob *out, const char **why)
{
	struct elf_out *o = pool_alloc(p, sizeof(*o));
	jmp_buf out_of_memory, *outer = p->out;
	volatile int status = -2;
	volatile bool memory = true;
	int fd;

	o->pool = p;
	o->im = im;
	*why = "no memory for it";
	fd = memfd_create("hvb", MFD_CLOEXEC);
	if (fd < 0)
		return -2;
	elf_version(EV_CURRENT);
	o->elf = elf_begin(fd, ELF_C_WRITE, NULL);
	p->out = &out_of_memory;
	if (setjmp(out_of_memory))
		memory = false;
	else if (o->elf && build(o))
		status = read_back(o, fd, out) ? -2 : 0;
	p->out = outer;
	if (o->why)
		*why = o->why;
	elf_end(o->elf);
	close(fd);
	if (!memory && outer)
		pool_leave(p, p->why);
	return o->large ? -1 : status;
}
