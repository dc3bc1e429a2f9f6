/*
 * emit.h - from code and tables to the bytes of a module
 */
#ifndef COMPILER_EMIT_H
#define COMPILER_EMIT_H

#include "compiler/asm.h"
#include "compiler/build.h"
#include "compiler/hvc.h"
#include "compiler/model.h"
#include "compiler/vec.h"
#include "policy/module.h"

/* .hv.meta in the making: rows as they will lie in the module. */
struct meta {
	struct pool *pool;
	struct hvb_meta head;
	VEC(char) strings;
	VEC(uint32_t) files;
	VEC(const struct source *) sources;	/* of each row of files */
	VEC(struct hvb_rule) rules;
	VEC(struct hvb_log) logs;
	VEC(struct hvb_part) parts;
	VEC(uint32_t) counters;
	uint32_t *counter_of;		/* by hash of the name: row + 1; 0: none */
	size_t counter_room;		/* 0 or a power of two */
	VEC(struct hvb_rewrite) rewrites;
	VEC(uint32_t) refs;
	VEC(uint8_t) bytes;
	VEC(struct hvb_line) lines;
	struct {			/* where counting lines stopped */
		const struct source *src;
		uint32_t at, line, file;
	} cursor;
};

void meta_init(struct meta *m, struct pool *p, const struct model *model);
uint32_t meta_rule(struct meta *m, const struct rule *r, enum hv_hook hook);
uint32_t meta_counter(struct meta *m, const char *name);
/* @queries: refs for {pattern} and {match}. */
uint32_t meta_log(struct meta *m, uint32_t rule, const struct action *a,
		  const uint32_t *queries, size_t query_count);
uint32_t meta_rewrite(struct meta *m, uint32_t rule, uint32_t query, const struct action *a);
void meta_line(struct meta *m, enum hv_hook hook, uint32_t insn, uint32_t rule);
struct blob meta_finish(struct meta *m);

/* A name at an instruction of a hook's program. */
struct mark {
	uint32_t insn;
	const char *name;
};

struct marks {
	struct mark *at;
	size_t count, room;
};

/* All that goes into a module. */
struct image {
	struct asm_buf *code[HV_HOOKS];		/* NULL: no program */
	struct marks marks[HV_HOOKS];
	struct blob meta, sets, classes, match;
};

/* Programs and tables of a policy.  0, or -1 with errors in @d. */
int lower(const struct model *m, const struct hvc_options *o, struct pool *p, struct diags *d,
	  struct image *im);

/*
 * The ELF object, sealed.  0 and *@out (in the pool), or with the reason in *@why -1: it is too
 * large, or -2: the system did not do its part.
 */
int emit_elf(const struct image *im, struct pool *p, struct blob *out, const char **why);

#endif
