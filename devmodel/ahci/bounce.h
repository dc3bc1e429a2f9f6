/*
 * bounce.h - memory for commands on their way: tables, and sectors that are judged
 *
 * Whole pages, contiguous, first fit.  Fixed when it is made: who finds no room waits, and nobody who comes later goes
 * before it, so that many small commands do not starve a large one; what is larger than all of it is refused.
 */
#ifndef DEVMODEL_AHCI_BOUNCE_H
#define DEVMODEL_AHCI_BOUNCE_H

#include <stdbool.h>
#include <stdint.h>

#include "devmodel/devmodel.h"

#define BOUNCE_PAGE	4096u

/* A place in the line of those that wait for room; zeroed: it has none. */
struct bounce_turn {
	struct bounce_turn *next;
	bool waits;
};

struct bounce {
	struct dma_memory memory;
	uint64_t *map;		/* a bit a page; 1: taken */
	uint32_t pages, taken;
	uint32_t next;		/* no page before it is free */
	uint32_t fresh;		/* no page from it on was ever taken */
	struct bounce_turn *first;	/* of the line, in the order they came */
};

/* Bytes of the map of @len bytes of bounce memory, 8-byte aligned. */
uint32_t bounce_map_bytes(uint32_t len);
/* @map: bounce_map_bytes(@memory.len) bytes that no device may reach; @memory need not be zeroed. */
void bounce_init(struct bounce *b, struct dma_memory memory, void *map);
/* Could @len > 0 bytes ever be had? */
bool bounce_fits(const struct bounce *b, uint64_t len);
/* Take @len > 0 bytes, at first zeroed; false: no room now.  *@at: its first byte, counted from memory.at. */
bool bounce_take(struct bounce *b, uint32_t len, uint32_t *at);
/* bounce_take() when it is its turn; false: @t waits in the line now, until it has got room or leaves. */
bool bounce_take_turn(struct bounce *b, struct bounce_turn *t, uint32_t len, uint32_t *at);
/* It waits no longer, if it did. */
void bounce_leave(struct bounce *b, struct bounce_turn *t);
/* Give back what bounce_take() gave for @len. */
void bounce_give(struct bounce *b, uint32_t at, uint32_t len);
/* Of what bounce_take() gave for @len, keep the first @to > 0 bytes. */
void bounce_shrink(struct bounce *b, uint32_t at, uint32_t len, uint32_t to);

#endif
