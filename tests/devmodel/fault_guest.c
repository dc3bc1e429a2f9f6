/*
 * fault_guest.c - the guest is hostile: widths, tails, loops, contexts, addresses, memory that changes
 *
 * Whatever it does, the model stays within its bounds, nothing that was not judged leaves, and afterwards it works.
 */
#include "tests/devmodel/fault.h"

#include <stdlib.h>
#include <string.h>

static uint8_t frame[70000];

static struct endpoint *start(unsigned policy, uint32_t tx_count)
{
	struct driver_config c = { .rctl = RCTL_SECRC | RCTL_LPE, .tx_count = tx_count };
	struct endpoint *e = endpoint_new(policy & 1 ? 0x100e : 0x10d3, fault_policy[policy]);

	driver_start(&e->d, &c);
	return e;
}

static void end(struct endpoint *e, const char *what)
{
	fault_check(e, what);
	fault_check_alive(e, what);
	endpoint_free(e);
}

static uint64_t count(const struct endpoint *e, enum e1000_counter c)
{
	return e1000_counter(e->m->model, c);
}

static void access(struct endpoint *e, uint32_t offset, unsigned size, uint64_t value)
{
	machine_access(e->m, offset, size, true, &value);
}

/* A descriptor put into queue 0's ring by hand. */
static void put(struct endpoint *e, union tx_desc desc)
{
	struct driver_tx *t = &e->d.tx[0];

	memcpy(machine_memory(e->m, t->ring + (uint64_t)t->next * DESC_BYTES, DESC_BYTES), &desc, DESC_BYTES);
	t->next = (t->next + 1) % e->d.c.tx_count;
}

static union tx_desc legacy(uint64_t at, uint32_t len, uint32_t cmd)
{
	return (union tx_desc){ .legacy = { .buffer = at, .length = (uint16_t)len, .cmd = (uint8_t)cmd } };
}

static union tx_desc data(uint64_t at, uint32_t len, uint32_t cmd)
{
	return (union tx_desc){ .data = { .buffer = at,
		.length_type = len | DTYP_DATA << TXD_DTYP_SHIFT | (cmd | TXD_DEXT) << TXD_CMD_SHIFT } };
}

static bool is_done(struct endpoint *e, uint32_t i)
{
	return machine_memory(e->m, e->d.tx[0].ring + (uint64_t)i * DESC_BYTES, DESC_BYTES)[TXD_STATUS_AT] & TXD_STATUS_DD;
}

static void test_narrow_store(void)
{
	static const uint32_t rings[] = { E1000_TDBAL, E1000_TDBAH, E1000_TDLEN, E1000_TDT, E1000_RDBAL, E1000_RDLEN };
	struct endpoint *e = start(1, 64);
	uint64_t before = count(e, E1000_WIDTH);
	uint32_t was[6];

	/* where receive rings' registers are no memory */
	driver_write(&e->d, E1000_RCTL, driver_read(&e->d, E1000_RCTL) & ~RCTL_EN);
	for (unsigned i = 0; i < 6; i++) {
		was[i] = driver_read(&e->d, rings[i]);
		for (unsigned at = 0; at < 4; at++)
			access(e, rings[i] + at, 1, 0xff);
		access(e, rings[i], 2, 0xffff);
		access(e, rings[i] + 2, 2, 0xffff);
		access(e, rings[i] + 1, 4, 0xffffffff);
		access(e, rings[i] + 3, 8, ~0ull);
		tap_case(driver_read(&e->d, rings[i]) == was[i], "register %x is %x for %x", rings[i],
			 driver_read(&e->d, rings[i]), was[i]);
	}
	tap_case(count(e, E1000_WIDTH) == before + 6 * 8, "they are not counted");
	end(e, "narrow stores");
	tap_claim("guest: an 8-bit store to TDBAL, and its like, leave the register as it is");
}

