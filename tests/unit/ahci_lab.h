/*
 * ahci_lab.h - the AHCI model between a guest that writes lists and tables by hand, and a device that does as told
 */
#ifndef TESTS_UNIT_AHCI_LAB_H
#define TESTS_UNIT_AHCI_LAB_H

#include <string.h>

#include "devmodel/ahci/state.h"
#include "tests/devmodel/disk_parts.h"
#include "tests/unit/unit.h"

#define LAB_PORTS	2u
#define LAB_BOUNCE_MAX	(8u << 20)
#define RAM_BYTES	(24u << 20)
#define HOLE		0x700000u	/* no RAM there */
#define HOLE_BYTES	0x80000u
#define LIST_AT(port)	(0x10000u + 0x2000u * (port))
#define FIS_AT(port)	(0x11000u + 0x2000u * (port))
#define TABLE_AT(slot)	(0x100000u + 0x4000u * (slot))
#define BUFFER_AT(slot)	(0x800000u + 0x40000u * (slot))
#define POOL_BUS	0x1f0000000u	/* above 4 GiB: the upper halves count */
#define BOUNCE_BUS	0x300000000u
#define RAM_BUS		0x700000000u

/* A guest's command: what is 0 is put right. */
struct ask {
	uint8_t command, device;
	uint16_t features, count, flags;
	uint64_t lba;
	uint32_t bytes;			/* of its PRDs together */
	uint32_t prds;			/* in as many pieces */
	uint64_t at;			/* of the first, else BUFFER_AT(slot) */
	const uint8_t *cdb;		/* 16 bytes: PACKET */
	bool out;
};

struct lab {
	uint32_t reg[ABAR_BYTES / 4];
	uint8_t issued[256];		/* slots as PxCI was written, port 0 */
	uint32_t issues;
	uint32_t reads, writes;		/* of guest memory */
	uint32_t reg_reads, reg_writes;
	void (*after_read)(uint64_t at, uint32_t len);
	void (*after_write)(uint64_t at, uint32_t len);
	void (*on_read)(uint32_t offset);			/* before a register is read */
	void (*on_write)(uint32_t offset, uint32_t value);	/* before a register is written */
	uint64_t no_dma_from, no_dma_to;
	uint64_t now;
	bool gone;
	uint32_t cr_stays;		/* ports */
	/* what drives have */
	uint8_t *medium;		/* of the last write */
	uint32_t medium_len;
	uint64_t fill;			/* what is read begins with it, each sector, where not 0 */
	uint16_t sector_size;		/* as IDENTIFY says; 0: it fails */
	unsigned carried_out[256];	/* commands, by code */
	/* the policy */
	unsigned events;
	char event[256];		/* rule, LBA, of the last one */

	uint8_t *ram, *bounce_bytes, *pool;
	uint64_t transfers;
	struct bounce bounce;
	struct devmodel_ops ops;
	struct devmodel d;
	struct disk disk;
	struct disk_parts parts;
	struct ahci *h;
};
extern struct lab lab;

/* Ports 0 and 1 run, with ATA drives that are known, and all of PxIE set; @policy NULL: one without disk hooks. */
void lab_begin(const char *policy, uint32_t bounce_bytes);
void lab_end(void);
/* From now on what has more than @slice bytes to be searched is judged in several calls. */
void lab_parts(uint32_t slice);
/* What a drive is known to be; as after COMRESET. */
void lab_unknown(unsigned port);
void lab_atapi(unsigned port);

/* ---- the guest ---- */
/* One of the controller's registers; of a port's: */
uint32_t lab_access(uint32_t offset, bool write, uint32_t value);
uint32_t lab_read(unsigned port, uint32_t offset);
void lab_write(unsigned port, uint32_t offset, uint32_t value);
void lab_put(unsigned port, unsigned slot, struct ask a);
/* Put and issue. */
void lab_ask(unsigned port, unsigned slot, struct ask a);
struct header *lab_header(unsigned port, unsigned slot);
struct prd *lab_prd(unsigned slot, uint32_t i);
struct received *lab_received(unsigned port);
/* ST cleared and set. */
void lab_restart(unsigned port);
/* READ/WRITE FPDMA QUEUED, READ/WRITE DMA EXT of @sectors of 512 bytes. */
struct ask lab_queued(unsigned slot, bool out, uint64_t lba, uint32_t sectors);
struct ask lab_dma(bool out, uint64_t lba, uint32_t sectors);
/* Byte @i of what is on the medium from @lba on. */
uint8_t lab_byte(uint64_t lba, uint32_t i);
/* The buffer of @slot has @len bytes of @lba, and then none. */
void lab_expect_data(unsigned slot, uint64_t lba, uint32_t len);
/* The guest's buffer of @slot has bytes of @lba. */
void lab_fill(unsigned slot, uint64_t lba, uint32_t len);
/* The guest's buffer of @slot has @len zeros, or what it had before: 0 too. */
void lab_expect_nothing(unsigned slot, uint32_t len);
/* No byte of the bounce memory is other than 0, but of the table and PRDs of a command of one PRD. */
void lab_expect_clear(void);
/* For lab.ops.guest_write: what is longer than a FIS finds no RAM. */
bool lab_write_no_data(void *host, gpa_t at, const void *from, uint32_t len);
/* The line of the interrupt. */
bool lab_line(void);

/* ---- the device ---- */
#define REG(port, x)	lab.reg[(PORT_AT(port) + (x)) / 4]
#define P(n)		(&lab.h->port[n])
#define COUNT(name)	ahci_counter(lab.h, AHCI_##name)
/* Of the model's table for @slot: */
const uint8_t *dev_fis(unsigned port, unsigned slot);
const struct header *dev_header(unsigned port, unsigned slot);
const struct prd *dev_prds(unsigned port, unsigned slot);
struct received *lab_pool_received(unsigned port);
uint8_t *dev_memory(uint64_t bus, uint32_t len);
/* Move the first @bytes of the data; PRDBC says so. */
void dev_move(unsigned port, unsigned slot, uint32_t bytes);
/* It is done: FIS, PxCI, PxSACT, PxIS. */
void dev_end(unsigned port, unsigned slot);
/* Queued: taken (PxCI), not done. */
void dev_accept(unsigned port, unsigned slot);
/* All of it.  The nudge and IDENTIFY too. */
void dev_do(unsigned port, unsigned slot);
/* An error; @keeps: PxCI keeps the slot, as the specification says; QEMU clears it. */
void dev_fail(unsigned port, unsigned slot, uint32_t is, bool keeps);

/* Nothing is out but what the nudge needs, and it fails. */
void lab_expect_refused(unsigned slot);
/* What went to the drive so far, in its order: a letter a slot. */
void lab_expect_issued(const char *slots);
/* A case of @s whose tests start with @begin, which calls lab_begin(), and end with lab_end(). */
TCase *lab_case(Suite *s, const char *name, void (*begin)(void));

#endif
