/*
 * gmem.c - guest memory: copied in and out through a window of the processor that copies
 */
#include "hv/mem/gmem.h"

#include <string.h>

#include "hv/boot/place.h"
#include "hv/mem/paging.h"

#define FIRST_MIB	(UINT64_C(1) << 20)
#define BASE_RAM_END	UINT64_C(0xa0000)
/* Option ROMs and the BIOS, shadowed in RAM: the firmware's code runs there. */
#define ROM_START	UINT64_C(0xc0000)

static struct boot_ram spans[BOOT_RAM_MAX + 2];
static uint32_t span_count;
static uint64_t own_start, own_end;

void gmem_init(const struct boot_info *b)
{
	own_start = b->start.a;
	own_end = b->start.a + b->len;
	/* what is asked for most comes first: every exit asks some ten times */
	for (uint32_t i = 0; i < b->ram_count; i++) {
		if (b->ram[i].start >= FIRST_MIB)
			spans[span_count++] = place_whole(b->ram, b->ram_count, i);
	}
	spans[span_count++] = (struct boot_ram){ 0, BASE_RAM_END };
	spans[span_count++] = (struct boot_ram){ ROM_START, FIRST_MIB - ROM_START };
}

bool gmem_is_ram(gpa_t at, uint64_t len)
{
	for (uint32_t i = 0; i < span_count; i++) {
		uint64_t offset = at.a - spans[i].start;

		if (offset < spans[i].len && len <= spans[i].len - offset)
			return at.a >= own_end || at.a + len <= own_start;
	}
	return false;
}

bool gmem_span(uint32_t n, uint64_t *at, uint64_t *len)
{
	if (n >= span_count)
		return false;
	*at = spans[n].start;
	*len = spans[n].len;
	return true;
}

/* The part of [@at, @at + @len) that lies in one page. */
static uint32_t part_of(uint64_t at, uint32_t len)
{
	uint32_t room = PAGE_SIZE - (uint32_t)(at % PAGE_SIZE);

	return len < room ? len : room;
}

/* @len bytes of one page. */
static void copy_in(uint32_t slot, uint64_t at, void *to, uint32_t len)
{
	const uint8_t *page = window_map(slot, (hpa_t){ at }, WINDOW_RAM_READ);

	gmem_copy(to, page + at % PAGE_SIZE, len, at);
}

/* Apart, since hardly a read crosses pages and page walks are most of what an exit costs. */
static __attribute__((noinline)) void copy_pages(uint32_t slot, uint64_t at, uint8_t *to, uint32_t len)
{
	for (uint32_t done = 0, n; done < len; done += n) {
		n = part_of(at + done, len - done);
		copy_in(slot, at + done, to + done, n);
	}
}

bool gmem_read_other(const struct vcpu *v, gpa_t at, void *to, uint32_t len)
{
	const gpa_t page = { at.a & ~(uint64_t)(PAGE_SIZE - 1) };
	uint32_t slot = v->index * WINDOWS_PER_CPU;

	if (!gmem_is_ram(at, len))
		return false;
	if (len <= GMEM_VIEW_MAX && part_of(at.a, len) == len && gmem_is_ram(page, PAGE_SIZE)) {
		gmem_copy(to, window_open(v->index, (hpa_t){ at.a }), len, at.a);
		return true;
	}
	if (part_of(at.a, len) == len)
		copy_in(slot, at.a, to, len);
	else
		copy_pages(slot, at.a, to, len);
	window_unmap(slot);
	return true;
}

const void *gmem_view_other(const struct vcpu *v, gpa_t at)
{
	const gpa_t page = { at.a & ~(uint64_t)(PAGE_SIZE - 1) };

	return gmem_is_ram(page, PAGE_SIZE) ? window_open(v->index, (hpa_t){ at.a }) : NULL;
}

bool gmem_write(const struct vcpu *v, gpa_t at, const void *from, uint32_t len)
{
	if (!gmem_is_ram(at, len))
		return false;
	for (uint32_t done = 0, n; done < len; done += n) {
		uint64_t a = at.a + done;
		uint8_t *page = window_map(v->index * WINDOWS_PER_CPU, (hpa_t){ a }, WINDOW_RAM);

		n = part_of(a, len - done);
		gmem_copy(page + a % PAGE_SIZE, (const uint8_t *)from + done, n, a);
	}
	window_unmap(v->index * WINDOWS_PER_CPU);
	return true;
}

bool gmem_cmpxchg(const struct vcpu *v, gpa_t at, uint64_t old, uint64_t new, unsigned size)
{
	uint8_t *page;
	bool done;

	if ((size != 4 && size != 8) || at.a % size || !gmem_is_ram(at, size))
		return false;
	page = window_map(v->index * WINDOWS_PER_CPU, (hpa_t){ at.a }, WINDOW_RAM);
	page += at.a % PAGE_SIZE;
	if (size == 8) {
		done = __atomic_compare_exchange_n((uint64_t *)page, &old, new, false,
						   __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
	} else {
		uint32_t was = (uint32_t)old;

		done = __atomic_compare_exchange_n((uint32_t *)page, &was, (uint32_t)new, false,
						   __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
	}
	window_unmap(v->index * WINDOWS_PER_CPU);
	return done;
}
