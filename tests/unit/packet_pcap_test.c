/*
 * packet_pcap_test.c - the parser against libpcap's filters, and rewriting, frame by frame
 *
 * On frames built here and, when DATA is set, on every Ethernet capture under $DATA/pcap.
 * Where libpcap's answer to a filter differs from the fields', the frame must give one of
 * the reasons below, and how often it does is listed.
 */
#include <dirent.h>
#include <pcap/pcap.h>
#include <stdio.h>

#include "policy/rewrite.h"
#include "tests/unit/frame.h"
#include "tests/unit/sum.h"

#define P(f)	field_is_present(c, HV_F_##f)
#define V(f)	field_value(c, HV_F_##f)
#define IS4	(P(IP_VERSION) && V(IP_VERSION) == 4)
#define IS6	(P(IP_VERSION) && V(IP_VERSION) == 6)

/* FILTER(what libpcap is asked, what the fields say) */
#define FILTERS \
	FILTER("arp", P(ETH_TYPE) && V(ETH_TYPE) == 0x0806) \
	FILTER("ip", P(ETH_TYPE) && V(ETH_TYPE) == 0x0800) \
	FILTER("ip6", P(ETH_TYPE) && V(ETH_TYPE) == 0x86dd) \
	FILTER("ether proto 0x88cc", P(ETH_TYPE) && V(ETH_TYPE) == 0x88cc) \
	FILTER("ether broadcast", P(ETH_DST) && V(ETH_DST) == 0xffffffffffff) \
	FILTER("ether multicast", P(ETH_DST) && V(ETH_DST) >> 40 & 1) \
	FILTER("ether dst 01:80:c2:00:00:00", P(ETH_DST) && V(ETH_DST) == 0x0180c2000000) \
	FILTER("ether src 00:0c:29:3e:5d:1c or ether src 02:00:00:00:00:01", \
	       P(ETH_SRC) && (V(ETH_SRC) == 0x000c293e5d1c || V(ETH_SRC) == 0x020000000001)) \
	FILTER("ether[6] & 2 != 0", P(ETH_SRC) && V(ETH_SRC) >> 41 & 1) \
	FILTER("vlan", P(VLAN_ID)) \
	FILTER("vlan 5", P(VLAN_ID) && V(VLAN_ID) == 5) \
	FILTER("vlan 100", P(VLAN_ID) && V(VLAN_ID) == 100) \
	FILTER("arp[6:2] == 1", P(ARP_OP) && V(ARP_OP) == 1) \
	FILTER("arp[6:2] == 2", P(ARP_OP) && V(ARP_OP) == 2) \
	FILTER("arp src net 10.0.0.0/8", P(ARP_SPA) && V(ARP_SPA) >> 24 == 10) \
	FILTER("arp dst net 192.168.0.0/16", P(ARP_TPA) && V(ARP_TPA) >> 16 == 0xc0a8) \
	FILTER("ip src net 10.0.0.0/8", IS4 && P(IP_SRC) && V(IP_SRC) >> 24 == 10) \
	FILTER("ip src host 192.168.1.1", IS4 && P(IP_SRC) && V(IP_SRC) == 0xc0a80101) \
	FILTER("ip dst net 224.0.0.0/4", IS4 && P(IP_DST) && V(IP_DST) >> 28 == 0xe) \
	FILTER("ip dst host 127.0.0.1", IS4 && P(IP_DST) && V(IP_DST) == 0x7f000001) \
	FILTER("ip[8] < 64", IS4 && P(IP_TTL) && V(IP_TTL) < 64) \
	FILTER("ip[8] == 1", IS4 && P(IP_TTL) && V(IP_TTL) == 1) \
	FILTER("ip[2:2] > 200", IS4 && P(IP_LEN) && V(IP_LEN) > 200) \
	FILTER("ip[4:2] > 0x4000", IS4 && P(IP_ID) && V(IP_ID) > 0x4000) \
	FILTER("ip[1] >> 2 != 0", IS4 && P(IP_DSCP) && V(IP_DSCP) != 0) \
	FILTER("ip[6:2] & 0x1fff != 0", IS4 && P(IP_FRAG_OFFSET) && V(IP_FRAG_OFFSET) != 0) \
	FILTER("ip[6] & 0x20 != 0", IS4 && P(IP_MORE_FRAGMENTS) && V(IP_MORE_FRAGMENTS)) \
	FILTER("ip proto 17", IS4 && P(IP_PROTO) && V(IP_PROTO) == 17) \
	FILTER("ip proto 6", IS4 && P(IP_PROTO) && V(IP_PROTO) == 6) \
	FILTER("ip proto 89", IS4 && P(IP_PROTO) && V(IP_PROTO) == 89) \
	FILTER("ip proto 47", IS4 && P(IP_PROTO) && V(IP_PROTO) == 47) \
	FILTER("ip6 proto 17", IS6 && P(IP_PROTO) && V(IP_PROTO) == 17) \
	FILTER("ip6 proto 58", IS6 && P(IP_PROTO) && V(IP_PROTO) == 58) \
	FILTER("ip6 proto 89", IS6 && P(IP_PROTO) && V(IP_PROTO) == 89) \
	FILTER("ip6[7] == 255", IS6 && P(IP_TTL) && V(IP_TTL) == 255) \
	FILTER("ip6[4:2] > 60", IS6 && P(IP_LEN) && V(IP_LEN) > 100) \
	FILTER("ip6[0:2] & 0x0fc0 != 0", IS6 && P(IP_DSCP) && V(IP_DSCP) != 0) \
	FILTER("ip6 src net fe80::/10", IS6 && P(IP_SRC) && c->ip_src.hi >> 54 == 0xfe80 >> 6) \
	FILTER("ip6 dst host ff02::1", \
	       IS6 && P(IP_DST) && c->ip_dst.hi == 0xff02000000000000 && c->ip_dst.lo == 1) \
	FILTER("tcp", P(IP_PROTO) && V(IP_PROTO) == 6) \
	FILTER("udp", P(IP_PROTO) && V(IP_PROTO) == 17) \
	FILTER("tcp dst port 80", P(TCP_DPORT) && V(TCP_DPORT) == 80) \
	FILTER("tcp src port 179", P(TCP_SPORT) && V(TCP_SPORT) == 179) \
	FILTER("tcp dst port 179", P(TCP_DPORT) && V(TCP_DPORT) == 179) \
	FILTER("udp dst port 53", P(UDP_DPORT) && V(UDP_DPORT) == 53) \
	FILTER("udp src port 53", P(UDP_SPORT) && V(UDP_SPORT) == 53) \
	FILTER("udp dst port 1812", P(UDP_DPORT) && V(UDP_DPORT) == 1812) \
	FILTER("tcp dst portrange 1-1023 or udp dst portrange 1-1023", \
	       P(L4_DPORT) && V(L4_DPORT) >= 1 && V(L4_DPORT) <= 1023) \
	FILTER("tcp src portrange 1024-65535 or udp src portrange 1024-65535", \
	       P(L4_SPORT) && V(L4_SPORT) >= 1024) \
	FILTER("ip and tcp[13] & 2 != 0", IS4 && P(TCP_FLAGS) && V(TCP_SYN)) \
	FILTER("ip and tcp[13] & 16 != 0", IS4 && P(TCP_FLAGS) && V(TCP_ACK)) \
	FILTER("ip and tcp[13] & 1 != 0", IS4 && P(TCP_FLAGS) && V(TCP_FIN)) \
	FILTER("ip and tcp[13] & 4 != 0", IS4 && P(TCP_FLAGS) && V(TCP_RST)) \
	FILTER("ip and tcp[4:4] > 0x80000000", IS4 && P(TCP_SEQ) && V(TCP_SEQ) > 0x80000000) \
	FILTER("ip and tcp[14:2] < 5000", IS4 && P(TCP_WINDOW) && V(TCP_WINDOW) < 5000) \
	FILTER("ip[2:2] - ((ip[0] & 15) << 2) - ((tcp[12] & 0xf0) >> 2) > 0 and ip proto 6", \
	       IS4 && P(TCP_FLAGS) && P(PAYLOAD_LEN) && V(PAYLOAD_LEN) > 0) \
	FILTER("udp[4:2] > 108", IS4 && P(UDP_SPORT) && P(PAYLOAD_LEN) && V(PAYLOAD_LEN) > 100) \
	FILTER("icmp", IS4 && P(IP_PROTO) && V(IP_PROTO) == 1) \
	FILTER("icmp[0] == 8", P(ICMP_TYPE) && V(ICMP_TYPE) == 8) \
	FILTER("icmp[0] == 3 and icmp[1] == 3", P(ICMP_TYPE) && V(ICMP_TYPE) == 3 && \
	       P(ICMP_CODE) && V(ICMP_CODE) == 3) \
	FILTER("icmp6", IS6 && P(IP_PROTO) && V(IP_PROTO) == 58) \
	FILTER("ip6[6] == 58 and ip6[40] == 135", P(ICMP6_TYPE) && V(ICMP6_TYPE) == 135) \
	FILTER("ip6[6] == 58 and ip6[41] == 0", P(ICMP6_CODE) && V(ICMP6_CODE) == 0) \
	FILTER("greater 100", P(FRAME_LEN) && V(FRAME_LEN) >= 100) \
	FILTER("less 60", P(FRAME_LEN) && V(FRAME_LEN) <= 60)

