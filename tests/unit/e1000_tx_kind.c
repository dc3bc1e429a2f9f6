/*
 * e1000_tx_kind.c - frames whose checksums the device is asked for
 */
#include "tests/unit/e1000_tx_kind.h"

#include "tests/unit/sum.h"

/* ---- what it is made of ---- */

uint32_t l3_of(const struct kind *k)
{
	return 14 + 4 * k->tags;
}

uint32_t l4_of(const struct kind *k)
{
	return l3_of(k) + (k->six ? 40 : 20) + k->ip_options;
}

uint32_t payload_of(const struct kind *k)
{
	return l4_of(k) + (k->proto == TCP ? 20 + k->tcp_options : 8);
}

uint32_t sum_of(const struct kind *k)
{
	return l4_of(k) + (k->proto == TCP ? 16 : 6);
}

uint32_t seed_of(const struct frame *f, const struct kind *k, bool with_length)
{
	uint32_t l3 = l3_of(k), n = k->six ? 16 : 4, len = with_length ? f->len - l4_of(k) : 0;
	const uint8_t *src = f->bytes + l3 + (k->six ? 8 : 12);

	return scratch_transport(src, src + n, n, k->proto, NULL, 0, len);
}

struct frame *build(const struct kind *k)
{
	static struct frame f;
	uint32_t body = payload_of(k) - l4_of(k) + k->payload;

	f.len = 0;
	put_hex(&f, "020000000002 020000000001");
	for (uint32_t i = 0; i < k->tags; i++)
		put_hex(&f, "8100 0064");
	put_be(&f, k->six ? 0x86dd : 0x0800, 2);
	if (k->six)
		put_ipv6(&f, k->proto, k->burst ? 0 : body);
	else
		put_ipv4(&f, k->proto, body, 0, k->ip_options);
	if (!k->six && k->burst)
		set_be16(&f, l3_of(k) + 2, 0);
	if (k->proto == TCP)
		put_tcp(&f, k->tcp_options);
	else
		put_udp(&f, body);
	for (uint32_t i = 0; i < k->payload; i++)
		put_be(&f, i * 11 + (i >> 8), 1);
	set_be16(&f, sum_of(k), seed_of(&f, k, !k->burst));
	return &f;
}

struct tx_context context_of(const struct kind *k, uint16_t mss)
{
	struct tx_context c = {
		.ipcss = (uint8_t)l3_of(k), .ipcso = (uint8_t)(l3_of(k) + 10), .ipcse = (uint16_t)(l4_of(k) - 1),
		.tucss = (uint8_t)l4_of(k), .tucso = (uint8_t)sum_of(k),
	};
	uint32_t cmd = (k->proto == TCP ? TUCMD_TCP : 0) | (k->six ? 0 : TUCMD_IP);

	if (mss) {
		cmd |= TXD_TSE;
		c.hdrlen = (uint8_t)payload_of(k);
		c.mss = mss;
		c.paylen_type = k->payload;
	}
	c.paylen_type |= cmd << TXD_CMD_SHIFT;
	return c;
}

unsigned popts_of(const struct kind *k)
{
	return k->six ? POPTS_TXSM : BOTH;
}

enum e1000_counter fate(void)
{
	enum e1000_counter found = E1000_COUNTERS;

	tx_lab_kick(0);
	tx_lab_run();
	for (uint32_t c = 0; c < E1000_RX_PASSED; c++) {
		if (c == E1000_TX_BYTES || c == E1000_TX_REWRITTEN || lab.n.counter[c] == 0)
			continue;
		ck_assert(found == E1000_COUNTERS && lab.n.counter[c] == 1);
		found = (enum e1000_counter)c;
	}
	memset(lab.n.counter, 0, sizeof(lab.n.counter));
	return found;
}

enum e1000_counter send_with(const struct frame *f, struct tx_context c, unsigned popts, unsigned cmd)
{
	tx_lab_context(0, c);
	tx_lab_data(0, tx_lab_bytes(f->bytes, f->len), f->len, TX_LAST | cmd, popts);
	return fate();
}

struct sent *last(void)
{
	ck_assert_uint_gt(lab.sent_count, 0);
	return &lab.sent[lab.sent_count - 1];
}

void check_sum(const struct sent *s, const struct kind *k)
{
	uint32_t l3 = l3_of(k), l4 = l4_of(k), n = k->six ? 16 : 4;
	const uint8_t *src = s->bytes + l3 + (k->six ? 8 : 12);

	ck_assert_uint_eq(scratch_transport(src, src + n, n, k->proto, s->bytes + l4, s->len - l4, s->len - l4),
			  0xffff);
}

void check_ip_sum(const struct sent *s, const struct kind *k)
{
	ck_assert_uint_eq(scratch_sum(0, s->bytes + l3_of(k), l4_of(k) - l3_of(k)), 0xffff);
}

void send_data(const struct frame *f, unsigned popts, unsigned cmd)
{
	tx_lab_data(0, tx_lab_bytes(f->bytes, f->len), f->len, TX_LAST | cmd, popts);
}

enum e1000_counter send_tagged(const struct kind *k, uint16_t mss)
{
	struct frame *f = build(k);

	tx_lab_context(0, context_of(k, mss));
	tx_lab_put(0, (union tx_desc){ .data = {
		.buffer = tx_lab_bytes(f->bytes, f->len), .special = 0x64, .popts = (uint8_t)popts_of(k),
		.length_type = f->len | DTYP_DATA << TXD_DTYP_SHIFT |
			       (TX_LAST | TXD_DEXT | TXD_VLE | (mss ? TXD_TSE : 0u)) << TXD_CMD_SHIFT } });
	return fate();
}
