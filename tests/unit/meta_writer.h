/*
 * meta_writer.h - .hv.meta made by hand for the tests
 */
#ifndef TESTS_META_WRITER_H
#define TESTS_META_WRITER_H

#include <stddef.h>
#include <stdint.h>

#include "policy/module.h"

struct meta_writer {
	struct hvb_meta head;
	char strings[4096], bytes[4096];
	uint32_t string_len, byte_len;
	uint32_t files[4], counters[8], refs[16];
	struct hvb_rule rules[16];
	struct hvb_log logs[16];
	struct hvb_part parts[32];
	struct hvb_rewrite rewrites[16];
	struct hvb_line lines[8];
	uint32_t file_count, counter_count, ref_count, rule_count, log_count, part_count,
		 rewrite_count, line_count;
	_Alignas(8) uint8_t blob[16384];
};

/* Named "test policy", version 7; file 0 is there; every hook passes and needs everything. */
void meta_init_writer(struct meta_writer *m);
uint32_t meta_string(struct meta_writer *m, const char *s);
uint32_t meta_add_rule(struct meta_writer *m, const char *label, unsigned hook);
uint32_t meta_add_counter(struct meta_writer *m, const char *name);
/* A log without text; the parts added until the next log are its text. */
uint32_t meta_add_log(struct meta_writer *m, uint32_t rule, uint32_t severity, uint32_t limit);
void meta_add_text(struct meta_writer *m, const char *text);
void meta_add_part(struct meta_writer *m, uint32_t kind, uint32_t value);
void meta_add_query(struct meta_writer *m, uint32_t query);	/* of the last log */
uint32_t meta_add_rewrite(struct meta_writer *m, uint32_t rule, uint32_t query, const char *bytes);
/* Bytes of the section, in m->blob. */
size_t meta_build(struct meta_writer *m);

#endif
