/*
 * machine.h - an endpoint of the test's: guest RAM, a simulated NIC, and between them the model or nothing
 *
 *	driver -> machine_access -> [model] -> simulated NIC -> wire
 *
 * The device finds guest memory (guest_ram.h) and the model's pool at bus addresses that are no guest's, so that none
 * is taken for another.  What the device does on the bus is held against what the model may let it do; the first offence
 * is kept in machine.complaint.
 */
#ifndef TESTS_DEVMODEL_MACHINE_H
#define TESTS_DEVMODEL_MACHINE_H

#include "devmodel/e1000/e1000.h"
#include "devmodel/e1000/regs.h"
#include "replay/sim_e1000.h"
#include "tests/devmodel/guest_ram.h"
#include "tests/devmodel/random.h"

#define RAM_BYTES	RAM_LOW		/* of each of the two parts */

struct frame {
	uint32_t len;
	bool fcs;			/* the device appended the check sequence */
	uint8_t *bytes;
};

struct frames {
	struct frame *at;
	uint32_t count, room;
};

struct machine {
	const struct e1000_family *family;
	struct sim_e1000 *sim;
	struct e1000 *model;		/* NULL: the driver has the device itself */
	void *model_memory;
	struct guest_ram ram;
	struct devmodel d;
	uint8_t *open;			/* what the guest reaches at @open_at of its registers; NULL: nothing */
	uint32_t open_at;
	/* before the page is closed; NULL: nothing */
	void (*closing)(struct machine *m);
	struct net net;
	struct lab_policy *policy;
	uint64_t transfers, clock_ns;
	struct frames wire;		/* what was sent */
	struct frames judged;		/* passed by the judge, as it left them, not sent yet; frame.fcs: all of it */
	bool line;
	unsigned interrupts;		/* rising edges */
	unsigned complaints;
	char complaint[160];
	/*
	 * Not 0: the device works while the model does, a step at some of the model's calls, by chance from this seed.
	 */
	uint64_t restless;
	/* after each read of guest memory by the model; NULL: nothing */
	void (*after_read)(struct machine *m, uint64_t gpa, uint32_t len);
	uint64_t ticks;			/* milliseconds run */
	uint32_t work;			/* calls of the model's in one call of it */
};

/* @policy: text of it; NULL: no model.  @device: a PCI id of the family. */
struct machine *machine_new(uint16_t device, const char *policy);
/* The model takes over the device that a driver may have running. */
void machine_shadow(struct machine *m, const char *policy);
void machine_free(struct machine *m);

/* The guest's registers and I/O window. */
void machine_access(void *machine, uint32_t offset, unsigned size, bool write, uint64_t *value);
void machine_port(void *machine, uint32_t offset, unsigned size, bool write, uint32_t *value);
/* Guest RAM for the driver; NULL: not all of it is RAM. */
uint8_t *machine_memory(void *machine, uint64_t gpa, uint32_t len);

/* Let the model look at the device. */
void machine_poll(struct machine *m);
/* A millisecond: the device works until it is idle, the model is polled as often as it wants to be. */
void machine_tick(struct machine *m);
/* @ticks of them. */
void machine_run(struct machine *m, unsigned ticks);
void machine_complain(void *machine, const char *what);
/* Forget the wire and what was judged or granted. */
void machine_clear(struct machine *m);

void frames_add(struct frames *f, const uint8_t *bytes, uint32_t len, bool fcs);
void frames_clear(struct frames *f);
bool frames_equal(const struct frames *a, const struct frames *b);

#endif
