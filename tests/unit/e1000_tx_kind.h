/*
 * e1000_tx_kind.h - frames whose checksums the device is asked for
 */
#ifndef TESTS_E1000_TX_KIND_H
#define TESTS_E1000_TX_KIND_H

#include "tests/unit/e1000_tx_lab.h"

#define BOTH	(POPTS_IXSM | POPTS_TXSM)

enum { TCP = 6, UDP = 17 };

/* What a frame is made of, and how it is asked for. */
struct kind {
	uint8_t proto;
	bool six;
	uint8_t tags;		/* in the frame itself */
	uint8_t ip_options, tcp_options;
	uint32_t payload;
	bool burst;		/* lengths 0, as Linux has them; the seed without length */
};

/* Offsets. */
uint32_t l3_of(const struct kind *k);
uint32_t l4_of(const struct kind *k);
uint32_t payload_of(const struct kind *k);
uint32_t sum_of(const struct kind *k);
/* The pseudo header's sum. */
uint32_t seed_of(const struct frame *f, const struct kind *k, bool with_length);

/* A frame with a seed in its transport checksum and 0 in that of IPv4; one at a time. */
struct frame *build(const struct kind *k);
/* The context that says so; @mss 0: no burst. */
struct tx_context context_of(const struct kind *k, uint16_t mss);
unsigned popts_of(const struct kind *k);

/* A data descriptor with @f, or this with @c in front of it, or with a tag to be put in besides, goes into queue 0. */
void send_data(const struct frame *f, unsigned popts, unsigned cmd);
enum e1000_counter send_with(const struct frame *f, struct tx_context c, unsigned popts, unsigned cmd);
enum e1000_counter send_tagged(const struct kind *k, uint16_t mss);
/* TDT is written, the device runs: how the one frame ended, E1000_TX_PASSED or why it was dropped. */
enum e1000_counter fate(void);

/* What was sent last. */
struct sent *last(void);
/* Checksums of a finished frame are right. */
void check_sum(const struct sent *s, const struct kind *k);
void check_ip_sum(const struct sent *s, const struct kind *k);

#endif
