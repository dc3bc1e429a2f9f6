/*
 * matrix_rx.c - the matrix's rows of reception: descriptor format, buffer size, length of frames
 */
#include "tests/devmodel/matrix.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FRAMES_MAX	12u

/* What the driver got. */
struct got {
	uint32_t count;
	struct driver_frame at[FRAMES_MAX];
};

struct row {
	bool extended;
	uint32_t buffer, len;
};

struct column {
	bool tagged, strip, crc, full, poll, high;
	unsigned verdict;
};

static struct endpoint *plain, *shadowed[VERDICTS];
static struct got wanted, got;

/* Frames of a case, as they come and as the policy leaves them; built when they are others than the last time. */
struct built {
	uint32_t row_len, len[FRAMES_MAX];
	bool tagged;
	enum effect effect;
	uint8_t bytes[FRAMES_MAX][16384];
};
static struct built came, left;

/* Of three frames the middle one is the policy's. */
static bool is_middle(uint32_t i)
{
	return i % 3 == 1;
}

static void build(struct built *b, const struct row *r, const struct column *c, enum effect effect, const uint8_t *station)
{
	static uint8_t frame[SPEC_FRAME_MAX];

	if (b->row_len == r->len && b->tagged == c->tagged && b->effect == effect)
		return;
	b->row_len = r->len;
	b->tagged = c->tagged;
	b->effect = effect;
	for (unsigned i = 0; i < FRAMES_MAX; i++) {
		struct spec s = { .protocol = 17, .tagged = c->tagged, .tag = 0x2345, .salt = (uint8_t)i, .station = station };

		s.payload = r->len - spec_headers(&s);
		s.text_at = s.payload - (uint32_t)strlen(MATRIX_TEXT);
		s.text_at = s.text_at > 1400 ? 1400 : s.text_at;
		if (is_middle(i)) {
			matrix_mark(&s);
			matrix_apply(&s, effect);
		}
		b->len[i] = spec_build(&s, frame);
		memcpy(b->bytes[i], frame, b->len[i]);
	}
}

static void take(struct endpoint *e, struct got *g)
{
	while (driver_receive(&e->d) && g->count < FRAMES_MAX)
		g->at[g->count++] = e->d.frame;
}

/* The driver looks when it is interrupted, or (poll) all the time at memory alone. */
static void work(struct endpoint *e, const struct column *c, struct got *g)
{
	machine_tick(e->m);
	if (c->poll) {
		take(e, g);
	} else if (e->m->line) {
		driver_read(&e->d, E1000_ICR);
		take(e, g);
	}
}

static void receive(struct endpoint *e, const struct row *r, const struct column *c, bool apply, struct got *g)
{
	struct driver_config config = {
		.rx_count = c->full ? 8 : 256, .rx_buffer = r->buffer, .extended = r->extended, .vme = c->strip, .tx_count = 8,
		.rx_start = c->full ? 5 : 254, .rxcsum = 0x300, .rctl = RCTL_LPE | (c->crc ? 0 : RCTL_SECRC), .high = c->high,
		.lazy = c->full, .ims = c->poll ? 0 : INT_RXT0 | INT_RXO | INT_RXDMT0,
	};
	unsigned frames = c->full && r->len < 1000 ? FRAMES_MAX : 3;
	enum effect effect = apply ? verdicts[c->verdict].effect : EFFECT_PASS;
	struct built *b = apply ? &left : &came;

	machine_clear(e->m);
	e->m->complaints = 0;
	g->count = 0;
	driver_start(&e->d, &config);
	build(b, r, c, effect, e->d.address);
	for (unsigned i = 0; i < frames; i++) {
		if (!is_middle(i) || effect != EFFECT_DROP)
			sim_e1000_receive(e->m->sim, b->bytes[i], b->len[i], false);
	}
	for (unsigned tick = 0; tick < 8; tick++)
		work(e, c, g);
	/* a ring of 8 that was full, until all have come */
	for (unsigned round = 0; c->full && round < 40; round++) {
		driver_refill(&e->d);
		work(e, c, g);
	}
}

