/*
 * fault_open_page.c - registers of receive rings that are memory while the ring runs
 *
 * The guest writes there whatever it likes and no call tells of it: it is carried out at the next one, and trusted no
 * more than an access would be.
 */
#include "tests/devmodel/fault.h"

#include <string.h>

#define RING	64u	/* descriptors: 63 are the device's */
#define STEPS	10000u	/* of the device, until it is idle */

static uint8_t frame[2048];
static uint32_t stored;		/* by the other processor */

static struct endpoint *start(unsigned policy, bool lazy)
{
	struct driver_config c = { .rctl = RCTL_SECRC, .ims = INT_RXT0, .lazy = lazy };
	struct endpoint *e = endpoint_new(policy & 1 ? 0x100e : 0x10d3, fault_policy[policy]);

	driver_start(&e->d, &c);
	return e;
}

static void end(struct endpoint *e, const char *what)
{
	e->m->closing = NULL;
	e->m->after_read = NULL;
	fault_check(e, what);
	fault_check_alive(e, what);
	endpoint_free(e);
}

static void access(struct endpoint *e, uint32_t offset, unsigned size, uint64_t value)
{
	machine_access(e->m, offset, size, true, &value);
}

static void come(struct endpoint *e, uint32_t frames)
{
	for (uint32_t i = 0; i < frames; i++)
		sim_e1000_receive(e->m->sim, frame, fault_frame(frame, i, 300, e->d.address), false);
	sim_e1000_run(e->m->sim, STEPS);
}

static uint32_t *word(const struct machine *m, uint32_t offset)
{
	return (uint32_t *)(m->open + (offset - m->open_at));
}

static uint32_t received(struct endpoint *e)
{
	uint32_t n = 0;

	while (driver_receive(&e->d))
		n++;
	return n;
}

static void test_when(void)
{
	struct endpoint *e = start(1, false);
	struct machine *m = e->m;
	uint32_t rctl = driver_read(&e->d, E1000_RCTL), len = driver_read(&e->d, E1000_RDLEN);

	tap_case(m->open && m->open_at == 0x2000, "it is not open while the ring runs");
	driver_write(&e->d, E1000_RDLEN, 0);
	driver_read(&e->d, E1000_CTRL_EXT);
	tap_case(!m->open, "it is open for a ring that cannot be");
	driver_write(&e->d, E1000_RDLEN, len);
	tap_case(m->open, "it is closed for a ring made right");
	driver_write(&e->d, E1000_RCTL, rctl & ~RCTL_EN);
	tap_case(!m->open, "it is open while nothing is received");
	driver_write(&e->d, E1000_RCTL, rctl);
	tap_case(m->open, "it is closed while the ring runs again");
	e1000_was_reset(m->model);
	tap_case(!m->open, "it is open after the device was reset");
	end(e, "when");
	tap_claim("open page: while a ring that can be runs, and not else");
}

/* The ring is full, frames wait; the driver makes room, and nobody is called. */
static void test_room(void)
{
	struct endpoint *e = start(0, true);
	struct machine *m = e->m;
	unsigned interrupts;

	come(e, RING + 10);
	driver_read(&e->d, E1000_ICR);
	tap_case(received(e) == RING - 1, "the ring is not full");
	tap_case(e1000_poll_hz(m->model) == 1000, "%u looks a second for frames that wait", e1000_poll_hz(m->model));
	machine_run(m, 200);
	tap_case(e1000_poll_hz(m->model) == 10, "%u looks a second for a guest that makes no room", e1000_poll_hz(m->model));
	interrupts = m->interrupts;
	driver_refill(&e->d);
	machine_run(m, 100);
	tap_case(m->interrupts > interrupts, "no interrupt tells of what has found room");
	driver_read(&e->d, E1000_ICR);
	tap_case(received(e) == 11, "frames that waited did not come");
	tap_case(e1000_poll_hz(m->model) == 0, "%u looks a second for nothing", e1000_poll_hz(m->model));
	come(e, RING);
	driver_read(&e->d, E1000_ICR);
	tap_case(e1000_poll_hz(m->model) == 1000, "the guest that made room is taken for one that makes none");
	end(e, "room");
	tap_claim("open page: frames that wait for room come when it is made, and the guest is told");
}

