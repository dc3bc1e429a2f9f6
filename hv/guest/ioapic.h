/*
 * ioapic.h - what the guest's accesses to an I/O APIC become
 *
 * Intel 82093AA datasheet, section 3.  One pin may be ours: the guest finds its entry as it left it.  When it
 * wants that pin for itself, ours is another one.  No entry of the guest's sends INIT.
 */
#ifndef HV_GUEST_IOAPIC_H
#define HV_GUEST_IOAPIC_H

#include <stdbool.h>
#include <stdint.h>

enum { IOAPIC_SELECT = 0x00, IOAPIC_WINDOW = 0x10, IOAPIC_EOI = 0x40 };
/* By index */
enum { IOAPIC_ID = 0x00, IOAPIC_VERSION = 0x01, IOAPIC_ENTRIES = 0x10 };
#define IOAPIC_NMI	(4u << 8)	/* an entry: edge, active high, physical destination, not masked */
#define IOAPIC_MASKED	(1u << 16)
#define IOAPIC_TO(apic_id)	((uint64_t)(apic_id) << 56)
#define IOAPIC_NO_PIN	UINT32_MAX

/* The registers themselves, by index. */
struct ioapic_bus {
	uint32_t (*read)(void *host, uint32_t index);
	void (*write)(void *host, uint32_t index, uint32_t value);
	void (*end)(void *host, uint32_t vector);	/* EOI register */
};

struct ioapic_guard {
	const struct ioapic_bus *bus;
	void *host;
	uint32_t select;	/* as the guest has it */
	uint32_t pins;
	uint32_t ours;		/* or IOAPIC_NO_PIN */
	uint32_t candidates;	/* bit n: pin n may become ours */
	uint64_t entry;		/* what our pin has */
	uint64_t guest;		/* what the guest believes that it has */
	uint64_t refused;
};

void ioapic_guard_init(struct ioapic_guard *g, const struct ioapic_bus *bus, void *host);
/* The last pin of @candidates that is masked gets @entry; IOAPIC_NO_PIN: there is none. */
uint32_t ioapic_take(struct ioapic_guard *g, uint32_t candidates, uint64_t entry);
uint64_t ioapic_read(const struct ioapic_guard *g, uint32_t offset, unsigned size);
/* True: our pin is another one now. */
bool ioapic_write(struct ioapic_guard *g, uint32_t offset, unsigned size, uint64_t value);

#endif