/* Of a rewritten frame nothing is said of sums that the device saw. */
static bool same_status(const struct column *c, uint32_t i)
{
	const struct driver_frame *a = &got.at[i], *b = &wanted.at[i];

	enum effect effect = verdicts[c->verdict].effect;

	if (is_middle(i) && (effect == EFFECT_HEADER || effect == EFFECT_CONTENT))
		return a->status == ((b->status & (RXD_DD | RXD_EOP | RXD_VP)) | RXD_IXSM) && a->errors == 0;
	return a->status == b->status && a->errors == b->errors;
}

static void compare(const struct row *r, const struct column *c)
{
	struct endpoint *e = shadowed[c->verdict];
	char name[120];

	snprintf(name, sizeof(name), "%s%s%s%s %s %s", c->tagged ? "tagged" : "untagged", c->strip ? " strip" : "",
		 c->crc ? " crc" : "", c->full ? " full-ring" : "", c->poll ? "polled" : "interrupt",
		 verdicts[c->verdict].name);
	tap_case(e->m->complaints == 0, "%s: %s", name, e->m->complaint);
	tap_case(!e->d.bad_desc, "%s: a descriptor that no device writes", name);
	tap_case(got.count == wanted.count, "%s: %u frames of %u", name, got.count, wanted.count);
	for (uint32_t i = 0; i < got.count && i < wanted.count; i++) {
		const struct driver_frame *a = &got.at[i], *b = &wanted.at[i];

		tap_case(a->len == b->len && !memcmp(a->bytes, b->bytes, a->len), "%s: frame %u differs (%u bytes, %u)", name,
			 i, a->len, b->len);
		tap_case(same_status(c, i), "%s: frame %u has status %02x %02x for %02x %02x", name, i, a->status, a->errors,
			 b->status, b->errors);
		tap_case(a->tag == b->tag, "%s: frame %u has tag %04x for %04x", name, i, a->tag, b->tag);
		tap_case(a->checksum == b->checksum, "%s: frame %u has packet checksum %04x for %04x", name, i, a->checksum,
			 b->checksum);
		tap_case(a->pieces == b->pieces, "%s: frame %u is in %u buffers for %u", name, i, a->pieces, b->pieces);
	}
}

/* Verdicts of which one reading of a frame differs: what a policy needs is no matter for what comes. */
static const uint8_t kinds[] = { 0, 2, 3, 5, 6 };

static void row(unsigned family, const struct row *r)
{
	for (unsigned bits = 0; bits < 16; bits++) {
		for (unsigned v = 0; v < sizeof(kinds); v++) {
			struct column c = { .tagged = bits & 1, .strip = bits & 2, .crc = bits & 4, .full = bits & 8,
					    .high = (bits + v) & 1, .verdict = kinds[v] };

			if (c.strip && !c.tagged)
				continue;
			receive(plain, r, &c, true, &wanted);
			tap_case(plain->m->complaints == 0, "without a model: %s", plain->m->complaint);
			for (unsigned poll = 0; poll < 2; poll++) {
				c.poll = poll;
				receive(shadowed[c.verdict], r, &c, false, &got);
				compare(r, &c);
			}
		}
	}
	tap_claim("rx %04x %s buffers of %u, frames of %u", families[family], r->extended ? "extended" : "legacy", r->buffer,
		  r->len);
}

static void rows(unsigned family, bool extended)
{
	static const uint32_t buffers[] = { 256, 512, 1024, 2048, 4096, 8192, 16384, 3072 };
	static const uint32_t lens[] = { 60, 1514, 1518, 9000, 16110 };

	for (unsigned b = 0; b < (families[family] == 0x10d3 ? 8u : 7u); b++) {
		for (unsigned l = 0; l < 5; l++) {
			struct row r = { .extended = extended, .buffer = buffers[b], .len = lens[l] };

			row(family, &r);
		}
	}
}

void matrix_rx(void)
{
	for (unsigned f = 0; f < FAMILIES; f++) {
		plain = endpoint_new(families[f], NULL);
		for (unsigned v = 0; v < VERDICTS; v++)
			shadowed[v] = endpoint_new(families[f], verdicts[v].policy);
		rows(f, false);
		if (families[f] == 0x10d3)
			rows(f, true);
		endpoint_free(plain);
		for (unsigned v = 0; v < VERDICTS; v++)
			endpoint_free(shadowed[v]);
	}
}
