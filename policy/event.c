/*
 * event.c - text of events, put together in a bounded buffer
 */
#include "policy/event.h"

#include <string.h>

void text_init(struct text *t, char *buffer, uint32_t size)
{
	t->at = buffer;
	t->len = 0;
	t->size = size;
	buffer[0] = '\0';
}

void text_bytes(struct text *t, const void *bytes, size_t len)
{
	uint32_t room = t->size - 1 - t->len;

	if (len > room)
		len = room;
	if (len)
		memcpy(t->at + t->len, bytes, len);
	t->len += len;
	t->at[t->len] = '\0';
}

void text_string(struct text *t, const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	text_bytes(t, s, n);
}

void text_number(struct text *t, uint64_t n)
{
	char digits[20];
	unsigned at = sizeof(digits);

	do
		digits[--at] = '0' + n % 10;
	while (n /= 10);
	text_bytes(t, digits + at, sizeof(digits) - at);
}

void text_hex(struct text *t, uint64_t n, unsigned digits)
{
	while (digits--)
		text_bytes(t, &"0123456789abcdef"[n >> 4 * digits & 15], 1);
}

void text_ip4(struct text *t, uint32_t address)
{
	for (unsigned i = 0; i < 4; i++) {
		text_number(t, address >> (24 - 8 * i) & 255);
		if (i < 3)
			text_string(t, ".");
	}
}

/* The first of the longest runs of at least two zero groups (RFC 5952 section 4.2), or 8. */
static unsigned longest_zeros(const uint16_t group[8], unsigned *length)
{
	unsigned best = 8, run = 0;

	*length = 1;
	for (unsigned i = 0; i < 8; i++) {
		run = group[i] ? 0 : run + 1;
		if (run > *length) {
			best = i + 1 - run;
			*length = run;
		}
	}
	return best;
}

static void text_group(struct text *t, uint16_t group)
{
	unsigned digits = group > 0xfff ? 4 : group > 0xff ? 3 : group > 0xf ? 2 : 1;

	text_hex(t, group, digits);
}

void text_ip6(struct text *t, uint64_t hi, uint64_t lo)
{
	uint16_t group[8];
	unsigned zeros, length;

	/* RFC 5952 section 5: an IPv4-mapped address ends dotted. */
	if (hi == 0 && lo >> 32 == 0xffff) {
		text_string(t, "::ffff:");
		text_ip4(t, (uint32_t)lo);
		return;
	}
	for (unsigned i = 0; i < 8; i++)
		group[i] = (i < 4 ? hi : lo) >> (48 - 16 * (i % 4));
	zeros = longest_zeros(group, &length);
	for (unsigned i = 0; i < 8; i++) {
		if (i == zeros) {
			text_string(t, "::");
			i += length - 1;
			continue;
		}
		if (i && i != zeros + length)
			text_string(t, ":");
		text_group(t, group[i]);
	}
}

void text_mac(struct text *t, uint64_t mac)
{
	for (unsigned i = 0; i < 6; i++) {
		if (i)
			text_string(t, ":");
		text_hex(t, mac >> (40 - 8 * i) & 255, 2);
	}
}

void text_escaped(struct text *t, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (bytes[i] == '\\') {
			text_string(t, "\\\\");
		} else if (bytes[i] >= 0x20 && bytes[i] < 0x7f) {
			text_bytes(t, bytes + i, 1);
		} else {
			text_string(t, "\\x");
			text_hex(t, bytes[i], 2);
		}
	}
}

static void text_one_range(struct text *t, uint64_t lba, uint64_t sectors)
{
	uint64_t last = lba + (sectors ? sectors - 1 : 0);

	text_number(t, lba);
	text_string(t, "..");
	text_number(t, last < lba ? UINT64_MAX : last);
}

/* "first..last", of a TRIM as many as are shown. */
static void text_range(struct text *t, const struct transfer *x)
{
	const struct disk_transfer *d = &x->disk;

	if (x->hook != HV_HOOK_DISK_CONTROL) {
		text_one_range(t, d->first_lba, d->sectors);
		return;
	}
	for (uint32_t i = 0; i < d->range_count && i < EVENT_RANGES_MAX; i++) {
		if (i)
			text_string(t, ", ");
		text_one_range(t, d->ranges[i].lba, d->ranges[i].sectors);
	}
	if (d->range_count > EVENT_RANGES_MAX)
		text_string(t, ", ...");
}

void text_field(struct text *t, const struct hv_ctx *ctx, const struct transfer *transfer,
		enum hv_field field)
{
	const struct field_info *f = &hv_field_table[field];
	const uint64_t *word = (const uint64_t *)((const uint8_t *)ctx + f->offset);

	if (!field_is_present(ctx, field)) {
		text_string(t, "-");
		return;
	}
	switch (f->type) {
	case FIELD_MAC:
		text_mac(t, word[0]);
		break;
	case FIELD_IP4:
		text_ip4(t, (uint32_t)word[0]);
		break;
	case FIELD_IP:
		if (ctx->ip_version == 6)
			text_ip6(t, word[0], word[1]);
		else
			text_ip4(t, (uint32_t)word[1]);
		break;
	case FIELD_RANGE:
		text_range(t, transfer);
		break;
	default:
		text_number(t, field_value(ctx, field));
		break;
	}
}