static void test_stores(void)
{
	static const uint32_t rings[] = { E1000_RDBAL, E1000_RDLEN, E1000_RDH, E1000_RDT, E1000_RXDCTL };

	for (unsigned i = 0; i < 5; i++) {
		struct endpoint *e = start(i % 3, false);
		uint32_t was = driver_read(&e->d, rings[i]);

		for (unsigned size = 1; size <= 4; size *= 2) {
			for (unsigned at = 0; at < 4; at += size) {
				access(e, rings[i] + at, size, UINT64_MAX);
				come(e, 3);
				machine_run(e->m, 3);
				driver_read(&e->d, E1000_ICR);
			}
		}
		access(e, rings[i] - 4, 8, UINT64_MAX);
		driver_read(&e->d, E1000_CTRL_EXT);
		tap_case(rings[i] != E1000_RDBAL || driver_read(&e->d, rings[i]) == ~15u, "bits stay that RDBAL has not");
		tap_case(rings[i] != E1000_RDT || driver_read(&e->d, rings[i]) == 0xffff, "bits stay that RDT has not");
		driver_write(&e->d, rings[i], was);
		end(e, "stores");
	}
	tap_claim("open page: stores of any width and value are a ring that nobody trusts, and are as the register keeps them");
}

/* Another processor stores until the page is closed. */
static void store_tail(struct machine *m)
{
	*word(m, E1000_RDT) = stored;
}

static void test_close(void)
{
	struct endpoint *e = start(2, false);
	uint32_t rctl = driver_read(&e->d, E1000_RCTL);

	stored = 7;
	e->m->closing = store_tail;
	driver_write(&e->d, E1000_RCTL, rctl & ~RCTL_EN);
	tap_case(driver_read(&e->d, E1000_RDT) == 7, "RDT is %u", driver_read(&e->d, E1000_RDT));
	/* what was written before a reset is gone with it */
	e->m->closing = NULL;
	driver_write(&e->d, E1000_RCTL, rctl);
	driver_write(&e->d, E1000_RDBAL, 0x123450);
	driver_write(&e->d, E1000_CTRL, CTRL_RST);
	tap_case(driver_read(&e->d, E1000_RDBAL) == 0, "RDBAL is %x after a reset", driver_read(&e->d, E1000_RDBAL));
	end(e, "close");
	tap_claim("open page: what another processor stores until it is closed is not lost, nor does it outlive a reset");
}

/* While frames are put into the ring. */
static void store_head(struct machine *m, uint64_t gpa, uint32_t len)
{
	*word(m, E1000_RDH) = stored;
}

static void test_head(void)
{
	struct endpoint *e = start(0, true);
	struct machine *m = e->m;

	come(e, 5);
	driver_read(&e->d, E1000_ICR);
	tap_case(*word(m, E1000_RDH) == 5, "RDH shows %u", *word(m, E1000_RDH));
	stored = 9;
	m->after_read = store_head;
	come(e, 5);
	driver_read(&e->d, E1000_ICR);
	m->after_read = NULL;
	tap_case(*word(m, E1000_RDH) == 9, "a store to RDH is gone: %u", *word(m, E1000_RDH));
	driver_read(&e->d, E1000_CTRL_EXT);
	come(e, 1);
	driver_read(&e->d, E1000_ICR);
	tap_case(*word(m, E1000_RDH) == 10, "RDH goes on from %u", *word(m, E1000_RDH) - 1);
	end(e, "head");
	tap_claim("open page: the model's head does not take the place of one that the guest stores");
}

/* Registers that are the device's own reach it, and an access that comes all the same finds what the page has. */
static void test_pass(void)
{
	struct endpoint *e = start(1, false);
	uint64_t value = 3;

	driver_write(&e->d, E1000_RDTR, 0x20);
	driver_read(&e->d, E1000_CTRL_EXT);
	tap_case(sim_e1000_read(e->m->sim, E1000_RDTR) == 0x20, "RDTR did not reach the device");
	driver_write(&e->d, E1000_RDT, 5);
	e1000_access(e->m->model, E1000_RDT, 4, false, &value);
	tap_case(value == 5, "an access finds %u for 5", (uint32_t)value);
	value = 6;
	e1000_access(e->m->model, E1000_RDT, 4, true, &value);
	tap_case(driver_read(&e->d, E1000_RDT) == 6, "the page has %u for 6", driver_read(&e->d, E1000_RDT));
	driver_read(&e->d, E1000_CTRL_EXT);
	e1000_access(e->m->model, E1000_RDT, 4, false, &value);
	tap_case(value == 6, "what an access wrote is undone");
	end(e, "pass");
	tap_claim("open page: the device's own registers reach it, an access finds what the page has");
}

void fault_open_page(void)
{
	test_when();
	test_room();
	test_stores();
	test_close();
	test_head();
	test_pass();
}
