/*
 * error.h - how policy/ says what is wrong with a module
 *
 * Functions return 0 or a negative POLICY_E code; where more can be said, they
 * fill one of these.  No allocation, no printing.
 */
#ifndef POLICY_ERROR_H
#define POLICY_ERROR_H

#include <stdint.h>

enum {
	POLICY_EINVAL = -1,	/* malformed */
	POLICY_ENOMEM = -2,	/* the arena is too small */
	POLICY_ELIMIT = -3,	/* well-formed, larger than a stated limit */
	POLICY_EDIGEST = -4,	/* the SHA-256 does not fit */
	POLICY_EVERIFY = -5,	/* a program may do what it must not */
	POLICY_ESYMBOL = -6,	/* an unknown helper, function or map */
};

struct policy_error {
	char where[48];		/* section or function; "" when it is the module */
	uint32_t insn;		/* instruction within it, POLICY_NO_INSN when it is none */
	char text[160];
};

#define POLICY_NO_INSN	UINT32_MAX

/*
 * Fill @e and return @code.  The text may hold %s (string), %u (uint32_t), %x
 * (uint32_t in hexadecimal), %llu (uint64_t), %lld (int64_t) and %%, nothing
 * else; both texts are cut to fit.  @e may be NULL.
 */
int policy_fail(struct policy_error *e, int code, const char *where, uint32_t insn,
		const char *text, ...) __attribute__((format(printf, 5, 6)));

#endif
