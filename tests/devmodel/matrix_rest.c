/*
 * matrix_rest.c - what the matrix has no column for: ways to report, two queues, loopback, taking over, other rings
 */
#include "tests/devmodel/matrix.h"

#include <string.h>

static uint8_t frame[SPEC_FRAME_MAX];

static uint32_t build(uint32_t i, uint32_t len, const uint8_t *station)
{
	struct spec s = { .protocol = 17, .salt = (uint8_t)i, .dport = (uint16_t)(2000 + i), .station = station };

	s.payload = len - spec_headers(&s);
	return spec_build(&s, frame);
}

static void check(struct endpoint *e, const char *what)
{
	tap_case(e->m->complaints == 0, "%s: %s", what, e->m->complaint);
	tap_case(!e->d.bad_desc, "%s: a descriptor that no device writes", what);
}

/*
 * Each descriptor of the ring is written back, or not, as the device itself does it.  With a threshold it is the
 * device's affair which of those that do not ask are (8254x manual, TXDCTL: "some"); in frames of which one asks, the
 * model leaves them out.
 */
static void report(uint16_t device, uint8_t cmd, uint32_t txdctl, uint32_t tidv, const char *name)
{
	struct driver_config c = { .txdctl = txdctl, .ims = INT_TXDW };
	struct driver_send how = { .data = true, .pieces = 3, .cmd = cmd };
	struct endpoint *e[2] = { endpoint_new(device, NULL), endpoint_new(device, verdicts[4].policy) };
	struct spec s = { .protocol = 6, .payload = 500, .sums = SUMS_SEED };
	struct tx_context ctx = spec_context(&s, 0);
	uint32_t len = spec_build(&s, frame);
	uint8_t *ring[2];

	how.context = &ctx;
	how.popts = POPTS_IXSM | POPTS_TXSM;
	for (unsigned i = 0; i < 2; i++) {
		driver_start(&e[i]->d, &c);
		driver_write(&e[i]->d, E1000_TIDV, tidv);
		ring[i] = machine_memory(e[i]->m, e[i]->d.tx[0].ring, 64 * DESC_BYTES);
		for (unsigned k = 0; k < 5; k++)
			driver_send(&e[i]->d, frame, len, &how);
		machine_run(e[i]->m, 5);
		tap_case(e[i]->m->line, "%s: no interrupt", name);
		driver_read(&e[i]->d, E1000_ICR);
	}
	for (unsigned k = 0; k < 64; k++) {
		uint32_t at = k * DESC_BYTES + TXD_STATUS_AT;
		bool asks = !txdctl || ring[0][at - 1] & (TXD_RS | TXD_RPS);

		tap_case(ring[1][at] == (asks ? ring[0][at] : 0), "%s: descriptor %u has status %x for %x", name, k, ring[1][at], ring[0][at]);
	}
	for (unsigned i = 0; i < 2; i++) {
		check(e[i], name);
		endpoint_free(e[i]);
	}
}

static void two_queues(void)
{
	for (unsigned v = 0; v < VERDICTS; v++) {
		struct endpoint *e = endpoint_new(0x10d3, verdicts[v].policy);
		struct driver_config c = { .queues = 2, .ims = INT_TXDW };
		uint32_t sent[2] = { 0 }, done[2] = { 0 }, seen[2] = { 0 };
		uint64_t seed = v;

		driver_start(&e->d, &c);
		e->m->restless = v;
		for (unsigned i = 0; i < 400; i++) {
			unsigned q = random_below(&seed, 2);
			struct driver_send how = { .queue = q, .pieces = 2 };

			if (driver_send(&e->d, frame, build(sent[q] + q * 1000, 400, NULL), &how))
				sent[q]++;
			if (i % 5 == 0 && i < 390)
				continue;
			machine_tick(e->m);
			if (e->m->line && driver_read(&e->d, E1000_ICR)) {
				done[0] += driver_reclaim(&e->d, 0);
				done[1] += driver_reclaim(&e->d, 1);
			}
		}
		for (uint32_t i = 0; i < e->m->wire.count; i++) {
			uint32_t number = ((uint32_t)e->m->wire.at[i].bytes[36] << 8 | e->m->wire.at[i].bytes[37]) - 2000u;
			unsigned q = number >= 1000;

			tap_case(number == seen[q] + q * 1000u, "frame %u of queue %u is number %u", seen[q], q, number);
			seen[q]++;
		}
		for (unsigned q = 0; q < 2; q++)
			tap_case(done[q] == sent[q] && seen[q] == sent[q], "%s: queue %u: %u sent, %u reported, %u on the wire",
				 verdicts[v].name, q, sent[q], done[q], seen[q]);
		check(e, "two queues");
		endpoint_free(e);
	}
	tap_claim("tx 10d3 both queues: each in its order, all reported");
}

