/*
 * fake.h - a world for programs under test: helpers, maps, a context
 */
#ifndef TESTS_BPF_FAKE_H
#define TESTS_BPF_FAKE_H

#include <stdbool.h>

#include "policy/map.h"
#include "policy/program.h"

#define FAKE_MAX_MAPS		4
#define FAKE_MAX_REGIONS	4
#define FAKE_REGION_SIZE	1024
#define FAKE_MAX_INSNS		8192

/* One value, found when the key's first byte is not 0. */
struct map {
	uint32_t key_size, value_size;
	uint8_t value[4096];
};

/* A program and all that it sees. */
struct fake {
	struct bpf_insn insns[FAKE_MAX_INSNS];
	struct hv_ctx ctx;
	struct map map[FAKE_MAX_MAPS];
	struct map *maps[FAKE_MAX_MAPS];
	struct data_region regions[FAKE_MAX_REGIONS];
	uint8_t bytes[FAKE_MAX_REGIONS][FAKE_REGION_SIZE];
	uint8_t set_words[4];
	uint32_t set_cost[4], class_cost[4], query_cost[4];
	struct verify_input in;
};

/* No instructions, no maps, no regions; four rows in every table; a set has 1, 2, 3, 16 words. */
void fake_init(struct fake *f);
int fake_add_map(struct fake *f, uint32_t key_size, uint32_t value_size);
int fake_add_region(struct fake *f, uint32_t size, bool writable);

/* Take a test file's text (README in this folder); -1: *@line is wrong. */
struct fake_expect {
	char claim[160];
	bool refused, has_cost;
	uint32_t at;		/* refused: instruction */
	char text[160];		/* refused: part of the text */
	uint64_t result, cost;
};

int fake_read(struct fake *f, struct fake_expect *e, const char *path, int *line);

#endif
