/*
 * value.h - literals: numbers, addresses, MAC addresses, strings; order of values
 */
#ifndef COMPILER_VALUE_H
#define COMPILER_VALUE_H

#include "compiler/model.h"

enum {
	VALUE_OK = 0,
	VALUE_EMALFORMED = -1,
	VALUE_EOVERFLOW = -2,	/* a number over 64 bits */
	VALUE_EPREFIX = -3,	/* a prefix longer than the address */
};

/* 12, 0x1f, 4k, 1M, 1G. */
int value_number(const char *s, size_t len, uint64_t *out);
/* 10/s: a number and "/s". */
int value_rate(const char *s, size_t len, uint64_t *out);
/* Six pairs of hex digits. */
int value_mac(const char *s, size_t len, struct value *out);
/*
 * IPv4 or IPv6 (RFC 4291 section 2.2), with or without a prefix: the first and the last address.
 * *@prefix: bits of the prefix, -1 when there is none; *@host: bits behind the prefix are set.
 */
int value_address(const char *s, size_t len, struct value *lo, struct value *hi, int *prefix,
		  bool *host);

/*
 * The bytes of a string between its quotes: \n \t \\ \" \xHH.  @out has room for @len bytes.
 * Returns the length, or -1 and *@bad, the offset of a wrong escape or control byte.
 */
ptrdiff_t value_string(const char *s, size_t len, uint8_t *out, size_t *bad);

/*
 * The same as UTF-16LE: UTF-8 decoded, \xHH as the character of that number.  @out has room for
 * 2 * @len bytes.  Returns the bytes, or -1 and *@bad, the offset of what is no UTF-8.  The string
 * is one that value_string() takes.
 */
ptrdiff_t value_wide(const char *s, size_t len, uint8_t *out, size_t *bad);

/* Order by family, then value: negative, 0, positive. */
int value_compare(const struct value *a, const struct value *b);
/* The next and the previous value of its family; false at the end. */
bool value_next(struct value *v);
bool value_previous(struct value *v);

/* As policies write it; at least VALUE_TEXT bytes.  Returns @out. */
#define VALUE_TEXT	64u
const char *value_print(const struct value *v, char *out);

#endif
