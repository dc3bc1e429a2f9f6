/*
 * seal.c - give a module its digest: a section added by libelf, SHA-256 over the file
 */
#include "compiler/seal.h"

#include <libelf.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "policy/module.h"
#include "policy/sha256.h"

#define DIGEST_NAME	".hv.digest"
#define NO_MEMORY	"no memory for the module"

/* The section's data must live until the file is written. */
static uint8_t zero_digest[HVB_DIGEST_SIZE];

static Elf_Scn *find_digest(Elf *elf, size_t names)
{
	Elf_Scn *scn = NULL;

	while ((scn = elf_nextscn(elf, scn))) {
		Elf64_Shdr *h = elf64_getshdr(scn);
		const char *name = h ? elf_strptr(elf, names, h->sh_name) : NULL;

		if (name && strcmp(name, DIGEST_NAME) == 0)
			return scn;
	}
	return NULL;
}

/* Append the section's name to the section names; its offset there, or 0. */
static Elf64_Word add_name(Elf *elf, size_t names)
{
	Elf_Scn *scn = elf_getscn(elf, names);
	Elf64_Shdr *h = scn ? elf64_getshdr(scn) : NULL;
	Elf_Data *data;
	Elf64_Word at;

	if (!h || h->sh_size == 0 || h->sh_size > UINT32_MAX || !elf_getdata(scn, NULL))
		return 0;
	at = (Elf64_Word)h->sh_size;
	data = elf_newdata(scn);
	if (!data)
		return 0;
	data->d_buf = (void *)(uintptr_t)DIGEST_NAME;
	data->d_size = sizeof(DIGEST_NAME);
	data->d_off = at;
	data->d_align = 1;
	data->d_version = EV_CURRENT;
	elf_flagscn(scn, ELF_C_SET, ELF_F_DIRTY);
	return at;
}

static bool add_digest(Elf *elf, size_t names)
{
	Elf64_Word name = add_name(elf, names);
	Elf_Scn *scn = name ? elf_newscn(elf) : NULL;
	Elf_Data *data = scn ? elf_newdata(scn) : NULL;
	Elf64_Shdr *h = data ? elf64_getshdr(scn) : NULL;

	if (!h)
		return false;
	data->d_buf = zero_digest;
	data->d_size = sizeof(zero_digest);
	data->d_align = 8;
	data->d_version = EV_CURRENT;
	h->sh_name = name;
	h->sh_type = SHT_PROGBITS;
	h->sh_addralign = 8;
	return elf_update(elf, ELF_C_WRITE) >= 0;
}

/* Where the digest lies in the file; 0 when it is not there as it should be. */
static uint64_t digest_offset(int fd)
{
	Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
	uint64_t offset = 0;
	size_t names;

	if (elf && elf_getshdrstrndx(elf, &names) == 0) {
		Elf_Scn *scn = find_digest(elf, names);
		Elf64_Shdr *h = scn ? elf64_getshdr(scn) : NULL;

		if (h && h->sh_type == SHT_PROGBITS && h->sh_size == HVB_DIGEST_SIZE)
			offset = h->sh_offset;
	}
	elf_end(elf);
	return offset;
}

/* A module's kind of file, with the section; NULL or what is wrong. */
static const char *put_section(int fd)
{
	Elf *elf = elf_begin(fd, ELF_C_RDWR, NULL);
	Elf64_Ehdr *h = elf ? elf64_getehdr(elf) : NULL;
	const char *why = NULL;
	size_t names;

	if (!h || h->e_ident[EI_DATA] != ELFDATA2LSB || h->e_type != ET_REL ||
	    h->e_machine != EM_BPF)
		why = "not a relocatable little-endian ELF64 BPF object";
	else if (elf_getshdrstrndx(elf, &names) != 0 || names == 0)
		why = "the object has no section names";
	else if (!find_digest(elf, names) && !add_digest(elf, names))
		why = "the digest's section cannot be added";
	elf_end(elf);
	return why;
}

/* The whole file, in memory that is free()d; NULL when there is none. */
static uint8_t *read_back(int fd, size_t *len)
{
	off_t size = lseek(fd, 0, SEEK_END);
	uint8_t *p = size > 0 ? aligned_alloc(16, ((size_t)size + 15) & ~(size_t)15) : NULL;

	if (p && pread(fd, p, (size_t)size, 0) != size) {
		free(p);
		return NULL;
	}
	*len = (size_t)size;
	return p;
}

/* A file in memory takes and gives all bytes at once, or there is no memory; nor with @fd -1. */
static const char *seal_file(int fd, const void *bytes, size_t len, uint8_t **out, size_t *out_len)
{
	const char *why;
	struct sha256 s;
	uint64_t at;

	if (pwrite(fd, bytes, len, 0) != (ssize_t)len)
		return NO_MEMORY;
	why = put_section(fd);
	if (why)
		return why;
	at = digest_offset(fd);
	if (at == 0)
		return "its section " DIGEST_NAME " is not 32 bytes long";
	*out = read_back(fd, out_len);
	if (!*out)
		return NO_MEMORY;
	if (at > *out_len || *out_len - at < HVB_DIGEST_SIZE) {
		free(*out);
		return "its section " DIGEST_NAME " is not within the file";
	}
	memset(*out + at, 0, HVB_DIGEST_SIZE);
	sha256_init(&s);
	sha256_update(&s, *out, *out_len);
	sha256_final(&s, *out + at);
	return NULL;
}

int seal_module(const void *elf, size_t len, uint8_t **out, size_t *out_len, const char **why)
{
	int fd;

	*why = "this libelf is too old";
	if (elf_version(EV_CURRENT) == EV_NONE)
		return -1;
	*why = "larger than a module can be";
	if (len > HVB_MAX_FILE)
		return -1;
	fd = memfd_create("module", MFD_CLOEXEC);
	*why = seal_file(fd, elf, len, out, out_len);
	close(fd);
	return *why ? -1 : 0;
}
