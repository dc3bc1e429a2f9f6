/*
 * ring.c - what the guest's ring registers say
 */
#include "devmodel/e1000/state.h"

#define LEN_BITS	0xfff80u	/* RDLEN, TDLEN: 19:7 */

uint32_t guest_ring_count(const struct guest_ring *r)
{
	uint32_t count = (r->len & LEN_BITS) / DESC_BYTES;

	return count <= RING_MAX && r->head < count && r->tail < count ? count : 0;
}
