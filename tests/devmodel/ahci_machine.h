/*
 * ahci_machine.h - an endpoint of the test's with disks: guest RAM, a simulated controller, between them the model or
 * nothing
 *
 *	driver -> ahci_machine_access -> [model] -> simulated controller -> drives
 *
 * The controller finds guest memory (guest_ram.h), the model's pool and the bounce memory at bus addresses that are no
 * guest's.  What it does on the bus, and what the drives carry out, is held against what the model may let them do; the
 * first offence is kept in complaint.
 */
#ifndef TESTS_DEVMODEL_AHCI_MACHINE_H
#define TESTS_DEVMODEL_AHCI_MACHINE_H

#include "devmodel/ahci/ahci.h"
#include "replay/sim_ahci.h"
#include "tests/devmodel/ahci_driver.h"
#include "tests/devmodel/disk_parts.h"
#include "tests/devmodel/guest_ram.h"

#define AHCI_RAM_HIGH	(96u << 20)	/* bytes of the second part of guest RAM */
#define AHCI_UNIT	3u		/* disk.unit */
#define AHCI_BOUNCE	(8u << 20)	/* when nothing else is asked for */
#define AHCI_SLICE	8192u		/* bytes: what has more is judged in several calls, */
#define AHCI_SLICE_NS	500000u		/* a slice in each */

/* What the judge has let pass, and the drive has not had yet. */
struct ahci_judged {
	struct ahci_judged *next;
	enum hv_hook hook;
	struct disk_transfer t;
	uint8_t *bytes;			/* of data, as the judge left them, or of ranges; NULL: none were shown */
};

struct ahci_machine {
	struct sim_ahci *sim;
	struct ahci *model;		/* NULL: the driver has the controller itself */
	bool attaching;
	void *model_memory, *bounce_map;
	struct guest_ram ram;
	struct devmodel d;
	struct disk disk;
	struct disk_parts parts;
	struct bounce bounce;
	struct lab_policy *policy;
	uint64_t transfers, clock_ns;
	struct ahci_judged *judged;
	unsigned judgements;
	bool grants_stay;		/* PRDs may overlap: what was granted once is granted */
	bool line;
	bool halt_awaited;
	unsigned interrupts;		/* rising edges */
	unsigned complaints;
	char complaint[160];
	uint64_t restless;		/* not 0: the controller works while the model does, by chance from this seed */
	/* after each read of guest memory by the model; NULL: nothing */
	void (*after_read)(struct ahci_machine *m, uint64_t gpa, uint32_t len);
	void (*idle)(struct ahci_machine *m);	/* at each tick */
	uint64_t ticks;			/* milliseconds run */
	uint32_t work, work_max;	/* calls of the model's in one call of it */
	struct ahci_driver driver;
};

/* The drives that most tests have: 512, 4Kn, ATAPI, none. */
extern const struct sim_ahci_drive ahci_drives[SIM_AHCI_PORTS];

/* @drive NULL: ahci_drives.  @policy: text of it; NULL: no model.  @bounce: bytes of its memory, 0: AHCI_BOUNCE. */
struct ahci_machine *ahci_machine_new(const struct sim_ahci_drive *drive, const char *policy, uint32_t bounce);
/* The model takes over the controller that a driver may have running. */
void ahci_machine_shadow(struct ahci_machine *m, const char *policy, uint32_t bounce);
void ahci_machine_free(struct ahci_machine *m);

/* The guest's registers and index/data pair. */
void ahci_machine_access(void *machine, uint32_t offset, unsigned size, bool write, uint64_t *value);
void ahci_machine_io(void *machine, uint32_t offset, unsigned size, bool write, uint32_t *value);
/* Guest RAM for the driver; NULL: not all of it is RAM. */
uint8_t *ahci_machine_memory(void *machine, uint64_t gpa, uint32_t len);

/* A millisecond: the controller works until it is idle, the model is polled as often as it wants to be. */
void ahci_machine_tick(void *machine);
void ahci_machine_run(struct ahci_machine *m, unsigned ticks);
void ahci_machine_complain(void *machine, const char *what);
/* No command is under way: all bounce memory is free, nothing waits to be carried out. */
bool ahci_machine_is_idle(struct ahci_machine *m);
/* Forget complaints, and what was judged or granted. */
void ahci_machine_clear(struct ahci_machine *m);

#endif
