/*
 * guest_ram.c - guest memory of a test's machine, and what of it the device was granted
 */
#include "tests/devmodel/guest_ram.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "tests/devmodel/random.h"

#define PAGE		4096u
#define GRANTS_MAX	(1u << 18)

static size_t whole_pages(uint32_t len)
{
	return ((size_t)len + PAGE - 1) & ~(size_t)(PAGE - 1);
}

void *guarded_pages(uint32_t len)
{
	size_t bytes = whole_pages(len);
	uint8_t *p = mmap(NULL, bytes + 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED || mprotect(p + PAGE, bytes, PROT_READ | PROT_WRITE) != 0)
		abort();
	return p + PAGE;
}

void guarded_pages_free(void *pages, uint32_t len)
{
	if (pages)
		munmap((uint8_t *)pages - PAGE, whole_pages(len) + 2 * PAGE);
}

void guest_ram_init(struct guest_ram *r, uint32_t high_bytes, void (*complain)(void *host, const char *what),
		    void *host)
{
	*r = (struct guest_ram){ .low = guarded_pages(RAM_LOW), .high = guarded_pages(high_bytes),
				 .high_bytes = high_bytes, .complain = complain, .host = host };
	r->grant = guarded_pages(GRANTS_MAX * sizeof(r->grant[0]));
}

void guest_ram_free(struct guest_ram *r)
{
	guarded_pages_free(r->low, RAM_LOW);
	guarded_pages_free(r->high, r->high_bytes);
	guarded_pages_free(r->grant, GRANTS_MAX * sizeof(r->grant[0]));
}

static bool within(uint64_t at, uint32_t len, uint64_t start, uint64_t bytes)
{
	return at >= start && len <= bytes && at - start <= bytes - len;
}

uint8_t *guest_ram_at(const struct guest_ram *r, uint64_t gpa, uint32_t len)
{
	if (within(gpa, len, 0, RAM_LOW))
		return r->low + gpa;
	if (within(gpa, len, RAM_HIGH, r->high_bytes))
		return r->high + (gpa - RAM_HIGH);
	return NULL;
}

uint8_t *guest_ram_guests_at(const struct guest_ram *r, uint64_t gpa, uint32_t len)
{
	if (gpa < RAM_HV + RAM_HV_BYTES && gpa + len > RAM_HV)
		return NULL;
	return guest_ram_at(r, gpa, len);
}

bool guest_ram_read(const struct guest_ram *r, uint64_t gpa, void *to, uint32_t len)
{
	const uint8_t *from = guest_ram_guests_at(r, gpa, len);

	if (len == 0)
		r->complain(r->host, "guest_read of no bytes");
	if (from)
		memcpy(to, from, len);
	return from;
}

bool guest_ram_write(const struct guest_ram *r, uint64_t gpa, const void *from, uint32_t len)
{
	uint8_t *to = guest_ram_guests_at(r, gpa, len);

	if (len == 0)
		r->complain(r->host, "guest_write of no bytes");
	if (to)
		memcpy(to, from, len);
	return to;
}

void guest_ram_flip(const struct guest_ram *r, uint64_t *seed, uint64_t gpa, uint32_t len)
{
	uint8_t *at = guest_ram_at(r, gpa, len);

	if (random_below(seed, 4) == 0)
		at[random_below(seed, len)] ^= (uint8_t)(1u << random_below(seed, 8));
}

/* ---- grants ---- */

bool guest_ram_dma(struct guest_ram *r, uint64_t gpa, uint32_t len, unsigned times, uint64_t *bus)
{
	if (!guest_ram_guests_at(r, gpa, len))
		return false;
	/* the older half is of commands that are done long since */
	if (r->grants == GRANTS_MAX) {
		memmove(r->grant, r->grant + GRANTS_MAX / 2, GRANTS_MAX / 2 * sizeof(r->grant[0]));
		r->grants = GRANTS_MAX / 2;
		r->hint = 0;
	}
	*bus = BUS_GUEST + gpa;
	r->grant[r->grants++] = (struct grant){ .at = *bus, .len = len, .left = len * times };
	return true;
}

uint8_t *guest_ram_use(struct guest_ram *r, uint64_t bus, uint32_t len, bool stays)
{
	for (uint32_t k = 0, i = r->hint; k < r->grants; k++, i++) {
		i = i < r->grants ? i : 0;
		if (!within(bus, len, r->grant[i].at, r->grant[i].len) || r->grant[i].left < len)
			continue;
		r->grant[i].left -= stays ? 0 : len;
		r->hint = i;
		return guest_ram_guests_at(r, bus - BUS_GUEST, len);
	}
	return NULL;
}

void guest_ram_forget_grants(struct guest_ram *r)
{
	r->grants = r->hint = 0;
}
