/*
 * sim_e1000_offload.c - the simulated NIC's checksums and segmentation
 *
 * The device knows offsets, not protocols, on its way out: what a context descriptor says is done, right or wrong
 * (8254x manual, sections 3.3.5 and 3.5).  On its way in it looks for itself (section 3.2.9).
 */
#include "replay/sim_e1000_parts.h"

#include <string.h>

uint32_t sim_sum(uint32_t sum, const uint8_t *bytes, uint32_t len)
{
	uint64_t s = sum;

	for (uint32_t i = 0; i + 1 < len; i += 2)
		s += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	if (len & 1)
		s += (uint32_t)bytes[len - 1] << 8;
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return (uint32_t)s;
}

uint16_t sim_fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static uint32_t get16(const uint8_t *at)
{
	return (uint32_t)at[0] << 8 | at[1];
}

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* IEEE 802.3, section 3.2.9 */
uint32_t sim_crc(const uint8_t *bytes, uint32_t len)
{
	static uint32_t table[256];
	uint32_t crc = UINT32_MAX;

	if (!table[1]) {
		for (uint32_t i = 0; i < 256; i++) {
			uint32_t c = i;

			for (int bit = 0; bit < 8; bit++)
				c = c & 1 ? c >> 1 ^ 0xedb88320 : c >> 1;
			table[i] = c;
		}
	}
	while (len--)
		crc = table[(crc ^ *bytes++) & 0xff] ^ crc >> 8;
	return ~crc;
}

/* Sum from @start to @end (inclusive; 0: the end) into the two bytes at @to, which are summed too: they hold a seed. */
static bool insert(uint8_t *frame, uint32_t len, uint32_t start, uint32_t end, uint32_t to, bool udp)
{
	uint32_t stop = end && end + 1 < len ? end + 1 : len;
	uint16_t sum;

	if (start >= stop || to + 1 >= len)
		return false;
	sum = (uint16_t)~sim_sum(0, frame + start, stop - start);
	put16(frame + to, sum == 0 && udp ? 0xffff : sum);
	return true;
}

void sim_insert_legacy(uint8_t *frame, uint32_t len, uint8_t css, uint8_t cso)
{
	insert(frame, len, css, 0, cso, false);
}

void sim_insert_sums(struct sim_e1000 *s, uint8_t *frame, uint32_t len, const struct tx_context *c, uint8_t popts)
{
	bool udp = !(c->paylen_type >> TXD_CMD_SHIFT & TUCMD_TCP);

	if (popts & POPTS_IXSM && !insert(frame, len, c->ipcss, c->ipcse, c->ipcso, false))
		s->bus->complain(s->host, "an IP checksum is asked for outside the frame");
	if (popts & POPTS_TXSM && !insert(frame, len, c->tucss, c->tucse, c->tucso, udp))
		s->bus->complain(s->host, "a TCP or UDP checksum is asked for outside the frame");
}

/* Headers of the segment at @done of @paylen bytes, @payload long: sections 3.5.9.1 to 3.5.9.3. */
static void fix_headers(uint8_t *f, const struct tx_context *c, uint32_t done, uint32_t number, uint32_t payload, bool last)
{
	uint32_t cmd = c->paylen_type >> TXD_CMD_SHIFT;
	uint8_t *ip = f + c->ipcss, *l4 = f + c->tucss;
	uint32_t size = payload + c->hdrlen;

	if (cmd & TUCMD_IP) {
		put16(ip + 2, size - c->ipcss);
		put16(ip + 4, get16(ip + 4) + number);
	} else {
		put16(ip + 4, size - c->ipcss - 40);
	}
	if (cmd & TUCMD_TCP) {
		uint32_t seq = (get16(l4 + 4) << 16 | get16(l4 + 6)) + done;

		put16(l4 + 4, seq >> 16);
		put16(l4 + 6, seq);
		if (!last)
			l4[13] &= (uint8_t)~0x09;	/* FIN, PSH */
	} else {
		put16(l4 + 4, size - c->tucss);
	}
	/* the seed in the checksum field lacks the length (section 3.5.7) */
	if ((uint32_t)c->tucso + 2 <= c->hdrlen)
		put16(f + c->tucso, sim_fold(get16(f + c->tucso) + size - c->tucss));
}

