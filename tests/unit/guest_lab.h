/*
 * guest_lab.h - a small guest: RAM, device pages, page tables
 */
#ifndef TESTS_UNIT_GUEST_LAB_H
#define TESTS_UNIT_GUEST_LAB_H

#include "hv/guest/bus.h"
#include "hv/guest/gstate.h"

#define LAB_PAGE	4096u
#define LAB_PAGES	32u
#define LAB_LOG		16u

#define LAB_P	1u
#define LAB_W	2u
#define LAB_U	4u
#define LAB_NX	(UINT64_C(1) << 63)

struct lab {
	uint8_t ram[LAB_PAGES][LAB_PAGE];	/* guest-physical from 0; outside is nothing */
	bool device[LAB_PAGES];			/* pages that only mmio() reaches */
	unsigned used;				/* pages given out, from 0 */
	unsigned reads, writes;			/* device accesses */
	struct lab_access {
		uint64_t gpa, value;
		unsigned size;
		bool write;
	} log[LAB_LOG];		/* the first device accesses */
	unsigned refuse_cmpxchg;		/* so many times something else is there */
	struct guest_bus bus;
	struct guest_cpu cpu;
};

void lab_init(struct lab *lab);

/* A cleared page's address. */
uint64_t lab_page(struct lab *lab);

/* Set @linear's entry in four-level tables to @gpa and @flags; what is above it allows all. */
void lab_map(struct lab *lab, uint64_t linear, uint64_t gpa, uint64_t flags);

/* @linear's entry in the four-level tables that CR3 names, @level steps below the root. */
uint64_t *lab_entry(struct lab *lab, uint64_t linear, unsigned level);

/* 64-bit code at privilege 0 with four-level paging; flat 32-bit code; real mode. */
void lab_64(struct lab *lab);
void lab_32(struct lab *lab);
void lab_real(struct lab *lab);

#endif
