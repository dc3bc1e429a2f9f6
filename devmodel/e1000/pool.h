/*
 * pool.h - what lies where in the memory that the device may reach (internal)
 */
#ifndef DEVMODEL_E1000_POOL_H
#define DEVMODEL_E1000_POOL_H

#include "devmodel/e1000/desc.h"
#include "devmodel/e1000/e1000.h"

#define SHADOW_RX		512u		/* descriptors */
#define SHADOW_TX		512u
#define RX_BUFFER		2048u		/* bytes of a receive buffer: RCTL.BSIZE 00b */
#define FRAME_MAX		16384u		/* bytes of a received frame: RCTL.LPE (8254x manual, section 3.2.2) */
#define TX_BYTES		(512u << 10)	/* copies of frames on their way, of a queue */
#define OPEN_PAGE_BYTES		4096u
#define TX_FRAME_MAX		(0xffffu + 255u + 18u)	/* a burst: datagram, headers as HDRLEN can say, Ethernet and a tag */

enum {
	POOL_RX_RING = 0,
	POOL_RX_BUFFERS = POOL_RX_RING + SHADOW_RX * DESC_BYTES,
	POOL_RX_FRAME = POOL_RX_BUFFERS + SHADOW_RX * RX_BUFFER,	/* a frame of several buffers, in one piece */
	POOL_TX = POOL_RX_FRAME + FRAME_MAX + 4096,	/* behind the frame: its CRC */
	/* of each queue */
	POOL_TX_RING = 0,
	POOL_TX_BYTES = POOL_TX_RING + SHADOW_TX * DESC_BYTES,
	POOL_TX_QUEUE = POOL_TX_BYTES + TX_BYTES,
	POOL_OPEN_PAGE = POOL_TX + 2 * POOL_TX_QUEUE,	/* the guest's to read and write, and nothing else is in it */
	POOL_END = POOL_OPEN_PAGE + OPEN_PAGE_BYTES,
};

_Static_assert(POOL_END <= E1000_POOL_BYTES, "the pool holds all of it");
_Static_assert(POOL_OPEN_PAGE % OPEN_PAGE_BYTES == 0, "what the guest reaches is a page of its own");

#endif