static const char *const filter_text[] = {
#define FILTER(text, fields)	text,
	FILTERS
#undef FILTER
};
enum { FILTER_COUNT = sizeof filter_text / sizeof *filter_text };

static bool fields_say(uint32_t filter, const struct hv_ctx *c)
{
	uint32_t n = 0;

#define FILTER(text, fields)	if (filter == n++) return (fields);
	FILTERS
#undef FILTER
	return false;
}

/* Why libpcap may answer otherwise. */
enum reason {
	TAGGED, SNAP, MALFORMED, LATER, FIRST, EXTENSION, ZERO_LENGTH, PADDED, OTHER_ARP, NO_REASON,
	REASONS,
};
static const char *const reason_text[] = {
	"tags are followed",
	"SNAP is followed",
	"what the frame's own lengths cut off is absent",
	"a later fragment has the first one's fields",
	"a first fragment has a part of what the UDP length says",
	"extension headers are followed",
	"IP length 0 is the rest of the frame",
	"padding is not counted",
	"ARP addresses of other kinds or sizes",
	"no reason",
};

static enum reason reason_of(const struct parsed *r, const struct frame *f, uint32_t filter)
{
	bool length = strncmp(filter_text[filter], "greater", 7) == 0 ||
		      strncmp(filter_text[filter], "less", 4) == 0;

