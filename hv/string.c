/*
 * string.c - what the compiler expects to find: memcpy and its kin
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define SHORT	512u	/* bytes; below it REP takes longer to begin than a loop to end */

typedef uint64_t word __attribute__((may_alias, aligned(1)));

/* Each loop has a barrier: without it the compiler makes it a call of the function that it is in. */
static inline void barrier(void)
{
	__asm__ volatile("" : : : "memory");
}

/* From the first byte on: also where @to lies a little below @from. */
static void copy_up(uint8_t *t, const uint8_t *f, size_t n)
{
	if (n >= SHORT) {
		size_t words = n / sizeof(word);

		__asm__ volatile("rep movsq" : "+D"(t), "+S"(f), "+c"(words) : : "memory");
		n %= sizeof(word);
	}
	for (; n >= 4 * sizeof(word); n -= 4 * sizeof(word), t += 4 * sizeof(word), f += 4 * sizeof(word)) {
		const word *from4 = (const word *)f;
		word *to4 = (word *)t;

		to4[0] = from4[0];
		to4[1] = from4[1];
		to4[2] = from4[2];
		to4[3] = from4[3];
		barrier();
	}
	for (; n >= sizeof(word); n -= sizeof(word), t += sizeof(word), f += sizeof(word)) {
		*(word *)t = *(const word *)f;
		barrier();
	}
	for (; n > 0; n--) {
		*t++ = *f++;
		barrier();
	}
}

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
	copy_up(to, from, n);
	return to;
}

void *memset(void *to, int byte, size_t n)
{
	word pattern = (uint8_t)byte * UINT64_C(0x0101010101010101);
	uint8_t *t = to;

	if (n >= SHORT) {
		size_t words = n / sizeof(word);

		__asm__ volatile("rep stosq" : "+D"(t), "+c"(words) : "a"(pattern) : "memory");
		n %= sizeof(word);
	}
	for (; n >= sizeof(word); n -= sizeof(word), t += sizeof(word)) {
		*(word *)t = pattern;
		barrier();
	}
	for (; n > 0; n--) {
		*t++ = (uint8_t)byte;
		barrier();
	}
	return to;
}

void *memmove(void *to, const void *from, size_t n)
{
	uint8_t *t = (uint8_t *)to + n;
	const uint8_t *f = (const uint8_t *)from + n;

	if ((uintptr_t)to - (uintptr_t)from >= n) {
		copy_up(to, from, n);
		return to;
	}
	for (; n >= sizeof(word); n -= sizeof(word)) {
		t -= sizeof(word);
		f -= sizeof(word);
		*(word *)t = *(const word *)f;
		barrier();
	}
	while (n-- > 0) {
		*--t = *--f;
		barrier();
	}
	return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const uint8_t *x = a, *y = b;

	for (; n > 0; n--, x++, y++) {
		if (*x != *y)
			return *x - *y;
	}
	return 0;
}