static void loopback(uint16_t device)
{
	for (unsigned v = 0; v < VERDICTS; v++) {
		struct endpoint *e = endpoint_new(device, verdicts[v].policy);
		struct driver_config c = { .rctl = 1u << 6 | RCTL_UPE | RCTL_SECRC };
		struct driver_send how = { 0 };

		driver_start(&e->d, &c);
		for (unsigned i = 0; i < 100; i++) {
			uint32_t len = build(i, 1024, NULL);

			driver_send(&e->d, frame, len, &how);
			machine_run(e->m, 5);
			tap_case(driver_receive(&e->d) && e->d.frame.len == len && !memcmp(e->d.frame.bytes, frame, len),
				 "frame %u does not come back", i);
			tap_case(driver_reclaim(&e->d, 0) == 1, "frame %u is not reported", i);
		}
		check(e, "loopback");
		endpoint_free(e);
	}
	tap_claim("loopback %04x: what goes out comes in", device);
}

static void own_fcs(uint16_t device)
{
	for (unsigned v = 0; v < VERDICTS; v++) {
		struct endpoint *e = endpoint_new(device, verdicts[v].policy);
		struct driver_config c = { 0 };
		struct driver_send how = { .no_fcs = true, .pieces = 3 };

		driver_start(&e->d, &c);
		for (unsigned wrong = 0; wrong < 2; wrong++) {
			uint32_t len = build(1, 700, NULL), crc = UINT32_MAX;

			for (uint32_t k = 0; k < len; k++) {
				crc ^= frame[k];
				for (int bit = 0; bit < 8; bit++)
					crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
			}
			crc = ~crc ^ wrong;
			for (unsigned k = 0; k < 4; k++)
				frame[len + k] = (uint8_t)(crc >> 8 * k);
			driver_send(&e->d, frame, len + 4, &how);
			machine_run(e->m, 5);
			tap_case(driver_reclaim(&e->d, 0) == 1, "it is not reported");
			/* a wrong one is dropped: nobody would take it */
			tap_case(e->m->wire.count == 1 && e->m->wire.at[0].len + (e->m->wire.at[0].fcs ? 4 : 0) == len + 4 &&
				 !memcmp(e->m->wire.at[0].bytes, frame, len), "the wire");
		}
		check(e, "own FCS");
		endpoint_free(e);
	}
	tap_claim("tx %04x with a check sequence of its own: it leaves if that is right", device);
}

/* RCTL.SBP: frames that the device found bad come as it says. */
static void bad_packets(uint16_t device)
{
	for (unsigned bits = 0; bits < 4; bits++) {
		struct endpoint *e[2] = { endpoint_new(device, NULL), endpoint_new(device, verdicts[4].policy) };
		struct driver_config c = { .rctl = (bits & 1 ? RCTL_SBP : 0) | (bits & 2 ? RCTL_SECRC : 0) };
		bool got[2];

		for (unsigned i = 0; i < 2; i++) {
			uint32_t len;

			driver_start(&e[i]->d, &c);
			len = build(1, 700, e[i]->d.address);
			sim_e1000_receive(e[i]->m->sim, frame, len, true);
			machine_run(e[i]->m, 5);
			got[i] = driver_receive(&e[i]->d);
			check(e[i], "bad packets");
		}
		tap_case(got[0] == !!(bits & 1) && got[1] == got[0], "%u: %u came for %u", bits, got[1], got[0]);
		if (got[0] && got[1]) {
			const struct driver_frame *a = &e[0]->d.frame, *b = &e[1]->d.frame;

			/* a wrong check sequence would be four bytes that nobody judged: the model puts the right one there */
			tap_case(a->len == b->len && !memcmp(a->bytes, b->bytes, 700), "%u: the bytes", bits);
			tap_case(a->errors == b->errors && a->status == b->status, "%u: %02x %02x for %02x %02x", bits, b->status,
				 b->errors, a->status, a->errors);
		}
		endpoint_free(e[0]);
		endpoint_free(e[1]);
	}
	tap_claim("rx %04x of bad packets: as the device says, where they are asked for", device);
}

