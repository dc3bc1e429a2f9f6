/*
 * source.c - reads policy, set and pattern files: whole, bounded, each once
 */
#include "compiler/source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compiler/limit.h"

void sources_init(struct sources *all, struct pool *p)
{
	*all = (struct sources){ .pool = p };
	all->tail = &all->head;
}

char *source_beside(struct pool *p, const char *from, const char *name)
{
	const char *slash = strrchr(from, '/');
	size_t dir = slash ? (size_t)(slash - from) + 1 : 0, len = strlen(name);
	char *path;

	if (name[0] == '/' || !dir)
		return pool_strndup(p, name, len);
	path = pool_alloc(p, dir + len + 1);
	memcpy(path, from, dir);
	memcpy(path + dir, name, len);
	return path;
}

/* The offset of every line, so that a place is found in logarithmic time. */
static void index_lines(struct pool *p, struct source *s)
{
	const char *at = s->text, *end = s->text + s->len;
	uint32_t *lines, n = 1;

	for (const char *c = at; (c = memchr(c, '\n', (size_t)(end - c))); c++)
		n++;
	lines = pool_array(p, n, sizeof(*lines));
	n = 1;
	for (const char *c = at; (c = memchr(c, '\n', (size_t)(end - c))); c++)
		lines[n++] = (uint32_t)(c + 1 - at);
	s->lines = lines;
	s->line_count = n;
}

static struct source_file *add(struct sources *all, const char *path, const char *text, size_t len)
{
	struct source_file *f = pool_alloc(all->pool, sizeof(*f));

	f->source.path = pool_strndup(all->pool, path, strlen(path));
	f->source.text = text;
	f->source.len = len;
	index_lines(all->pool, &f->source);
	*all->tail = f;
	all->tail = &f->next_file;
	all->count++;
	return f;
}

static bool is_file(const struct source_file *f, const struct stat *st)
{
	return f->known && f->dev == st->st_dev && f->ino == st->st_ino;
}

static struct source_file *find(const struct sources *all, const struct stat *st)
{
	for (struct source_file *f = all->head; f; f = f->next_file)
		if (is_file(f, st))
			return f;
	return NULL;
}

bool source_among(const struct source_file *files, const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0)
		for (; files; files = files->next_file)
			if (is_file(files, &st))
				return true;
	return false;
}

/* All of @fd, at most the limit, NUL-terminated.  The text's length or a code. */
static ssize_t slurp(struct pool *p, int fd, size_t guess, char **out)
{
	size_t room = guess + 1, len = 0;
	char *text = pool_alloc(p, room + 1);

	for (;;) {
		ssize_t n = read(fd, text + len, room - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return SOURCE_EIO;
		if (n == 0)
			break;
		len += (size_t)n;
		if (len > HVC_MAX_FILE_BYTES)
			return SOURCE_ELARGE;
		if (len == room) {
			text = pool_grow(p, text, len, room * 2 + 1, 1);
			room *= 2;
		}
	}
	text[len] = '\0';
	*out = text;
	return (ssize_t)len;
}

static int read_open(struct sources *all, int fd, const char *path, bool main_file,
		     struct source_file **out)
{
	struct stat st;
	ssize_t len;
	char *text;

	if (fstat(fd, &st) < 0)
		return SOURCE_EIO;
	if (S_ISDIR(st.st_mode)) {
		errno = EISDIR;
		return SOURCE_EIO;
	}
	if (!S_ISREG(st.st_mode) && !(main_file && !S_ISBLK(st.st_mode)))
		return SOURCE_EKIND;
	*out = find(all, &st);
	if (*out)
		return SOURCE_OK;
	if (all->count >= HVC_MAX_FILES)
		return SOURCE_ECOUNT;
	if (st.st_size > HVC_MAX_FILE_BYTES)
		return SOURCE_ELARGE;
	len = slurp(all->pool, fd, st.st_size > 0 ? (size_t)st.st_size : 4096, &text);
	if (len < 0)
		return (int)len;
	*out = add(all, path, text, (size_t)len);
	(*out)->dev = st.st_dev;
	(*out)->ino = st.st_ino;
	(*out)->known = S_ISREG(st.st_mode);
	return SOURCE_OK;
}

int source_read(struct sources *all, const char *path, bool main_file, struct source_file **out,
		const char **error)
{
	/* a pipe named in a policy must not hang the compiler */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | (main_file ? 0 : O_NONBLOCK));
	int r = SOURCE_EIO, why;

	*out = NULL;
	if (fd >= 0)
		r = read_open(all, fd, path, main_file, out);
	why = errno;
	if (fd >= 0)
		close(fd);
	*error = strerror(why);
	return r;
}

int source_text(struct sources *all, const char *path, const char *text, size_t len,
		struct source_file **out)
{
	struct stat st;

	if (len > HVC_MAX_FILE_BYTES)
		return SOURCE_ELARGE;
	*out = add(all, path, pool_strndup(all->pool, text, len), len);
	if (stat(path, &st) == 0 && S_ISREG(st.st_mode)) {
		(*out)->dev = st.st_dev;
		(*out)->ino = st.st_ino;
		(*out)->known = true;
	}
	return SOURCE_OK;
}
