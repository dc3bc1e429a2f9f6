/*
 * frames.h - frames for the tests, from what they are to be
 */
#ifndef TESTS_DEVMODEL_FRAMES_H
#define TESTS_DEVMODEL_FRAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "devmodel/e1000/desc.h"

#define SPEC_FRAME_MAX	(70u << 10)

enum spec_sums {
	SUMS_DONE,	/* all checksums are right */
	SUMS_SEED,	/* IP 0, transport: sum of the pseudo-header, for the device to go on from */
	SUMS_HALF,	/* IP is right, transport as in SUMS_SEED */
	SUMS_BURST,	/* SUMS_SEED without the length, as segmentation wants it; the headers' lengths are 0 */
};

struct spec {
	uint8_t protocol;	/* 6, 17; 0: no IP, bytes alone */
	bool six;		/* IPv6 */
	bool tagged;
	uint16_t tag;
	uint16_t dport;		/* 0: 4000 */
	uint8_t dst;		/* last byte of the destination address, 0: 2 */
	enum spec_sums sums;
	uint32_t payload;	/* bytes */
	const char *text;	/* put into the payload at text_at */
	uint32_t text_at;
	uint8_t salt;		/* payloads of different salt differ */
	bool broadcast;		/* the destination is all stations, else @station */
	const uint8_t *station;	/* NULL: one of the other side's */
};

/* Bytes of the frame written at @to, which has room for SPEC_FRAME_MAX. */
uint32_t spec_build(const struct spec *s, uint8_t *to);
/* Bytes of headers: what HDRLEN must be. */
uint32_t spec_headers(const struct spec *s);
/* The offload context that a right driver writes for it; @mss 0: one frame, no burst. */
struct tx_context spec_context(const struct spec *s, uint16_t mss);

#endif
