/*
 * walk_oracle.c - a page walk as the manuals' figures draw it, one mode after the other
 *
 * Nothing here is fast or shared between modes: figures 4-4 (32-bit), 4-7 and 4-11 (PAE, long) of
 * SDM 3A with their tables of bits, written out.
 */
#include <string.h>

#include "tests/unit/walk_oracle.h"

#define BIT(n)	(UINT64_C(1) << (n))

/* What a walk has gathered. */
struct trail {
	uint64_t at[5];			/* entries gone through, the page's last */
	unsigned size[5];
	unsigned count;
	bool w, u, nx;
	unsigned key;
	uint64_t page;
};

static uint64_t fetch(struct lab *lab, uint64_t at, unsigned size)
{
	uint64_t v = UINT64_MAX;

	if (at <= sizeof(lab->ram) - size)
		memcpy(&v, (uint8_t *)lab->ram + at, size);
	return size == 4 ? (uint32_t)v : v;
}

static void gone(struct trail *t, uint64_t at, unsigned size, uint64_t entry)
{
	t->at[t->count] = at;
	t->size[t->count++] = size;
	t->w = t->w && entry & BIT(1);
	t->u = t->u && entry & BIT(2);
	t->nx = t->nx || (size == 8 && entry & BIT(63));
	t->key = size == 8 ? entry >> 59 & 15 : 0;
}

/* SDM 3A table 4-4 to 4-6.  -1: found; else bits of the error code. */
static int walk_32(const struct guest_cpu *cpu, struct lab *lab, uint32_t linear, struct trail *t)
{
	uint64_t at = (cpu->cr3 & 0xfffff000) + 4 * (linear >> 22);
	uint64_t pde = fetch(lab, at, 4), pte;

	if (!(pde & 1))
		return 0;
	if (pde & BIT(7) && cpu->cr4 & CR4_PSE) {
		unsigned m = cpu->phys_bits < 40 ? cpu->phys_bits : 40;

		for (unsigned bit = m - 32 + 13; bit <= 21; bit++)
			if (pde & BIT(bit))
				return 9;
		gone(t, at, 4, pde);
		t->page = (pde & 0xffc00000) | (pde >> 13 & 0xff) << 32 | (linear & 0x3fffff);
		return -1;
	}
	gone(t, at, 4, pde);
	at = (pde & 0xfffff000) + 4 * (linear >> 12 & 0x3ff);
	pte = fetch(lab, at, 4);
	if (!(pte & 1))
		return 0;
	gone(t, at, 4, pte);
	t->page = (pte & 0xfffff000) | (linear & 0xfff);
	return -1;
}

/* Bits 51 to MAXPHYADDR. */
static bool too_wide(const struct guest_cpu *cpu, uint64_t entry)
{
	for (unsigned bit = cpu->phys_bits; bit < 52; bit++)
		if (entry & BIT(bit))
			return true;
	return false;
}

static bool bad_nx(const struct guest_cpu *cpu, uint64_t entry)
{
	return entry & BIT(63) && !(cpu->efer & EFER_NXE);
}

/* Page directory and page table of PAE and long mode. */
static int walk_directory(const struct guest_cpu *cpu, struct lab *lab, uint64_t directory,
			  uint64_t linear, bool pae, struct trail *t)
{
	const uint64_t address = 0xffffffffff000 & (BIT(cpu->phys_bits) - 1);
	const uint64_t above = pae ? UINT64_C(0x7ff0000000000000) : 0;
	uint64_t at = directory + 8 * (linear >> 21 & 511);
	uint64_t pde = fetch(lab, at, 8), pte;

	if (!(pde & 1))
		return 0;
	if (too_wide(cpu, pde) || bad_nx(cpu, pde) || pde & above)
		return 9;
	if (pde & BIT(7) && pde & 0x1fe000)
		return 9;
	gone(t, at, 8, pde);
	if (pde & BIT(7)) {
		t->page = (pde & address & ~UINT64_C(0x1fffff)) | (linear & 0x1fffff);
		return -1;
	}
	at = (pde & address) + 8 * (linear >> 12 & 511);
	pte = fetch(lab, at, 8);
	if (!(pte & 1))
		return 0;
	if (too_wide(cpu, pte) || bad_nx(cpu, pte) || pte & above)
		return 9;
	gone(t, at, 8, pte);
	t->page = (pte & address) | (linear & 0xfff);
	return -1;
}

