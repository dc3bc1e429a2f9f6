/*
 * compile.c - a compilation from text to module: both halves, memory, limits
 */
#include "compiler/hvc.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/phase.h"
#include "compiler/source.h"

/* What outlives the call: diagnostics point into the sources, which are the pool's. */
struct compilation {
	struct pool pool;
	jmp_buf out;
	struct hvc_options options;
	const struct source_file *files;
};

static void keep_module(struct hvc_result *r, const struct blob *b)
{
	/* aligned_alloc wants a multiple of the alignment */
	r->module = aligned_alloc(16, (b->len + 15) & ~(size_t)15);
	if (!r->module) {
		diag_error(&r->diags, (struct loc){ 0 }, "out of memory");
		r->status = 2;
		return;
	}
	memcpy(r->module, b->bytes, b->len);
	r->module_len = b->len;
	r->status = 0;
}

static void run(struct compilation *c, const char *path, const char *text, size_t len,
		struct hvc_result *r)
{
	struct blob module = { NULL, 0 };
	bool io = false;
	int error;
	struct model *m = front_end(path, text, len, &c->pool, &r->diags, &io);

	r->status = io ? 2 : 1;
	if (!m || r->diags.errors)
		return;
	c->files = m->files;
	r->status = 1;
	/* check_only lowers too: a pattern or a limit may be wrong */
	error = back_end(m, &c->options, &c->pool, &r->diags, &module);
	if (error)
		r->status = error == -2 ? 2 : 1;
	else if (c->options.check_only)
		r->status = 0;
	else
		keep_module(r, &module);
}

static void compile(const char *path, const char *text, size_t len,
		    const struct hvc_options *options, struct hvc_result *r)
{
	struct compilation *c = calloc(1, sizeof(*c));

	memset(r, 0, sizeof(*r));
	diags_init(&r->diags);
	r->status = 2;
	r->private = c;
	if (!c) {
		diag_error(&r->diags, (struct loc){ 0 }, "out of memory");
		return;
	}
	if (options)
		c->options = *options;
	c->pool.limit = c->options.memory_limit ? c->options.memory_limit : HVC_MEMORY_LIMIT;
	c->pool.out = &c->out;
	switch (setjmp(c->out)) {
	case 0:
		run(c, path, text, len, r);
		break;
	case POOL_OVER_LIMIT:
		r->status = 1;
		diag_error(&r->diags, (struct loc){ 0 },
			   "%s: the policy needs more than %zu MiB of memory to compile", path,
			   c->pool.limit >> 20);
		break;
	default:
		r->status = 2;
		diag_error(&r->diags, (struct loc){ 0 }, "%s: out of memory", path);
	}
}

void hvc_compile(const char *path, const struct hvc_options *options, struct hvc_result *r)
{
	compile(path, NULL, 0, options, r);
}

void hvc_compile_text(const char *path, const char *text, size_t len,
		      const struct hvc_options *options, struct hvc_result *r)
{
	compile(path, text, len, options, r);
}

bool hvc_has_read(const struct hvc_result *r, const char *path)
{
	const struct compilation *c = r->private;

	return c && source_among(c->files, path);
}

void hvc_free(struct hvc_result *r)
{
	struct compilation *c = r->private;

	diags_free(&r->diags);
	free(r->module);
	if (c) {
		pool_free(&c->pool);
		free(c);
	}
	memset(r, 0, sizeof(*r));
}
