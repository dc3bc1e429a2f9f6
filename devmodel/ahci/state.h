/*
 * state.h - a model's state, and what its files are to each other (internal)
 *
 *	registers.c	an access becomes a register's, by an allow-list
 *	hba.c		generic host control: capabilities, resets, interrupts, hand-off
 *	port.c		a port's registers: what they start, stop and answer
 *	attach.c	a controller that was left running
 *	command.c	a command is decoded, and encoded afresh
 *	packet.c	of an ATAPI command
 *	issue.c		a command leaves the guest: its turn, its room, its judgement, the drive
 *	judge.c		a command before the policy, in one call or in several
 *	room.c		memory of a command on its way
 *	own.c		commands of the model's own, which the guest does not see
 *	complete.c	the drive is done: its judgement, the guest's memory, registers
 *	hold.c		commands that end one after another are told together
 *	received.c	the FISes that the guest sees
 *	refuse.c	what the drive never saw fails as if it had
 *	answer.c	what the model carries out itself
 *	identify.c	what a drive says of itself
 *	prd.c, bounce.c	memory
 */
#ifndef DEVMODEL_AHCI_STATE_H
#define DEVMODEL_AHCI_STATE_H

#include "devmodel/ahci/ahci.h"
#include "devmodel/ahci/command.h"
#include "devmodel/ahci/fis.h"
#include "devmodel/ahci/identify.h"
#include "devmodel/ahci/prd.h"
#include "devmodel/ahci/regs.h"

#define BURST_BYTES	(256u << 10)	/* copied or searched in one call: then the next commands wait for the next call */

/*
 *	FREE -> WAITS -> OUT -> FREE			a command that the drive carries out
 *	        WAITS -> REFUSED -> NUDGED -> FAILED	one that the drive never sees
 *	                 OUT -> REFUSED			one whose sectors the guest must not see
 * A command that the model carries out itself (dropped silently, the NCQ error log after a refusal) goes by ANSWERED
 * instead of REFUSED, and ends FREE.  All are FREE again when the guest clears PxCMD.ST; what was OUT keeps its memory
 * until the controller has stopped (port.stale).
 */
enum slot_state { SLOT_FREE, SLOT_WAITS, SLOT_OUT, SLOT_REFUSED, SLOT_ANSWERED, SLOT_NUDGED, SLOT_FAILED };

struct slot {
	uint8_t state;			/* enum slot_state */
	bool fetched;			/* header and table head are read: never again */
	bool waited;			/* for room, and is counted */
	bool bounced;			/* its data is in the bounce memory, else in the guest's pages */
	bool lied;			/* more is said to have come than was asked for: nothing is learnt from it */
	bool seen;			/* what is there is of the guest, or was given to it: no need to clear it */
	bool answer;			/* REFUSED, NUDGED: ends well */
	struct command c;
	gpa_t header;			/* the guest's, where PRDBC is written */
	/* bounce memory: device's table, our copy of the guest's PRDs, data */
	uint32_t at, len;		/* len 0: none */
	uint32_t prd_at, data_at;	/* counted from memory.at */
	struct prds prds;
	uint16_t device_prds;		/* in the device's table */
	uint8_t why;			/* enum ahci_counter, of a refusal */
	struct disk_trial trial;	/* WAITS, OUT: under way where it takes several calls */
};

/* Bounce memory of a command that was given up, to which the device may still write. */
struct held {
	uint32_t at, len;
	uint8_t slot;
};
#define HELD_MAX	64u