void sim_segment(struct sim_e1000 *s, const uint8_t *burst, uint32_t len, const struct tx_context *c, uint8_t popts,
		 void (*send)(struct sim_e1000 *s, uint8_t *frame, uint32_t len, void *arg), void *arg)
{
	static uint8_t frame[SIM_FRAME_MAX];
	uint32_t paylen = c->paylen_type & TXD_LENGTH_MASK, number = 0;

	if (c->mss == 0 || c->hdrlen > len || paylen != len - c->hdrlen || c->ipcss + 20u > c->hdrlen ||
	    c->tucss + 8u > c->hdrlen || (c->paylen_type >> TXD_CMD_SHIFT & TUCMD_TCP && c->tucss + 20u > c->hdrlen)) {
		s->bus->complain(s->host, "a segmentation context that cannot be");
		return;
	}
	for (uint32_t done = 0, n; done < paylen; done += n, number++) {
		n = paylen - done < c->mss ? paylen - done : c->mss;
		memcpy(frame, burst, c->hdrlen);
		memcpy(frame + c->hdrlen, burst + c->hdrlen + done, n);
		fix_headers(frame, c, done, number, n, done + n == paylen);
		sim_insert_sums(s, frame, c->hdrlen + n, c, popts);
		send(s, frame, c->hdrlen + n, arg);
	}
	sim_count(s, SIM_TSCTC, 1);
}

struct found {
	uint32_t l3, l4, end;
	uint8_t protocol;
	bool six, whole;	/* whole: not a fragment */
};

static bool find_ip(const uint8_t *f, uint32_t len, struct found *at)
{
	uint32_t type = 12;

	*at = (struct found) { .whole = true };
	if (len > 18 && get16(f + type) == 0x8100)
		type += 4;
	at->l3 = type + 2;
	if (at->l3 + 20 > len)
		return false;
	if (get16(f + type) == 0x0800 && f[at->l3] >> 4 == 4) {
		uint32_t words = f[at->l3] & 15;

		at->l4 = at->l3 + words * 4;
		at->end = at->l3 + get16(f + at->l3 + 2);
		at->protocol = f[at->l3 + 9];
		at->whole = !(get16(f + at->l3 + 6) & 0x3fff);
		return words >= 5 && at->l4 <= at->end && at->end <= len;
	}
	if (get16(f + type) == 0x86dd && at->l3 + 40 <= len) {
		at->six = true;
		at->l4 = at->l3 + 40;
		at->end = at->l4 + get16(f + at->l3 + 4);
		at->protocol = f[at->l3 + 6];
		return at->end <= len;
	}
	return false;
}

void sim_check_sums(const struct sim_e1000 *s, const uint8_t *f, uint32_t len, uint8_t *status, uint8_t *errors)
{
	uint32_t on = sim_get(s, E1000_RXCSUM), sum;
	struct found at;

	if (!(on & (SIM_RXCSUM_IPOFL | SIM_RXCSUM_TUOFL)) || !find_ip(f, len, &at)) {
		*status |= RXD_IXSM;
		return;
	}
	if (on & SIM_RXCSUM_IPOFL && !at.six) {
		*status |= RXD_IPCS;
		if (sim_sum(0, f + at.l3, at.l4 - at.l3) != 0xffff)
			*errors |= SIM_RXE_IPE;
	}
	if (!(on & SIM_RXCSUM_TUOFL) || !at.whole)
		return;
	if (at.protocol != 6 && (at.protocol != 17 || at.l4 + 8 > at.end || !get16(f + at.l4 + 6)))
		return;
	*status |= RXD_TCPCS;
	sum = sim_sum(at.protocol, f + at.l3 + (at.six ? 8 : 12), at.six ? 32 : 8);
	sum = sim_sum(sim_fold(sum + (at.end - at.l4)), f + at.l4, at.end - at.l4);
	if (sim_fold(sum) != 0xffff)
		*errors |= SIM_RXE_TCPE;
}