	if (length)
		return r->p.frame_len != f->len ? PADDED : NO_REASON;
	if (HAS(r, VLAN_ID))
		return TAGGED;
	if (f->bytes[12] < 6 && HAS(r, ETH_TYPE))
		return SNAP;
	if (r->p.malformed)
		return MALFORMED;
	if (r->p.frag == FRAG_LATER)
		return LATER;
	if (HAS(r, UDP_SPORT) && HAS(r, IP_MORE_FRAGMENTS) && VALUE(r, IP_MORE_FRAGMENTS))
		return FIRST;
	if (HAS(r, ARP_OP) && (f->bytes[16] != 8 || f->bytes[17] != 0 || f->bytes[18] != 6))
		return OTHER_ARP;
	if (r->ctx.ip_version == 6 && r->p.l3_len != 40)
		return EXTENSION;
	if (r->ctx.ip_version == 4 && f->bytes[16] == 0 && f->bytes[17] == 0)
		return ZERO_LENGTH;
	return NO_REASON;
}

static struct bpf_program program[FILTER_COUNT];
static uint32_t difference[FILTER_COUNT][REASONS];
static uint32_t hits[FILTER_COUNT];

static void compile_filters(void)
{
	pcap_t *p = pcap_open_dead(DLT_EN10MB, 262144);

	memset(difference, 0, sizeof difference);
	memset(hits, 0, sizeof hits);
	for (uint32_t i = 0; i < FILTER_COUNT; i++)
		ck_assert_msg(pcap_compile(p, &program[i], filter_text[i], 1, 0) == 0, "%s: %s",
			      filter_text[i], pcap_geterr(p));
	pcap_close(p);
}

