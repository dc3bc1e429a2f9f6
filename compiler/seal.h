/*
 * seal.h - give a module its digest
 */
#ifndef COMPILER_SEAL_H
#define COMPILER_SEAL_H

#include <stddef.h>
#include <stdint.h>

/*
 * Make of an ELF object in memory (@elf, @len bytes: a module compiled from C, or one that
 * was sealed before) the same object with a section .hv.digest that fits.  Returns 0 and
 * *@out, malloc()ed, 16-byte aligned, of *@out_len bytes; or -1 and *@why, which is static.
 * What the module does is not looked at: policy_load() does.
 */
int seal_module(const void *elf, size_t len, uint8_t **out, size_t *out_len, const char **why);

#endif
