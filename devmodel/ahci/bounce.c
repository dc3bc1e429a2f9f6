/*
 * bounce.c - memory for commands on their way
 */
#include "devmodel/ahci/bounce.h"

#include <string.h>

#define WORD	64u

static uint64_t pages_of(uint64_t len)
{
	return len / BOUNCE_PAGE + (len % BOUNCE_PAGE != 0);
}

uint32_t bounce_map_bytes(uint32_t len)
{
	return (len / BOUNCE_PAGE + WORD - 1) / WORD * (uint32_t)sizeof(uint64_t);
}

/* The first page from @page on and before @end whose bit is not that of @skip's words; @end: none. */
static uint32_t find(const struct bounce *b, uint32_t page, uint32_t end, uint64_t skip)
{
	while (page < end) {
		uint64_t rest = (b->map[page / WORD] ^ skip) >> page % WORD;

		if (rest) {
			page += (uint32_t)__builtin_ctzll(rest);
			break;
		}
		page += WORD - page % WORD;
	}
	return page < end ? page : end;
}

static uint32_t find_free(const struct bounce *b, uint32_t page)
{
	return find(b, page, b->pages, ~0ull);
}

/* Of the @count pages from @page on; what lies behind them nobody needs to know, and it may be much. */
static uint32_t find_taken(const struct bounce *b, uint32_t page, uint32_t count)
{
	return find(b, page, count < b->pages - page ? page + count : b->pages, 0);
}

static void mark(struct bounce *b, uint32_t page, uint32_t count, bool taken)
{
	for (uint32_t part; count > 0; page += part, count -= part) {
		uint64_t bits;

		part = WORD - page % WORD;
		if (part > count)
			part = count;
		bits = ~0ull >> (WORD - part) << page % WORD;
		b->map[page / WORD] = taken ? b->map[page / WORD] | bits : b->map[page / WORD] & ~bits;
	}
}

void bounce_init(struct bounce *b, struct dma_memory memory, void *map)
{
	*b = (struct bounce){ .memory = memory, .map = map, .pages = memory.len / BOUNCE_PAGE };
	memset(map, 0, bounce_map_bytes(memory.len));
}

bool bounce_fits(const struct bounce *b, uint64_t len)
{
	return pages_of(len) <= b->pages;
}

/* First fit takes no page beyond the fresh ones' first before that one. */
static void clear_fresh(struct bounce *b, uint32_t end)
{
	if (end <= b->fresh)
		return;
	memset(b->memory.at + (uint64_t)b->fresh * BOUNCE_PAGE, 0, (uint64_t)(end - b->fresh) * BOUNCE_PAGE);
	b->fresh = end;
}

bool bounce_take(struct bounce *b, uint32_t len, uint32_t *at)
{
	uint32_t pages = (uint32_t)pages_of(len), page, end;

	if (pages > b->pages - b->taken)
		return false;
	b->next = find_free(b, b->next);
	for (page = b->next; page < b->pages; page = find_free(b, end)) {
		end = find_taken(b, page, pages);
		if (end - page < pages)
			continue;
		mark(b, page, pages, true);
		clear_fresh(b, page + pages);
		b->taken += pages;
		*at = page * BOUNCE_PAGE;
		return true;
	}
	return false;
}

bool bounce_take_turn(struct bounce *b, struct bounce_turn *t, uint32_t len, uint32_t *at)
{
	struct bounce_turn **end = &b->first;

	if ((!b->first || b->first == t) && bounce_take(b, len, at)) {
		bounce_leave(b, t);
		return true;
	}
	if (t->waits)
		return false;
	while (*end)
		end = &(*end)->next;
	*t = (struct bounce_turn){ .waits = true };
	*end = t;
	return false;
}

void bounce_leave(struct bounce *b, struct bounce_turn *t)
{
	struct bounce_turn **at;

	if (!t->waits)
		return;
	for (at = &b->first; *at != t; at = &(*at)->next)
		;
	*at = t->next;
	*t = (struct bounce_turn){ 0 };
}

void bounce_give(struct bounce *b, uint32_t at, uint32_t len)
{
	uint32_t page = at / BOUNCE_PAGE, pages = (uint32_t)pages_of(len);

	mark(b, page, pages, false);
	b->taken -= pages;
	if (page < b->next)
		b->next = page;
}

void bounce_shrink(struct bounce *b, uint32_t at, uint32_t len, uint32_t to)
{
	uint32_t keep = (uint32_t)pages_of(to) * BOUNCE_PAGE;

	if (keep < len)
		bounce_give(b, at + keep, len - keep);
}
