/*
 * output.c - a file that is there whole or not at all
 */
#include "replay/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "replay/stop.h"

static int open_direct(struct output *o)
{
	o->fd = open(o->path, O_WRONLY | O_CLOEXEC);
	return o->fd < 0 ? fault_set(o->fault, "%s: %s", o->path, strerror(errno)) : 0;
}

/* A file beside the one that it becomes, with @mode. */
static int open_beside(struct output *o, mode_t mode)
{
	const char *slash = strrchr(o->path, '/');
	int dir_len = slash ? (int)(slash - o->path) + 1 : 0;

	if (asprintf(&o->temp, "%.*s.hvreplay.XXXXXX", dir_len, o->path) < 0) {
		o->temp = NULL;
		return fault_set(o->fault, "%s: out of memory", o->path);
	}
	o->fd = mkostemp(o->temp, O_CLOEXEC);
	if (o->fd < 0) {
		free(o->temp);
		o->temp = NULL;
		return fault_set(o->fault, "%s: %s", o->path, strerror(errno));
	}
	/* mkostemp() makes a file for its owner only */
	fchmod(o->fd, mode);
	return 0;
}

static int start(struct output *o, const char *path, struct fault *f)
{
	memset(o, 0, sizeof(*o));
	o->path = path;
	o->fd = -1;
	o->fault = f;
	o->buf = malloc(OUTPUT_BUFFER);
	return o->buf ? 0 : fault_set(f, "%s: out of memory", path);
}

int output_open(struct output *o, const char *path, struct fault *f)
{
	struct stat st;
	mode_t mask;

	if (start(o, path, f) < 0)
		return -1;
	if (!strcmp(path, "-")) {
		o->path = "standard output";
		o->fd = STDOUT_FILENO;
		o->standard = true;
		return 0;
	}
	if (!stat(path, &st))
		return S_ISREG(st.st_mode) ? open_beside(o, st.st_mode & 0777) : open_direct(o);
	mask = umask(0);
	umask(mask);
	return open_beside(o, 0666 & ~mask);
}

int output_open_scratch(struct output *o, struct fault *f)
{
	const char *dir = getenv("TMPDIR");
	char *path;

	if (start(o, "temporary file", f) < 0)
		return -1;
	if (asprintf(&path, "%s/hvreplay.XXXXXX", dir && *dir ? dir : "/tmp") < 0)
		return fault_set(f, "out of memory");
	o->fd = mkostemp(path, O_CLOEXEC);
	if (o->fd < 0)
		fault_set(f, "%s: %s", path, strerror(errno));
	else
		unlink(path);
	free(path);
	return o->fd < 0 ? -1 : 0;
}

static void write_all(struct output *o, const uint8_t *bytes, size_t len)
{
	while (len && !fault_is_set(o->fault)) {
		ssize_t done = write(o->fd, bytes, len);

		if (done < 0 && errno == EINTR && !stop_requested())
			continue;
		if (done < 0) {
			fault_set(o->fault, "%s: %s", o->path, strerror(errno));
			return;
		}
		bytes += done;
		len -= (size_t)done;
	}
}

void output_flush(struct output *o)
{
	if (!o->path || o->fd < 0)
		return;
	write_all(o, o->buf, o->used);
	o->used = 0;
}

void output_write(struct output *o, const void *bytes, size_t len)
{
	if (len > OUTPUT_BUFFER - o->used)
		output_flush(o);
	if (len > OUTPUT_BUFFER) {
		write_all(o, bytes, len);
		return;
	}
	memcpy(o->buf + o->used, bytes, len);
	o->used += len;
}

void output_text(struct output *o, const char *text)
{
	output_write(o, text, strlen(text));
}

void output_print(struct output *o, const char *format, ...)
{
	char text[512];
	va_list ap;
	int len;

	va_start(ap, format);
	len = vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (len > 0)
		output_write(o, text, (size_t)len < sizeof(text) ? (size_t)len : sizeof(text) - 1);
}

void output_append(struct output *to, struct output *from)
{
	output_flush(from);
	if (fault_is_set(from->fault))
		return;
	if (lseek(from->fd, 0, SEEK_SET) < 0) {
		fault_set(from->fault, "%s: %s", from->path, strerror(errno));
		return;
	}
	output_flush(to);
	for (;;) {
		ssize_t got = read(from->fd, to->buf, OUTPUT_BUFFER);

		if (got < 0)
			fault_set(from->fault, "%s: %s", from->path, strerror(errno));
		if (got <= 0)
			return;
		to->used = (size_t)got;
		output_flush(to);
	}
}

static void finish(struct output *o)
{
	if (o->fd >= 0 && !o->standard && close(o->fd) < 0)
		fault_set(o->fault, "%s: %s", o->path, strerror(errno));
	o->fd = -1;
	free(o->buf);
	o->buf = NULL;
	o->used = 0;
}

int output_commit(struct output *o)
{
	if (!o->path)
		return 0;	/* it never came to opening it */
	output_flush(o);
	finish(o);
	if (o->temp && !fault_is_set(o->fault) && !stop_requested() &&
	    rename(o->temp, o->path) < 0)
		fault_set(o->fault, "%s: %s", o->path, strerror(errno));
	if (o->temp && (fault_is_set(o->fault) || stop_requested()))
		unlink(o->temp);
	free(o->temp);
	o->temp = NULL;
	return fault_is_set(o->fault) ? -1 : 0;
}

void output_abort(struct output *o)
{
	if (!o->path)
		return;
	finish(o);
	if (o->temp)
		unlink(o->temp);
	free(o->temp);
	o->temp = NULL;
}