struct port {
	struct ahci *hba;
	uint8_t index;
	/* as the guest wrote them */
	uint32_t clb, clbu, fb, fbu, ie;
	uint32_t cmd;			/* ST and FRE; the other bits are the device's */
	/* as the guest sees them */
	uint32_t ci, sact;
	uint32_t is;			/* bits that the device does not have: of refusals */
	uint32_t is_hidden;		/* bits that the device has of our own commands, until they are cleared */
	uint32_t tfd;			/* of the last refusal, or BSY while one is on its way; while tfd_ours */
	bool tfd_ours;
	/* the device */
	uint32_t is_device;		/* its PxIS when it was last looked at */
	uint32_t is_old;		/* error bits that it had before what is out now was sent */
	uint32_t out;			/* slots that it has: OUT, NUDGED */
	uint32_t own;			/* slots that the model sees through: REFUSED, ANSWERED */
	uint32_t stale;			/* slots forgotten while it had them: freed once it has stopped */
	uint64_t forgotten_ns;		/* when */
	uint8_t held_count;		/* where its bits outlasted that: until they fall, or a reset of the controller */
	struct held held[HELD_MAX];
	uint32_t behind;		/* of out: done, but BURST_BYTES left them for the next call (port_look()) */
	bool searching;			/* a read is done, and not all of it is searched: nothing tells of it yet */
	uint8_t sent, sent_last;	/* commands, since it last cleared bits of PxIS, and before: SEVERAL at most (hold.c) */
	uint64_t held_ns, sent_ns;	/* when its bit of hba.holds was set, and the last command sent since */
	bool stopped;			/* an error, the drive's or ours: nothing moves until ST is cleared */
	bool restarting;		/* ST is set for the guest, and will be for the device once CR is 0 */
	bool identifying;		/* our own IDENTIFY is out, in slot 0; the guest's commands wait */
	bool identify_failed;		/* since the last COMRESET: not tried again */
	struct drive drive;
	struct slot slot[SLOTS];
	uint8_t queue[SLOTS];		/* waiting slots in the order of their issue */
	uint8_t queued;
	struct bounce_turn turn;	/* of queue[0] when it waits for room; a port that does not run holds up no other */
	/* what queue[0] was when it was fetched: header, its table's address and first bytes */
	struct header header;
	gpa_t table;
	_Alignas(8) uint8_t head[sizeof(struct table)];
	/* of the last refusal */
	bool own_log;			/* the NCQ error log is ours, until read, a reset, or another queued command:
					   ST is cleared before it is read */
	uint8_t log[512];
	bool own_sense;			/* so is the answer to REQUEST SENSE, until the next ATAPI command */
	uint8_t sense[18];
	struct received received;	/* of the model's own, what the guest has been shown */
};

struct ahci {
	const struct devmodel *d;
	const struct disk *disk;
	struct bounce *bounce;
	uint8_t unit;
	uint32_t index_pair, index;	/* its I/O BAR; the index register */
	uint32_t cap, cap2, pi;		/* as offered */
	bool ie;			/* GHC.IE */
	bool resetting;			/* until GHC.HR reads 0: no port is programmed, none may run */
	uint32_t holds;			/* ports whose PxIE lacks IS_PROGRESS for now (hold.c) */
	uint8_t in_vain;		/* halts one after another before which nothing had ended */
	uint64_t busy_ns, busy_until_ns;	/* the guest did not halt: how long none does, and until when */
	bool more;			/* something waits for the next call, or for room */
	bool restless;			/* a port may be restarting or identifying, or have stale slots, or a command
					   whose end is told to nobody, or later: else none is */
	uint32_t burst;			/* of BURST_BYTES, used up: the interface's functions begin with 0 */
	uint64_t mark;			/* where sectors of queued reads end, until the drive has written there */
	struct port port[PORTS_MAX];
	uint64_t counter[AHCI_COUNTERS];
};

/* What lies in devmodel.pool, of each port. */
#define POOL_LIST	0u
#define POOL_RECEIVED	LIST_BYTES
#define POOL_TABLE	(LIST_BYTES + RECEIVED_BYTES)	/* of commands of our own: 128 bytes and one PRD */
#define POOL_DATA	(POOL_TABLE + 256u)		/* of our own IDENTIFY: 512 bytes */
#define POOL_PORT	(POOL_DATA + 512u)
#define POOL_STEP	2048u		/* from one port's part to the next: lists are aligned */
_Static_assert(POOL_PORT <= POOL_STEP && PORTS_MAX * POOL_STEP <= AHCI_POOL_BYTES, "the pool holds all ports");

static inline uint32_t hba_read(const struct ahci *h, uint32_t offset)
{
	return h->d->ops->reg_read(h->d->host, offset);
}

static inline void hba_write(const struct ahci *h, uint32_t offset, uint32_t value)
{
	h->d->ops->reg_write(h->d->host, offset, value);
}

static inline uint32_t port_read(const struct port *p, uint32_t offset)
{
	return hba_read(p->hba, PORT_AT(p->index) + offset);
}

static inline void port_write(const struct port *p, uint32_t offset, uint32_t value)
{
	hba_write(p->hba, PORT_AT(p->index) + offset, value);
}

static inline void hba_count(struct ahci *h, enum ahci_counter c)
{
	h->counter[c]++;
}

/* Where the device's addresses end: without S64A it takes the lower half of each alone [3.1.1]. */
static inline uint64_t hba_reach(const struct ahci *h)
{
	return h->cap & CAP_S64A ? UINT64_MAX : UINT64_C(1) << 32;
}

