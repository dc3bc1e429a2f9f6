/*
 * e1000_registers_lab.h - the register file between an array of registers and queues that only say they were called
 */
#ifndef TESTS_UNIT_E1000_REGISTERS_LAB_H
#define TESTS_UNIT_E1000_REGISTERS_LAB_H

#include "devmodel/e1000/registers.h"

struct lab {
	uint32_t reg[E1000_BAR0_BYTES / 4];	/* the device: reading ICR clears it, IMS and IMC act, nothing else does */
	char log[1 << 17];			/* what reached it, and the queues: a line each */
	uint32_t log_len;
	bool quiet;				/* no log */
	bool keep;				/* that of lab_attach() too */
	uint32_t reads;
	/* EERD: words, the place of DONE and of the address; DONE comes at the last of so many reads */
	uint16_t nvm[256];
	uint32_t eerd_done, eerd_shift, eerd_reads, eerd_wait;
	uint32_t head_moves;			/* TDH moves on in so many reads */
	/* what the queues say */
	bool rx_waits, rx_stalls, tx_waits[2], tx_runs[2], tx_stalls[2];
	uint32_t rctl_at_stop;

	bool opens;				/* the receive registers' page can be */
	uint8_t *page;				/* the guest's; NULL: closed */
	void (*at_close)(void);			/* before it is; NULL: nothing */

	struct devmodel_ops ops;
	struct devmodel d;
	struct net net;
	struct e1000 *n;
};
extern struct lab lab;

/* A model of @device, attached to registers that hold what @reg holds now; then the log is empty. */
void lab_attach(uint16_t device);
void lab_clear(void);
void lab_end(void);
/* What was logged since the last time is @lines. */
void lab_expect(const char *lines);

uint32_t lab_read(uint32_t offset);
void lab_write(uint32_t offset, uint32_t value);
uint64_t lab_read_size(uint32_t offset, unsigned size);
void lab_write_size(uint32_t offset, unsigned size, uint64_t value);

/* The guest stores and loads where the page is open. */
void lab_store(uint32_t offset, uint32_t value);
uint32_t lab_load(uint32_t offset);

#define DEVICE(name)	lab.reg[E1000_##name / 4]
#define COUNTED(name)	lab.n->counter[E1000_##name]

#endif
