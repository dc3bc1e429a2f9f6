/*
 * fault.h - what the parts of e1000_fault_test.c share
 */
#ifndef TESTS_DEVMODEL_FAULT_H
#define TESTS_DEVMODEL_FAULT_H

#include "tests/devmodel/endpoint.h"
#include "tests/devmodel/frames.h"
#include "tests/devmodel/tap.h"

/* Policies by what they need of a frame. */
#define POLICY_NOTHING	"policy \"fault\" version 1;\non disk read default pass { }\n"
#define POLICY_HEADERS	"policy \"fault\" version 1;\non net out, net in default pass { a: udp.dport == 1 -> drop; }\n"
#define POLICY_CONTENT	"policy \"fault\" version 1;\n" \
			"on net out, net in default pass { a: payload has \"nowhere in these\" -> drop; }\n"
#define POLICIES	3u
extern const char *const fault_policy[POLICIES];

/* Frame number @i, of @len bytes or so; its bytes are the same each time. */
uint32_t fault_frame(uint8_t *to, uint32_t i, uint32_t len, const uint8_t *station);
/* The wire has frames @from to @to - 1, from place @at on. */
bool fault_wire_has(const struct machine *m, uint32_t at, uint32_t from, uint32_t to, uint32_t len);
/* No offence of the model's, and its driver saw none. */
void fault_check(const struct endpoint *e, const char *what);
/* After whatever happened: the driver starts anew, a frame goes out and one comes in. */
void fault_check_alive(struct endpoint *e, const char *what);

void fault_device(void);
void fault_guest(void);
void fault_open_page(void);
void fault_race(void);

#endif
