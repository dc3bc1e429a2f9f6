/*
 * phase.h - the two halves of the compiler, joined by struct model
 */
#ifndef COMPILER_PHASE_H
#define COMPILER_PHASE_H

#include "compiler/build.h"
#include "compiler/diag.h"
#include "compiler/hvc.h"
#include "compiler/model.h"
#include "compiler/pool.h"

/*
 * Read, parse and check the policy at @path (@text, @len when @text is not NULL).  Returns
 * the model, or NULL when there were errors (queued in @d).  *@io is set when a file could
 * not be read.
 */
struct model *front_end(const char *path, const char *text, size_t len, struct pool *p,
			struct diags *d, bool *io);

/*
 * Lower, emit and seal the module.  0 and *@out, or with errors in @d -1: the policy is wrong, or
 * -2: the system did not do its part.
 */
int back_end(const struct model *m, const struct hvc_options *o, struct pool *p,
	     struct diags *d, struct blob *out);

#endif
