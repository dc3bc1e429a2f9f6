/*
 * tx_offload.c - what the guest wants the device to do to a frame must be what the frame's headers say
 *
 * A checksum is a write to the frame after it was judged, at a place and over bytes that the guest chooses.  So the
 * place must be that of the checksum that the headers have there, and what the device is told is taken from the
 * headers, never from the guest's descriptor.
 */
#include "devmodel/e1000/state.h"

#include <string.h>

#include "policy/rewrite.h"

enum { PROTO_TCP = 6, PROTO_UDP = 17 };
enum { IP4_HEADER = 20, IP4_CHECKSUM = 10, IP4_SOURCE = 12, IP6_HEADER = 40, IP6_SOURCE = 8, IP6_LENGTH = 4, IP6_HOPS = 7 };
enum { TCP_CHECKSUM = 16, UDP_CHECKSUM = 6 };
enum { TAG_BYTES = 4 };

/* A burst of 64 KiB in segments of 32 bytes. */
#define SEGMENTS_MAX	2048u

/* Legacy CSO and CSS; out of the frame's range IC does nothing (8254x manual, section 3.3.3.1). */
static void decode_legacy(const struct tx_frame *f, struct tx_wish *w)
{
	const struct tx_legacy *d = &f->last.legacy;

	w->sum = (d->cmd & TXD_IC) && d->css < f->len && d->cso + 1u < f->len;
	w->asked = (struct tx_context){ .tucss = d->css, .tucso = d->cso };
}

static void decode_data(const struct tx *t, struct tx_wish *w)
{
	const struct tx_data *d = &t->frame.first.data;

	w->segment = d->length_type >> TXD_CMD_SHIFT & TXD_TSE;
	w->ip_sum = d->popts & POPTS_IXSM;
	w->sum = d->popts & POPTS_TXSM;
	w->asked = w->segment ? t->segment_context : t->context;
}

/*
 * Of a burst VLE, IFCS and the tag are the first descriptor's, else the last one's (8254x manual, section 3.3.7.1).
 * The command byte and `special` are where they are in a data descriptor in the legacy one, too.
 */
void tx_decode_wish(const struct e1000 *n, const struct tx *t, struct tx_wish *w)
{
	const struct tx_frame *f = &t->frame;
	const union tx_desc *d;

	*w = (struct tx_wish){ 0 };
	if (f->first.legacy.cmd & TXD_DEXT)
		decode_data(t, w);
	else
		decode_legacy(f, w);
	d = w->segment ? &f->first : &f->last;
	w->tagged = (d->legacy.cmd & TXD_VLE) && (n->ctrl & CTRL_VME);
	w->tag = d->legacy.special;
	w->fcs = w->tagged || (d->legacy.cmd & TXD_IFCS);
}

static uint32_t checksum_at(const struct packet *p)
{
	return p->l4 + (p->l4_proto == PROTO_TCP ? TCP_CHECKSUM : UDP_CHECKSUM);
}

/* What follows the transport's bytes is not summed: 0 is the frame's end, else the last byte. */
static uint32_t sum_end(const struct packet *p, uint32_t len)
{
	uint32_t end = p->l4 + p->l4_len;

	return end < len ? end - 1 : 0;
}

static bool sum_is_asked(const struct tx_wish *w, const struct packet *p, uint32_t len)
{
	const struct tx_context *c = &w->asked;
	uint32_t shift = w->tagged ? TAG_BYTES : 0;
	uint32_t end = c->tucse + shift;

	if (p->l4_proto != PROTO_TCP && p->l4_proto != PROTO_UDP)
		return false;
	return c->tucss + shift == p->l4 && c->tucso + shift == checksum_at(p) &&
	       (c->tucse == 0 || end == len - 1 || end == p->l4 + p->l4_len - 1);
}

static bool ip_sum_is_asked(const struct tx_wish *w, const struct packet *p)
{
	const struct tx_context *c = &w->asked;
	uint32_t shift = w->tagged ? TAG_BYTES : 0;

	return c->ipcss + shift == p->l3 && c->ipcso + shift == p->l3 + IP4_CHECKSUM &&
	       c->ipcse + shift == p->l3 + p->l3_len - 1;
}

/*
 * A burst is one TCP segment of any size, all of which is its payload behind the headers: lengths in it that say less
 * would be overwritten, and padding become payload.
 */
static bool burst_is_asked(const struct tx_wish *w, const struct packet *p, bool four, uint32_t len)
{
	const struct tx_context *c = &w->asked;
	uint32_t shift = w->tagged ? TAG_BYTES : 0;
	uint32_t payload = c->paylen_type & TXD_LENGTH_MASK, cmd = c->paylen_type >> TXD_CMD_SHIFT;
	uint32_t segment = payload < c->mss ? payload : c->mss;
	uint32_t segments = c->mss ? (payload + c->mss - 1) / c->mss : 0;

	return p->l4_proto == PROTO_TCP && (cmd & TUCMD_TCP) && !(cmd & TUCMD_IP) == !four &&
	       w->sum && w->ip_sum == four && c->ipcss + shift == p->l3 &&
	       c->hdrlen + shift == p->payload && p->frame_len == len &&
	       payload == len - p->payload && segments > 0 && segments <= SEGMENTS_MAX &&
	       p->payload + segment <= TX_PACKET_MAX;
}

