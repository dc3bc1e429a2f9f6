/*
 * matrix_tx.c - the matrix's rows of transmission: descriptor kind, pieces, offload
 */
#include "tests/devmodel/matrix.h"

#include <stdio.h>
#include <string.h>

/* What the driver asks of the device besides sending. */
struct offload {
	const char *name;
	bool legacy, data;	/* kinds of descriptors that know it */
	struct spec s;
	uint16_t mss;		/* a burst */
	bool vlan;		/* the device inserts a tag */
	uint8_t popts;
	bool ic;
};

#define IXTX	(POPTS_IXSM | POPTS_TXSM)

static const struct offload offloads[] = {
	{ "none", true, true, .s = { .protocol = 17, .payload = 300 } },
	{ "none tagged", true, true, .s = { .protocol = 6, .six = true, .tagged = true, .tag = 7, .payload = 1400 } },
	{ "ic udp4", true, false, .s = { .protocol = 17, .payload = 301, .sums = SUMS_HALF }, .ic = true },
	{ "ic tcp4", true, false, .s = { .protocol = 6, .payload = 900, .sums = SUMS_HALF }, .ic = true },
	{ "ic tcp6", true, false, .s = { .protocol = 6, .six = true, .payload = 901, .sums = SUMS_HALF }, .ic = true },
	{ "vlan", true, true, .s = { .protocol = 17, .payload = 300 }, .vlan = true },
	{ "vlan ic tcp4", true, false, .s = { .protocol = 6, .payload = 900, .sums = SUMS_HALF }, .ic = true, .vlan = true },
	{ "csum udp4", false, true, .s = { .protocol = 17, .payload = 700, .sums = SUMS_SEED }, .popts = IXTX },
	{ "csum tcp4", false, true, .s = { .protocol = 6, .payload = 701, .sums = SUMS_SEED }, .popts = IXTX },
	{ "csum tcp4 without ip", false, true, .s = { .protocol = 6, .payload = 701, .sums = SUMS_HALF },
	  .popts = POPTS_TXSM },
	{ "csum udp6", false, true, .s = { .protocol = 17, .six = true, .payload = 702, .sums = SUMS_SEED },
	  .popts = POPTS_TXSM },
	{ "csum tcp6", false, true, .s = { .protocol = 6, .six = true, .payload = 703, .sums = SUMS_SEED },
	  .popts = POPTS_TXSM },
	{ "csum tcp4 tagged", false, true,
	  .s = { .protocol = 6, .tagged = true, .tag = 0x6003, .payload = 703, .sums = SUMS_SEED }, .popts = IXTX },
	{ "vlan csum tcp4", false, true, .s = { .protocol = 6, .payload = 701, .sums = SUMS_SEED }, .popts = IXTX,
	  .vlan = true },
	{ "vlan csum udp6", false, true, .s = { .protocol = 17, .six = true, .payload = 701, .sums = SUMS_SEED },
	  .popts = POPTS_TXSM, .vlan = true },
	{ "jumbo csum tcp4", false, true, .s = { .protocol = 6, .payload = 8900, .sums = SUMS_SEED }, .popts = IXTX },
	{ "tso4", false, true, .s = { .protocol = 6, .payload = 4001, .sums = SUMS_BURST }, .mss = 1000, .popts = IXTX },
	{ "tso6", false, true, .s = { .protocol = 6, .six = true, .payload = 4001, .sums = SUMS_BURST }, .mss = 1000,
	  .popts = POPTS_TXSM },
	{ "tso4 of one segment", false, true, .s = { .protocol = 6, .payload = 400, .sums = SUMS_BURST }, .mss = 1460,
	  .popts = IXTX },
	{ "tso4 tagged", false, true, .s = { .protocol = 6, .tagged = true, .tag = 5, .payload = 3000, .sums = SUMS_BURST },
	  .mss = 1000, .popts = IXTX },
	{ "tso4 of 64 KiB", false, true, .s = { .protocol = 6, .payload = 65000, .sums = SUMS_BURST }, .mss = 1460,
	  .popts = IXTX },
	{ "vlan tso4", false, true, .s = { .protocol = 6, .payload = 4001, .sums = SUMS_BURST }, .mss = 1000,
	  .popts = IXTX, .vlan = true },
	{ "vlan tso6", false, true, .s = { .protocol = 6, .six = true, .payload = 4001, .sums = SUMS_BURST },
	  .mss = 1000, .popts = POPTS_TXSM, .vlan = true },
};

