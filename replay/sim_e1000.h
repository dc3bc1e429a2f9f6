/*
 * sim_e1000.h - a simulated NIC of the 8254x and 82574 families, for the host tests of its model
 *
 * Written from the manuals, so that it is a witness beside QEMU's.  It works in steps: a register access changes
 * registers alone, sim_e1000_step() moves one frame of each queue, so that a test says what the driver, or the model,
 * sees in between.  All that it does to memory goes through the bus it is given, with the reason.
 */
#ifndef REPLAY_SIM_E1000_H
#define REPLAY_SIM_E1000_H

#include <stdbool.h>
#include <stdint.h>

#define SIM_FRAME_MAX	(1u << 18)	/* bytes of a transmitted frame or burst: what is beyond is cut off */
#define SIM_FIFO_BYTES	(48u << 10)	/* of the packet buffer for reception: PBA's reset value */
#define SIM_NVM_WORDS	64u

/* Why the device masters the bus. */
enum sim_why { SIM_TX_DESC, SIM_TX_BUFFER, SIM_TX_DONE, SIM_RX_DESC, SIM_RX_BUFFER, SIM_RX_DONE };

struct sim_bus {
	/* False: nobody answers there (a master abort): the queue stands still until a reset. */
	bool (*read)(void *host, enum sim_why why, uint64_t at, void *to, uint32_t len);
	bool (*write)(void *host, enum sim_why why, uint64_t at, const void *from, uint32_t len);
	/* A frame or burst as it was in memory, before any offload. */
	void (*fetched)(void *host, unsigned queue, const uint8_t *bytes, uint32_t len, bool burst);
	/* A frame on the wire; @fcs: the device computed its check sequence, which is not among the bytes. */
	void (*sent)(void *host, const uint8_t *frame, uint32_t len, bool fcs);
	void (*interrupt)(void *host, bool line);
	/* The driver asked for something that no right driver does. */
	void (*complain)(void *host, const char *what);
};

/* What can go wrong with a device.  All may be changed at any time. */
struct sim_faults {
	bool stalled;		/* it does nothing but answer registers */
	bool no_link;
	bool reads_twice;	/* each buffer, and sends what the second read said */
	bool writes_twice;	/* each descriptor it is done with */
	uint32_t late;		/* steps from work to its write-back and interrupt */
};

enum sim_kind { SIM_8254X, SIM_82574 };

struct sim_e1000;

/* NULL: no memory. */
struct sim_e1000 *sim_e1000_create(enum sim_kind kind, const struct sim_bus *bus, void *host);
void sim_e1000_free(struct sim_e1000 *s);
struct sim_faults *sim_e1000_faults(struct sim_e1000 *s);
/* The station address that is in its NVM. */
const uint8_t *sim_e1000_address(const struct sim_e1000 *s);
/* A bus reset. */
void sim_e1000_reset(struct sim_e1000 *s);

/* @offset: a multiple of 4 in BAR 0. */
uint32_t sim_e1000_read(struct sim_e1000 *s, uint32_t offset);
void sim_e1000_write(struct sim_e1000 *s, uint32_t offset, uint32_t value);
/* IOADDR and IODATA, at 0 and 4. */
uint32_t sim_e1000_port_read(struct sim_e1000 *s, uint32_t offset);
void sim_e1000_port_write(struct sim_e1000 *s, uint32_t offset, uint32_t value);

/* A frame of @len bytes without its check sequence comes on the wire; false: it was not stored. */
bool sim_e1000_receive(struct sim_e1000 *s, const uint8_t *frame, uint32_t len, bool bad_fcs);
/* One step of work; false: there is nothing to do, now or later. */
bool sim_e1000_step(struct sim_e1000 *s);
/* Step until there is nothing to do, at most @steps. */
void sim_e1000_run(struct sim_e1000 *s, unsigned steps);

#endif