static void test_tails(void)
{
	static const uint32_t lens[] = { 4096, 0, 128, 0xfff80, 0xffffffff, 64 };

	for (unsigned i = 0; i < 6; i++) {
		struct endpoint *e = start(i % 3, 256);
		struct driver_send how = { 0 };
		uint64_t at = e->d.tx_buffers;

		/* each descriptor is a frame */
		memcpy(machine_memory(e->m, at, 300), frame, fault_frame(frame, 1, 300, NULL));
		for (uint32_t k = 0; k < 256; k++)
			put(e, legacy(at, 300, TXD_EOP | TXD_IFCS | TXD_RS));
		driver_write(&e->d, E1000_TDLEN, lens[i]);
		for (uint32_t tail = 0xffff; tail >= 256; tail = tail / 2 + (i & 1)) {
			driver_write(&e->d, E1000_TDT, tail);
			driver_write(&e->d, E1000_RDT, tail);
			sim_e1000_receive(e->m->sim, frame, fault_frame(frame, 1, 300, e->d.address), false);
			machine_run(e->m, 5);
		}
		driver_write(&e->d, E1000_TDH, 0xffff);
		driver_write(&e->d, E1000_TDT, 3);
		machine_run(e->m, 5);
		tap_case(e->m->wire.count == 0, "length %x: %u frames left", lens[i], e->m->wire.count);
		tap_case(!driver_receive(&e->d), "length %x: a frame came", lens[i]);
		tap_case(count(e, E1000_RING) > 0, "length %x: not counted", lens[i]);
		driver_write(&e->d, E1000_TDLEN, 4096);
		driver_write(&e->d, E1000_TDH, 0);
		driver_write(&e->d, E1000_TDT, 0);
		driver_send(&e->d, frame, fault_frame(frame, 1, 300, NULL), &how);
		machine_run(e->m, 5);
		tap_case(fault_wire_has(e->m, 0, 1, 2, 300), "length %x: the ring made right does not work", lens[i]);
		end(e, "tails");
	}
	tap_claim("guest: TDT=0xFFFF with TDLEN=4096, and other rings that cannot be, move nothing until made right");
}

/* Descriptors that never end a frame, round and round. */
static void test_loop(void)
{
	for (unsigned p = 0; p < POLICIES; p++) {
		for (unsigned kind = 0; kind < 5; kind++) {
			struct endpoint *e = start(p, 4096);
			union tx_desc context = { .context = { .mss = 1, .paylen_type = (uint32_t)TXD_DEXT << 24 } };
			uint64_t at = e->d.tx_buffers;

			for (uint32_t i = 0; i < 4096; i++) {
				switch (kind) {
				case 0: put(e, legacy(at, 100, TXD_RS)); break;
				case 1: put(e, data(at, 0xfffff, TXD_RS)); break;
				case 2: put(e, context); break;
				case 3: put(e, legacy(0, 0, TXD_RS)); break;
				case 4: put(e, data(at, 0, TXD_EOP)); break;
				}
			}
			for (uint32_t tail = 4095; tail > 0; tail -= 35) {
				driver_write(&e->d, E1000_TDT, tail);
				machine_tick(e->m);
			}
			machine_run(e->m, 5);
			tap_case(e->m->wire.count == 0, "kind %u: %u frames left", kind, e->m->wire.count);
			end(e, "loop");
		}
	}
	tap_claim("guest: rings of descriptors that never end a frame, contexts alone, nothing at all: bounded, and nothing leaves");
}

/* A burst that is right but for one thing. */
static struct tx_context wrong(unsigned what, struct spec *s, uint32_t *popts)
{
	struct tx_context c = spec_context(s, 1000);

	switch (what) {
	case 0: c.mss = 0; break;
	case 1: c.hdrlen = 0; break;
	case 2: c.hdrlen = 255; break;
	case 3: c.paylen_type -= 1; break;
	case 4: c.paylen_type &= 0xfff00000; break;
	case 5: c.paylen_type |= 0xfffff; break;
	case 6: c.mss = 1; break;
	case 7: c.ipcss += 4; break;
	case 8: c.ipcso += 2; break;
	case 9: c.ipcse = 0; break;
	case 10: c.tucss = 14; break;
	case 11: c.tucso = 200; break;
	case 12: c.tucso = 12; break;	/* the type */
	case 13: c.tucse = 60; break;
	case 14: c.paylen_type ^= (uint32_t)TUCMD_TCP << 24; break;
	case 15: c.paylen_type ^= (uint32_t)TUCMD_IP << 24; break;
	case 16: *popts = 0; break;
	case 17: s->protocol = 17; c = spec_context(s, 1000); break;
	case 18: s->payload = 65000; c = spec_context(s, 1); break;
	default: return (struct tx_context){ 0 };
	}
	return c;
}
#define WRONG	20u

