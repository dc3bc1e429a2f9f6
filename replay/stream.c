/*
 * stream.c - an input read front to back through one buffer of bounded size
 */
#include "replay/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "replay/stop.h"

static void stream_clear(struct stream *s, const char *name, struct fault *f)
{
	memset(s, 0, sizeof(*s));
	s->fd = -1;
	s->name = name;
	s->fault = f;
}

int stream_open(struct stream *s, const char *path, struct fault *f)
{
	bool standard = !strcmp(path, "-");
	struct stat st;

	stream_clear(s, standard ? "standard input" : path, f);
	s->fd = standard ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) : open(path, O_RDONLY | O_CLOEXEC);
	if (s->fd < 0 || fstat(s->fd, &st) < 0)
		return fault_set(f, "%s: %s", s->name, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return fault_set(f, "%s: %s", s->name, strerror(EISDIR));
	s->regular = S_ISREG(st.st_mode);
	if (S_ISBLK(st.st_mode)) {
		off_t end = lseek(s->fd, 0, SEEK_END);

		s->regular = end > 0 && lseek(s->fd, 0, SEEK_SET) == 0;
		st.st_size = s->regular ? end : 0;
	}
	/* Standard input may stand somewhere else than at its start: then it is a pipe to us. */
	if (s->regular && lseek(s->fd, 0, SEEK_CUR) != 0)
		s->regular = false;
	s->size = s->regular ? (uint64_t)st.st_size : 0;
	s->cap = STREAM_BUFFER;
	s->buf = malloc(s->cap);
	if (!s->buf)
		return fault_set(f, "%s: out of memory", s->name);
	return 0;
}

int stream_memory(struct stream *s, const char *name, const void *bytes, size_t len,
		  struct fault *f)
{
	stream_clear(s, name, f);
	s->eof = true;
	s->size = len;
	s->cap = len ? len : 1;
	s->buf = malloc(s->cap);
	if (!s->buf)
		return fault_set(f, "%s: out of memory", name);
	if (len)
		memcpy(s->buf, bytes, len);
	s->end = len;
	return 0;
}

void stream_close(struct stream *s)
{
	if (s->fd >= 0)
		close(s->fd);
	free(s->buf);
	s->fd = -1;
	s->buf = NULL;
	s->cap = s->pos = s->end = 0;
}

/* Make room for @need bytes at buf[0], what is left moved there.  0, or -1. */
static int make_room(struct stream *s, size_t need)
{
	size_t left = s->end - s->pos;
	uint8_t *larger;

	if (need > STREAM_MAX_NEED)
		return fault_set(s->fault, "%s: offset %llu: %zu bytes in one piece are too many",
				 s->name, (unsigned long long)stream_offset(s), need);
	if (left)
		memmove(s->buf, s->buf + s->pos, left);
	s->base += s->pos;
	s->pos = 0;
	s->end = left;
	if (need <= s->cap)
		return 0;
	larger = realloc(s->buf, need);
	if (!larger)
		return fault_set(s->fault, "%s: out of memory", s->name);
	s->buf = larger;
	s->cap = need;
	return 0;
}

/*
 * The buffer grows by what has come, at most doubling, so that a length that lies costs no
 * more memory than the input has bytes.
 */
uint8_t *stream_fill(struct stream *s, size_t need)
{
	while (s->end - s->pos < need) {
		size_t left = s->end - s->pos, want = need;
		ssize_t got;

		if (s->eof || fault_is_set(s->fault))
			return NULL;
		if (want > s->cap && want > 2 * left)
			want = 2 * left > s->cap ? 2 * left : s->cap;
		if (make_room(s, want) < 0)
			return NULL;
		got = read(s->fd, s->buf + s->end, s->cap - s->end);
		if (got < 0 && errno == EINTR && !stop_requested())
			continue;
		if (got < 0) {
			fault_set(s->fault, "%s: offset %llu: %s", s->name,
				  (unsigned long long)(s->base + s->end), strerror(errno));
			return NULL;
		}
		s->eof = got == 0;
		s->end += (size_t)got;
	}
	return s->buf + s->pos;
}

int stream_skip(struct stream *s, uint64_t len)
{
	while (len > stream_ready(s)) {
		len -= stream_ready(s);
		stream_take(s, stream_ready(s));
		if (!stream_need(s, 1))
			return -1;
	}
	stream_take(s, (size_t)len);
	return 0;
}