static void free_filters(void)
{
	for (uint32_t i = 0; i < FILTER_COUNT; i++)
		pcap_freecode(&program[i]);
}

static void compare(const struct frame *f, uint32_t captured, struct frag_table *t)
{
	struct parsed r = parse_cut(f, captured, 0, t);

	for (uint32_t i = 0; i < FILTER_COUNT; i++) {
		bool theirs = bpf_filter(program[i].bf_insns, f->bytes, f->len, captured) != 0;
		bool ours = fields_say(i, &r.ctx);

		hits[i] += ours;
		if (ours != theirs)
			difference[i][reason_of(&r, f, i)]++;
	}
}

/* "FILTER | REASON | COUNT" for each difference, as in the lists below. */
static void check_differences(const char *want)
{
	static char text[16384];
	uint32_t len = 0;

	for (uint32_t i = 0; i < FILTER_COUNT; i++)
		for (uint32_t k = 0; k < REASONS; k++)
			if (difference[i][k] > 0)
				len += (uint32_t)snprintf(text + len, sizeof text - len,
							  "%s | %s | %u\n", filter_text[i],
							  reason_text[k], difference[i][k]);
	if (strcmp(text, want) != 0)
		fprintf(stderr, "%s", text);
	ck_assert_msg(strcmp(text, want) == 0, "the differences are not the listed ones");
}

/* ---- rewriting: right checksums stay right --------------------------------- */

/* Are all checksums of the frame there and right?  Offsets by the parse, sums from scratch. */
static bool is_right(const uint8_t *b, const struct parsed *r)
{
	const struct packet *p = &r->p;
	bool six = r->ctx.ip_version == 6;
	uint32_t address = six ? 16 : 4;
	const uint8_t *src = b + p->l3 + (six ? 8 : 12);

	if (!six && scratch_sum(0, b + p->l3, p->l3_len) != 0xffff)
		return false;
	if (p->l4_proto == 1 && !six)
		address = 0;
	return scratch_transport(src, src + address, address, p->l4_proto, b + p->l4, p->l4_len,
				 p->l4_len) == 0xffff;
}

static bool has_sums(const struct frame *f, const struct parsed *r)
{
	uint8_t proto = r->p.l4_proto;

	if (r->p.malformed || r->p.frag != FRAG_NONE || r->p.l4 == PACKET_NO_OFFSET ||
	    r->p.payload == PACKET_NO_OFFSET || (r->ctx.ip_version == 6 && r->p.l3_len != 40))
		return false;
	if (proto == 17 && f->bytes[r->p.l4 + 6] == 0 && f->bytes[r->p.l4 + 7] == 0)
		return false;
	return proto == 6 || proto == 17 || proto == (r->ctx.ip_version == 6 ? 58 : 1);
}

