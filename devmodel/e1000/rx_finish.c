/*
 * rx_finish.c - a frame that passed, as the guest asked to have it: CRC, VLAN tag, checksum bits
 */
#include "devmodel/e1000/state.h"

#include <string.h>

#include "policy/rewrite.h"

#define TAG_AT		12u	/* bytes: behind two addresses */
#define TAG_BYTES	4u
#define TAGGED_MIN	18u	/* an Ethernet header and a tag */

enum { RXCSUM_PCSS = 0xff };

static uint16_t be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

/* Behind the frame is room for it.  It is of the frame as it was judged: as on the wire, unless rewritten. */
static void append_crc(struct e1000 *n, struct rx_frame *f)
{
	uint32_t crc = crc32(&n->rx.crc, f->at, f->len);

	memcpy(f->at + f->len, &crc, sizeof(crc));
	f->len += CRC32_BYTES;
}

/* 8254x manual, section 9.4: the device does not do it, so that the judge sees the tag. */
static bool take_tag(const struct rx_target *t, struct rx_frame *f)
{
	if (f->len < TAGGED_MIN || be16(f->at + TAG_AT) != t->vet)
		return false;
	f->vlan = be16(f->at + TAG_AT + 2);
	f->status |= RXD_VP;
	memmove(f->at + TAG_BYTES, f->at, TAG_AT);
	f->at += TAG_BYTES;
	f->len -= TAG_BYTES;
	return true;
}

void rx_finish(struct e1000 *n, const struct rx_target *t, const struct rx_written *w, bool rewritten)
{
	struct rx_frame *f = &n->rx.frame;
	bool changed = rewritten || t->crc;

	f->status = w->status & (RXD_IXSM | RXD_UDPCS | RXD_TCPCS | RXD_IPCS | RXD_PIF);
	f->errors = w->errors;
	/* the first descriptor has it (8254x manual, section 3.2.3), or the last one, as in QEMU */
	f->checksum = f->in_buffer || w->checksum ? w->checksum : n->rx.checksum;
	if (rewritten) {
		/* what the device has checked is not what is there now */
		f->status = (f->status & RXD_PIF) | RXD_IXSM;
		f->errors &= (uint8_t)~(RXE_IPE | RXE_TCPE);
		n->counter[E1000_RX_REWRITTEN]++;
	}
	if (t->crc)
		append_crc(n, f);
	if (t->strip)
		changed |= take_tag(t, f);
	/* it starts at RXCSUM.PCSS of what the guest gets, and the CRC counts if the guest gets it (section 13.4.50) */
	if (changed && f->checksum) {
		uint32_t start = dev_read(n, E1000_RXCSUM) & RXCSUM_PCSS;

		f->checksum = start < f->len ? (uint16_t)~checksum(f->at + start, f->len - start) : 0;
	}
}