/* The device's own context; false where its fields are too narrow, which the tag can make them. */
static bool write_context(const struct tx_wish *w, bool four, uint32_t len, struct tx_offload *o)
{
	const struct packet *p = &o->packet;
	struct tx_context *c = &o->context;
	uint32_t cmd = TXD_DEXT, l4 = w->sum || w->segment ? p->l4 : p->l3 + p->l3_len;	/* a fragment has none */

	if (l4 + TCP_CHECKSUM > UINT8_MAX || (w->segment && p->payload > UINT8_MAX))
		return false;
	*c = (struct tx_context){ .ipcss = (uint8_t)p->l3, .tucss = (uint8_t)l4 };
	if (four) {
		c->ipcso = (uint8_t)(p->l3 + IP4_CHECKSUM);
		c->ipcse = (uint16_t)(p->l3 + p->l3_len - 1);
		cmd |= TUCMD_IP;
	}
	if (w->sum) {
		c->tucso = (uint8_t)checksum_at(p);
		c->tucse = (uint16_t)sum_end(p, len);
	}
	if (p->l4_proto == PROTO_TCP)
		cmd |= TUCMD_TCP;
	if (w->segment) {
		cmd |= TXD_TSE;
		c->hdrlen = (uint8_t)p->payload;
		c->mss = w->asked.mss;
		c->paylen_type = len - p->payload;
	}
	c->paylen_type |= DTYP_CONTEXT << TXD_DTYP_SHIFT | cmd << TXD_CMD_SHIFT;
	return true;
}

bool tx_check_offload(const struct tx_wish *w, const uint8_t *frame, uint32_t captured, uint32_t len,
		      struct tx_offload *o)
{
	struct packet *p = &o->packet;
	struct hv_ctx ctx;
	bool four;

	o->needed = w->segment || w->ip_sum || w->sum;
	if (!o->needed)
		return true;
	packet_parse(frame, captured, len, 0, NULL, &ctx, p);
	four = ctx.ip_version == 4;
	if (!w->fcs || p->malformed || (!four && ctx.ip_version != 6))
		return false;
	if ((w->sum || w->segment) && (p->frag != FRAG_NONE || p->l4 == PACKET_NO_OFFSET))
		return false;
	if ((w->sum && !sum_is_asked(w, p, len)) || (w->ip_sum && (!four || !ip_sum_is_asked(w, p))) ||
	    (w->segment && !burst_is_asked(w, p, four, len)))
		return false;
	o->popts = (w->ip_sum ? POPTS_IXSM : 0) | (w->sum ? POPTS_TXSM : 0);
	return write_context(w, four, len, o);
}

static void put_be16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/*
 * Behind a routing header or a home address option other addresses count than the header's.  Which, need not be known:
 * where nothing of it all is another, the guest's seed is right as it was.
 */
static uint32_t take_headers(const struct packet *p, const uint8_t *frame, uint8_t *headers)
{
	uint32_t len = p->l4 - p->l3 - IP6_LENGTH;

	memcpy(headers, frame + p->l3 + IP6_LENGTH, len);
	headers[IP6_HOPS - IP6_LENGTH] = 0;	/* it counts in no sum */
	return len;
}

static bool has_extension(const struct tx_offload *o, const uint8_t *frame)
{
	return o->needed && o->popts & POPTS_TXSM && frame[o->packet.l3] >> 4 == 6 && o->packet.l3_len != IP6_HEADER;
}

void tx_keep_seed(const struct tx_offload *o, const uint8_t *frame, struct tx_seed *s)
{
	s->len = 0;
	if (!has_extension(o, frame))
		return;
	s->len = take_headers(&o->packet, frame, s->headers);
	memcpy(&s->value, frame + checksum_at(&o->packet), sizeof(s->value));
}

static bool give_seed(const struct tx_offload *o, const struct tx_seed *s, uint8_t *frame)
{
	uint8_t headers[sizeof(s->headers)];
	uint32_t len = take_headers(&o->packet, frame, headers);

	if (len != s->len || memcmp(headers, s->headers, len) != 0)
		return false;
	memcpy(frame + checksum_at(&o->packet), &s->value, sizeof(s->value));
	return true;
}

/*
 * The device sums what the checksum fields hold as well: 0 in the IPv4 header; in the transport's the pseudo header's
 * sum, without the length for a burst, of whose segments the device knows it (8254x manual, section 3.5).
 */
bool tx_renew_seeds(const struct tx_offload *o, const struct tx_seed *s, uint8_t *frame)
{
	const struct packet *p = &o->packet;
	bool segment = o->context.paylen_type >> TXD_CMD_SHIFT & TXD_TSE;
	uint8_t pseudo[36];	/* addresses, length, protocol */
	uint32_t addresses;

	if (o->popts & POPTS_IXSM)
		put_be16(frame + p->l3 + IP4_CHECKSUM, 0);
	if (!(o->popts & POPTS_TXSM))
		return true;
	if (has_extension(o, frame))
		return give_seed(o, s, frame);
	if (frame[p->l3] >> 4 == 4) {
		addresses = 8;
		memcpy(pseudo, frame + p->l3 + IP4_SOURCE, addresses);
	} else {
		addresses = 32;
		memcpy(pseudo, frame + p->l3 + IP6_SOURCE, addresses);
	}
	put_be16(pseudo + addresses, segment ? 0 : p->l4_len);
	put_be16(pseudo + addresses + 2, p->l4_proto);
	put_be16(frame + checksum_at(p), checksum(pseudo, addresses + 4));
	return true;
}