/* The driver has the device itself, with frames on their way both ways, when the model comes between. */
static void take_over(uint16_t device)
{
	for (unsigned v = 0; v < VERDICTS; v++) {
		for (unsigned before = 0; before < 12; before++) {
			struct endpoint *e = endpoint_new(device, NULL);
			struct driver_config c = { .rctl = RCTL_SECRC, .rx_count = 16, .tx_count = 16, .tx_start = 14, .rx_start = 13,
						   .rx_buffer = 1024 };
			struct driver_send how = { .pieces = 2 };
			uint32_t sent = 0, done = 0, came = 0, got = 0;

			driver_start(&e->d, &c);
			for (unsigned i = 0; i < 40; i++) {
				if (driver_send(&e->d, frame, build(sent, 300, NULL), &how))
					sent++;
				if (sim_e1000_receive(e->m->sim, frame, build(came, 400, e->d.address), false))
					came++;
				if (i == before)
					machine_shadow(e->m, verdicts[v].policy);
				if (i % 3 == 2)
					machine_run(e->m, 5);
				done += driver_reclaim(&e->d, 0);
				while (driver_receive(&e->d)) {
					build(got, 400, e->d.address);
					tap_case(e->d.frame.len == 400 && !memcmp(e->d.frame.bytes, frame, 400), "frame %u", got);
					got++;
				}
			}
			machine_run(e->m, 10);
			done += driver_reclaim(&e->d, 0);
			for (; driver_receive(&e->d); got++)
				machine_run(e->m, 5);
			tap_case(done == sent && e->m->wire.count == sent, "%s, after %u: %u sent, %u reported, %u on the wire",
				 verdicts[v].name, before, sent, done, e->m->wire.count);
			tap_case(got == came, "%s, after %u: %u of %u came", verdicts[v].name, before, got, came);
			check(e, "take-over");
			endpoint_free(e);
		}
	}
	tap_claim("take-over %04x: a running driver's frames go on, in order, none lost, none twice", device);
}

/* Another ring while frames are under way: they are not reported to the new one. */
static void other_ring(uint16_t device)
{
	for (unsigned v = 0; v < VERDICTS; v++) {
		struct endpoint *e = endpoint_new(device, verdicts[v].policy);
		struct driver_config c = { .rctl = RCTL_SECRC };
		struct driver_send how = { .pieces = 2 };
		uint8_t *ring;

		driver_start(&e->d, &c);
		sim_e1000_faults(e->m->sim)->late = 50;
		for (unsigned i = 0; i < 10; i++)
			driver_send(&e->d, frame, build(i, 300, NULL), &how);
		sim_e1000_run(e->m->sim, 5);
		e->d.tx[0].ring += 0x8000;
		ring = machine_memory(e->m, e->d.tx[0].ring, 64 * DESC_BYTES);
		memset(ring, 0, 64 * DESC_BYTES);
		driver_write(&e->d, E1000_TDBAL, (uint32_t)e->d.tx[0].ring);
		driver_write(&e->d, E1000_TDH, 0);
		driver_write(&e->d, E1000_TDT, 0);
		e->d.tx[0].next = e->d.tx[0].clean = 0;
		machine_run(e->m, 10);
		for (unsigned i = 0; i < 64 * DESC_BYTES; i++)
			tap_case(ring[i] == 0, "byte %u of the new ring", i);
		machine_clear(e->m);
		driver_send(&e->d, frame, build(77, 300, NULL), &how);
		machine_run(e->m, 10);
		tap_case(driver_reclaim(&e->d, 0) == 1 && e->m->wire.count == 1, "the new ring does not work");
		check(e, "other ring");
		endpoint_free(e);
	}
	tap_claim("tx %04x another ring: what was under way in the old one is not reported in the new one", device);
}

static void nvm(uint16_t device)
{
	struct endpoint *e[2] = { endpoint_new(device, NULL), endpoint_new(device, verdicts[0].policy) };
	struct driver_config c = { 0 };
	bool new = device == 0x10d3;

	driver_start(&e[0]->d, &c);
	driver_start(&e[1]->d, &c);
	for (unsigned i = 0; i < 64; i++) {
		tap_case(driver_eerd(&e[0]->d, i, new) == driver_eerd(&e[1]->d, i, new), "word %u by EERD", i);
		if (!new)
			tap_case(driver_microwire(&e[0]->d, i) == driver_microwire(&e[1]->d, i), "word %u by EECD: %x for %x", i,
				 driver_microwire(&e[1]->d, i), driver_microwire(&e[0]->d, i));
	}
	check(e[1], "NVM");
	endpoint_free(e[0]);
	endpoint_free(e[1]);
	tap_claim("nvm %04x: the words are the device's, by register and by wire", device);
}

void matrix_rest(void)
{
	for (unsigned f = 0; f < FAMILIES; f++) {
		report(families[f], 0, 0, 0, "RS on the last");
		report(families[f], TXD_RS, 0, 0, "RS on all");
		report(families[f], TXD_RPS, 0, 0, "RPS on all");
		report(families[f], TXD_IDE, 0, 0, "IDE without a delay");
		report(families[f], TXD_IDE, 0, 100, "IDE");
		report(families[f], 0, 4u << DCTL_WTHRESH_SHIFT | DCTL_GRAN, 0, "WTHRESH");
		report(families[f], TXD_IDE, 1u << DCTL_WTHRESH_SHIFT | DCTL_GRAN, 8, "WTHRESH and IDE");
		tap_claim("tx %04x reports: RS, RPS, IDE, write-back thresholds", families[f]);
		loopback(families[f]);
		own_fcs(families[f]);
		bad_packets(families[f]);
		take_over(families[f]);
		other_ring(families[f]);
		nvm(families[f]);
	}
	two_queues();
}
