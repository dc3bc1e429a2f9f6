/*
 * e1000_takeover_test.c - a driver runs, and the model comes between it and its device: nothing is lost, twice or wrong
 */
#include <string.h>

#include "tests/devmodel/endpoint.h"
#include "tests/devmodel/frames.h"
#include "tests/devmodel/tap.h"

#define POLICY	"policy \"takeover\" version 1;\non net out, net in default pass { a: udp.dport == 1 -> drop; }\n"
#define BEFORE	21u		/* frames each way: the rings have moved */
#define WAITING	9u		/* handed over, or come, when the model does */

static uint8_t frame[SPEC_FRAME_MAX];

/* Frame @number of the driver's, or of the other side's. */
static uint32_t build(struct endpoint *e, uint32_t number, bool in)
{
	struct spec s = { .protocol = 17, .payload = 50 + 7 * number, .salt = (uint8_t)number, .tagged = e->d.c.vme && in,
			  .tag = (uint16_t)(100 + number), .station = in ? e->d.address : NULL };

	return spec_build(&s, frame);
}

static void send(struct endpoint *e, uint32_t number, unsigned q)
{
	struct driver_send how = { .data = number % 2, .pieces = 1 + number % 3, .queue = q, .tagged = e->d.c.vme,
				   .tag = (uint16_t)number };
	uint32_t len = build(e, number, false);

	tap_case(driver_send(&e->d, frame, len, &how), "no room for frame %u", number);
}

static void receive(struct endpoint *e, uint32_t number)
{
	uint32_t len = build(e, number, true);

	tap_case(sim_e1000_receive(e->m->sim, frame, len, false), "frame %u is not stored", number);
}

/* The next frame that the driver gets is @number, without its tag where the device strips. */
static void expect_in(struct endpoint *e, uint32_t number)
{
	uint32_t len = build(e, number, true), cut = e->d.c.vme ? 4 : 0, crc = e->d.c.rctl & RCTL_SECRC ? 0 : 4;
	const struct driver_frame *f = &e->d.frame;

	if (!driver_receive(&e->d)) {
		tap_case(false, "frame %u is lost", number);
		return;
	}
	if (cut)
		memmove(frame + 4, frame, 12);
	tap_case(f->len == len - cut + crc && !memcmp(f->bytes, frame + cut, len - cut), "frame %u in is another", number);
	tap_case(!cut || f->tag == 100 + number, "frame %u has tag %u", number, f->tag);
}

static void expect_out(struct endpoint *e, uint32_t at, uint32_t number)
{
	uint32_t len = build(e, number, false), tag = e->d.c.vme ? 4 : 0;
	const struct frame *f = &e->m->wire.at[at];

	if (at >= e->m->wire.count) {
		tap_case(false, "frame %u is not sent", number);
		return;
	}
	tap_case(f->len == len + tag && !memcmp(f->bytes, frame, 12) && !memcmp(f->bytes + 12 + tag, frame + 12, len - 12),
		 "frame %u out is another", number);
	tap_case(!tag || (f->bytes[12] == 0x81 && f->bytes[13] == 0 && f->bytes[15] == number), "frame %u out: tag", number);
}

static void exchange(struct endpoint *e, uint32_t from, uint32_t count, unsigned q)
{
	for (uint32_t i = from; i < from + count; i++) {
		machine_clear(e->m);
		send(e, i, q);
		receive(e, i);
		machine_run(e->m, 1);
		expect_out(e, 0, i);
		expect_in(e, i);
		tap_case(e->m->wire.count == 1, "frame %u: %u on the wire", i, e->m->wire.count);
		tap_case(driver_reclaim(&e->d, q) == 1, "frame %u out is not reported", i);
	}
}

/* Frames wait both ways while the device stands still: the model finds a tail beyond the head, and filled buffers. */
static void take_over_with_work(struct endpoint *e, unsigned q)
{
	machine_clear(e->m);
	for (uint32_t i = 0; i < WAITING; i++)
		receive(e, 40 + i);
	sim_e1000_run(e->m->sim, 1000);
	for (uint32_t i = 0; i < WAITING; i++)
		send(e, 60 + i, q);
	machine_shadow(e->m, POLICY);
	machine_run(e->m, 4);
	for (uint32_t i = 0; i < WAITING; i++) {
		expect_in(e, 40 + i);
		expect_out(e, i, 60 + i);
	}
	tap_case(e->m->wire.count == WAITING, "%u frames on the wire", e->m->wire.count);
	tap_case(driver_reclaim(&e->d, q) == WAITING, "not all is reported");
}

