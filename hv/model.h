/*
 * model.h - devices with a model, and what surrounds a model here
 *
 * A model's registers are the device's, through a mapping that follows its BAR; its pool is our memory; its guest
 * memory is gmem.c's; its judge is the machine's one (enforce.h).  All of it runs under the guest lock.
 */
#ifndef HV_MODEL_H
#define HV_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "devmodel/devmodel.h"
#include "hv/cpu/vcpu.h"
#include "hv/guest/mmio.h"
#include "hv/pci.h"

#define MODELS_MAX	16u

/* What all devices of a kind have in common.  @state, of each function: what attach() returned. */
struct model_kind {
	const char *name, *what;		/* e1000; network card */
	enum pci_model is;
	unsigned bar;				/* its registers */
	uint32_t least, most;			/* bytes of them */
	uint32_t count_max;			/* a further one is hidden */
	uint32_t pool_bytes;
	uint32_t (*size)(void);			/* bytes of a model */
	/* @nth: of this kind */
	void *(*attach)(void *memory, const struct devmodel *d, const struct pci_function *f, uint32_t nth);
	void (*access)(void *state, uint32_t offset, unsigned size, bool write, uint64_t *value);
	void (*port)(void *state, const struct pci_function *f, unsigned bar, uint32_t offset, unsigned size, bool write,
		     uint32_t *value);
	void (*poll)(void *state);
	uint32_t (*poll_hz)(const void *state);
	void (*halts)(void *state);		/* NULL: it awaits none */
	bool (*rests)(const void *state);	/* has the last access left something for a later exit?  NULL: never */
	void (*was_reset)(void *state);
	uint32_t counters;
	const char *const *counter_name;
	uint64_t (*counter)(const void *state, uint32_t n);
};
extern const struct model_kind net_kind, disk_kind;

struct model;

/* Bytes of all that devices need beside the hypervisor's own memory: before pages_init(). */
uint64_t model_bytes(const struct options *o);
/* A model for each function that pci_init() found and has one. */
void model_init(const struct vcpu *v);
/* The number of the BAR with the registers. */
unsigned model_bar(const struct pci_function *f);
/* NULL: none. */
struct model *model_of(const struct pci_function *f);
/* @r traps its registers from now on. */
void model_trapped(struct model *m, struct mmio_region *r);

/* The guest's access to memory of the BAR with the registers: @at of the machine; to a port of BAR @bar. */
void model_memory(struct model *m, struct vcpu *v, uint64_t at, unsigned size, bool write, uint64_t *value);
void model_port(struct model *m, const struct vcpu *v, unsigned bar, uint32_t offset, unsigned size, bool write,
		 uint32_t *value);
/* Its BARs are elsewhere, or it has been in D3: its registers are as after a reset. */
void model_moved(struct model *m, const struct vcpu *v);
void model_was_reset(struct model *m, const struct vcpu *v);

/*
 * Did the last access leave something that shall wait for the next exit?  Then none is carried out in this one any more.
 * Needs the guest lock.
 */
extern bool model_rests;

extern uint32_t model_hz;	/* as often devices want to be looked at, the most of all: 0, none does */
/* Is it time to look at the devices, or did a tick come for them?  Then model_poll(), under the guest lock. */
bool model_is_due(bool ticked);
void model_poll(const struct vcpu *v);
/* @v halts, as a model wanted to be told (devmodel.h): under the guest lock. */
void model_halts(const struct vcpu *v);

#endif
