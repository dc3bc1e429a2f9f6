/*
 * ahci.h - the shadow model of AHCI 1.3.1 host controllers: the interface
 *
 * The guest's driver sees its own command lists, tables and FIS areas in its memory.  The controller sees those of the
 * model, and sectors in the bounce memory wherever a rule must see them; where no rule does, they go straight between
 * the drive and the guest's pages.  Interrupts go from the controller to the guest as they are, several commands' together
 * where it sends several: its driver reads a register, and that is when the model looks at the controller.
 */
#ifndef DEVMODEL_AHCI_AHCI_H
#define DEVMODEL_AHCI_AHCI_H

#include <stdbool.h>
#include <stdint.h>

#include "devmodel/ahci/bounce.h"
#include "devmodel/devmodel.h"
#include "devmodel/disk.h"

struct ahci;

/* Bytes of a model, 16-byte aligned, and of the memory of its own that the controller may reach (devmodel.pool). */
uint32_t ahci_size(void);
#define AHCI_POOL_BYTES	(64u << 10)

/*
 * Take the controller over: what firmware left running is stopped (this waits for PxCMD.CR, at most half a second a
 * port: section 10.1.2), the addresses it had are taken for the guest's, and its ports run on through the model.
 * @memory: ahci_size() bytes.  @unit: `disk.unit` of its drives.  @index_pair: offset of the index/data pair in
 * its I/O BAR, ~0u when it has none.  All that is pointed to must stay; @bounce may be shared with other controllers.
 * NULL: it does not stop, not even by a reset, or it cannot reach its memory, or there is none: it must not be the
 * guest's.
 */
struct ahci *ahci_attach(void *memory, const struct devmodel *d, const struct disk *disk, struct bounce *bounce,
			 uint8_t unit, uint32_t index_pair);

/* The guest's access to the memory BAR (ABAR) at @offset, @size 1, 2, 4 or 8 bytes. */
void ahci_access(struct ahci *h, uint32_t offset, unsigned size, bool write, uint64_t *value);
/* To the I/O BAR with the index/data pair (section 10.14), @size 1, 2 or 4. */
void ahci_io(struct ahci *h, uint32_t offset, unsigned size, bool write, uint32_t *value);
/* Look at the controller: what it has done, what waits for room. */
void ahci_poll(struct ahci *h);
/* A processor of the guest's halts, for which await_halt() was called: what it waits for interrupts it from now on. */
void ahci_halts(struct ahci *h);
/* How often a second ahci_poll() must be called, since no interrupt makes the guest look; 0: not at all. */
uint32_t ahci_poll_hz(const struct ahci *h);
/* Has the last call left something to do for the next one? */
bool ahci_rests(const struct ahci *h);
/* The controller was reset behind the model's back: by a power state (D3 to D0), or by the bus. */
void ahci_was_reset(struct ahci *h);

enum ahci_counter {
#define COUNTER(name, words) AHCI_##name,
#include "devmodel/ahci/counter.def"
#undef COUNTER
	AHCI_COUNTERS,
};
extern const char *const ahci_counter_name[AHCI_COUNTERS];
uint64_t ahci_counter(const struct ahci *h, enum ahci_counter c);

#endif
