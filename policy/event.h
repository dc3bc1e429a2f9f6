/*
 * event.h - text of events, put together in a bounded buffer
 */
#ifndef POLICY_EVENT_H
#define POLICY_EVENT_H

#include <stddef.h>
#include <stdint.h>

#include "policy/context.h"
#include "policy/field.h"
#include "policy/transfer.h"

#define EVENT_TEXT_MAX		512u	/* bytes of an event's text, its NUL included */
#define EVENT_MATCH_MAX		64u	/* bytes of a match that are shown */
#define EVENT_RANGES_MAX	4u	/* ranges of a TRIM that are shown */

/* What does not fit any more is cut off; the text always ends with a NUL. */
struct text {
	char *at;
	uint32_t len, size;	/* size >= 1 */
};

void text_init(struct text *t, char *buffer, uint32_t size);
void text_bytes(struct text *t, const void *bytes, size_t len);
void text_string(struct text *t, const char *s);
void text_number(struct text *t, uint64_t n);
void text_hex(struct text *t, uint64_t n, unsigned digits);
void text_ip4(struct text *t, uint32_t address);
void text_ip6(struct text *t, uint64_t hi, uint64_t lo);	/* RFC 5952 */
void text_mac(struct text *t, uint64_t mac);
/* Printable ASCII as it is, a backslash doubled, any other byte as \xHH. */
void text_escaped(struct text *t, const uint8_t *bytes, size_t len);
/* A field as people write it, "-" when @ctx lacks it; @transfer gives disk.range. */
void text_field(struct text *t, const struct hv_ctx *ctx, const struct transfer *transfer,
		enum hv_field field);

#endif