/* The command slots that there are. */
static inline uint32_t hba_slots(const struct ahci *h)
{
	return (2u << ((h->cap & CAP_NCS) >> 8)) - 1;
}

/* Is ST set for the guest and for the device?  Where not, no slot is fetched and none goes out. */
static inline bool port_runs(const struct port *p)
{
	return p->cmd & PxCMD_ST && !p->restarting && !p->hba->resetting;
}

/* PxIS bits that say that a command has moved on. */
#define IS_PROGRESS	(PxIS_DHRS | PxIS_PSS | PxIS_DSS | PxIS_SDBS | PxIS_DPS)

/* Bits of the device's PxIS that the guest does not see, and that do not interrupt. */
static inline uint32_t port_hides(const struct port *p)
{
	return p->is_hidden | (p->searching ? IS_PROGRESS : 0);
}

/*
 * Is a command out whose end does not interrupt?  The guest may look for it in the received FISes, in its memory, where
 * nothing is before somebody has called the model (EDK2's driver does so).
 */
static inline bool port_is_unheard(const struct port *p)
{
	return p->out && !(p->hba->ie && p->ie & IS_PROGRESS);
}

/* To be called when a command goes out, or who hears of it changes. */
static inline void port_is_out(struct port *p)
{
	p->hba->restless |= port_is_unheard(p);
}

/* ---- issue.c ---- */

/* The guest wrote @bits to PxCI (which may be set already, or while ST is 0: they wait). */
void port_issue(struct port *p, uint32_t bits);
/* Go on with what waits: ST was set, room was given back, others are done. */
void port_push(struct port *p);
/* The first that waits is to be decoded anew, should it have been already: the drive may be another one. */
void port_judge_anew(struct port *p);
/* The device's header of @slot, and its bit in PxCI, of a queued command in PxSACT too. */
void port_send(struct port *p, unsigned slot, bool queued, uint16_t flags, uint16_t prds, dma_t table);
/* What the device, and we, have in its list. */
static inline struct header *port_list(const struct port *p)
{
	return (struct header *)(p->hba->d->pool.at + p->index * POOL_STEP + POOL_LIST);
}

/* ---- judge.c ---- */

/* May the data of @c go straight between drive and guest? */
bool slot_is_direct(const struct port *p, const struct command *c);
/* What is refused unjudged, for @why: the policy's log tells of what always fails. */
void slot_tell(struct port *p, struct command *c, enum ahci_counter why);
/* Before the drive has it: HV_PASS also for what is judged when it is done.  HV_WAIT: call again in the next call. */
enum hv_verdict slot_judge_issue(struct port *p, struct slot *s);
/* The first @len > 0 bytes have come.  HV_WAIT as above, not with @now. */
enum hv_verdict slot_judge_done(struct port *p, struct slot *s, uint32_t len, bool now);

/* ---- room.c ---- */

enum room { ROOM_TAKEN, ROOM_NONE, ROOM_NEVER };

/* Memory for the command that p->header is of, whose data is @direct between drive and guest, or bounced. */
enum room slot_take(struct port *p, struct slot *s, bool direct);
/* PACKET has taken as much as it could need: give back what is over @bytes, and have that many. */
void slot_shrink(struct port *p, struct slot *s, uint32_t bytes);
/* Give it back, cleared where the guest has not seen what it holds.  Device and judge must be done with it. */
void slot_release(struct port *p, struct slot *s);
/* The memory of @slots, which are stale, is kept until the device's bits of them fall.  False: too much is kept already. */
bool room_hold(struct port *p, uint32_t slots);
/* What is kept of slots whose bits are not in @bits, the device's, comes back. */
void room_let_go(struct port *p, uint32_t bits);
static inline uint8_t *bounce_at(const struct port *p, uint32_t at)
{
	return p->hba->bounce->memory.at + at;
}
static inline uint8_t *slot_data(const struct port *p, const struct slot *s)
{
	return bounce_at(p, s->data_at);
}
static inline struct table *slot_table(const struct port *p, const struct slot *s)
{
	return (struct table *)bounce_at(p, s->at);
}
/* Of a TRIM: room for as many as the judge takes, and one. */
static inline struct disk_range *slot_ranges(const struct port *p, const struct slot *s)
{
	return (struct disk_range *)bounce_at(p, s->data_at + (uint32_t)s->c.bytes);
}

/* ---- complete.c ---- */

