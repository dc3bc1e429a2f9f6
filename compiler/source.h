/*
 * source.h - reads policy, set and pattern files: whole, bounded, each once
 */
#ifndef COMPILER_SOURCE_H
#define COMPILER_SOURCE_H

#include <sys/types.h>

#include "compiler/diag.h"
#include "compiler/pool.h"

/* A source and what tells it from others. */
struct source_file {
	struct source source;		/* first: a struct source * of ours is one of these */
	dev_t dev;
	ino_t ino;
	bool known;			/* dev and ino are valid */
	bool policy;			/* read as a policy: included once is enough */
	bool open;			/* being included now: a second time is a cycle */
	const struct source_file *from;	/* the file that includes it, and where */
	struct loc included;
	struct source_file *next_file;
};

struct sources {
	struct pool *pool;
	struct source_file *head, **tail;
	unsigned count;
};

enum {
	SOURCE_OK = 0,
	SOURCE_EIO = -1,	/* @error says why */
	SOURCE_ELARGE = -2,	/* larger than HVC_MAX_FILE_BYTES */
	SOURCE_ECOUNT = -3,	/* HVC_MAX_FILES are open already */
	SOURCE_EKIND = -4,	/* a directory or device */
};

void sources_init(struct sources *all, struct pool *p);

/*
 * Read the file at @path (kept, in the pool).  A file that was read before, whatever its
 * path, is returned as it is.  @main_file: pipes are allowed.  *@error is errno's text.
 */
int source_read(struct sources *all, const char *path, bool main_file, struct source_file **out,
		const char **error);

/* Text that is in memory already, as if it were the file at @path; copied. */
int source_text(struct sources *all, const char *path, const char *text, size_t len,
		struct source_file **out);

/* Is the file at @path one of @files, by whatever name? */
bool source_among(const struct source_file *files, const char *path);

/* @name beside the file @from (or as it is when absolute). */
char *source_beside(struct pool *p, const char *from, const char *name);

#endif