/* Rewrite everything that can be in a frame that is right; false: it is not such a frame. */
static bool rewrite_frame(const struct frame *f)
{
	struct parsed r = parse(f);
	uint32_t salt = f->len * 2654435761u;
	uint8_t *b = malloc(f->len);

	memcpy(b, f->bytes, f->len);
	if (!has_sums(f, &r) || !is_right(b, &r)) {
		free(b);
		return false;
	}
	for (uint32_t field = 0; field < HV_FIELDS; field++) {
		bool ip = hv_field_table[field].type == FIELD_IP;

		rewrite_field(b, f->len, &r.p, &r.ctx, field, ip ? (unsigned)r.ctx.ip_version : 0,
			      salt * 77ull, salt + field);
		ck_assert_msg(is_right(b, &r), "%s", hv_field_table[field].name);
	}
	for (uint32_t len = 1; len <= r.p.payload_len && len < 40; len += 3) {
		uint32_t at = r.p.payload + salt % (r.p.payload_len - len + 1);
		struct rewriting w;

		rewrite_begin(&w, b, f->len, &r.p, &r.ctx);
		rewrite_bytes(&w, at, len, (const uint8_t *)"\x00\xff*", 3);
		rewrite_end(&w);
		ck_assert_msg(is_right(b, &r), "%u bytes at %u", len, at);
	}
	free(b);
	return true;
}

/* ---- frames built here ----------------------------------------------------- */

typedef void frame_fn(const struct frame *f, uint32_t captured, struct frag_table *t);

static void built_frames(frame_fn *fn)
{
	struct frame *f = start(0x0800);

	put_ipv4(f, 6, 20 + 3, 0x4000, 0);
	put_tcp(f, 0);
	put_hex(f, "010203");
	fn(f, f->len, NULL);
	fn(f, 40, NULL);	/* flags and window were not captured */
	f = start(0x0800);
	put_ipv4(f, 17, 8 + 120, 0, 8);
	put_udp(f, 128);
	put_fill(f, 2, 120);
	fn(f, f->len, NULL);
	f = start(0x0800);
	put_ipv4(f, 1, 12, 0, 0);
	put_hex(f, "0800 0000 0001 0001 01020304");
	fn(f, f->len, NULL);
	put_fill(f, 0, 60);
	fn(f, f->len, NULL);
	f = start(0x0806);
	put_hex(f, "0001 0800 06 04 0001 020000000001 0a000001 000000000000 c0a80002");
	fn(f, f->len, NULL);
	f = start(0x86dd);
	put_ipv6(f, 58, 8);
	put_hex(f, "8700 0000 00000000");
	fn(f, f->len, NULL);
	f = start(0x86dd);
	put_ipv6(f, 60, 8 + 20);
	put_hex(f, "0600 010400000000");
	put_tcp(f, 0);
	fn(f, f->len, NULL);
	f = start(0x8100);
	put_hex(f, "2005 0800");
	put_ipv4(f, 17, 8, 0, 0);
	put_udp(f, 8);
	fn(f, f->len, NULL);
}

START_TEST(built_frames_mean_the_same_to_libpcap)
{
	compile_filters();
	built_frames(compare);
	free_filters();
	check_differences(
		"ip | tags are followed | 1\n"
		"ip src net 10.0.0.0/8 | tags are followed | 1\n"
		"ip[1] >> 2 != 0 | tags are followed | 1\n"
		"ip proto 17 | tags are followed | 1\n"
		"tcp | extension headers are followed | 1\n"
		"udp | tags are followed | 1\n"
		"tcp dst port 80 | extension headers are followed | 1\n"
		"udp dst port 53 | tags are followed | 1\n"
		"tcp dst portrange 1-1023 or udp dst portrange 1-1023 | tags are followed | 1\n"
		"tcp dst portrange 1-1023 or udp dst portrange 1-1023 | extension headers are followed | 1\n"
		"tcp src portrange 1024-65535 or udp src portrange 1024-65535 | tags are followed | 1\n"
		"greater 100 | padding is not counted | 1\n"
		"less 60 | padding is not counted | 1\n"
	);
}
END_TEST

/* ---- captures -------------------------------------------------------------- */

struct totals {
	uint32_t files, frames, rewritten;
};