/* See what the device has done on this port, and give it to the guest; what BURST_BYTES leave is in p->behind. */
void port_look(struct port *p);
/* On all ports, then push what waits. */
void hba_look(struct ahci *h);
/* Is more done by now than port_look() has given?  Then it is in p->behind. */
bool port_is_behind(struct port *p);
/* Give all that is done, however much, for its interrupt was cleared just now; then push what waits. */
void port_catch_up(struct port *p);
/* PRDBC of a command that is not queued: bytes that were moved. */
void slot_report(struct port *p, struct slot *s, uint32_t bytes);
/* It is done: its bits in PxCI and PxSACT, its memory. */
void slot_free(struct port *p, unsigned slot);

/*
 * What becomes of the command that is alone at the drive is the model's to say, and it has not said it yet: PxTFD is
 * BSY, and what the drive says is not shown.
 */
static inline void port_await(struct port *p)
{
	p->tfd = STATUS_BSY | STATUS_DRDY | STATUS_SEEK;
	p->tfd_ours = true;
}
static inline bool port_is_awaited(const struct port *p)
{
	return p->tfd_ours && p->tfd & STATUS_BSY;
}

/* ---- received.c ---- */

/* Write what changed of the received FISes to the guest, if PxCMD.FRE. */
void port_show_received(struct port *p);
/* Nothing was received: what comes next is shown, whatever it is. */
void port_clear_received(struct port *p);
/* As if the drive had sent one, with @status and @error: to be shown by port_show_received(). */
void port_receive_d2h(struct port *p, const struct command *c, uint8_t status, uint8_t error);
void port_receive_pio(struct port *p, const struct command *c, uint32_t bytes, uint8_t status);
void port_receive_sdb(struct port *p, uint32_t sact, uint8_t status, uint8_t error);

/* ---- own.c ---- */

/* Nothing is out, and something is about to be: what is received from now on, and what errors are new. */
void port_begin(struct port *p);
/* CHECK POWER MODE in @slot: nothing else may be out. */
void port_nudge(struct port *p, unsigned slot);
/* IDENTIFY, in slot 0: nothing else may be out. */
void port_identify(struct port *p);
/* It is done; @failed: by an error. */
void port_identified(struct port *p, bool failed);
/* Nothing of our own is out: bits that were hidden are cleared, or belong to the guest now. */
void port_unhide(struct port *p);

/* ---- hold.c ---- */

/* The guest issues the commands in @bits: does what has ended wait for them? */
void port_sends(struct port *p, uint32_t bits);
/* It clears bits of PxIS. */
void port_acknowledges(struct port *p);
/* Nothing waits any more; hba_let_go_late(): nothing that has waited for long. */
void port_let_go(struct port *p);
void hba_let_go(struct ahci *h);
void hba_let_go_late(struct ahci *h);

/* ---- refuse.c ---- */

/*
 * @slot, which the device does not have, fails for the reason @why (AHCI_DROPPED: the policy's), which is counted: when
 * the others are done, and the controller has interrupted.
 */
void port_refuse(struct port *p, unsigned slot, enum ahci_counter why);
/* PxIS bits that it will bring. */
uint32_t slot_outcome(const struct slot *s);
/* The nudge of a refused or answered slot is done. */
void port_nudged(struct port *p, unsigned slot);

/* ---- answer.c ---- */

/* Does only the model know, after a refusal, what @c asks for? */
bool port_has_answer(const struct port *p, const struct command *c);
/* Then @slot has it, when the others are done, and the controller has interrupted. */
void port_answer(struct port *p, unsigned slot);
/* So it has success, of which nothing is true: what is read is zeros. */
void port_answer_silently(struct port *p, unsigned slot);

/* ---- port.c ---- */

/* ST was cleared, by the guest or a reset: every slot is forgotten; memory comes back by port_quiet(). */
void port_forget(struct port *p);
/* Is the controller done with what was forgotten?  Then its memory is given back, and ST set if it was asked for. */
void port_quiet(struct port *p);
/* Program PxCLB, PxFB: ours. */
void port_program(struct port *p);
/*
 * Program PxIE: as the guest has it without bits that are hidden or held back, and DHRE while a nudge is out, or its PxIS bit holds
 * the line for bits in p->is.  To be called when a command of our own goes out, and when it is done.
 */
void port_enable(struct port *p);
/* Clear the device's ST, and set it again once it is quiet, unseen by the guest: our own IDENTIFY failed. */
void port_restart(struct port *p);

#endif
