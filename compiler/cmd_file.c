/*
 * cmd_file.c - files of the hvc program: read whole, written whole or not at all; loading
 */
#include "compiler/cmd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ARENA_FIRST	((size_t)16 << 20)	/* bytes tried first, doubled while too few */
#define ARENA_MOST	((size_t)4 << 30)

static int complain(const char *path)
{
	fprintf(stderr, "hvc: %s: %s\n", path, strerror(errno));
	return -1;
}

int out_open(struct out_file *o, const char *path)
{
	mode_t mask;
	int fd;

	o->path = path;
	o->f = NULL;
	if (asprintf(&o->temporary, "%s.XXXXXX", path) < 0) {
		o->temporary = NULL;
		return complain(path);
	}
	fd = mkstemp(o->temporary);
	if (fd >= 0) {
		mask = umask(0);
		umask(mask);
		if (fchmod(fd, 0666 & ~mask) == 0)
			o->f = fdopen(fd, "wb");
	}
	if (o->f)
		return 0;
	complain(path);
	if (fd >= 0) {
		close(fd);
		unlink(o->temporary);
	}
	free(o->temporary);
	return -1;
}

int out_commit(struct out_file *o)
{
	bool bad = ferror(o->f) || fflush(o->f);

	bad |= fclose(o->f) != 0;
	if (bad || rename(o->temporary, o->path)) {
		complain(o->path);
		unlink(o->temporary);
		free(o->temporary);
		return -1;
	}
	free(o->temporary);
	return 0;
}

void out_abandon(struct out_file *o)
{
	fclose(o->f);
	unlink(o->temporary);
	free(o->temporary);
}

int read_file(const char *path, size_t limit, uint8_t **bytes, size_t *len)
{
	FILE *f = fopen(path, "rb");
	struct stat st;
	uint8_t *b;
	size_t n;

	*bytes = NULL;
	if (!f)
		return complain(path);
	if (fstat(fileno(f), &st) || S_ISDIR(st.st_mode)) {
		errno = EISDIR;
		fclose(f);
		return complain(path);
	}
	if ((uint64_t)st.st_size > limit) {
		fclose(f);
		fprintf(stderr, "hvc: %s: larger than %zu bytes\n", path, limit);
		return -1;
	}
	n = (size_t)st.st_size;
	b = aligned_alloc(16, (n + 16) & ~(size_t)15);
	if (!b || fread(b, 1, n, f) != n) {
		fclose(f);
		free(b);
		fprintf(stderr, "hvc: %s: cannot be read\n", path);
		return -1;
	}
	fclose(f);
	*bytes = b;
	*len = n;
	return 0;
}

int load_module(struct loaded *l, const uint8_t *bytes, size_t len)
{
	size_t size;
	void *base;
	int status;

	for (size = ARENA_FIRST;; size *= 2) {
		memset(l, 0, sizeof(*l));
		base = aligned_alloc(16, size);
		if (!base)
			return policy_fail(&l->error, POLICY_ENOMEM, "", POLICY_NO_INSN,
					   "out of memory");
		arena_init(&l->arena, base, size);
		status = policy_load(&l->arena, bytes, len, &l->policy, &l->error);
		if (status != POLICY_ENOMEM || size >= ARENA_MOST)
			return status;
		free(base);
	}
}

void unload(struct loaded *l)
{
	free(l->arena.base);
	memset(l, 0, sizeof(*l));
}

void print_load_error(const char *path, const struct policy_error *e)
{
	fprintf(stderr, "hvc: %s: ", path);
	if (e->where[0])
		fprintf(stderr, "%s: ", e->where);
	if (e->insn != POLICY_NO_INSN)
		fprintf(stderr, "instruction %u: ", e->insn);
	fprintf(stderr, "%s\n", e->text);
}
