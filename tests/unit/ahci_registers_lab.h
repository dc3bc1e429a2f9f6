/*
 * ahci_registers_lab.h - the registers of a model between those of a device and command handling that only says it was
 * called
 */
#ifndef TESTS_UNIT_AHCI_REGISTERS_LAB_H
#define TESTS_UNIT_AHCI_REGISTERS_LAB_H

#include "devmodel/ahci/registers.h"

#define LAB_PORTS	0x80000023u		/* 0, 1, 5 and 31 */
#define LAB_POOL	0x123456000u
#define LAB_BOUNCE	(64u << 10)

struct lab {
	uint32_t reg[ABAR_BYTES / 4];		/* as it would read them */
	char log[1 << 16];			/* what reached it, and command handling: a line each */
	uint32_t log_len;
	bool log_reads;
	bool ci_stays;				/* PxCI and PxSACT, when ST is cleared */
	bool gone;				/* all ones */
	uint32_t gone_after, gone_at;		/* so many reads of a port's register, PxCLB unless told */
	uint32_t hr_reads;			/* of GHC that say HR */
	uint32_t cr_stays, fr_stays;		/* ports of which PxCMD.CR, FR do not fall */
	uint64_t now_ns, step_ns;		/* the clock, and how far each reading moves it */
	uint64_t ci_until_ns;			/* PxCI and PxSACT of all ports fall to 0 then */
	void (*on_look)(struct port *p);
	uint64_t pool_bus, bounce_bus;
	uint32_t given;				/* bytes of bounce memory that came back */

	_Alignas(16) uint8_t pool[AHCI_POOL_BYTES];
	uint8_t bounce_bytes[LAB_BOUNCE];
	struct bounce bounce;
	struct devmodel_ops ops;
	struct devmodel d;
	bool searching;
	unsigned judged_anew, forgotten;	/* judgements begun anew; given up */
	struct disk disk;
	struct ahci *h;
};
extern struct lab lab;

/* A controller of LAB_PORTS ports that all stand still. */
void lab_clear(void);
/* A model attached to it; lab.h is NULL when it will not be. */
void lab_attach(void);
void lab_end(void);
/* What was logged since the last time is @lines. */
void lab_expect(const char *lines);
void lab_forget_log(void);

uint32_t lab_read(uint32_t offset);
void lab_write(uint32_t offset, uint32_t value);
uint64_t lab_read_size(uint32_t offset, unsigned size);
void lab_write_size(uint32_t offset, unsigned size, uint64_t value);
/* Let @slot of port 0 be @state, with @len bytes of bounce memory at @at. */
struct slot *lab_slot(unsigned slot, enum slot_state state, uint32_t at, uint32_t len);

#define DEVICE(offset)		lab.reg[(offset) / 4]
#define DEVICE_PORT(n, x)	DEVICE(PORT_AT(n) + (x))
#define PORT(n)			(&lab.h->port[n])
#define COUNTED(name)		ahci_counter(lab.h, AHCI_##name)

#endif
