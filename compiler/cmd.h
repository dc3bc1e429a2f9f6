/*
 * cmd.h - the hvc program: its commands and what they share
 */
#ifndef COMPILER_CMD_H
#define COMPILER_CMD_H

#include <stdbool.h>
#include <stddef.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>

#include "compiler/diag.h"
#include "policy/judge.h"

enum { EXIT_WRONG = 1, EXIT_USAGE = 2 };	/* the policy is wrong; usage or I/O */

struct cmd_options {
	const char *input;
	const char *output;	/* build: -o */
	bool json;		/* diagnostics as JSON */
	bool plain;		/* rule by rule: no folding, sets, classifiers */
	bool in_place;		/* fmt: -i */
};

/* Each returns the exit status. */
int cmd_build(const struct cmd_options *o);
int cmd_check(const struct cmd_options *o);
int cmd_dump(const struct cmd_options *o);
int cmd_fmt(const struct cmd_options *o);

/* On standard error; as JSON, when the options say so, on @json. */
void print_diags(const struct cmd_options *o, const struct diags *d, FILE *json);

/*
 * A file that appears whole or not at all: bytes go to a temporary one beside it.  A device, a
 * pipe and "-" (standard output) are written to directly.
 */
struct out_file {
	FILE *f;
	const char *path;
	char *temporary;	/* NULL: written directly */
	sigset_t signals;	/* blocked before, while temporary stands */
};
/* 0, or -1 with a message printed. */
int out_open(struct out_file *o, const char *path);
int out_commit(struct out_file *o);
void out_abandon(struct out_file *o);

/* A whole file in memory: malloc()ed, 16-byte aligned; -1 with a message printed. */
int read_file(const char *path, size_t limit, uint8_t **bytes, size_t *len);

/* Is it a module, or an object of C?  Not for a pipe, whose first bytes can be read only once: that is a policy's text. */
bool is_object(const char *path);

/* A module loaded as the hypervisor would, with memory of its own. */
struct loaded {
	struct policy *policy;
	struct arena arena;
	struct policy_error error;
	bool no_memory;		/* it is not the module's fault */
};
/* 0 or a negative POLICY_E code; ends with unload() either way. */
int load_module(struct loaded *l, const uint8_t *bytes, size_t len);
void unload(struct loaded *l);
void print_load_error(const char *path, const struct policy_error *e);

#endif
