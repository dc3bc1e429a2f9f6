/*
 * sim_ahci_parts.h - the simulated controller's state, and what its files are to each other
 *
 *	sim_ahci.c		registers, resets, interrupts, steps
 *	sim_ahci_port.c		a port: commands fetched, FISes, the end of commands
 *	sim_ahci_data.c		data, by PRDs
 *	sim_ahci_fault.c	what a test makes go wrong
 *	sim_ata.c		ATA commands
 *	sim_ata_words.c		what a drive says of itself: IDENTIFY, logs, SMART
 *	sim_atapi.c		SCSI commands behind PACKET
 *	sim_medium.c		sectors
 */
#ifndef REPLAY_SIM_AHCI_PARTS_H
#define REPLAY_SIM_AHCI_PARTS_H

#include <stddef.h>

#include "devmodel/ahci/regs.h"
#include "replay/sim_ahci.h"

#define SIM_LIMIT	(128u << 20)	/* bytes of a command */

/* Bits that regs.h has no name for [3.1, 3.3]. */
enum {
	SIM_CAP_PSC = 1u << 13,
	SIM_CAP_SSC = 1u << 14,
	SIM_CAP_PMD = 1u << 15,
	SIM_CAP_ISS_3 = 3u << 20,
	SIM_CAP_SALP = 1u << 26,
	SIM_CAP_SAL = 1u << 25,
	SIM_BOHC_BOS = 1u << 0,
	SIM_BOHC_OOS = 1u << 1,
	SIM_CMD_ALPE = 1u << 26,
	SIM_CMD_ASP = 1u << 27,
	SIM_CMD_DLAE = 1u << 25,
	SIM_SSTS_UP = 0x133,
	SIM_SERR_N = 1u << 16,
	SIM_SERR_X = 1u << 26,
	SIM_SERR_H = 1u << 22,
	SIM_SERR_P = 1u << 10,
};

enum sim_moves { SIM_MOVES_NONE, SIM_MOVES_PIO, SIM_MOVES_DMA };

/* A command that a drive has. */
struct sim_task {
	bool queued, out, packet;
	bool told;			/* its data is moved; SIM_TOGETHER: the FIS is to come */
	enum sim_moves moves;
	unsigned slot;
	uint64_t due;
	uint64_t table;			/* where its command table is */
	uint16_t prdtl;
	uint8_t fis[20];
	struct disk_transfer t;
	uint8_t *data;
	uint32_t len;			/* bytes asked for */
	uint32_t came;			/* bytes moved */
	/* how it ends */
	uint8_t status, error, device;
	uint64_t lba;
	uint16_t count;
};

struct sim_sector {
	struct sim_sector *next;
	uint64_t lba;
	uint8_t bytes[];
};

struct sim_medium {
	struct sim_sector **bucket;
	uint32_t buckets, count;
	uint32_t sector_size;
	uint8_t salt;
};

struct sim_drive {
	struct sim_ahci_drive c;
	struct sim_medium medium;
	bool srst;			/* between SRST set and cleared */
	bool ncq_failed;		/* all is aborted until the log is read */
	uint8_t error_log[512];
	uint8_t multiple, power;
	bool smart, frozen;
	uint8_t sense[3];		/* key, ASC, ASCQ */
	uint8_t buffer[512];
	unsigned count[256], opcode[256];
};

struct sim_port {
	struct sim_ahci *hba;
	unsigned index;
	uint32_t clb, clbu, fb, fbu, is, ie, cmd, tfd, sig, ssts, sctl, serr, sact, ci;
	uint32_t latched;		/* PxIS & PxIE was not 0 */
	bool halted;			/* by an error, until ST is cleared */
	uint64_t stop_at;		/* CR becomes 0; 0: not stopping */
	uint64_t fr_stop_at;
	uint64_t link_at, signature_at;	/* after a COMRESET; 0: no */
	bool signature_waits;		/* for FRE */
	unsigned last;			/* slot fetched last */
	uint32_t taken;			/* slots whose task the drive has; no other is of use */
	struct sim_task task[SLOTS];
	struct sim_drive drive;
	struct { uint64_t due; uint32_t is, offset, len; uint8_t bytes[32]; } again;
};

struct sim_ahci {
	const struct sim_ahci_bus *bus;
	void *host;
	struct sim_ahci_faults faults;
	uint64_t now;			/* steps */
	uint64_t chance;
	uint32_t ghc, is, bohc;
	uint64_t reset_at;		/* HR becomes 0; 0: none */
	bool line;
	struct sim_port port[SIM_AHCI_PORTS];
};

static inline void sim_complain(const struct sim_ahci *s, const char *what)
{
	s->bus->complain(s->host, what);
}

/* sim_ahci.c: causes of a port's interrupt. */
void sim_port_raise(struct sim_port *p, uint32_t is);
/* COMRESET, or no link: nothing is known of the drive; then it comes up, if there is one. */
void sim_port_link_down(struct sim_port *p);
void sim_port_link_up(struct sim_port *p);

/* sim_ahci_port.c */
bool sim_port_step(struct sim_port *p);
/* Forget commands that the drive has, those of @slots; all. */
void sim_port_forget(struct sim_port *p, uint32_t slots);
void sim_port_drop(struct sim_port *p);
/* The first FIS of a drive: its signature. */
void sim_port_signature(struct sim_port *p);
void sim_port_fis(struct sim_port *p, uint32_t offset, const void *fis, uint32_t len);
/* An error of bus or link: the port stands still. */
void sim_port_fail(struct sim_port *p, uint32_t is);
bool sim_port_fetch(struct sim_port *p, enum sim_ahci_why why, uint64_t at, void *to, uint32_t len);

/* sim_ahci_data.c: move @t->data by its PRDs; false: the bus failed. */
bool sim_data_move(struct sim_port *p, struct sim_task *t);

/* sim_ata.c: what is asked is decoded (all but data); then, with the data of what goes out, carried out. */
void sim_ata_decode(struct sim_drive *d, struct sim_task *t);
void sim_ata_carry_out(struct sim_port *p, struct sim_task *t);
/* A hard or soft reset. */
void sim_drive_reset(struct sim_drive *d);
void sim_task_abort(struct sim_task *t, uint8_t error);
/* Room for @len bytes of data, zeroed; false: the command is aborted. */
bool sim_task_data(struct sim_task *t, uint64_t len);

/* sim_ata_words.c */
void sim_identify(const struct sim_drive *d, uint8_t *to);
void sim_identify_packet(const struct sim_drive *d, uint8_t *to);
/* One page of 512 bytes; false: no such log. */
bool sim_log_page(const struct sim_drive *d, uint8_t log, uint16_t page, uint8_t *to);
void sim_smart_data(uint8_t *to);
void sim_sum_page(uint8_t *page);

/* sim_atapi.c */
void sim_atapi_decode(struct sim_drive *d, struct sim_task *t);
void sim_atapi_carry_out(struct sim_port *p, struct sim_task *t);

/* sim_medium.c */
void sim_medium_read(const struct sim_medium *m, uint64_t lba, uint8_t *to, uint32_t len);
void sim_medium_write(struct sim_medium *m, uint64_t lba, const uint8_t *from, uint32_t len);
void sim_medium_clear(struct sim_medium *m);

static inline void sim_put16(uint8_t *to, uint16_t v)
{
	to[0] = (uint8_t)v;
	to[1] = (uint8_t)(v >> 8);
}

#endif
