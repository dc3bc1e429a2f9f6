/*
 * fault_device.c - the device fails: it stalls, loses its link, is late, says things twice or out of nowhere, is reset
 */
#include "tests/devmodel/fault.h"

#include <string.h>

#include "devmodel/e1000/pool.h"

#define FRAMES	40u

static uint8_t frame[16384];

static struct endpoint *start(uint16_t device, unsigned policy)
{
	struct driver_config c = { .rctl = RCTL_SECRC | RCTL_LPE };
	struct endpoint *e = endpoint_new(device, fault_policy[policy]);

	driver_start(&e->d, &c);
	return e;
}

static bool send(struct endpoint *e, uint32_t i, uint32_t len)
{
	struct driver_send how = { .pieces = 2 };

	return driver_send(&e->d, frame, fault_frame(frame, i, len, NULL), &how);
}

static uint32_t reclaim(struct endpoint *e)
{
	return driver_reclaim(&e->d, 0);
}

static void end(struct endpoint *e, const char *what)
{
	fault_check(e, what);
	fault_check_alive(e, what);
	endpoint_free(e);
}

static void test_stall(bool link)
{
	const char *what = link ? "the link is lost" : "the device stalls";

	for (unsigned p = 0; p < POLICIES; p++) {
		struct endpoint *e = start(0x100e, p);
		bool *fault = link ? &sim_e1000_faults(e->m->sim)->no_link : &sim_e1000_faults(e->m->sim)->stalled;
		uint32_t sent = 0;

		*fault = true;
		while (send(e, sent, 800))
			sent++;
		machine_run(e->m, 20);
		tap_case(sent == 31 && reclaim(e) == 0 && e->m->wire.count == 0, "%s: %u sent", what, sent);
		*fault = false;
		machine_run(e->m, 20);
		tap_case(reclaim(e) == sent && fault_wire_has(e->m, 0, 0, sent, 800), "%s: not all goes on", what);
		end(e, what);
	}
	tap_claim("fault: %s, and what waited goes on when it is over", what);
}

static void write_register(struct endpoint *e, uint32_t offset, uint64_t value)
{
	machine_access(e->m, offset, 4, true, &value);
}

#define STALLED_MS	100u	/* at 1 kHz so many looks in vain */

/* For hours there may be no link: nobody is to pay for that, and it goes on soon all the same. */
static void test_long_stall(void)
{
	struct endpoint *e = start(0x100e, 0);
	uint32_t sent = 0;

	sim_e1000_faults(e->m->sim)->no_link = true;
	while (send(e, sent, 800))
		sent++;
	write_register(e, E1000_IMC, UINT32_MAX);
	tap_case(e1000_poll_hz(e->m->model) == 1000, "%u at once", e1000_poll_hz(e->m->model));
	machine_run(e->m, STALLED_MS - 1);
	tap_case(e1000_poll_hz(e->m->model) == 1000, "%u before it is long", e1000_poll_hz(e->m->model));
	write_register(e, E1000_RCTL, 0);
	machine_run(e->m, 1);
	tap_case(e1000_poll_hz(e->m->model) == 10, "%u without a link", e1000_poll_hz(e->m->model));
	sim_e1000_faults(e->m->sim)->no_link = false;
	machine_run(e->m, 200);
	tap_case(reclaim(e) == sent && fault_wire_has(e->m, 0, 0, sent, 800), "not all goes on");
	tap_case(e1000_poll_hz(e->m->model) == 0, "%u with nothing to do", e1000_poll_hz(e->m->model));
	sim_e1000_faults(e->m->sim)->no_link = true;
	send(e, sent, 800);
	tap_case(e1000_poll_hz(e->m->model) == 1000, "%u of a new stall", e1000_poll_hz(e->m->model));
	endpoint_free(e);
	tap_claim("fault: a device that sends nothing is looked at less often, and at once again when it does");
}

/* One step at a time: what is reported has been written back by the device. */
static void test_late(void)
{
	for (unsigned p = 0; p < POLICIES; p++) {
		struct endpoint *e = start(0x10d3, p);
		uint32_t done = 0, on_wire;

		sim_e1000_faults(e->m->sim)->late = 7;
		for (uint32_t i = 0; i < 20; i++)
			send(e, i, 700);
		for (unsigned step = 0; step < 60; step++) {
			sim_e1000_step(e->m->sim);
			on_wire = step < 7 ? 0 : step - 6;
			machine_poll(e->m);
			done += reclaim(e);
			tap_case(done <= on_wire, "%u are reported of %u", done, on_wire);
		}
		tap_case(done == 20 && fault_wire_has(e->m, 0, 0, 20, 700), "%u of 20", done);
		end(e, "late completions");
	}
	tap_claim("fault: completions that come late are reported late, and in order");
}

static void test_twice(bool reads)
{
	for (unsigned p = 0; p < POLICIES; p++) {
		struct endpoint *e = start(0x100e, p);
		uint32_t got = 0;

		sim_e1000_faults(e->m->sim)->reads_twice = reads;
		sim_e1000_faults(e->m->sim)->writes_twice = !reads;
		for (uint32_t i = 0; i < 200; i++) {
			send(e, i, 1200);
			sim_e1000_receive(e->m->sim, frame, fault_frame(frame, i, 900, e->d.address), false);
			machine_tick(e->m);
			machine_run(e->m, i % 7 ? 0 : 4);
			reclaim(e);
			for (; driver_receive(&e->d); got++) {
				fault_frame(frame, got, 900, e->d.address);
				tap_case(e->d.frame.len == 900 && !memcmp(frame, e->d.frame.bytes, 900), "frame %u", got);
			}
		}
		machine_run(e->m, 10);
		reclaim(e);
		while (driver_receive(&e->d))
			got++;
		tap_case(got == 200, "%u frames came", got);
		tap_case(e->d.tx[0].frames == 0 && e->m->wire.count == 200 && fault_wire_has(e->m, 0, 0, 200, 1200), "out");
		end(e, "twice");
	}
	tap_claim(reads ? "fault: the device reads each buffer twice, and sends what was judged" :
			  "fault: the device writes each descriptor twice, and each frame is there once");
}

