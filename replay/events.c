/*
 * events.c - events as lines of JSON, after the example of Suricata's EVE
 */
#include "replay/events.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "policy/field.h"
#include "replay/outcome.h"

#define NS_PER_S	1000000000u

/* Bytes of the UTF-8 character at @s (RFC 3629, 4), 0 when it is none. */
static size_t utf8_len(const uint8_t *s, size_t len)
{
	size_t n, i;
	uint32_t c;

	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		n = 2;
	else if ((s[0] & 0xf0) == 0xe0)
		n = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		n = 4;
	else
		return 0;
	if (n > len)
		return 0;
	c = s[0] & (0x7fu >> n);
	for (i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3fu);
	}
	if ((n == 3 && (c < 0x800 || (c >= 0xd800 && c <= 0xdfff))) ||
	    (n == 4 && (c < 0x10000 || c > 0x10ffff)))
		return 0;
	return n;
}

static void json_ascii(struct output *o, uint8_t c)
{
	if (c == '"' || c == '\\') {
		output_byte(o, '\\');
		output_byte(o, c);
	} else if (c < 0x20 || c == 0x7f) {
		output_print(o, "\\u%04x", c);
	} else {
		output_byte(o, c);
	}
}

void json_string(struct output *o, const char *bytes, size_t len)
{
	const uint8_t *s = (const uint8_t *)bytes;
	size_t i = 0;

	output_byte(o, '"');
	while (i < len) {
		size_t n = utf8_len(s + i, len - i);

		if (n == 1)
			json_ascii(o, s[i]);
		else if (n)
			output_write(o, s + i, n);
		else
			output_print(o, "\\\\x%02X", s[i]);
		i += n ? n : 1;
	}
	output_byte(o, '"');
}

static void member_text(struct output *o, const char *name, const char *value)
{
	output_print(o, ",\"%s\":", name);
	json_string(o, value, strlen(value));
}

static void member_number(struct output *o, const char *name, uint64_t value)
{
	output_print(o, ",\"%s\":%" PRIu64, name, value);
}

static void member_field(struct output *o, const char *name, const struct hv_ctx *ctx,
			 enum hv_field field)
{
	if (field_is_present(ctx, field))
		member_number(o, name, field_value(ctx, field));
}

/* Logs and images have no times: 0. */
static void timestamp(struct output *o, uint64_t time_ns)
{
	time_t seconds = (time_t)(time_ns / NS_PER_S);
	struct tm tm;

	if (!time_ns) {
		output_text(o, "{\"timestamp\":null");
		return;
	}
	gmtime_r(&seconds, &tm);
	output_print(o, "{\"timestamp\":\"%04d-%02d-%02dT%02d:%02d:%02d.%09uZ\"", tm.tm_year + 1900,
		     tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
		     (unsigned)(time_ns % NS_PER_S));
}

static void member_mac(struct output *o, const char *name, uint64_t mac)
{
	output_print(o, ",\"%s\":\"%02x:%02x:%02x:%02x:%02x:%02x\"", name,
		     (unsigned)(mac >> 40 & 0xff), (unsigned)(mac >> 32 & 0xff),
		     (unsigned)(mac >> 24 & 0xff), (unsigned)(mac >> 16 & 0xff),
		     (unsigned)(mac >> 8 & 0xff), (unsigned)(mac & 0xff));
}

static void member_ip(struct output *o, const char *name, const struct hv_ctx *ctx,
		      const struct hv_ip *ip)
{
	char text[INET6_ADDRSTRLEN];
	uint8_t bytes[16];
	unsigned i;

	for (i = 0; i < 8; i++) {
		bytes[i] = (uint8_t)(ip->hi >> (56 - 8 * i));
		bytes[8 + i] = (uint8_t)(ip->lo >> (56 - 8 * i));
	}
	if (ctx->ip_version == 4)
		inet_ntop(AF_INET, bytes + 12, text, sizeof(text));
	else
		inet_ntop(AF_INET6, bytes, text, sizeof(text));
	member_text(o, name, text);
}

