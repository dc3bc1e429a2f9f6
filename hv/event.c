/*
 * event.c - what a rule's log says, as a line of the log
 *
 *	event: policy "P" rule "R" ACTION SEVERITY PROTOCOL FROM > TO, N bytes: TEXT
 *	event: policy "P" rule "R" ACTION SEVERITY COMMAND disk UNIT.PORT, SECTORS: TEXT
 *
 * ACTION is pass, drop, rewrite or drop-silently; FROM and TO are ADDRESS:PORT, [ADDRESS]:PORT of IPv6, an address
 * alone or MACs; COMMAND is the standard's name; SECTORS are "LBA N, N sectors" and perhaps "match in LBA N", "LBA"
 * with the ranges of a TRIM, or nothing.
 * Its own file, since the policy's text.h and the hypervisor's are two.
 */
#include "hv/event.h"

#include "hv/log.h"
#include "policy/ata.h"
#include "policy/event.h"

#define LINE_MAX	320u	/* LOG_TEXT_MAX */

static bool has(const struct hv_ctx *ctx, enum hv_field f)
{
	return ctx->present >> f & 1;
}

static void protocol(struct text *t, const struct hv_ctx *ctx)
{
	static const struct { enum hv_field field; const char *name; } known[] = {
		{ HV_F_TCP_SPORT, "tcp" }, { HV_F_UDP_SPORT, "udp" }, { HV_F_ICMP_TYPE, "icmp" },
		{ HV_F_ICMP6_TYPE, "icmp6" }, { HV_F_ARP_OP, "arp" },
	};

	for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (has(ctx, known[i].field)) {
			text_string(t, known[i].name);
			return;
		}
	}
	text_string(t, has(ctx, HV_F_IP_PROTO) ? "ip-" : "eth-");
	if (has(ctx, HV_F_IP_PROTO))
		text_number(t, ctx->ip_proto);
	else
		text_hex(t, ctx->eth_type, 4);
}

/* One end: its address by the fields @ip, @arp, @eth, whichever there is, and its @port. */
static void end(struct text *t, const struct policy_event *e, enum hv_field ip, enum hv_field arp, enum hv_field eth,
		enum hv_field port)
{
	const struct hv_ctx *ctx = e->ctx;
	enum hv_field address = has(ctx, ip) ? ip : has(ctx, arp) ? arp : eth;
	bool bracket = has(ctx, port) && ctx->ip_version == 6;

	text_string(t, bracket ? "[" : "");
	text_field(t, ctx, e->transfer, address);
	text_string(t, bracket ? "]" : "");
	if (!has(ctx, port))
		return;
	text_string(t, ":");
	text_field(t, ctx, e->transfer, port);
}

static void frame(struct text *t, const struct policy_event *e)
{
	protocol(t, e->ctx);
	text_string(t, " ");
	end(t, e, HV_F_IP_SRC, HV_F_ARP_SPA, HV_F_ETH_SRC, HV_F_L4_SPORT);
	text_string(t, " > ");
	end(t, e, HV_F_IP_DST, HV_F_ARP_TPA, HV_F_ETH_DST, HV_F_L4_DPORT);
	text_string(t, ", ");
	text_number(t, e->transfer->net.wire_len);
	text_string(t, " bytes");
}

static void command(struct text *t, const struct policy_event *e)
{
	const struct disk_transfer *d = &e->transfer->disk;

	text_string(t, ata_decode(d).name);
	text_string(t, " disk ");
	text_number(t, d->unit);
	text_string(t, ".");
	text_number(t, d->port);
	if (d->sectors) {
		text_string(t, ", LBA ");
		text_number(t, d->first_lba);
		text_string(t, ", ");
		text_number(t, d->sectors);
		text_string(t, d->sectors == 1 ? " sector" : " sectors");
		if (e->match_lba != EVENT_NO_MATCH) {
			text_string(t, ", match in LBA ");
			text_number(t, e->match_lba);
		}
	} else if (d->range_count) {
		text_string(t, ", LBA ");
		text_field(t, e->ctx, e->transfer, HV_F_DISK_RANGE);
	}
}

static const char *action(const struct policy_event *e)
{
	if (e->action == HV_PASS || e->action == HV_PASS_NAMED)
		return e->rewritten ? "rewrite" : "pass";
	return e->action == HV_DROP_SILENTLY ? "drop-silently" : "drop";
}

void event_line(void *arg, const struct policy_event *e)
{
	static const char *const severity[] = { [HVB_INFO] = "info", [HVB_NOTICE] = "notice", [HVB_ALERT] = "alert" };
	static char space[LINE_MAX];	/* under the guest lock */
	struct text t;

	text_init(&t, space, sizeof(space));
	text_string(&t, "rule \"");
	text_string(&t, e->rule);
	text_string(&t, "\" ");
	text_string(&t, action(e));
	text_string(&t, " ");
	text_string(&t, severity[e->severity <= HVB_ALERT ? e->severity : HVB_ALERT]);
	text_string(&t, " ");
	if (e->transfer->hook == HV_HOOK_NET_OUT || e->transfer->hook == HV_HOOK_NET_IN)
		frame(&t, e);
	else
		command(&t, e);
	text_string(&t, e->bounded ? ", a bound was reached" : "");
	text_string(&t, e->text_len ? ": " : "");
	text_bytes(&t, e->text, e->text_len);
	log_event(e->severity == HVB_ALERT ? LINE_WARN : LINE_INFO, "event: policy \"%s\" %s",
		  policy_name(arg), space);
}
