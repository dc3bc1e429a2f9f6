/*
 * guest_lab.c - a small guest: RAM, device pages, page tables
 */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/guest_lab.h"

static uint8_t *at(struct lab *lab, uint64_t gpa, unsigned size)
{
	if (gpa >= sizeof(lab->ram) || gpa % LAB_PAGE + size > LAB_PAGE)
		return NULL;
	return &lab->ram[gpa / LAB_PAGE][gpa % LAB_PAGE];
}

static bool is_ram(void *host, gpa_t gpa)
{
	struct lab *lab = host;

	return gpa.a < sizeof(lab->ram) && !lab->device[gpa.a / LAB_PAGE];
}

static bool ram_read(void *host, gpa_t gpa, void *to, unsigned size)
{
	uint8_t *from = at(host, gpa.a, size);

	if (!from || !is_ram(host, gpa))
		return false;
	memcpy(to, from, size);
	return true;
}

static bool ram_write(void *host, gpa_t gpa, const void *from, unsigned size)
{
	uint8_t *to = at(host, gpa.a, size);

	if (!to || !is_ram(host, gpa))
		return false;
	memcpy(to, from, size);
	return true;
}

static bool ram_cmpxchg(void *host, gpa_t gpa, uint64_t old, uint64_t new, unsigned size)
{
	struct lab *lab = host;
	uint64_t there = 0;

	if (lab->refuse_cmpxchg) {
		lab->refuse_cmpxchg--;
		return false;
	}
	return ram_read(host, gpa, &there, size) && there == old &&
	       ram_write(host, gpa, &new, size);
}

/* A device page that keeps what is written; outside of all pages nothing answers. */
static void mmio(void *host, gpa_t gpa, unsigned size, bool write, uint64_t *value)
{
	struct lab *lab = host;
	unsigned n = lab->reads + lab->writes;
	uint8_t *p = at(lab, gpa.a, size);

	if (gpa.a % size || is_ram(host, gpa))
		abort();
	if (!write)
		*value = UINT64_MAX;		/* also above size: must not be seen */
	if (p)
		memcpy(write ? (void *)p : value, write ? (void *)value : p, size);
	if (n < LAB_LOG)
		lab->log[n] = (struct lab_access) { gpa.a, *value, size, write };
	lab->reads += !write;
	lab->writes += write;
}

void lab_init(struct lab *lab)
{
	memset(lab, 0, sizeof(*lab));
	lab->used = 1;
	lab->bus = (struct guest_bus) { lab, is_ram, ram_read, ram_write, ram_cmpxchg, mmio };
}

uint64_t lab_page(struct lab *lab)
{
	if (lab->used == LAB_PAGES)
		abort();
	return (uint64_t)lab->used++ * LAB_PAGE;
}

void lab_map(struct lab *lab, uint64_t linear, uint64_t gpa, uint64_t flags)
{
	uint64_t table = lab->cpu.cr3;

	for (unsigned shift = 39;; shift -= 9) {
		uint64_t *entry = (uint64_t *)at(lab, table, LAB_PAGE) + (linear >> shift & 511);

		if (shift == 12) {
			*entry = gpa | flags;
			return;
		}
		if (!(*entry & LAB_P))
			*entry = lab_page(lab) | LAB_P | LAB_W | LAB_U;
		table = *entry & ~UINT64_C(4095);
	}
}

uint64_t *lab_entry(struct lab *lab, uint64_t linear, unsigned level)
{
	uint64_t table = lab->cpu.cr3 & ~UINT64_C(0xfff);

	for (unsigned n = 0;; n++) {
		uint64_t *entry = (uint64_t *)(void *)at(lab, table + (linear >> (39 - 9 * n) & 511) * 8, 8);

		if (n == level)
			return entry;
		table = *entry & ~UINT64_C(0xfff);
	}
}

void lab_64(struct lab *lab)
{
	struct guest_cpu *cpu = &lab->cpu;

	*cpu = (struct guest_cpu) {
		.rflags = 2, .cr3 = lab_page(lab), .phys_bits = 46, .page_1g = true,
		.cr0 = CR0_PE | CR0_PG | CR0_WP | CR0_AM,
		.cr4 = CR4_PAE, .efer = EFER_LMA | EFER_NXE,
	};
	for (unsigned i = 0; i < GUEST_SEGMENTS; i++)
		cpu->seg[i].attributes = 0x93;
	cpu->seg[SEG_CS].attributes = 0x9b | SEGMENT_LONG;
}

void lab_32(struct lab *lab)
{
	struct guest_cpu *cpu = &lab->cpu;

	*cpu = (struct guest_cpu) { .rflags = 2, .phys_bits = 36, .cr0 = CR0_PE };
	for (unsigned i = 0; i < GUEST_SEGMENTS; i++)
		cpu->seg[i] = (struct segment) { 8 * i + 8, 0x93 | SEGMENT_BIG, UINT32_MAX, 0 };
	cpu->seg[SEG_CS].attributes = 0x9b | SEGMENT_BIG;
}

void lab_real(struct lab *lab)
{
	struct guest_cpu *cpu = &lab->cpu;

	*cpu = (struct guest_cpu) { .rflags = 2, .phys_bits = 36 };
	for (unsigned i = 0; i < GUEST_SEGMENTS; i++)
		cpu->seg[i] = (struct segment) { 0, 0x93, UINT16_MAX, 0 };
}