static void read_capture(const char *path, struct totals *n)
{
	static _Alignas(16) uint8_t memory[1 << 16];
	static struct frame f;
	char err[PCAP_ERRBUF_SIZE];
	pcap_t *p = pcap_open_offline(path, err);
	struct frag_table *t;
	struct pcap_pkthdr *h;
	const u_char *bytes;
	struct arena a;

	if (p == NULL)
		return;
	arena_init(&a, memory, sizeof memory);
	ck_assert_int_eq(frag_table_create(&a, 16, &t), 0);
	n->files++;
	while (pcap_datalink(p) == DLT_EN10MB && pcap_next_ex(p, &h, &bytes) == 1) {
		if (h->caplen > h->len || h->len > sizeof f.bytes - 4)
			continue;
		memcpy(f.bytes, bytes, h->caplen);
		f.len = h->len;
		n->frames++;
		compare(&f, h->caplen, t);
		if (h->caplen >= 14 && f.bytes[12] == 8 && f.bytes[13] == 0)
			check_plain(&f, h->caplen);
		if (h->caplen == h->len && h->len > 0)
			n->rewritten += rewrite_frame(&f);
	}
	pcap_close(p);
}

/* Counts are those of this many frames; another set of captures must have reasons only. */
#define KNOWN_FRAMES	7817

/* $DATA, or NULL when there are no captures. */
static const char *captures(void)
{
	const char *data = getenv("DATA");

	return data && data[0] ? data : NULL;
}

