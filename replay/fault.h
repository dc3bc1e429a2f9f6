/*
 * fault.h - what went wrong with an input or an output, and where
 */
#ifndef REPLAY_FAULT_H
#define REPLAY_FAULT_H

#include <stdbool.h>
#include <stddef.h>

#define FAULT_TEXT	400u	/* bytes of a message, its NUL included */

struct fault {
	char text[FAULT_TEXT];	/* "" : nothing happened */
};

/* Note the first fault; later ones are its consequences and are ignored.  Returns -1. */
int fault_set(struct fault *f, const char *format, ...) __attribute__((format(printf, 2, 3)));

static inline bool fault_is_set(const struct fault *f)
{
	return f->text[0] != '\0';
}

#endif