static void test_context(void)
{
	for (unsigned p = 0; p < POLICIES; p++) {
		for (unsigned what = 0; what < WRONG; what++) {
			struct endpoint *e = start(p, 64);
			struct spec s = { .protocol = 6, .payload = 4001, .sums = SUMS_BURST };
			uint32_t popts = POPTS_IXSM | POPTS_TXSM, len;
			struct tx_context c = wrong(what, &s, &popts);
			struct driver_send how = { .data = true, .burst = true, .context = &c, .pieces = 3 };

			how.popts = (uint8_t)popts;
			len = spec_build(&s, frame);
			driver_send(&e->d, frame, len, &how);
			machine_run(e->m, 5);
			tap_case(e->m->wire.count == 0, "context %u: %u frames left", what, e->m->wire.count);
			tap_case(count(e, E1000_TX_OFFLOAD) == 1, "context %u is not counted", what);
			tap_case(driver_reclaim(&e->d, 0) == 1, "context %u: its descriptors are not done", what);
			end(e, "contexts");
		}
	}
	tap_claim("guest: MSS=0, and each other way a burst's context can lie: dropped, counted, its descriptors done");
}

/* A checksum that would be written elsewhere: offsets 0 to 255 of both kinds. */
static void test_offsets(void)
{
	for (unsigned p = 0; p < POLICIES; p++) {
		struct endpoint *e = start(p, 64);
		struct spec s = { .protocol = 17, .payload = 400, .sums = SUMS_HALF };
		uint32_t len = spec_build(&s, frame), sent = 0;

		for (unsigned offset = 0; offset < 256; offset++) {
			struct tx_context c = spec_context(&s, 0);
			struct driver_send how = { .ic = true, .css = 34, .cso = (uint8_t)offset };

			driver_send(&e->d, frame, len, &how);
			how = (struct driver_send){ .ic = true, .css = (uint8_t)offset, .cso = 40 };
			driver_send(&e->d, frame, len, &how);
			how = (struct driver_send){ .data = true, .popts = POPTS_TXSM, .context = &c };
			c.tucso = (uint8_t)offset;
			driver_send(&e->d, frame, len, &how);
			c.tucso = 40;
			c.tucss = (uint8_t)offset;
			driver_send(&e->d, frame, len, &how);
			machine_run(e->m, 3);
			sent += driver_reclaim(&e->d, 0);
		}
		tap_case(sent == 256 * 4, "%u are reported", sent);
		/* the right ones */
		tap_case(e->m->wire.count == 4, "%u frames left", e->m->wire.count);
		tap_case(count(e, E1000_TX_OFFLOAD) == 256 * 4 - 4, "%u counted", (unsigned)count(e, E1000_TX_OFFLOAD));
		end(e, "offsets");
	}
	tap_claim("guest: CSO, CSS, TUCSO and TUCSS that are not where the headers have the checksum: dropped and counted");
}

static const uint64_t nowhere[] = {
	RAM_HV, RAM_HV + RAM_HV_BYTES - 1, RAM_HV - 50, RAM_BYTES - 50, RAM_BYTES, RAM_HIGH - 50, RAM_HIGH + RAM_BYTES,
	RAM_HIGH + RAM_BYTES - 1, 0x7f00000000, 0x7f00000000 + 0x10000, 0x1000000000, 0xfee00000, ~0ull, ~0ull - 50,
	1ull << 63, 0xfffffffff000,
};
#define NOWHERE	(sizeof(nowhere) / sizeof(nowhere[0]))

static void test_buffers(void)
{
	for (unsigned p = 0; p < POLICIES; p++) {
		for (unsigned i = 0; i < NOWHERE; i++) {
			struct endpoint *e = start(p, 64);
			uint32_t len = fault_frame(frame, 1, 1000, NULL);
			uint64_t ok = e->d.tx_buffers;

			memset(e->m->ram.low + RAM_HV, 0xa5, RAM_HV_BYTES);
			memcpy(machine_memory(e->m, ok, len), frame, len);
			/* all of it, its end, its middle, in both kinds; a burst's length */
			put(e, legacy(nowhere[i], 200, TXD_EOP | TXD_RS | TXD_IFCS));
			put(e, legacy(ok, 900, 0));
			put(e, legacy(nowhere[i], 100, TXD_EOP | TXD_RS | TXD_IFCS));
			put(e, data(ok, 300, TXD_IFCS));
			put(e, data(nowhere[i], 300, TXD_IFCS));
			put(e, data(ok, 300, TXD_EOP | TXD_RS | TXD_IFCS));
			put(e, data(nowhere[i], 0xfffff, TXD_EOP | TXD_RS | TXD_IFCS));
			put(e, legacy(ok, 1000, TXD_EOP | TXD_RS | TXD_IFCS));
			driver_write(&e->d, E1000_TDT, e->d.tx[0].next);
			machine_run(e->m, 5);
			tap_case(e->m->wire.count == 1 && fault_wire_has(e->m, 0, 1, 2, 1000), "%llx: %u frames left",
				 (unsigned long long)nowhere[i], e->m->wire.count);
			tap_case(is_done(e, 0) && is_done(e, 2) && is_done(e, 5) && is_done(e, 6) && is_done(e, 7),
				 "%llx: not all are reported", (unsigned long long)nowhere[i]);
			tap_case(count(e, E1000_TX_MEMORY) == 3 && count(e, E1000_TX_TOO_LONG) == 1,
				 "%llx: %u and %u counted", (unsigned long long)nowhere[i],
				 (unsigned)count(e, E1000_TX_MEMORY), (unsigned)count(e, E1000_TX_TOO_LONG));
			end(e, "buffers");
		}
	}
	tap_claim("guest: transmit buffers in the hypervisor's memory, in the pool, outside RAM or across its end: dropped, "
		  "counted, done");
}

