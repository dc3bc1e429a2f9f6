/*
 * ahci_fault.h - what the parts of ahci_fault_test.c share
 */
#ifndef TESTS_DEVMODEL_AHCI_FAULT_H
#define TESTS_DEVMODEL_AHCI_FAULT_H

#include "tests/devmodel/ahci_machine.h"
#include "tests/devmodel/random.h"
#include "tests/devmodel/tap.h"

/* Policies by what they need of a command. */
#define FAULT_NOTHING	"policy \"fault\" version 1;\non net out default pass { }\n"
#define FAULT_COMMAND	\
	"policy \"fault\" version 1;\non disk read, disk write default pass { a: disk.lba == 5 -> drop; }\n"
#define FAULT_CONTENT	"policy \"fault\" version 1;\n" \
			"on disk read, disk write default pass { a: data has \"nowhere in these\" -> drop; }\n"
#define FAULT_POLICIES	3u
extern const char *const fault_policy[FAULT_POLICIES];

#define FAULT_BYTES	(64u << 10)	/* of a command at most */

/* A machine whose driver runs. */
struct ahci_machine *fault_new(unsigned policy, uint32_t bounce, bool polled);
/* The bytes of LBA @lba on, @len of them, the same each time; not on the medium before somebody writes them. */
void fault_bytes(uint8_t *to, uint64_t lba, uint32_t len);
/* A read or write of @sectors at @lba on port 0. */
struct ahci_driver_command fault_command(bool queued, bool out, uint64_t lba, uint32_t sectors);
/* No offence of the model's, and its driver saw nothing odd. */
void fault_check(struct ahci_machine *m, const char *what);
/* After whatever happened: the driver starts anew, all memory is free, and each port reads and writes. */
void fault_check_alive(struct ahci_machine *m, const char *what);
void fault_end(struct ahci_machine *m, const char *what);

void fault_device(void);
void fault_error(void);
void fault_guest(void);
void fault_memory(void);
void fault_race(void);

#endif
