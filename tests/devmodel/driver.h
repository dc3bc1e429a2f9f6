/*
 * driver.h - a small e1000 driver of the tests' own
 *
 * It knows registers by one function and guest memory by another, and so runs on the simulated NIC as it is or on
 * the model over it.  All that it does is what a right driver may do; the odd and hostile is the tests'.
 */
#ifndef TESTS_DEVMODEL_DRIVER_H
#define TESTS_DEVMODEL_DRIVER_H

#include <stdbool.h>
#include <stdint.h>

#include "devmodel/e1000/desc.h"
#include "devmodel/e1000/regs.h"

#define DRIVER_QUEUES	2u
#define DRIVER_RING_MAX	4096u

struct driver_config {
	unsigned queues;		/* for transmission; 0: 1 */
	uint32_t tx_count, rx_count;	/* descriptors; 0: 64 */
	uint32_t tx_start, rx_start;	/* indices that rings begin at */
	uint32_t rctl;			/* bits besides EN, BAM and the buffers' size */
	uint32_t rx_buffer;		/* bytes; 0: 2048; no power of two: RCTL.FLXBUF */
	bool extended;			/* receive descriptors */
	bool vme;			/* tags are stripped and inserted */
	uint32_t rxcsum, txdctl, ims;	/* registers; TXDCTL without COUNT_DESC is as the reset has it */
	bool high;			/* rings and buffers lie beyond 4 GiB */
	bool lazy;			/* buffers go back to the ring by driver_refill() alone */
};

/* How a frame is handed over. */
struct driver_send {
	bool data;			/* data descriptors, else legacy ones */
	const struct tx_context *context;	/* written in front of it */
	uint8_t popts;
	bool burst;
	bool ic;			/* legacy: checksum from css at cso */
	uint8_t css, cso;
	bool tagged;			/* VLE */
	uint16_t tag;
	unsigned queue, pieces;		/* pieces 0: 1 */
	uint8_t cmd;			/* more command bits, of all descriptors: TXD_RS, TXD_RPS, TXD_IDE */
	bool no_fcs;			/* the frame has its own check sequence */
	bool hold;			/* TDT is not written yet */
};

struct driver_frame {
	uint8_t bytes[16384 + 64];
	uint32_t len, pieces;
	uint16_t checksum, tag;
	uint8_t status, errors;
};

struct driver {
	void (*access)(void *host, uint32_t offset, unsigned size, bool write, uint64_t *value);
	uint8_t *(*memory)(void *host, uint64_t gpa, uint32_t len);
	void *host;
	struct driver_config c;
	uint8_t address[6];
	struct driver_tx {
		uint64_t ring;
		uint32_t next, clean;
		bool last[DRIVER_RING_MAX];	/* descriptor ends a frame */
		uint32_t frames;		/* sent and not yet told to be done */
	} tx[DRIVER_QUEUES];
	uint64_t rx_ring, rx_buffers, tx_buffers;
	uint32_t tx_used;		/* bytes of the buffers' area */
	uint32_t rx_next, rx_refill;
	struct driver_frame frame;	/* in hand, or complete */
	bool rx_more;			/* the frame in hand goes on */
	bool bad_desc;			/* a descriptor that no device writes */
};

uint32_t driver_read(struct driver *d, uint32_t offset);
void driver_write(struct driver *d, uint32_t offset, uint32_t value);

/* Reset, read the address, set rings up, enable. */
void driver_start(struct driver *d, const struct driver_config *c);
/* As drivers unload: masks, disables, resets. */
void driver_stop(struct driver *d);
/* The NVM's word by EERD; by EECD's four wires.  0xdead: it is not ready. */
uint16_t driver_eerd(struct driver *d, unsigned word, bool new);
uint16_t driver_microwire(struct driver *d, unsigned word);
/* False: no room in the ring. */
bool driver_send(struct driver *d, const uint8_t *frame, uint32_t len, const struct driver_send *how);
void driver_doorbell(struct driver *d, unsigned q);
/* Frames of which descriptors say that they are done; their descriptors are free again. */
uint32_t driver_reclaim(struct driver *d, unsigned q);
/* The next frame, in d->frame. */
bool driver_receive(struct driver *d);
void driver_refill(struct driver *d);

#endif