static bool hv_is_untouched(const struct endpoint *e)
{
	for (uint32_t i = 0; i < RAM_HV_BYTES; i++) {
		if (e->m->ram.low[RAM_HV + i] != 0xa5)
			return false;
	}
	return true;
}

static void test_rx_buffers(void)
{
	for (unsigned p = 0; p < POLICIES; p++) {
		for (unsigned i = 0; i < NOWHERE; i++) {
			struct endpoint *e = start(p, 64);
			union rx_desc *ring = (void *)machine_memory(e->m, e->d.rx_ring, DESC_BYTES);
			uint32_t len = fault_frame(frame, 1, 1000, e->d.address);

			memset(e->m->ram.low + RAM_HV, 0xa5, RAM_HV_BYTES);
			ring[0].legacy.buffer = nowhere[i];
			ring[2].legacy.buffer = nowhere[i];
			for (unsigned k = 0; k < 4; k++)
				sim_e1000_receive(e->m->sim, frame, len, false);
			machine_run(e->m, 10);
			tap_case(hv_is_untouched(e), "%llx: the hypervisor's memory is written",
				 (unsigned long long)nowhere[i]);
			tap_case(ring[1].legacy.status & RXD_DD && ring[3].legacy.status & RXD_DD &&
				 ring[3].legacy.length == len, "%llx: the others do not come", (unsigned long long)nowhere[i]);
			tap_case(count(e, E1000_RX_MEMORY) == 2, "%llx: %u counted", (unsigned long long)nowhere[i],
				 (unsigned)count(e, E1000_RX_MEMORY));
			fault_check(e, "receive buffers");
			e->d.bad_desc = false;
			end(e, "receive buffers");
		}
	}
	tap_claim("guest: receive buffers in the hypervisor's memory or outside RAM: it stays as it is, the frame is lost and "
		  "counted");
}

static void test_rings_nowhere(void)
{
	for (unsigned p = 0; p < POLICIES; p++) {
		for (unsigned i = 0; i < NOWHERE; i++) {
			struct endpoint *e = start(p, 64);
			uint32_t len = fault_frame(frame, 1, 1000, e->d.address);

			memset(e->m->ram.low + RAM_HV, 0xa5, RAM_HV_BYTES);
			for (uint32_t at = E1000_TDBAL; at >= E1000_RDBAL; at -= E1000_TDBAL - E1000_RDBAL) {
				driver_write(&e->d, at, (uint32_t)nowhere[i]);
				driver_write(&e->d, at + 4, (uint32_t)(nowhere[i] >> 32));
				driver_write(&e->d, at + 0x18, 5);
			}
			for (unsigned k = 0; k < 4; k++) {
				sim_e1000_receive(e->m->sim, frame, len, false);
				machine_run(e->m, 5);
				driver_write(&e->d, E1000_TDT, 5 + k);
				driver_write(&e->d, E1000_RDT, 5 + k);
			}
			tap_case(e->m->wire.count == 0, "%llx: frames left", (unsigned long long)nowhere[i]);
			tap_case(hv_is_untouched(e), "%llx: the hypervisor's memory is written",
				 (unsigned long long)nowhere[i]);
			end(e, "rings nowhere");
		}
	}
	tap_claim("guest: rings in the hypervisor's memory or outside RAM: nothing is read as a frame or written there");
}

