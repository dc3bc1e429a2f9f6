/*
 * map.h - hash and array maps of fixed capacity, for programs written in C
 */
#ifndef POLICY_MAP_H
#define POLICY_MAP_H

#include <stdint.h>

#include "policy/arena.h"
#include "policy/error.h"
#include "policy/module.h"

struct map;

/* All memory comes from @a now.  Returns 0 or a negative code and @err. */
int map_create(struct arena *a, const struct hvb_map *def, struct map **out,
	       struct policy_error *err);
/* Empty the map; the elements of an array become 0. */
void map_clear(struct map *m);
/* Key the hash of the map (which empties it); without that the key is 0. */
#define MAP_SEED_SIZE	16u
void map_seed(struct map *m, const uint8_t seed[MAP_SEED_SIZE]);
uint32_t map_key_size(const struct map *m);
uint32_t map_value_size(const struct map *m);

/* The value of @key (key_size bytes), or NULL.  Stays valid until it is deleted. */
void *map_lookup(struct map *m, const void *key);
/* 0; -1 when the map is full or the index is out of range. */
int map_update(struct map *m, const void *key, const void *value);
/* 0; -1 when there is none (an array's elements cannot be deleted). */
int map_delete(struct map *m, const void *key);

#endif