/* Descriptors that say that they are done, with any length and status; nothing was. */
static void test_out_of_nowhere(void)
{
	uint64_t seed = 1;

	for (unsigned p = 0; p < POLICIES; p++) {
		struct endpoint *e = start(0x10d3, p);

		for (unsigned round = 0; round < 300; round++) {
			union rx_desc *rx = (void *)(e->m->d.pool.at + POOL_RX_RING);
			union tx_desc *tx = (void *)(e->m->d.pool.at + POOL_TX + POOL_TX_RING);

			for (unsigned i = 0; i < SHADOW_RX; i++) {
				rx[i].legacy.length = (uint16_t)random_below(&seed, round % 2 ? 2100 : 65536);
				rx[i].legacy.errors = (uint8_t)random_below(&seed, 256);
				rx[i].legacy.special = (uint16_t)random_below(&seed, 65536);
				rx[i].legacy.status = (uint8_t)random_below(&seed, 256);
			}
			if (send(e, round, 300))
				sim_e1000_faults(e->m->sim)->stalled = round % 3 == 0;
			for (unsigned i = 0; i < SHADOW_TX && round % 5 == 0; i++)
				tx[i].data.status = 0xff;
			machine_tick(e->m);
			reclaim(e);
			while (driver_receive(&e->d))
				tap_case(e->d.frame.len <= 16384, "a frame of %u", e->d.frame.len);
		}
		tap_case(e1000_counter(e->m->model, E1000_DEVICE) > 0, "impossible descriptors are not counted");
		end(e, "completions out of nowhere");
	}
	tap_claim("fault: completions out of nowhere, with impossible lengths, are counted and harm nothing");
}

static void test_reset(bool behind)
{
	for (unsigned p = 0; p < POLICIES; p++) {
		struct endpoint *e = start(0x100e, p);
		struct driver_config c = { .rctl = RCTL_SECRC };

		for (uint32_t round = 0; round < 30; round++) {
			sim_e1000_faults(e->m->sim)->late = round % 4;
			for (uint32_t i = 0; i < 10; i++) {
				send(e, i, 900);
				sim_e1000_receive(e->m->sim, frame, fault_frame(frame, i, 900, e->d.address), false);
			}
			sim_e1000_run(e->m->sim, round % 9);
			if (behind) {
				sim_e1000_reset(e->m->sim);
				e1000_was_reset(e->m->model);
				/* nothing is left of what the guest had set */
				tap_case(!(driver_read(&e->d, E1000_RCTL) & RCTL_EN) && driver_read(&e->d, E1000_TDLEN) == 0,
					 "registers are not reset");
			}
			machine_clear(e->m);
			driver_start(&e->d, &c);
			tap_case(driver_read(&e->d, E1000_TDH) == 0 && driver_read(&e->d, E1000_RDH) == 0, "heads");
			machine_run(e->m, 3);
			tap_case(e->m->wire.count == 0 && !driver_receive(&e->d), "something from before the reset");
			send(e, round, 700);
			machine_run(e->m, 3);
			tap_case(reclaim(e) == 1 && fault_wire_has(e->m, 0, round, round + 1, 700), "round %u", round);
		}
		end(e, "reset");
	}
	tap_claim(behind ? "fault: the device is reset behind the model's back" :
			   "fault: CTRL.RST in the middle of frames both ways, and nothing of before comes after");
}

/* More than the shadow ring and the packet buffer hold, to a driver that takes its time. */
static void test_overrun(void)
{
	struct endpoint *e = start(0x100e, 2);
	struct driver_config c = { .rctl = RCTL_SECRC, .rx_count = 8, .lazy = true };
	uint32_t stored = 0, got = 0, last = 0;

	driver_start(&e->d, &c);
	for (uint32_t i = 0; i < 2000; i++) {
		uint32_t len = fault_frame(frame, i, 1000, e->d.address);

		stored += sim_e1000_receive(e->m->sim, frame, len, false);
		if (i % 3 == 0)
			machine_tick(e->m);
		while (i % 50 == 0 && driver_receive(&e->d)) {
			uint32_t number = (uint32_t)e->d.frame.bytes[36] << 8 | e->d.frame.bytes[37];

			tap_case(got++ == 0 || number > last, "order");
			last = number;
		}
		if (i % 50 == 0)
			driver_refill(&e->d);
	}
	for (unsigned round = 0; round < 200; round++) {
		machine_tick(e->m);
		while (driver_receive(&e->d))
			got++;
		driver_refill(&e->d);
	}
	tap_case(got == stored && stored > 500, "%u of %u", got, stored);
	end(e, "overrun");
	tap_claim("fault: a driver that is slow loses what the device has no room for, and nothing else, in order");
}

void fault_device(void)
{
	test_stall(false);
	test_stall(true);
	test_long_stall();
	test_late();
	test_twice(true);
	test_twice(false);
	test_out_of_nowhere();
	test_reset(false);
	test_reset(true);
	test_overrun();
}
