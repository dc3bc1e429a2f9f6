/*
 * ahci_driver.h - a small AHCI driver of the tests' own
 *
 * It knows registers by one function and guest memory by another, and so runs on the simulated controller as it is or
 * on the model over it.  All that it does is what a right driver may do; the odd and hostile is the tests'.
 */
#ifndef TESTS_DEVMODEL_AHCI_DRIVER_H
#define TESTS_DEVMODEL_AHCI_DRIVER_H

#include <stdbool.h>
#include <stdint.h>

#include "devmodel/ahci/fis.h"
#include "devmodel/ahci/regs.h"

#define DRIVER_PORTS	4u
#define DRIVER_CANARY	0xa5u		/* what buffers, and the memory between, hold before a command */

/* How data lies in memory. */
enum layout {
	LAYOUT_ONE,			/* as few PRDs as can be */
	LAYOUT_PAGES,			/* pages, backwards */
	LAYOUT_ODD,			/* lengths of all kinds, at addresses that are only even */
	LAYOUT_TINY,			/* 2 bytes each, as many as there may be; the rest in one */
	LAYOUT_LONG,			/* more room than the command needs */
	LAYOUTS,
};

struct ahci_driver_config {
	bool high;			/* lists, tables and buffers lie beyond 4 GiB */
	bool polled;			/* no interrupts: PxCI and PxSACT are read */
	bool keep;			/* no reset of the controller, no COMRESET */
};

/* A command.  All 0 but what it needs. */
struct ahci_driver_command {
	uint8_t command, device;	/* DEVICE_LBA is set besides */
	uint16_t features, count;
	uint64_t lba;			/* of 28 bits: bits 27:24 go to the device register where @ext is not set */
	bool ext;
	uint8_t cdb[16], cdb_len;	/* PACKET */
	bool out;
	uint32_t len;			/* bytes of data */
	const uint8_t *data;		/* of @out */
	enum layout layout;
	uint16_t flags;			/* of the header, besides what is right */
	bool chs;			/* DEVICE_LBA is not set */
	bool prd_interrupts;		/* PRD.I in the last one */
	bool hold;			/* PxCI is not written yet */
};

enum driver_state { DRIVER_FREE, DRIVER_HELD, DRIVER_BUSY, DRIVER_DONE, DRIVER_FAILED, DRIVER_ABORTED };

struct ahci_driver_slot {
	enum driver_state state;
	bool queued, out, packet;
	uint64_t table, memory;		/* all that was taken for it */
	uint32_t memory_len;
	uint32_t len, prds;
	uint32_t prdbc;			/* when it was done */
	uint8_t status, error;		/* when it failed: of the D2H FIS, or PxTFD */
	uint64_t lba;			/* of the D2H FIS when it failed */
};

struct ahci_driver_port {
	bool there, failed;		/* @failed: PxIS told of an error, recovery is due */
	uint32_t is;			/* all causes seen */
	uint32_t errors;		/* those of the error */
	uint32_t sig;
	uint64_t list, received;
	struct ahci_driver_slot slot[SLOTS];
};

struct ahci_driver {
	void (*access)(void *host, uint32_t offset, unsigned size, bool write, uint64_t *value);
	uint8_t *(*memory)(void *host, uint64_t gpa, uint32_t len);
	bool (*line)(void *host);
	void (*wait)(void *host);	/* a millisecond */
	void *host;
	struct ahci_driver_config c;
	uint32_t cap, slots;
	uint64_t free;			/* memory for commands, taken from here on */
	bool pinned;			/* none of it is free again */
	struct ahci_driver_port port[DRIVER_PORTS];
	bool bad;			/* something that no controller does */
	const char *why;
};

uint32_t ahci_driver_read(struct ahci_driver *d, uint32_t offset);
void ahci_driver_write(struct ahci_driver *d, uint32_t offset, uint32_t value);
uint32_t ahci_driver_port_read(struct ahci_driver *d, unsigned port, uint32_t offset);
void ahci_driver_port_write(struct ahci_driver *d, unsigned port, uint32_t offset, uint32_t value);

/* Hand-off, reset, and all ports. */
void ahci_driver_start(struct ahci_driver *d, const struct ahci_driver_config *c);
/* COMRESET (unless @keep), FRE, ST; false: no drive. */
bool ahci_driver_port_start(struct ahci_driver *d, unsigned port, bool keep);
/* ST, then FRE are cleared, as the specification says [10.4.2]; false: CR or FR stays. */
bool ahci_driver_port_stop(struct ahci_driver *d, unsigned port);
/* The controller no longer interrupts, and no port runs. */
void ahci_driver_stop(struct ahci_driver *d);

/* Write header, table and PRDs of @c, then PxSACT and PxCI. */
void ahci_driver_issue(struct ahci_driver *d, unsigned port, unsigned slot, const struct ahci_driver_command *c);
/* Those that were held, at once. */
void ahci_driver_go(struct ahci_driver *d, unsigned port);
/* The interrupt handler, or one look of a driver that polls. */
void ahci_driver_look(struct ahci_driver *d);
/* Look until none of the port is busy, or an error is there; false: not within @ticks. */
bool ahci_driver_finish(struct ahci_driver *d, unsigned port, unsigned ticks);
/* After an error: ST cleared and set [6.2.2]; of queued commands the log tells which failed: @log, or NULL. */
void ahci_driver_recover(struct ahci_driver *d, unsigned port, uint8_t *log);
/* SRST on and off, by two FISes in slots 0 and 1 [10.4.1]. */
bool ahci_driver_soft_reset(struct ahci_driver *d, unsigned port);
/* The data of a command that is done, @len bytes at most; bytes that never came are DRIVER_CANARY. */
void ahci_driver_data(struct ahci_driver *d, unsigned port, unsigned slot, uint8_t *to, uint32_t len);
/* The slot is free again; false: bytes between buffers were changed. */
bool ahci_driver_release(struct ahci_driver *d, unsigned port, unsigned slot);
/* Issue in slot 0, finish, fetch the data, release; after an error recover.  The state that it ended with. */
enum driver_state ahci_driver_do(struct ahci_driver *d, unsigned port, const struct ahci_driver_command *c,
				 uint8_t *to);
/* Where byte @at of the command's data is. */
uint64_t ahci_driver_gpa(struct ahci_driver *d, unsigned port, unsigned slot, uint32_t at);

#endif