static struct endpoint *plain[FAMILIES], *shadowed[FAMILIES][VERDICTS];
static uint8_t frame[SPEC_FRAME_MAX];

struct row {
	const struct offload *o;
	bool data;
	unsigned pieces;
};

/* The driver looks when it is interrupted, or (without masks) at memory alone. */
static bool work(struct endpoint *e)
{
	bool line;

	machine_tick(e->m);
	line = e->m->line;
	if (line)
		driver_read(&e->d, E1000_ICR);
	driver_reclaim(&e->d, 0);
	return line;
}

/* Hand one frame over; the device works whenever the ring is full. */
static bool send_one(struct endpoint *e, const struct row *r, const struct spec *s)
{
	const struct offload *o = r->o;
	struct tx_context c = spec_context(s, o->mss);
	struct driver_send how = {
		.data = r->data, .pieces = r->pieces, .popts = o->popts, .burst = o->mss, .tagged = o->vlan, .tag = 0x3042,
		.context = r->data && o->popts ? &c : NULL, .ic = o->ic, .css = c.tucss, .cso = c.tucso,
	};
	uint32_t len = spec_build(s, frame);

	for (int tries = 0; tries < 20; tries++) {
		if (driver_send(&e->d, frame, len, &how))
			return true;
		work(e);
	}
	return false;
}

static bool send_three(struct endpoint *e, const struct row *r, enum effect effect, bool apply)
{
	bool sent = true;

	for (unsigned i = 0; i < 3; i++) {
		struct spec s = r->o->s;

		s.salt = (uint8_t)i;
		s.text_at = r->o->mss && r->o->mss < s.payload ? r->o->mss - 5u : 11;
		if (i == 1) {
			matrix_mark(&s);
			if (apply && effect == EFFECT_DROP)
				continue;
			if (apply)
				matrix_apply(&s, effect);
		}
		sent &= send_one(e, r, &s);
	}
	return sent;
}

/* What is on the wire when the device has the driver itself, and the policy's work is done beforehand. */
static void expect(struct endpoint *e, const struct row *r, enum effect effect)
{
	struct driver_config c = { .vme = r->o->vlan };

	machine_clear(e->m);
	driver_start(&e->d, &c);
	send_three(e, r, effect, true);
	machine_run(e->m, 2);
	tap_case(e->m->complaints == 0, "without a model: %s", e->m->complaint);
}

static void one(const struct row *r, unsigned family, unsigned v, const struct driver_config *c)
{
	struct endpoint *e = shadowed[family][v], *reference = plain[family];
	char name[120];
	bool sent, line;

	snprintf(name, sizeof(name), "%04x ring-%u%s%s %s", families[family], c->tx_count, c->tx_start ? " wrap" : "",
		 c->high ? " high" : "", verdicts[v].name);
	machine_clear(e->m);
	e->m->complaints = 0;
	driver_start(&e->d, c);
	sent = send_three(e, r, verdicts[v].effect, false);
	line = work(e);
	work(e);
	tap_case(sent, "%s: the ring stays full", name);
	tap_case(e->d.tx[0].frames == 0, "%s: %u frames are not reported", name, e->d.tx[0].frames);
	tap_case(driver_read(&e->d, E1000_TDH) == e->d.tx[0].next, "%s: TDH", name);
	tap_case(line == (c->ims != 0) && !e->m->line, "%s: interrupt", name);
	tap_case(e->m->complaints == 0, "%s: %s", name, e->m->complaint);
	tap_case(frames_equal(&e->m->wire, &reference->m->wire), "%s: the wire has other frames (%u for %u)", name,
		 e->m->wire.count, reference->m->wire.count);
}

static void row(const struct row *r)
{
	static const uint32_t rings[] = { 8, 64, 4096 };

	for (unsigned v = 0; v < VERDICTS; v++) {
		for (unsigned family = 0; family < FAMILIES; family++) {
			expect(plain[family], r, verdicts[v].effect);
			for (unsigned i = 0; i < 6; i++) {
				struct driver_config c = { .vme = r->o->vlan, .tx_count = rings[i % 3], .rx_count = 8,
							   .tx_start = i < 3 ? 0 : rings[i % 3] - 2, .high = (i + v) & 1,
							   .ims = i & 1 ? INT_TXDW : 0 };

				one(r, family, v, &c);
			}
		}
	}
	tap_claim("tx %s %u-segment%s %s", r->data ? "data" : "legacy", r->pieces, r->pieces == 1 ? "" : "s", r->o->name);
}

static bool room_is_short(const struct driver *d)
{
	return (d->tx[0].clean + d->c.tx_count - d->tx[0].next - 1) % d->c.tx_count < 8;
}

