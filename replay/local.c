/*
 * local.c - the endpoint's addresses, and which way a captured frame goes
 */
#include "replay/local.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "replay/bytes.h"

#define ETH_HEADER	14u
#define VLAN_TAGS	2u	/* as many as the judge's parser follows */
#define LLC_SNAP	8u	/* bytes of an 802.2 header with SNAP */
#define LENGTH_MAX	1500u	/* IEEE 802.3: what stands in the EtherType's place */

static int parse_mac(const char *text, uint8_t mac[6])
{
	unsigned i;

	for (i = 0; i < 6; i++) {
		unsigned value = 0, digits;

		for (digits = 0; digits < 2; digits++) {
			char c = *text;
			unsigned d;

			if (c >= '0' && c <= '9')
				d = (unsigned)(c - '0');
			else if ((c | 32) >= 'a' && (c | 32) <= 'f')
				d = (unsigned)((c | 32) - 'a' + 10);
			else
				return -1;
			value = value << 4 | d;
			text++;
		}
		mac[i] = (uint8_t)value;
		if (*text++ != (i < 5 ? ':' : '\0'))
			return -1;
	}
	return 0;
}

static int parse_one(struct local *a, const char *text)
{
	memset(a, 0, sizeof(*a));
	if (inet_pton(AF_INET, text, a->bytes) == 1)
		a->family = 4;
	else if (inet_pton(AF_INET6, text, a->bytes) == 1)
		a->family = 6;
	else if (!parse_mac(text, a->bytes))
		a->family = 48;
	else
		return -1;
	return 0;
}

int locals_add(struct locals *l, const char *list, const char **bad, int *bad_len)
{
	for (;;) {
		size_t len = strcspn(list, ",");
		char text[INET6_ADDRSTRLEN];

		*bad = list;
		*bad_len = len > 1000 ? 1000 : (int)len;
		if (len >= sizeof(text) || l->count == LOCALS_MAX)
			return -1;
		memcpy(text, list, len);
		text[len] = '\0';
		if (parse_one(&l->address[l->count], text) < 0)
			return -1;
		l->count++;
		if (!list[len])
			return 0;
		list += len + 1;
	}
}

static bool is_local(const struct locals *l, uint8_t family, const uint8_t *bytes)
{
	size_t size = family == 4 ? 4 : family == 6 ? 16 : 6;
	unsigned i;

	for (i = 0; i < l->count; i++)
		if (l->address[i].family == family && !memcmp(l->address[i].bytes, bytes, size))
			return true;
	return false;
}

/* The EtherType, behind VLAN tags and SNAP as the judge follows them, and *@at behind it; 0: none. */
static uint16_t network_type(const uint8_t *frame, uint32_t captured, uint32_t *at)
{
	static const uint8_t snap[] = { 0xaa, 0xaa, 0x03, 0, 0, 0 };	/* RFC 1042 */
	unsigned tags;
	uint16_t type;

	for (*at = ETH_HEADER, tags = 0; ; tags++, *at += 4) {
		if (captured < *at)
			return 0;
		type = get_be16(frame + *at - 2);
		/* IEEE 802.1Q, 802.1ad, and the tag that 802.1ad's forerunners used */
		if ((type != 0x8100 && type != 0x88a8 && type != 0x9100) || tags == VLAN_TAGS)
			break;
	}
	if (type < LLC_SNAP || type > LENGTH_MAX || captured - *at < LLC_SNAP ||
	    memcmp(frame + *at, snap, sizeof(snap)))
		return type;
	*at += LLC_SNAP;
	return get_be16(frame + *at - 2);
}

/* The network-layer sender of the frame is a local address. */
static bool sender_is_local(const struct locals *l, const uint8_t *frame, uint32_t captured)
{
	uint32_t at, left;
	uint16_t type = network_type(frame, captured, &at);

	if (!type)
		return false;
	left = captured - at;
	if (type == 0x0800 && left >= 16 && frame[at] >> 4 == 4)	/* RFC 791, 3.1 */
		return is_local(l, 4, frame + at + 12);
	if (type == 0x86dd && left >= 24 && frame[at] >> 4 == 6)	/* RFC 8200, 3 */
		return is_local(l, 6, frame + at + 8);
	/* RFC 826: Ethernet and IPv4, the sender's protocol address */
	if (type == 0x0806 && left >= 18 && get_be32(frame + at) == 0x00010800 &&
	    frame[at + 4] == 6 && frame[at + 5] == 4)
		return is_local(l, 4, frame + at + 14);
	return false;
}

enum hv_hook locals_hook(const struct locals *l, const uint8_t *frame, uint32_t captured,
			 enum capture_direction says)
{
	bool out;

	if (!l->count)
		out = says == CAPTURE_OUT;
	else
		out = (captured >= 12 && is_local(l, 48, frame + 6)) ||
		      sender_is_local(l, frame, captured);
	return out ? HV_HOOK_NET_OUT : HV_HOOK_NET_IN;
}