static void finish(struct endpoint *e)
{
	for (unsigned i = 0; i < E1000_COUNTERS; i++) {
		bool expected = i == E1000_TX_PASSED || i == E1000_TX_BYTES || i == E1000_RX_PASSED ||
				i == E1000_RX_BYTES || i == E1000_RESET;

		tap_case(expected || e1000_counter(e->m->model, i) == 0, "%s is counted", e1000_counter_name[i]);
	}
	tap_case(e->m->complaints == 0, "%s", e->m->complaint);
	tap_case(!e->d.bad_desc, "a descriptor that no device writes");
	endpoint_free(e);
}

static void test_running(uint16_t device, const char *name, struct driver_config c, unsigned q)
{
	struct endpoint *e = endpoint_new(device, NULL);

	driver_start(&e->d, &c);
	exchange(e, 1, BEFORE, q);
	take_over_with_work(e, q);
	exchange(e, 80, 70, q);		/* once around */
	/* the driver unloads, and loads */
	driver_stop(&e->d);
	machine_run(e->m, 2);
	driver_start(&e->d, &c);
	exchange(e, 1, 5, q);
	finish(e);
	tap_claim("takeover %04x: %s", device, name);
}

static void test_stopped(uint16_t device)
{
	struct driver_config c = { 0 };
	struct endpoint *e = endpoint_new(device, NULL);

	driver_start(&e->d, &c);
	exchange(e, 1, BEFORE, 0);
	driver_stop(&e->d);
	machine_shadow(e->m, POLICY);
	machine_clear(e->m);
	driver_write(&e->d, E1000_TDT, 5);
	machine_run(e->m, 3);
	build(e, 1, true);
	tap_case(!sim_e1000_receive(e->m->sim, frame, 64, false), "a frame is stored");
	tap_case(e->m->wire.count == 0, "a frame is sent");
	driver_start(&e->d, &c);
	exchange(e, 1, 5, 0);
	finish(e);
	tap_claim("takeover %04x: a device that was stopped stays so until its driver starts it", device);
}

/* All of its ring was handed over, and none of it to be seen by the model but by the ring. */
static void test_full_ring(uint16_t device)
{
	struct driver_config c = { .tx_count = 8, .tx_start = 5 };
	struct endpoint *e = endpoint_new(device, NULL);

	driver_start(&e->d, &c);
	for (uint32_t i = 0; i < 7; i++) {
		struct driver_send how = { .hold = i < 6 };
		uint32_t len = build(e, i, false);

		tap_case(driver_send(&e->d, frame, len, &how), "no room for frame %u", i);
	}
	machine_shadow(e->m, POLICY);
	machine_run(e->m, 2);
	for (uint32_t i = 0; i < 7; i++)
		expect_out(e, i, i);
	tap_case(driver_reclaim(&e->d, 0) == 7, "not all is reported");
	finish(e);
	tap_claim("takeover %04x: a full ring that wraps is sent", device);
}

int main(void)
{
	static const uint16_t devices[] = { 0x100e, 0x100f, 0x10d3 };

	for (unsigned i = 0; i < 3; i++) {
		test_running(devices[i], "frames go on both ways", (struct driver_config){ 0 }, 0);
		test_running(devices[i], "frames go on without a CRC", (struct driver_config){ .rctl = RCTL_SECRC }, 0);
		test_running(devices[i], "tags go on being inserted and stripped", (struct driver_config){ .vme = true }, 0);
		test_running(devices[i], "rings begin anywhere, beyond 4 GiB",
			     (struct driver_config){ .high = true, .tx_start = 50, .rx_start = 60 }, 0);
		test_stopped(devices[i]);
		test_full_ring(devices[i]);
	}
	test_running(0x10d3, "extended descriptors, and tags", (struct driver_config){ .extended = true, .vme = true }, 0);
	test_running(0x10d3, "the second queue", (struct driver_config){ .queues = 2, .extended = true }, 1);
	return tap_end();
}
