/*
 * frames.c - frames for the tests, from what they are to be
 */
#include "tests/devmodel/frames.h"

#include <string.h>

#include "tests/unit/sum.h"

enum { ETHERNET = 14, TAG = 4 };

static void put16(uint8_t *at, uint32_t v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

static uint32_t l3_at(const struct spec *s)
{
	return ETHERNET + (s->tagged ? TAG : 0);
}

static uint32_t l4_at(const struct spec *s)
{
	return l3_at(s) + (s->six ? 40 : 20);
}

uint32_t spec_headers(const struct spec *s)
{
	return l4_at(s) + (s->protocol == 6 ? 20 : 8);
}

static void put_ethernet(const struct spec *s, uint8_t *f)
{
	static const uint8_t other[6] = { 2, 0, 0, 0, 0, 9 }, own[6] = { 0x52, 0x54, 0, 0x12, 0x34, 0x56 };

	if (s->broadcast)
		memset(f, 255, 6);
	else
		memcpy(f, s->station ? s->station : other, 6);
	memcpy(f + 6, s->station ? other : own, 6);
	if (s->tagged) {
		put16(f + 12, 0x8100);
		put16(f + 14, s->tag);
	}
	put16(f + l3_at(s) - 2, s->protocol == 0 ? 0x88b5 : s->six ? 0x86dd : 0x0800);
}

static void put_ip(const struct spec *s, uint8_t *ip, uint32_t l4_len)
{
	uint8_t dst = s->dst ? s->dst : 2;

	if (s->six) {
		memset(ip, 0, 40);
		ip[0] = 0x60;
		put16(ip + 4, s->sums == SUMS_BURST ? 0 : l4_len);
		ip[6] = s->protocol;
		ip[7] = 64;
		ip[8] = ip[24] = 0xfd;
		ip[23] = 1;
		ip[39] = dst;
		return;
	}
	memset(ip, 0, 20);
	ip[0] = 0x45;
	put16(ip + 2, s->sums == SUMS_BURST ? 0 : 20 + l4_len);
	put16(ip + 4, 0x1234);
	ip[6] = 0x40;
	ip[8] = 64;
	ip[9] = s->protocol;
	memcpy(ip + 12, (const uint8_t[]){ 10, 0, 0, 1, 10, 0, 0, dst }, 8);
	if (s->sums == SUMS_DONE || s->sums == SUMS_HALF)
		put16(ip + 10, 0xffff ^ scratch_sum(0, ip, 20));
}

static void put_l4(const struct spec *s, const uint8_t *ip, uint8_t *l4, uint32_t l4_len)
{
	uint32_t field = s->protocol == 6 ? 16 : 6, address = s->six ? 16 : 4, sum;
	const uint8_t *src = ip + (s->six ? 8 : 12);

	put16(l4, 3000);
	put16(l4 + 2, s->dport ? s->dport : 4000);
	if (s->protocol == 6) {
		memcpy(l4 + 4, (const uint8_t[]){ 0xff, 0xff, 0xf0, 0, 1, 2, 3, 4, 0x50, 0x19 }, 10);	/* FIN PSH ACK */
		put16(l4 + 14, 0x2000);
		put16(l4 + 18, 0);
	} else {
		put16(l4 + 4, s->sums == SUMS_BURST ? 0 : l4_len);
	}
	put16(l4 + field, 0);
	if (s->sums == SUMS_DONE) {
		sum = 0xffff ^ scratch_transport(src, src + address, address, s->protocol, l4, l4_len, l4_len);
		put16(l4 + field, sum == 0 && s->protocol == 17 ? 0xffff : sum);
		return;
	}
	sum = scratch_sum(s->protocol, src, 2 * address) + (s->sums == SUMS_BURST ? 0 : l4_len);
	put16(l4 + field, sum > 0xffff ? sum - 0xffff : sum);
}

uint32_t spec_build(const struct spec *s, uint8_t *to)
{
	uint32_t at = s->protocol ? spec_headers(s) : l3_at(s), l4_len;

	put_ethernet(s, to);
	for (uint32_t i = 0; i < s->payload; i++)
		to[at + i] = (uint8_t)(i * 7 + (i >> 8) + s->salt * 31);
	if (s->text)
		memcpy(to + at + s->text_at, s->text, strlen(s->text));
	if (s->protocol == 0)
		return at + s->payload;
	l4_len = at + s->payload - l4_at(s);
	put_ip(s, to + l3_at(s), l4_len);
	put_l4(s, to + l3_at(s), to + l4_at(s), l4_len);
	return at + s->payload;
}

struct tx_context spec_context(const struct spec *s, uint16_t mss)
{
	uint32_t l3 = l3_at(s), l4 = l4_at(s), cmd = 0;
	struct tx_context c = {
		.ipcss = (uint8_t)l3, .ipcso = (uint8_t)(l3 + 10), .ipcse = s->six ? 0 : (uint16_t)(l4 - 1),
		.tucss = (uint8_t)l4, .tucso = (uint8_t)(l4 + (s->protocol == 6 ? 16 : 6)), .tucse = 0,
	};

	cmd = TXD_DEXT | (s->six ? 0 : TUCMD_IP) | (s->protocol == 6 ? TUCMD_TCP : 0);
	if (mss) {
		cmd |= TXD_TSE;
		c.mss = mss;
		c.hdrlen = (uint8_t)spec_headers(s);
		c.paylen_type = s->payload;
	}
	c.paylen_type |= cmd << TXD_CMD_SHIFT;
	return c;
}
