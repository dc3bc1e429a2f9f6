/*
 * guest_ram.h - guest memory of a test's machine, and what of it the device was granted
 *
 * It lies below 16 MiB, with a hole that is the hypervisor's, and from 4 GiB on; the device finds it at bus addresses
 * that are no guest's.  Pages cost nothing before they are touched, and an access beyond an end faults.
 */
#ifndef TESTS_DEVMODEL_GUEST_RAM_H
#define TESTS_DEVMODEL_GUEST_RAM_H

#include <stdbool.h>
#include <stdint.h>

#define RAM_LOW		(16u << 20)
#define RAM_HIGH	(4ull << 30)	/* the second part's start */
#define RAM_HV		(12u << 20)	/* the hypervisor's, in the first part */
#define RAM_HV_BYTES	(1u << 20)
#define BUS_GUEST	0x1000000000ull	/* a guest address's place on the bus; without a model they are the same */

struct grant {
	uint64_t at;			/* on the bus */
	uint32_t len, left;		/* bytes that may still be moved */
};

struct guest_ram {
	uint8_t *low, *high;
	uint32_t high_bytes;
	struct grant *grant;
	uint32_t grants, hint;		/* of the last one that was used */
	void (*complain)(void *host, const char *what);
	void *host;
};

void guest_ram_init(struct guest_ram *r, uint32_t high_bytes, void (*complain)(void *host, const char *what),
		    void *host);
void guest_ram_free(struct guest_ram *r);

/* NULL: not all of it is RAM; with _guests_: or some of it is the hypervisor's. */
uint8_t *guest_ram_at(const struct guest_ram *r, uint64_t gpa, uint32_t len);
uint8_t *guest_ram_guests_at(const struct guest_ram *r, uint64_t gpa, uint32_t len);
/* devmodel_ops of the same names; each byte that is granted may be moved @times. */
bool guest_ram_read(const struct guest_ram *r, uint64_t gpa, void *to, uint32_t len);
bool guest_ram_write(const struct guest_ram *r, uint64_t gpa, const void *from, uint32_t len);
bool guest_ram_dma(struct guest_ram *r, uint64_t gpa, uint32_t len, unsigned times, uint64_t *bus);

/* The device's access: NULL where it was not granted, or was used up.  @stays: it is not used up. */
uint8_t *guest_ram_use(struct guest_ram *r, uint64_t bus, uint32_t len, bool stays);
void guest_ram_forget_grants(struct guest_ram *r);

/* At times, a bit in [@gpa, @gpa + @len) becomes another, by chance from @seed: what was read is soon another. */
void guest_ram_flip(const struct guest_ram *r, uint64_t *seed, uint64_t gpa, uint32_t len);

/* Pages of zeros between two that fault. */
void *guarded_pages(uint32_t len);
void guarded_pages_free(void *pages, uint32_t len);

#endif
