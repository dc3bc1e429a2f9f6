/*
 * rx_finish.c - a frame that passed, as the guest asked to have it: CRC, VLAN tag, checksum bits
 */
#include "devmodel/e1000/state.h"

#include <string.h>

#include "policy/rewrite.h"

#define TAG_AT		12u	/* bytes: behind two addresses */
#define TAG_BYTES	4u
#define TAGGED_MIN	18u	/* an Ethernet header and a tag */

static uint16_t be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

/*
 * Behind the frame, where there is room for it, and where it is if it came.  It is of the frame as it was judged, on
 * the wire with its tag.
 */
static void append_crc(struct e1000 *n, struct rx_frame *f, bool rewritten)
{
	uint32_t crc;

	if (!n->rx.crc_comes || rewritten || f->errors) {
		crc = crc32(&n->rx.crc, f->at, f->len);
		memcpy(f->at + f->len, &crc, sizeof(crc));
	}
	f->len += CRC32_BYTES;
}

/* 8254x manual, chapter 9: the device does not do it, so that the judge sees the tag. */
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

/*
 * The packet checksum of a frame that is another than the device's, or has its CRC where the device's has not: it
 * begins at RXCSUM.PCSS of what is stored (8254x manual, section 13.4.50).
 */
static uint16_t packet_checksum(struct e1000 *n, const struct rx_frame *f, bool rewritten)
{
	uint32_t rxcsum = dev_read(n, E1000_RXCSUM), start = rxcsum & RXCSUM_PCSS;

	if (rxcsum & RXCSUM_IPPCSE)	/* in its place the IP payload's: the same without a tag */
		return rewritten ? 0 : f->checksum;
	return start < f->len ? (uint16_t)~checksum(f->at + start, f->len - start) : 0;
}

void rx_finish(struct e1000 *n, const struct rx_target *t, const struct rx_written *w, bool rewritten)
{
	struct rx_frame *f = &n->rx.frame;
	bool changed = rewritten || t->crc != n->rx.crc_comes;

	f->status = w->status & (RXD_IXSM | RXD_UDPCS | RXD_TCPCS | RXD_IPCS | RXD_PIF);
	f->errors = w->errors;
	/* the first descriptor has it (8254x manual, section 3.2.3), or the last one, as in QEMU */
	f->checksum = f->in_buffer || w->checksum ? w->checksum : n->rx.checksum;
	if (t->crc)
		append_crc(n, f, rewritten);
	if (rewritten) {
		/* what the device has checked is not what is there now */
		f->status = (f->status & RXD_PIF) | RXD_IXSM;
		f->errors &= (uint8_t)~(RXE_IPE | RXE_TCPE);
		n->counter[E1000_RX_REWRITTEN]++;
	}
	if (t->strip)
		changed |= take_tag(t, f);
	if (t->hash)
		f->checksum = 0;
	else if (changed && f->checksum)
		f->checksum = packet_checksum(n, f, rewritten);
}