static int walk_pae(const struct guest_cpu *cpu, struct lab *lab, uint32_t linear, struct trail *t)
{
	uint64_t pdpte = fetch(lab, (cpu->cr3 & 0xffffffe0) + 8 * (linear >> 30), 8);

	if (!(pdpte & 1))
		return 0;
	if (too_wide(cpu, pdpte) || pdpte & UINT64_C(0xfff0000000000006))
		return 9;
	return walk_directory(cpu, lab, pdpte & 0xffffffffff000, linear, true, t);
}

static int walk_long(const struct guest_cpu *cpu, struct lab *lab, uint64_t linear, struct trail *t)
{
	const uint64_t address = 0xffffffffff000 & (BIT(cpu->phys_bits) - 1);
	uint64_t table = cpu->cr3 & address;

	for (unsigned shift = cpu->cr4 & CR4_LA57 ? 48 : 39; shift >= 30; shift -= 9) {
		uint64_t at = table + 8 * (linear >> shift & 511), entry = fetch(lab, at, 8);
		bool page = shift == 30 && entry & BIT(7) && cpu->page_1g;

		if (!(entry & 1))
			return 0;
		if (too_wide(cpu, entry) || bad_nx(cpu, entry))
			return 9;
		if (!page && (entry & BIT(7) || (entry & BIT(8) && cpu->upper_g_reserved)))
			return 9;
		if (page && entry & 0x3fffe000)
			return 9;
		gone(t, at, 8, entry);
		if (page) {
			t->page = (entry & address & ~UINT64_C(0x3fffffff)) | (linear & 0x3fffffff);
			return -1;
		}
		table = entry & address;
	}
	return walk_directory(cpu, lab, table, linear, false, t);
}

/* Section 4.6, sentence by sentence. */
static bool permitted(const struct guest_cpu *cpu, const struct trail *t, unsigned access)
{
	bool write = access & 2, user = access & 4, fetch_it = access & 16;
	bool wp = cpu->cr0 & CR0_WP;

	if (fetch_it && t->nx)
		return false;
	if (user)
		return t->u && (!write || t->w);
	if (!t->u)
		return !write || t->w || !wp;
	if (fetch_it)
		return !(cpu->cr4 & CR4_SMEP);
	if (cpu->cr4 & CR4_SMAP && !(cpu->rflags & RFLAGS_AC))
		return false;
	return !write || t->w || !wp;
}

static bool key_permits(const struct guest_cpu *cpu, const struct trail *t, unsigned access)
{
	bool ad = cpu->pkru >> 2 * t->key & 1, wd = cpu->pkru >> (2 * t->key + 1) & 1;

	if (!(cpu->cr4 & CR4_PKE) || !(cpu->efer & EFER_LMA) || !t->u || access & 16)
		return true;
	return !ad && !(wd && access & 2 && (access & 4 || cpu->cr0 & CR0_WP));
}

static void mark(struct lab *lab, const struct trail *t, unsigned access)
{
	for (unsigned i = 0; i < t->count; i++) {
		uint8_t *entry = (uint8_t *)lab->ram + t->at[i];

		/* outside of RAM all bits are set */
		if (t->at[i] > sizeof(lab->ram) - t->size[i])
			continue;
		*entry |= 0x20;
		if (i == t->count - 1 && access & 2)
			*entry |= 0x40;
	}
}

struct oracle_answer oracle_walk(const struct guest_cpu *cpu, struct lab *lab, uint64_t linear,
				 unsigned access)
{
	struct trail t = { .w = true, .u = true };
	struct oracle_answer a = { .ok = false };
	unsigned shown = access;
	int why;

	if (!(cpu->cr4 & CR4_SMEP) && (!(cpu->efer & EFER_NXE) || !(cpu->cr4 & CR4_PAE)))
		shown &= ~16u;
	if (!(cpu->cr4 & CR4_PAE))
		why = walk_32(cpu, lab, (uint32_t)linear, &t);
	else if (!(cpu->efer & EFER_LMA))
		why = walk_pae(cpu, lab, (uint32_t)linear, &t);
	else
		why = walk_long(cpu, lab, linear, &t);
	if (why >= 0) {
		a.error = shown | (unsigned)why;
		return a;
	}
	if (!permitted(cpu, &t, access) || !key_permits(cpu, &t, access)) {
		a.error = shown | 1 | (key_permits(cpu, &t, access) ? 0 : 32);
		return a;
	}
	mark(lab, &t, access);
	return (struct oracle_answer) { .ok = true, .gpa = t.page };
}
