/*
 * value.c - literals: numbers, addresses, MAC addresses, strings; order of values
 */
#include "compiler/value.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static int digits(const char *s, size_t len, unsigned base, uint64_t *out)
{
	uint64_t v = 0;
	bool over = false;

	if (!len)
		return VALUE_EMALFORMED;
	for (size_t i = 0; i < len; i++) {
		int d = hex_digit(s[i]);

		if (d < 0 || (unsigned)d >= base)
			return VALUE_EMALFORMED;
		over |= __builtin_mul_overflow(v, base, &v);
		over |= __builtin_add_overflow(v, (uint64_t)d, &v);
	}
	*out = v;
	return over ? VALUE_EOVERFLOW : VALUE_OK;
}

int value_number(const char *s, size_t len, uint64_t *out)
{
	unsigned shift = 0;
	int r;

	if (len > 2 && s[0] == '0' && s[1] == 'x')
		return digits(s + 2, len - 2, 16, out);
	if (len > 1) {
		char unit = s[len - 1];

		shift = unit == 'k' ? 10 : unit == 'M' ? 20 : unit == 'G' ? 30 : 0;
	}
	r = digits(s, len - (shift != 0), 10, out);
	if (r != VALUE_OK)
		return r;
	return __builtin_mul_overflow(*out, (uint64_t)1 << shift, out) ? VALUE_EOVERFLOW : VALUE_OK;
}

int value_rate(const char *s, size_t len, uint64_t *out)
{
	if (len < 3 || memcmp(s + len - 2, "/s", 2))
		return VALUE_EMALFORMED;
	return digits(s, len - 2, 10, out);
}

int value_mac(const char *s, size_t len, struct value *out)
{
	uint64_t v = 0;

	if (len != 17)
		return VALUE_EMALFORMED;
	for (unsigned i = 0; i < 17; i++) {
		int d = hex_digit(s[i]);

		if (i % 3 == 2) {
			if (s[i] != ':')
				return VALUE_EMALFORMED;
			continue;
		}
		if (d < 0)
			return VALUE_EMALFORMED;
		v = v << 4 | (unsigned)d;
	}
	*out = (struct value){ .lo = v, .family = 48 };
	return VALUE_OK;
}

static uint64_t big_endian(const uint8_t *b, unsigned n)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < n; i++)
		v = v << 8 | b[i];
	return v;
}

/* @bits ones at the low end of a word. */
static uint64_t ones(unsigned bits)
{
	return bits >= 64 ? UINT64_MAX : ((uint64_t)1 << bits) - 1;
}

static int apply_prefix(struct value *lo, struct value *hi, unsigned width, unsigned prefix,
			bool *host)
{
	unsigned free_bits = width - prefix;
	uint64_t low = ones(free_bits), high = free_bits > 64 ? ones(free_bits - 64) : 0;

	*host = (lo->lo & low) || (lo->hi & high);
	lo->lo &= ~low;
	lo->hi &= ~high;
	hi->lo = lo->lo | low;
	hi->hi = lo->hi | high;
	return VALUE_OK;
}

int value_address(const char *s, size_t len, struct value *lo, struct value *hi, int *prefix,
		  bool *host)
{
	char text[INET6_ADDRSTRLEN];
	const char *slash = memchr(s, '/', len);
	size_t n = slash ? (size_t)(slash - s) : len;
	uint8_t b[16];
	uint64_t bits;

	*prefix = -1;
	*host = false;
	if (n >= sizeof(text))
		return VALUE_EMALFORMED;
	memcpy(text, s, n);
	text[n] = '\0';
	*lo = (struct value){ 0 };
	if (inet_pton(AF_INET, text, b) == 1) {
		lo->family = 4;
		lo->lo = big_endian(b, 4);
	} else if (inet_pton(AF_INET6, text, b) == 1) {
		lo->family = 6;
		lo->hi = big_endian(b, 8);
		lo->lo = big_endian(b + 8, 8);
	} else {
		return VALUE_EMALFORMED;
	}
	*hi = *lo;
	if (!slash)
		return VALUE_OK;
	if (digits(slash + 1, len - n - 1, 10, &bits) != VALUE_OK)
		return VALUE_EMALFORMED;
	if (bits > (lo->family == 4 ? 32 : 128))
		return VALUE_EPREFIX;
	*prefix = (int)bits;
	return apply_prefix(lo, hi, lo->family == 4 ? 32 : 128, (unsigned)bits, host);
}

