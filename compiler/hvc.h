/*
 * hvc.h - the compiler as a library: the one header of it that replay/ includes
 */
#ifndef COMPILER_HVC_H
#define COMPILER_HVC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "compiler/diag.h"

struct hvc_options {
	bool check_only;	/* no code, no module */
	bool plain;		/* no sets, classifiers, folding: rule by rule (tests compare) */
	size_t memory_limit;	/* bytes, 0: HVC_MEMORY_LIMIT */
};

#define HVC_MEMORY_LIMIT	((size_t)1 << 30)

struct hvc_result {
	int status;		/* 0 compiled, 1 the policy is wrong, 2 I/O */
	struct diags diags;
	uint8_t *module;	/* malloc()ed, 16-byte aligned; NULL unless status is 0 */
	size_t module_len;
	void *private;
};

/* Compile the policy at @path.  Always ends with hvc_free(). */
void hvc_compile(const char *path, const struct hvc_options *options, struct hvc_result *r);
/* The same of text in memory; includes and files are looked up beside @path. */
void hvc_compile_text(const char *path, const char *text, size_t len,
		      const struct hvc_options *options, struct hvc_result *r);
/* Was the file at @path (the policy, an include, a set, patterns) read for what compiled? */
bool hvc_has_read(const struct hvc_result *r, const char *path);
void hvc_free(struct hvc_result *r);

#endif
