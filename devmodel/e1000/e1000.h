/*
 * e1000.h - the shadow model of Intel's e1000 family: the interface
 *
 * The guest's driver sees its own rings in its own memory.  The device sees rings, descriptors and, where frames are
 * judged, buffers in the model's pool.  Interrupts go from the device to the guest as they are: its driver reads a
 * register, and that is when the model looks at the device.  Where it would not, e1000_poll_hz() says so.
 */
#ifndef DEVMODEL_E1000_E1000_H
#define DEVMODEL_E1000_E1000_H

#include <stdbool.h>
#include <stdint.h>

#include "devmodel/devmodel.h"
#include "devmodel/net.h"

struct e1000;

/* What members of the family differ in. */
struct e1000_family {
	uint16_t device;	/* PCI device id, vendor 8086h */
	const char *name;	/* 82540EM */
	uint8_t queues;		/* of each direction that have registers: 1, 2 */
	bool extended;		/* receive descriptors may be (RFCTL.EXSTEN) */
	bool microwire;		/* the NVM is reached through EECD */
};

/* NULL: not of the family. */
const struct e1000_family *e1000_family(uint16_t device);

/* Bytes of a model, 16-byte aligned, and of its pool. */
uint32_t e1000_size(void);
#define E1000_POOL_BYTES	(4u << 20)

/*
 * Take the device over: whatever firmware or a boot loader left running is stopped, its rings are taken for the
 * guest's, and run on through the model.  @memory: e1000_size() zeroed bytes.  *@d and *@net must stay.
 */
struct e1000 *e1000_attach(void *memory, const struct e1000_family *f, const struct devmodel *d, const struct net *net);

/* The guest's access to BAR 0 at @offset, @size 1, 2, 4 or 8 bytes, not crossing its end. */
void e1000_access(struct e1000 *n, uint32_t offset, unsigned size, bool write, uint64_t *value);
/* To the I/O BAR: IOADDR and IODATA at 0 and 4, @size 1, 2 or 4. */
void e1000_port(struct e1000 *n, uint32_t offset, unsigned size, bool write, uint32_t *value);
/* Look at the device: what it has done, what waits for room. */
void e1000_poll(struct e1000 *n);
/* How often a second e1000_poll() must be called, since no interrupt makes the guest look; 0: not at all. */
uint32_t e1000_poll_hz(const struct e1000 *n);
/* The device was reset behind the model's back: by a power state (D3 to D0), or by the bus. */
void e1000_was_reset(struct e1000 *n);

enum e1000_counter {
#define COUNTER(name, words) E1000_##name,
#include "devmodel/e1000/counter.def"
#undef COUNTER
	E1000_COUNTERS,
};
extern const char *const e1000_counter_name[E1000_COUNTERS];
uint64_t e1000_counter(const struct e1000 *n, enum e1000_counter c);

#endif
