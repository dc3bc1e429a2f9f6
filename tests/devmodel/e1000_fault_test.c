/*
 * e1000_fault_test.c - the model with a device that fails, a guest that is hostile, and both at once, by name
 */
#include "tests/devmodel/fault.h"

#include <string.h>

const char *const fault_policy[POLICIES] = { POLICY_NOTHING, POLICY_HEADERS, POLICY_CONTENT };

uint32_t fault_frame(uint8_t *to, uint32_t i, uint32_t len, const uint8_t *station)
{
	struct spec s = { .protocol = 17, .salt = (uint8_t)i, .station = station, .dport = (uint16_t)(2000 + i) };

	s.payload = len - spec_headers(&s);
	return spec_build(&s, to);
}

bool fault_wire_has(const struct machine *m, uint32_t at, uint32_t from, uint32_t to, uint32_t len)
{
	uint8_t frame[16384];

	if (m->wire.count < at + (to - from))
		return false;
	for (uint32_t i = from; i < to; i++, at++) {
		uint32_t n = fault_frame(frame, i, len, NULL);

		if (m->wire.at[at].len != n || memcmp(m->wire.at[at].bytes, frame, n) != 0)
			return false;
	}
	return true;
}

void fault_check(const struct endpoint *e, const char *what)
{
	tap_case(e->m->complaints == 0, "%s: %s", what, e->m->complaint);
	tap_case(!e->d.bad_desc, "%s: a descriptor that no device writes", what);
}

void fault_check_alive(struct endpoint *e, const char *what)
{
	struct driver_config c = { .rctl = RCTL_SECRC };
	struct driver_send how = { .pieces = 3 };
	uint8_t frame[2048];
	uint32_t len;

	*sim_e1000_faults(e->m->sim) = (struct sim_faults){ 0 };
	e->m->after_read = NULL;
	machine_clear(e->m);
	driver_start(&e->d, &c);
	driver_send(&e->d, frame, fault_frame(frame, 1, 500, NULL), &how);
	machine_run(e->m, 10);
	tap_case(driver_reclaim(&e->d, 0) == 1 && e->m->wire.count == 1 && fault_wire_has(e->m, 0, 1, 2, 500),
		 "%s: afterwards no frame goes out", what);
	len = fault_frame(frame, 2, 600, e->d.address);
	sim_e1000_receive(e->m->sim, frame, len, false);
	machine_run(e->m, 10);
	tap_case(driver_receive(&e->d) && e->d.frame.len == len && !memcmp(e->d.frame.bytes, frame, len),
		 "%s: afterwards no frame comes in", what);
	fault_check(e, what);
}

int main(void)
{
	fault_device();
	fault_guest();
	fault_open_page();
	fault_race();
	return tap_end();
}
