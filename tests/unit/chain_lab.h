/*
 * chain_lab.h - a driver's access and what follows it: as it comes the first time, and as it was kept
 */
#ifndef TESTS_UNIT_CHAIN_LAB_H
#define TESTS_UNIT_CHAIN_LAB_H

#include "tests/unit/guest_lab.h"

/* Pages, mapped one to one. */
#define CODE	0x8000u
#define DEVICE	0xa000u		/* and the next */
#define RAM	0xc000u		/* and the next */

extern struct lab lab;
extern struct walks walks;
extern unsigned welcome;	/* after so many accesses still the processor has nothing else to do */
extern uint64_t hidden;		/* a page without a view */

/* RBX is the device, RSI RAM, RSP in RAM; each call another place of code, of which nothing is known. */
void begin(void);
/* The memory behind @gpa. */
uint8_t *at(uint64_t gpa);
/* An exit of which nothing is known: the access to @gpa, a cluster behind it, whose length it returns, and all of it kept. */
unsigned slow(uint64_t gpa, bool write);
/* The same by what was kept.  -1: it is not known. */
int quick(uint64_t gpa, bool write);

#endif
