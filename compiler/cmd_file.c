/*
 * cmd_file.c - files of the hvc program: read whole, written whole or not at all; loading
 */
#include "compiler/cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
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

bool is_object(const char *path)
{
	static const char magic[4] = { 0x7f, 'E', 'L', 'F' };
	struct stat st;
	FILE *f;
	char head[4];
	bool yes;

	if (stat(path, &st) || !S_ISREG(st.st_mode))
		return false;
	f = fopen(path, "rb");
	if (!f)
		return false;
	yes = fread(head, 1, sizeof(head), f) == sizeof(head) && !memcmp(head, magic, sizeof(magic));
	fclose(f);
	return yes;
}

/* Ctrl-C and its like wait while a temporary file stands, so that none is left behind. */
static void hold_signals(struct out_file *o)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, &o->signals);
}

static int open_direct(struct out_file *o, int fd)
{
	o->f = fd < 0 ? NULL : fdopen(fd, "wb");
	if (o->f)
		return 0;
	complain(o->path);
	if (fd >= 0)
		close(fd);
	return -1;
}

static int open_beside(struct out_file *o, mode_t mode)
{
	const char *slash = strrchr(o->path, '/');
	int dir_len = slash ? (int)(slash - o->path) + 1 : 0, fd;

	if (asprintf(&o->temporary, "%.*s.hvc.XXXXXX", dir_len, o->path) < 0) {
		o->temporary = NULL;
		return complain(o->path);
	}
	hold_signals(o);
	fd = mkstemp(o->temporary);
	if (fd >= 0 && fchmod(fd, mode) == 0)
		o->f = fdopen(fd, "wb");
	if (o->f)
		return 0;
	complain(o->path);
	if (fd >= 0) {
		close(fd);
		unlink(o->temporary);
	}
	sigprocmask(SIG_SETMASK, &o->signals, NULL);
	free(o->temporary);
	return -1;
}

int out_open(struct out_file *o, const char *path)
{
	struct stat st;
	mode_t mask;

	memset(o, 0, sizeof(*o));
	o->path = path;
	if (!strcmp(path, "-"))
		return open_direct(o, dup(STDOUT_FILENO));
	if (stat(path, &st)) {
		mask = umask(0);
		umask(mask);
		return open_beside(o, 0666 & ~mask);
	}
	/* a device or a pipe is written to, never replaced by a file */
	if (!S_ISREG(st.st_mode))
		return open_direct(o, open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY));
	return open_beside(o, st.st_mode & 0777);
}

static void out_close(struct out_file *o, bool failed)
{
	if (!o->temporary)
		return;
	if (failed)
		unlink(o->temporary);
	free(o->temporary);
	o->temporary = NULL;
	sigprocmask(SIG_SETMASK, &o->signals, NULL);
}

int out_commit(struct out_file *o)
{
	bool bad = ferror(o->f) || fflush(o->f);

	bad |= fclose(o->f) != 0;
	if (!bad && o->temporary)
		bad = rename(o->temporary, o->path) != 0;
	if (bad)
		complain(o->path);
	out_close(o, bad);
	return bad ? -1 : 0;
}

void out_abandon(struct out_file *o)
{
	fclose(o->f);
	out_close(o, true);
}

/* All of @f, which may be a pipe, up to one byte more than @limit.  NULL: out of memory. */
static uint8_t *slurp(FILE *f, size_t limit, size_t room, size_t *len)
{
	uint8_t *bytes = NULL, *larger;

	for (*len = 0;; room *= 2) {
		larger = realloc(bytes, room);
		if (!larger) {
			free(bytes);
			return NULL;
		}
		bytes = larger;
		*len += fread(bytes + *len, 1, room - *len, f);
		if (*len < room || *len > limit)
			return bytes;
	}
}

int read_file(const char *path, size_t limit, uint8_t **bytes, size_t *len)
{
	FILE *f = fopen(path, "rb");
	struct stat st;
	uint8_t *b = NULL;
	bool bad;

	*bytes = NULL;
	if (!f)
		return complain(path);
	errno = 0;
	bad = fstat(fileno(f), &st) != 0;
	if (!bad && S_ISDIR(st.st_mode)) {
		errno = EISDIR;
		bad = true;
	}
	if (!bad && (uint64_t)st.st_size <= limit) {
		errno = ENOMEM;
		b = slurp(f, limit, (size_t)st.st_size + 4096, len);
		bad = !b || ferror(f);
	}
	if (bad)
		complain(path);
	else if (!b || *len > limit)
		fprintf(stderr, "hvc: %s: larger than %zu bytes\n", path, limit);
	fclose(f);
	if (bad || !b || *len > limit) {
		free(b);
		return -1;
	}
	*bytes = b;
	return 0;
}

int load_module(struct loaded *l, const uint8_t *bytes, size_t len)
{
	struct judge *judge;
	size_t size;
	void *base;
	int status;

	for (size = ARENA_FIRST;; size *= 2) {
		memset(l, 0, sizeof(*l));
		base = aligned_alloc(16, size);
		if (!base) {
			l->no_memory = true;
			return policy_fail(&l->error, POLICY_ENOMEM, "", POLICY_NO_INSN,
					   "out of memory");
		}
		arena_init(&l->arena, base, size);
		status = policy_load(&l->arena, bytes, len, &l->policy, &l->error);
		/* as much as judging takes is all that is ever taken */
		if (!status)
			status = judge_create(&l->arena, l->policy, NULL, NULL, &judge, &l->error);
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
	put_plain(stderr, e->where);
	fputs(e->where[0] ? ": " : "", stderr);
	if (e->insn != POLICY_NO_INSN)
		fprintf(stderr, "instruction %u: ", e->insn);
	put_plain(stderr, e->text);
	fputc('\n', stderr);
}