/* A frame of any row, at random; the context of one like it may hold on. */
static bool send_any(struct endpoint *e, uint64_t *seed, const struct tx_context **last, enum effect effect, bool apply)
{
	static struct tx_context contexts[sizeof(offloads) / sizeof(offloads[0])];
	uint32_t i = random_below(seed, sizeof(offloads) / sizeof(offloads[0]));
	const struct offload *o = &offloads[i];
	struct driver_send how = { .data = o->data && (!o->legacy || random_below(seed, 2)), .popts = o->popts,
				   .burst = o->mss, .tagged = o->vlan, .tag = (uint16_t)i, .ic = o->ic,
				   .pieces = 1 + random_below(seed, 6) };
	struct spec s = o->s;
	bool marked = random_below(seed, 3) == 0, again = random_below(seed, 2);
	uint32_t len;

	s.salt = (uint8_t)*seed;
	s.text_at = 11;
	if (marked)
		matrix_mark(&s);
	contexts[i] = spec_context(&s, o->mss);
	how.css = contexts[i].tucss;
	how.cso = contexts[i].tucso;
	/* a context that goes with a dropped frame is not on the other side */
	again &= effect != EFFECT_DROP;
	if (how.data && o->popts && !(again && last[o->mss != 0] == &contexts[i])) {
		how.context = &contexts[i];
		last[o->mss != 0] = &contexts[i];
	}
	if (apply && marked && effect == EFFECT_DROP)
		return true;
	if (apply && marked)
		matrix_apply(&s, effect);
	len = spec_build(&s, frame);
	return driver_send(&e->d, frame, len, &how);
}

static void mix(unsigned family, unsigned v, uint64_t seed)
{
	static const uint32_t rings[] = { 16, 64, 256 };
	struct endpoint *e[2] = { plain[family], shadowed[family][v] };

	for (unsigned i = 0; i < 2; i++) {
		struct driver_config c = { .vme = true, .tx_count = rings[seed % 3], .high = seed & 1, .rx_count = 8 };
		const struct tx_context *last[2] = { NULL };
		uint64_t s = seed;

		machine_clear(e[i]->m);
		e[i]->m->complaints = 0;
		driver_start(&e[i]->d, &c);
		e[i]->m->restless = i ? seed : 0;
		for (unsigned k = 0; k < 60; k++) {
			while (room_is_short(&e[i]->d))
				work(e[i]);
			tap_case(send_any(e[i], &s, last, verdicts[v].effect, i == 0), "no room");
		}
		machine_run(e[i]->m, 5);
		driver_reclaim(&e[i]->d, 0);
		tap_case(e[i]->d.tx[0].frames == 0, "seed %u: %u are not reported", (unsigned)seed, e[i]->d.tx[0].frames);
		tap_case(e[i]->m->complaints == 0, "seed %u: %s", (unsigned)seed, e[i]->m->complaint);
		e[i]->m->restless = 0;
	}
	tap_case(frames_equal(&e[0]->m->wire, &e[1]->m->wire), "%04x seed %u, %s: %u frames for %u", families[family],
		 (unsigned)seed, verdicts[v].name, e[1]->m->wire.count, e[0]->m->wire.count);
}

void matrix_tx(void)
{
	static const unsigned pieces[] = { 1, 2, 3, 6 };

	for (unsigned f = 0; f < FAMILIES; f++) {
		plain[f] = endpoint_new(families[f], NULL);
		for (unsigned v = 0; v < VERDICTS; v++)
			shadowed[f][v] = endpoint_new(families[f], verdicts[v].policy);
	}
	for (unsigned data = 0; data < 2; data++) {
		for (unsigned p = 0; p < 4; p++) {
			for (unsigned o = 0; o < sizeof(offloads) / sizeof(offloads[0]); o++) {
				struct row r = { .o = &offloads[o], .data = data, .pieces = pieces[p] };

				if (data ? r.o->data : r.o->legacy)
					row(&r);
			}
		}
	}
	for (unsigned v = 0; v < VERDICTS; v++) {
		for (uint64_t seed = 1; seed <= 8; seed++)
			mix(seed & 1, v, seed * 977);
		tap_claim("tx all rows mixed at random, contexts used again, %s", verdicts[v].name);
	}
	for (unsigned f = 0; f < FAMILIES; f++) {
		endpoint_free(plain[f]);
		for (unsigned v = 0; v < VERDICTS; v++)
			endpoint_free(shadowed[f][v]);
	}
}