ptrdiff_t value_string(const char *s, size_t len, uint8_t *out, size_t *bad)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		*bad = i;
		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return -1;
		if (c != '\\') {
			out[n++] = c;
			continue;
		}
		if (++i == len)
			return -1;
		switch (s[i]) {
		case 'n':
			out[n++] = '\n';
			break;
		case 't':
			out[n++] = '\t';
			break;
		case '\\': case '"':
			out[n++] = (uint8_t)s[i];
			break;
		case 'x':
			if (len - i < 3 || hex_digit(s[i + 1]) < 0 || hex_digit(s[i + 2]) < 0)
				return -1;
			out[n++] = (uint8_t)(hex_digit(s[i + 1]) << 4 | hex_digit(s[i + 2]));
			i += 2;
			break;
		default:
			return -1;
		}
	}
	return (ptrdiff_t)n;
}

/* One character of UTF-8 (RFC 3629): its length, or 0. */
static size_t utf8_character(const char *s, size_t len, uint32_t *character)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char first = (unsigned char)s[0];
	size_t n = first < 0x80 ? 1 : first < 0xc0 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 :
		   first < 0xf8 ? 4 : 0;

	if (n > len)
		return 0;
	*character = n > 1 ? first & (0x7fu >> n) : first;
	for (size_t i = 1; i < n; i++) {
		if (((unsigned char)s[i] & 0xc0) != 0x80)
			return 0;
		*character = *character << 6 | ((unsigned char)s[i] & 0x3f);
	}
	if (n && (*character < least[n] || *character > 0x10ffff ||
		  (*character >= 0xd800 && *character <= 0xdfff)))
		return 0;
	return n;
}

static size_t put_unit(uint8_t *out, uint32_t unit)
{
	out[0] = (uint8_t)unit;
	out[1] = (uint8_t)(unit >> 8);
	return 2;
}

ptrdiff_t value_wide(const char *s, size_t len, uint8_t *out, size_t *bad)
{
	uint32_t character;
	size_t n = 0, used;
	uint8_t byte;

	for (size_t i = 0; i < len; i += used) {
		*bad = i;
		used = s[i] != '\\' ? utf8_character(s + i, len - i, &character) :
		       i + 1 < len && s[i + 1] == 'x' ? 4 : 2;
		if (!used)
			return -1;
		if (s[i] == '\\') {
			size_t at;

			if (used > len - i || value_string(s + i, used, &byte, &at) != 1)
				return -1;
			character = byte;
		}
		if (character > 0xffff) {	/* RFC 2781, 2.1 */
			n += put_unit(out + n, 0xd800 | (character - 0x10000) >> 10);
			character = 0xdc00 | (character & 0x3ff);
		}
		n += put_unit(out + n, character);
	}
	return (ptrdiff_t)n;
}

int value_compare(const struct value *a, const struct value *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	if (a->hi != b->hi)
		return a->hi < b->hi ? -1 : 1;
	return a->lo < b->lo ? -1 : a->lo > b->lo;
}

static struct value last_of(uint8_t family)
{
	struct value v = { .lo = UINT64_MAX, .family = family };

	if (family == 4)
		v.lo = UINT32_MAX;
	else if (family == 48)
		v.lo = ones(48);
	else if (family == 6)
		v.hi = UINT64_MAX;
	return v;
}

bool value_next(struct value *v)
{
	struct value last = last_of(v->family);

	if (value_compare(v, &last) >= 0)
		return false;
	v->hi += ++v->lo == 0;
	return true;
}

bool value_previous(struct value *v)
{
	if (!v->lo && !v->hi)
		return false;
	v->hi -= v->lo-- == 0;
	return true;
}

const char *value_print(const struct value *v, char *out)
{
	uint8_t b[16];

	for (unsigned i = 0; i < 8; i++) {
		b[i] = (uint8_t)(v->hi >> (56 - 8 * i));
		b[8 + i] = (uint8_t)(v->lo >> (56 - 8 * i));
	}
	if (v->family == 4)
		inet_ntop(AF_INET, b + 12, out, VALUE_TEXT);
	else if (v->family == 6)
		inet_ntop(AF_INET6, b, out, VALUE_TEXT);
	else if (v->family == 48)
		snprintf(out, VALUE_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x", b[10], b[11], b[12], b[13],
			 b[14], b[15]);
	else
		snprintf(out, VALUE_TEXT, "%llu", (unsigned long long)v->lo);
	return out;
}