static void member_proto(struct output *o, uint64_t proto)
{
	switch (proto) {
	case IPPROTO_ICMP:
		member_text(o, "proto", "ICMP");
		break;
	case IPPROTO_TCP:
		member_text(o, "proto", "TCP");
		break;
	case IPPROTO_UDP:
		member_text(o, "proto", "UDP");
		break;
	case IPPROTO_ICMPV6:
		member_text(o, "proto", "IPv6-ICMP");
		break;
	default:
		output_print(o, ",\"proto\":\"%" PRIu64 "\"", proto);
	}
}

static void net_members(struct output *o, const struct hv_ctx *ctx)
{
	if (field_is_present(ctx, HV_F_ETH_SRC))
		member_mac(o, "src_mac", ctx->eth_src);
	if (field_is_present(ctx, HV_F_ETH_DST))
		member_mac(o, "dst_mac", ctx->eth_dst);
	member_field(o, "eth_type", ctx, HV_F_ETH_TYPE);
	member_field(o, "vlan", ctx, HV_F_VLAN_ID);
	if (field_is_present(ctx, HV_F_IP_SRC))
		member_ip(o, "src_ip", ctx, &ctx->ip_src);
	if (field_is_present(ctx, HV_F_IP_DST))
		member_ip(o, "dst_ip", ctx, &ctx->ip_dst);
	if (field_is_present(ctx, HV_F_IP_PROTO))
		member_proto(o, ctx->ip_proto);
	member_field(o, "src_port", ctx, HV_F_L4_SPORT);
	member_field(o, "dst_port", ctx, HV_F_L4_DPORT);
	member_field(o, "icmp_type", ctx, HV_F_ICMP_TYPE);
	member_field(o, "icmp_type", ctx, HV_F_ICMP6_TYPE);
	member_field(o, "frame_len", ctx, HV_F_FRAME_LEN);
}

static void disk_members(struct output *o, const struct policy_event *e)
{
	const struct disk_transfer *d = &e->transfer->disk;

	member_number(o, "unit", d->unit);
	member_number(o, "port", d->port);
	member_number(o, "command", d->command);
	if (d->range_count) {
		member_number(o, "lba", d->ranges[0].lba);
		member_number(o, "sectors", d->ranges[0].sectors);
		member_number(o, "ranges", d->range_count);
	} else if (e->transfer->hook == HV_HOOK_DISK_CONTROL) {
		member_number(o, "lba", d->lba);
		member_number(o, "features", d->features);
	} else {
		member_number(o, "lba", d->first_lba);
		member_number(o, "sectors", d->sectors);
		if (e->match_lba != EVENT_NO_MATCH)
			member_number(o, "match_lba", e->match_lba);
	}
	member_number(o, "sector_size", d->sector_size);
	member_field(o, "scsi_opcode", e->ctx, HV_F_SCSI_OPCODE);
}

void events_write(void *arg, const struct policy_event *e)
{
	static const char *const severity[] = {
		[HVB_INFO] = "info", [HVB_NOTICE] = "notice", [HVB_ALERT] = "alert",
	};
	const struct events *ev = arg;
	struct output *o = ev->out;
	bool net = e->transfer->hook == HV_HOOK_NET_OUT || e->transfer->hook == HV_HOOK_NET_IN;

	if (!o)
		return;
	timestamp(o, e->transfer->time_ns);
	member_text(o, "event_type", net ? "net" : "disk");
	member_text(o, "policy", ev->policy);
	member_number(o, "version", ev->version);
	member_text(o, "input", ev->input);
	member_number(o, "transfer", e->transfer->number);
	member_text(o, "hook", hv_hook_name[e->transfer->hook]);
	member_text(o, "rule", e->rule ? e->rule : "");
	member_text(o, "action", verdict_name(e->action));
	member_text(o, "severity", severity[e->severity <= HVB_ALERT ? e->severity : HVB_ALERT]);
	output_text(o, ",\"message\":");
	json_string(o, e->text, e->text_len);
	output_text(o, e->rewritten ? ",\"rewritten\":true" : ",\"rewritten\":false");
	output_text(o, e->bounded ? ",\"bounded\":true" : ",\"bounded\":false");
	if (net)
		net_members(o, e->ctx);
	else
		disk_members(o, e);
	output_text(o, "}\n");
}
