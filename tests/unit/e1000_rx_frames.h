/*
 * e1000_rx_frames.h - frames that a policy has something to say about, for the tests of the receive queue
 */
#ifndef TESTS_E1000_RX_FRAMES_H
#define TESTS_E1000_RX_FRAMES_H

#include "tests/unit/e1000_rx_lab.h"
#include "tests/unit/frame.h"

#define POLICY(rules) \
	"policy \"in\" version 1; pattern word = \"password\"; on net in default pass { " rules " }"
#define MASK	POLICY("a: payload has word -> rewrite word with \"*\";")

static struct frame f;

static inline void collect(void)
{
	rx_collect(&lab.n, false);
}

/* UDP to port 53 with @payload bytes, the last ones @text; @tag: with a VLAN tag, of this VLAN. */
static inline struct frame *udp(unsigned tag, uint32_t payload, const char *text)
{
	uint32_t text_len;

	f.len = 0;
	put_eth(&f, tag ? 0x8100 : 0x0800);
	if (tag) {
		put_be(&f, 0x6000 | tag, 2);
		put_be(&f, 0x0800, 2);
	}
	put_ipv4(&f, 17, 8 + payload, 0, 0);
	put_udp(&f, 8 + payload);
	text_len = (uint32_t)strlen(text);
	put_fill(&f, '.', payload - text_len);
	memcpy(f.bytes + f.len, text, text_len);
	f.len += text_len;
	return &f;
}

static inline void comes(const struct frame *x)
{
	ck_assert(rx_lab_wire(x->bytes, x->len));
}

static inline void expect_same(const struct frame *x)
{
	ck_assert(rx_lab_next(&lab.got));
	ck_assert_uint_eq(lab.got.len, x->len);
	ck_assert_int_eq(memcmp(lab.got.bytes, x->bytes, x->len), 0);
}

#endif