/* Rings on each other, buffers on rings, a ring that is its own buffer. */
static void test_overlap(void)
{
	for (unsigned p = 0; p < POLICIES; p++) {
		for (unsigned kind = 0; kind < 4; kind++) {
			struct endpoint *e = start(p, 64);
			union rx_desc *ring = (void *)machine_memory(e->m, e->d.rx_ring, DESC_BYTES);
			struct driver_send how = { .pieces = 2 };

			if (kind == 0)	/* the receive ring is the transmit ring */
				driver_write(&e->d, E1000_RDBAL, (uint32_t)e->d.tx[0].ring);
			for (uint32_t i = 0; i < 64 && kind == 1; i++)
				ring[i].legacy.buffer = e->d.tx[0].ring;
			for (uint32_t i = 0; i < 64 && kind == 2; i++)
				ring[i].legacy.buffer = e->d.rx_ring + i;
			driver_write(&e->d, E1000_RDT, 63);
			for (uint32_t k = 0; k < 40; k++) {
				driver_send(&e->d, frame, fault_frame(frame, k, 400, NULL), &how);
				if (kind == 3)	/* its own descriptors as a frame */
					put(e, legacy(e->d.tx[0].ring, 1000, TXD_EOP | TXD_RS | TXD_IFCS));
				driver_write(&e->d, E1000_TDT, e->d.tx[0].next);
				sim_e1000_receive(e->m->sim, frame, fault_frame(frame, k, 1500, e->d.address), false);
				machine_run(e->m, 2);
				driver_reclaim(&e->d, 0);
			}
			fault_check(e, "overlap");
			end(e, "overlap");
		}
	}
	tap_claim("guest: overlapping rings, buffers on rings, a ring as its own frame: bounded, and what leaves was judged");
}

/* Each byte that was read is another one afterwards. */
static void flip(struct machine *m, uint64_t gpa, uint32_t len)
{
	uint8_t *at = machine_memory(m, gpa, len);

	for (uint32_t i = 0; i < len; i++)
		at[i] ^= 0xff;
}

static void test_flipping(void)
{
	for (unsigned p = 0; p < POLICIES; p++) {
		for (unsigned burst = 0; burst < 2; burst++) {
			struct endpoint *e = start(p, 64);
			struct endpoint *plain = endpoint_new(0x100e, NULL);
			struct driver_config c = { 0 };

			driver_start(&plain->d, &c);
			e->m->after_read = flip;
			for (uint32_t i = 0; i < 20; i++) {
				struct spec s = { .protocol = 6, .payload = burst ? 9000 : 800, .salt = (uint8_t)i,
						  .sums = burst ? SUMS_BURST : SUMS_SEED };
				struct tx_context ctx = spec_context(&s, burst ? 1400 : 0);
				struct driver_send how = { .data = true, .popts = POPTS_IXSM | POPTS_TXSM, .context = &ctx,
							   .burst = burst, .pieces = 3 };
				uint32_t len = spec_build(&s, frame);

				driver_send(&plain->d, frame, len, &how);
				driver_send(&e->d, frame, len, &how);
				machine_run(plain->m, 2);
				machine_run(e->m, 2);
				driver_reclaim(&plain->d, 0);
				tap_case(driver_reclaim(&e->d, 0) == 1, "frame %u is not reported", i);
			}
			tap_case(frames_equal(&e->m->wire, &plain->m->wire), "the wire has %u frames for %u",
				 e->m->wire.count, plain->m->wire.count);
			endpoint_free(plain);
			end(e, "flipping");
		}
	}
	tap_claim("guest: memory that changes after each read: descriptors and what is judged are read once");
}

/* Anything anywhere: the driver's registers and ports in all widths, its rings full of chance. */
static void test_storm(void)
{
	for (uint64_t seed = 1; seed <= 12; seed++) {
		struct endpoint *e = start(seed % 3, 64);
		uint64_t s = seed;

		for (unsigned i = 0; i < 30000; i++) {
			static const uint8_t sizes[] = { 1, 2, 4, 8, 4, 4 };
			unsigned size = sizes[random_below(&s, 6)];
			uint32_t offset = random_below(&s, 4) ? random_below(&s, 0x6000) : random_below(&s, 0x20000 - 8);
			uint64_t value = random_below(&s, 3) ? random_below(&s, 1 << 16) :
					 (uint64_t)random_below(&s, UINT32_MAX) << random_below(&s, 32);
			uint32_t narrow = (uint32_t)value;

			if (size == 4 && random_below(&s, 4))
				offset &= ~3u;
			if (random_below(&s, 50) == 0)
				machine_tick(e->m);
			if (random_below(&s, 10) == 0)
				machine_port(e->m, random_below(&s, 2) * 4, 4, random_below(&s, 2), &narrow);
			else
				machine_access(e->m, offset, size, random_below(&s, 4), &value);
		}
		end(e, "storm");
	}
	tap_claim("guest: storms of accesses of any width, place and value");
}

void fault_guest(void)
{
	test_narrow_store();
	test_tails();
	test_loop();
	test_context();
	test_offsets();
	test_buffers();
	test_rx_buffers();
	test_rings_nowhere();
	test_overlap();
	test_flipping();
	test_storm();
}
