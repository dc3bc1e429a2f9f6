/*
 * exact.h - memory for a test's input that ends where the input ends
 */
#ifndef TESTS_UNIT_EXACT_H
#define TESTS_UNIT_EXACT_H

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "tests/unit/unit.h"

/*
 * Memory of @len bytes; one byte behind them is a crash, in a build without sanitizers too.
 * One at a time: exact_free() comes before the next.
 */
static inline uint8_t *exact_alloc(uint32_t len)
{
#ifdef __SANITIZE_ADDRESS__
	return calloc(len, 1);
#else
	static uint8_t *end;

	if (end == NULL) {
		const size_t room = 1 << 18, guard = 1 << 16;	/* whole pages of any machine */
		uint8_t *p = mmap(NULL, room + guard, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		ck_assert(p != MAP_FAILED && mprotect(p + room, guard, PROT_NONE) == 0);
		end = p + room;
	}
	return end - len;
#endif
}

static inline void exact_free(uint8_t *p)
{
#ifdef __SANITIZE_ADDRESS__
	free(p);
#endif
}

#endif