START_TEST(captures_mean_the_same_to_libpcap_and_keep_their_checksums)
{
	const char *data = captures();
	struct totals n = { 0 };
	struct dirent *e;
	char path[4096];
	DIR *dir;

	snprintf(path, sizeof path, "%s/pcap", data);
	dir = opendir(path);
	ck_assert_ptr_nonnull(dir);
	compile_filters();
	while ((e = readdir(dir)) != NULL) {
		snprintf(path, sizeof path, "%s/pcap/%s", data, e->d_name);
		if (e->d_name[0] != '.')
			read_capture(path, &n);
	}
	closedir(dir);
	free_filters();
	for (uint32_t i = 0; i < FILTER_COUNT; i++)
		ck_assert_msg(difference[i][NO_REASON] == 0, "%s: %u frames differ",
			      filter_text[i], difference[i][NO_REASON]);
	if (n.frames == KNOWN_FRAMES) {
		ck_assert_uint_eq(n.rewritten, 1913);
		check_differences(
		"arp | tags are followed | 2\n"
		"ip | tags are followed | 48\n"
		"arp[6:2] == 1 | tags are followed | 1\n"
		"arp[6:2] == 2 | tags are followed | 1\n"
		"arp dst net 192.168.0.0/16 | what the frame's own lengths cut off is absent | 64\n"
		"arp dst net 192.168.0.0/16 | ARP addresses of other kinds or sizes | 101\n"
		"ip src net 10.0.0.0/8 | tags are followed | 34\n"
		"ip dst net 224.0.0.0/4 | tags are followed | 6\n"
		"ip[8] < 64 | tags are followed | 8\n"
		"ip[8] < 64 | what the frame's own lengths cut off is absent | 1\n"
		"ip[8] == 1 | tags are followed | 7\n"
		"ip[2:2] > 200 | tags are followed | 3\n"
		"ip[2:2] > 200 | IP length 0 is the rest of the frame | 1\n"
		"ip[4:2] > 0x4000 | tags are followed | 7\n"
		"ip[4:2] > 0x4000 | what the frame's own lengths cut off is absent | 2\n"
		"ip[1] >> 2 != 0 | tags are followed | 35\n"
		"ip[1] >> 2 != 0 | what the frame's own lengths cut off is absent | 2\n"
		"ip proto 17 | tags are followed | 8\n"
		"ip proto 6 | tags are followed | 3\n"
		"ip proto 6 | what the frame's own lengths cut off is absent | 1\n"
		"ip proto 47 | tags are followed | 36\n"
		"ip6 proto 17 | what the frame's own lengths cut off is absent | 1\n"
		"ip6 proto 17 | extension headers are followed | 4\n"
		"ip6 proto 58 | what the frame's own lengths cut off is absent | 3\n"
		"ip6 proto 58 | extension headers are followed | 23\n"
		"ip6 proto 89 | extension headers are followed | 62\n"
		"ip6[7] == 255 | what the frame's own lengths cut off is absent | 2\n"
		"ip6[4:2] > 60 | what the frame's own lengths cut off is absent | 2\n"
		"ip6[4:2] > 60 | extension headers are followed | 2\n"
		"ip6 src net fe80::/10 | what the frame's own lengths cut off is absent | 1\n"
		"ip6 dst host ff02::1 | what the frame's own lengths cut off is absent | 2\n"
		"tcp | tags are followed | 3\n"
		"tcp | what the frame's own lengths cut off is absent | 1\n"
		"udp | tags are followed | 8\n"
		"udp | what the frame's own lengths cut off is absent | 1\n"
		"udp | extension headers are followed | 4\n"
		"tcp src port 179 | tags are followed | 2\n"
		"udp dst port 53 | what the frame's own lengths cut off is absent | 1\n"
		"tcp dst portrange 1-1023 or udp dst portrange 1-1023 | tags are followed | 7\n"
		"tcp dst portrange 1-1023 or udp dst portrange 1-1023 | what the frame's own lengths cut off is absent | 1\n"
		"tcp src portrange 1024-65535 or udp src portrange 1024-65535 | tags are followed | 1\n"
		"tcp src portrange 1024-65535 or udp src portrange 1024-65535 | what the frame's own lengths cut off is absent | 3\n"
		"tcp src portrange 1024-65535 or udp src portrange 1024-65535 | a later fragment has the first one's fields | 149\n"
		"tcp src portrange 1024-65535 or udp src portrange 1024-65535 | extension headers are followed | 3\n"
		"ip and tcp[13] & 16 != 0 | tags are followed | 3\n"
		"ip and tcp[13] & 1 != 0 | what the frame's own lengths cut off is absent | 1\n"
		"ip and tcp[4:4] > 0x80000000 | what the frame's own lengths cut off is absent | 1\n"
		"ip and tcp[14:2] < 5000 | what the frame's own lengths cut off is absent | 1\n"
		"ip[2:2] - ((ip[0] & 15) << 2) - ((tcp[12] & 0xf0) >> 2) > 0 and ip proto 6 | tags are followed | 3\n"
		"ip[2:2] - ((ip[0] & 15) << 2) - ((tcp[12] & 0xf0) >> 2) > 0 and ip proto 6 | what the frame's own lengths cut off is absent | 3\n"
		"udp[4:2] > 108 | tags are followed | 1\n"
		"udp[4:2] > 108 | what the frame's own lengths cut off is absent | 7\n"
		"udp[4:2] > 108 | a later fragment has the first one's fields | 149\n"
		"udp[4:2] > 108 | a first fragment has a part of what the UDP length says | 2\n"
		"icmp6 | what the frame's own lengths cut off is absent | 3\n"
		"icmp6 | extension headers are followed | 23\n"
		"ip6[6] == 58 and ip6[41] == 0 | what the frame's own lengths cut off is absent | 3\n"
		"ip6[6] == 58 and ip6[41] == 0 | extension headers are followed | 23\n"
		"greater 100 | padding is not counted | 11\n"
		"less 60 | padding is not counted | 9\n"
		);
	}
}
END_TEST

START_TEST(nothing)
{
}
END_TEST

Suite *unit_suite(void)
{
	static TTest skipped;
	Suite *s = suite_create("packet_pcap");
	TCase *tc = unit_case(s, "libpcap");

	tcase_add_test(tc, built_frames_mean_the_same_to_libpcap);
	if (captures()) {
		tcase_add_test(tc, captures_mean_the_same_to_libpcap_and_keep_their_checksums);
		return s;
	}
	/* Check prints a test's name as it is: TAP reads the directive in it. */
	skipped = *nothing;
	skipped.name = "captures_mean_the_same_to_libpcap_and_keep_their_checksums"
		       " # SKIP DATA names no captures";
	tcase_add_test(tc, &skipped);
	return s;
}
