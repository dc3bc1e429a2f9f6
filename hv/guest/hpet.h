/*
 * hpet.h - what the guest's writes to the HPET become
 *
 * IA-PC HPET specification 1.0a, section 2.3.  One comparator is ours, and the main counter never stands
 * still.  The guest stops, sets and starts a counter of its own: while it is stopped the guest's comparators
 * interrupt nobody and its reads are answered here; while it runs the hardware's is the guest's, and reads
 * need nobody.  An interrupt message of the guest goes to a local APIC, and never as INIT.
 */
#ifndef HV_GUEST_HPET_H
#define HV_GUEST_HPET_H

#include <stdbool.h>
#include <stdint.h>

enum {
	HPET_CAP = 0x000, HPET_PERIOD = 0x004, HPET_CFG = 0x010, HPET_ISR = 0x020, HPET_COUNTER = 0x0f0,
	HPET_TIMERS = 0x100, HPET_TIMER_BYTES = 0x20, HPET_END = 0x400,
};
/* Of a comparator */
enum { TN_CFG = 0x00, TN_ROUTE_CAP = 0x04, TN_CMP = 0x08, TN_FSB = 0x10, TN_FSB_ADDRESS = 0x14 };
enum { CAP_64BIT = 1u << 13 };
enum { CFG_ENABLE = 1u << 0, CFG_LEGACY = 1u << 1 };
enum {
	TN_ENABLE = 1u << 2, TN_PERIODIC = 1u << 3, TN_PERIODIC_CAP = 1u << 4, TN_SIZE_CAP = 1u << 5, TN_SETVAL = 1u << 6,
	TN_32BIT = 1u << 8, TN_FSB_ENABLE = 1u << 14, TN_FSB_CAP = 1u << 15,
};
#define TN_ROUTE(pin)		((uint32_t)(pin) << 9)
#define HPET_COUNT(cap)		(((cap) >> 8 & 0x1f) + 1)
#define HPET_TIMER(n, reg)	(HPET_TIMERS + (uint32_t)(n) * HPET_TIMER_BYTES + (reg))

/* The registers themselves; @size 4, for a comparator's value also 8. */
struct hpet_bus {
	void *host;
	uint32_t (*read)(void *host, uint32_t offset);
	void (*write)(void *host, uint32_t offset, unsigned size, uint64_t value);
};

struct hpet_guard {
	const struct hpet_bus *bus;
	uint32_t timers;
	uint32_t ours;		/* @timers: none is */
	bool stopped;		/* as the guest has it */
	/* while it is stopped: */
	bool legacy;		/* LEG_RT_CNF */
	uint64_t counter;
	uint32_t enabled;	/* bit n: INT_ENB_CNF of comparator n */
	uint64_t refused;	/* writes of the guest that would have been ours, or astray */
};

/* Starts the counter, if firmware has not: for the guest it is then stopped. */
void hpet_guard_init(struct hpet_guard *g, const struct hpet_bus *bus, uint32_t ours);
/*
 * The guest reads, writes; @offset is a multiple of @size.  hpet_write() true: the counter was set, so that a
 * comparator that shall still be right must be written again.
 */
uint64_t hpet_read(const struct hpet_guard *g, uint32_t offset, unsigned size);
bool hpet_write(struct hpet_guard *g, uint32_t offset, unsigned size, uint64_t value);

#endif
