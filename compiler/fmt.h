/*
 * fmt.h - hvc fmt: a policy in its canonical form
 *
 * Tokens and comments are kept as they are; what stands between them is decided by the
 * tokens alone, so formatting twice changes nothing.
 */
#ifndef COMPILER_FMT_H
#define COMPILER_FMT_H

#include <stdio.h>

#include "compiler/diag.h"
#include "compiler/pool.h"

/*
 * Write the policy at @path to @out.  Returns 0, 1 when it does not parse, 2 when it cannot
 * be read, or memory is out; then nothing was written.  @d points into @p.
 */
int fmt_file(const char *path, struct pool *p, FILE *out, struct diags *d);

#endif
