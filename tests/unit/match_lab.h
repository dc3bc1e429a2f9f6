/*
 * match_lab.h - patterns and queries built in a line, for the tests of content search
 *
 * Diagnostics are this file's own, so that a test sees their text and column and needs
 * nothing of the front end.
 */
#ifndef TESTS_MATCH_LAB_H
#define TESTS_MATCH_LAB_H

#include <stdbool.h>
#include <stdint.h>

#include "compiler/build.h"
#include "compiler/regex/regex.h"
#include "policy/match.h"

struct lab {
	struct pool pool;
	struct diags diags;
	struct match_builder *builder;
	struct arena arena;
	struct match_table *table;
	struct match_state *state;
	struct blob blob;
	char error[256];	/* the first error, "" when there was none */
	char warning[256];
	unsigned column;	/* from 1, in the pattern's text */
};

void lab_open(struct lab *l, enum regex_plan plan);
void lab_close(struct lab *l);

struct pattern *lab_literal(struct lab *l, const void *bytes, size_t len, unsigned flags);
struct pattern *lab_regex(struct lab *l, const void *text, size_t len, unsigned flags);
/* "4d ?? 50 [2-6] 45" */
struct pattern *lab_hex(struct lab *l, const char *text);

/* AREA data of disk writes has any of @count patterns; anywhere, or in the window. */
uint32_t lab_query(struct lab *l, struct pattern **p, size_t count);
uint32_t lab_query_at(struct lab *l, struct pattern **p, size_t count, uint64_t first,
		      uint64_t last, uint64_t every);

/* Build and load; 0, or the loader's error. */
int lab_load(struct lab *l);
/* A new transfer with these bytes in its data. */
void lab_subject(struct lab *l, const void *bytes, size_t len);

/* xorshift: a number below @n. */
uint32_t lab_random(uint64_t *seed, uint32_t n);

#endif
