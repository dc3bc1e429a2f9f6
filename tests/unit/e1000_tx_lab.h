/*
 * e1000_tx_lab.h - the transmit queues between a small driver and a fake device
 *
 * The driver writes descriptors into rings of a RAM of its own.  The device takes what its registers describe, asserts
 * that all of it is such as the model may write, and keeps each frame as it was fetched, before any offload.
 */
#ifndef TESTS_E1000_TX_LAB_H
#define TESTS_E1000_TX_LAB_H

#include "devmodel/e1000/state.h"
#include "tests/unit/frame.h"

#define RAM_BYTES	(4u << 20)
#define HOLE		(1u << 20)	/* the hypervisor's: no guest RAM */
#define HOLE_BYTES	(64u << 10)
#define RING_AT(q)	(0x20000u * ((q) + 1))
#define BUFFERS_AT	(2u << 20)

#define COUNTER(c)	lab.n.counter[E1000_##c]
#define TX_LAST		(TXD_EOP | TXD_IFCS | TXD_RS)

/* What the device was given for one frame. */
struct sent {
	uint8_t *bytes;
	uint32_t len;
	unsigned queue;
	bool has_context;
	struct tx_context context;
	uint32_t descs;			/* with data */
	uint32_t longest;		/* bytes of one */
	uint32_t first_len;
	uint32_t direct;		/* bytes from the guest's pages */
	uint8_t cmd, popts;		/* of the last one */
};

struct tx_lab {
	struct e1000 n;
	struct e1000_family family;
	struct devmodel d;
	struct devmodel_ops ops;
	struct net net;
	uint64_t transfers;
	uint32_t reg[E1000_BAR0_BYTES / 4];	/* the device's */
	uint32_t ics;				/* all causes written since the test looked */
	unsigned ics_writes, doorbells;
	uint8_t *ram;
	unsigned reads, writes;			/* of guest memory */
	uint32_t no_dma_from, no_dma_to;
	void (*after_read)(uint64_t at, uint32_t len);	/* another processor of the guest's */
	unsigned events;
	/* the driver */
	uint32_t ring[QUEUES_MAX], count[QUEUES_MAX], tail[QUEUES_MAX];
	uint32_t buffer;			/* where the next frame's bytes go */
	/* the device */
	uint32_t taken[QUEUES_MAX];		/* TDH */
	struct tx_context device_context;
	bool context_came;
	struct sent building;
	struct sent *sent;
	uint32_t sent_count, sent_room;
};

extern struct tx_lab lab;

/* Everything new, under @policy (text of hvc, NULL: one without a program for frames that leave). */
void tx_lab_reset(const char *policy);
/* The same under NULL; under a policy that looks at headers; at content. */
void tx_lab_begin(void);
void tx_lab_begin_headers(void);
void tx_lab_begin_content(void);
void tx_lab_end(void);
/* The same NIC becomes an 82574L: two queues. */
void tx_lab_82574(void);
/* Queue @q has a ring of @count descriptors, from index @first on; TCTL.EN is set. */
void tx_lab_up(unsigned q, uint32_t count, uint32_t first);

union tx_desc *tx_lab_desc(unsigned q, uint32_t index);
/* The next descriptor of the ring; TDT is not written.  Returns its index. */
uint32_t tx_lab_put(unsigned q, union tx_desc d);
uint32_t tx_lab_legacy(unsigned q, uint64_t at, uint32_t len, unsigned cmd);
uint32_t tx_lab_data(unsigned q, uint64_t at, uint32_t len, unsigned cmd, unsigned popts);
/* @c with DTYP, DEXT. */
uint32_t tx_lab_context(unsigned q, struct tx_context c);
/* @bytes into guest memory; where. */
uint64_t tx_lab_bytes(const uint8_t *bytes, uint32_t len);

/* A frame of @len bytes of no protocol, another for each @which; it is gone at the next call. */
const uint8_t *tx_lab_numbered(uint32_t which, uint32_t len);
uint64_t tx_lab_put_frame(uint32_t which, uint32_t len);
/* Such a frame goes into the ring in @pieces pieces, the last one with @last.  Returns that one's index. */
uint32_t tx_lab_send_in(unsigned q, uint32_t which, uint32_t len, uint32_t pieces, unsigned last);
uint32_t tx_lab_send_one(uint32_t which, uint32_t len);
/* What was sent as number @i is that frame. */
void tx_lab_expect(uint32_t i, uint32_t which, uint32_t len);
/* An IPv4 TCP frame of @len bytes in all. */
struct frame *tx_lab_tcp(uint32_t len);
/* One to port @port goes into queue 0, in one legacy descriptor.  Returns its index. */
uint32_t tx_lab_send_port(uint16_t port, uint32_t len, unsigned cmd);

/* TDT is written. */
void tx_lab_kick(unsigned q);
bool tx_lab_is_done(unsigned q, uint32_t index);

/* The device sends up to @frames frames of each queue, and writes back. */
void tx_lab_device(uint32_t frames);
/* ... all of them, and the guest reads ICR. */
void tx_lab_run(void);
/* What was sent as number @i from 0. */
const struct sent *tx_lab_sent(uint32_t i);

/* What the device does to @s by its context, which is not a burst's: sums. */
void tx_lab_finish(struct sent *s);

#endif
