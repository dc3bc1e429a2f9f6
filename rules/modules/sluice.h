/*
 * sluice.h - everything a policy module written in C needs
 *
 *	clang -O2 -target bpf -mcpu=v3 -c my.c -o my.o
 *	hvc build my.o -o my.hvb
 *	hvreplay my.hvb capture.pcap
 *
 * A module has at most one function for each hook, marked HV_NET_OUT, HV_NET_IN,
 * HV_DISK_WRITE, HV_DISK_READ or HV_DISK_CONTROL; it gets the context and returns a verdict.
 * Static functions, constants, static variables and maps are all welcome.  Loops must be
 * unrolled (#pragma unroll): a program that could run for ever is refused.  So is one that
 * reads what it has not written, leaves its memory, or uses a map's value before it has
 * compared the pointer with 0.
 *
 * Content is never read through pointers: ask hv_bytes() or hv_sector() for it.
 *
 * This file stands alone: no other header is needed, or to be had.
 */
#ifndef SLUICE_H
#define SLUICE_H

typedef __UINT8_TYPE__ u8;
typedef __UINT16_TYPE__ u16;
typedef __UINT32_TYPE__ u32;
typedef __UINT64_TYPE__ u64;
typedef __INT64_TYPE__ s64;

/* ---- verdicts ---- */

enum hv_verdict {
	HV_DROP = 0,		/* the frame vanishes, the command fails */
	HV_PASS = 1,
	HV_DROP_SILENTLY = 2,	/* disk only; write: acknowledged, not stored; read: zeros */
	HV_PASS_NAMED = 3,	/* pass a guarded ATA command that you looked at */
};

/* ---- the context: read-only; what a transfer lacks reads 0, and hv_has() is 0 ---- */

/* Numbers of the fields, as policies name them: HV_F_TCP_DPORT is tcp.dport. */
enum hv_field {
	HV_F_ETH_SRC, HV_F_ETH_DST, HV_F_ETH_TYPE, HV_F_VLAN_ID,
	HV_F_ARP_OP, HV_F_ARP_SPA, HV_F_ARP_TPA,
	HV_F_IP_VERSION, HV_F_IP_SRC, HV_F_IP_DST, HV_F_IP_PROTO, HV_F_IP_TTL, HV_F_IP_LEN,
	HV_F_IP_ID, HV_F_IP_DSCP, HV_F_IP_FRAG_OFFSET, HV_F_IP_MORE_FRAGMENTS,
	HV_F_TCP_SPORT, HV_F_TCP_DPORT, HV_F_TCP_FLAGS, HV_F_TCP_SEQ, HV_F_TCP_WINDOW,
	HV_F_TCP_IN_ORDER,
	HV_F_UDP_SPORT, HV_F_UDP_DPORT, HV_F_L4_SPORT, HV_F_L4_DPORT,
	HV_F_ICMP_TYPE, HV_F_ICMP_CODE, HV_F_ICMP6_TYPE, HV_F_ICMP6_CODE,
	HV_F_PAYLOAD_LEN, HV_F_FRAME_LEN,
	HV_F_DISK_LBA, HV_F_DISK_SECTORS, HV_F_DISK_RANGE, HV_F_DISK_BYTES, HV_F_DISK_UNIT,
	HV_F_DISK_PORT, HV_F_DISK_SECTOR_SIZE, HV_F_DISK_TOTAL_SECTORS,
	HV_F_ATA_COMMAND, HV_F_ATA_FEATURES, HV_F_ATA_LBA, HV_F_ATA_COUNT, HV_F_SCSI_OPCODE,
};

/* An IP address: IPv4 has hi 0 and its value in lo (10.0.0.1 is 0x0a000001). */
struct hv_ip {
	u64 hi, lo;
};

struct hv_ctx {
	u32 size;		/* bytes of this structure that are valid */
	u32 hook;		/* 0 net out, 1 net in, 2 disk write, 3 disk read, 4 disk control */
	u64 present;
	u64 transfer;		/* its number, from 1 */
	u64 time_ns;

	u64 eth_src, eth_dst, eth_type, vlan_id;
	u64 arp_op, arp_spa, arp_tpa;
	u64 ip_version;
	struct hv_ip ip_src, ip_dst;
	u64 ip_proto, ip_ttl, ip_len, ip_id, ip_dscp;
	u64 ip_frag_offset, ip_more_fragments;
	u64 tcp_sport, tcp_dport, tcp_flags, tcp_seq, tcp_window, tcp_in_order;
	u64 udp_sport, udp_dport, l4_sport, l4_dport;
	u64 icmp_type, icmp_code, icmp6_type, icmp6_code;
	u64 payload_len, frame_len;

	u64 disk_lba, disk_sectors, disk_bytes, disk_unit, disk_port;
	u64 disk_sector_size, disk_total_sectors;
	u64 ata_command, ata_features, ata_lba, ata_count, scsi_opcode;
	/* with disk.range: the lowest and the highest sector of all that is read, written or trimmed */
	u64 disk_first, disk_last;
};

#define hv_has(ctx, field)	((ctx)->present >> (field) & 1)

/* ---- hooks ---- */

#define HV_HOOK_SECTION(name)	__attribute__((section(name), used))
#define HV_NET_OUT		HV_HOOK_SECTION("net/out")
#define HV_NET_IN		HV_HOOK_SECTION("net/in")
#define HV_DISK_WRITE		HV_HOOK_SECTION("disk/write")
#define HV_DISK_READ		HV_HOOK_SECTION("disk/read")
#define HV_DISK_CONTROL		HV_HOOK_SECTION("disk/control")

/* ---- maps: fixed capacity, empty at the start ---- */

enum { HV_MAP_HASH = 1, HV_MAP_ARRAY = 2 };

struct hv_map {
	u32 type;
	u32 key_size;		/* bytes, 1 to 64; ARRAY: 4, the index */
	u32 value_size;		/* bytes, 1 to 4096 */
	u32 max_entries;
};

#define HV_MAP(name, kind, key, value, entries) \
	struct hv_map name __attribute__((section("maps"), used)) = { \
		kind, sizeof(key), sizeof(value), entries }

/* The value, or 0.  Keys and values lie in your memory. */
extern void *hv_map_lookup(struct hv_map *map, const void *key);
/* 0, or negative when the map is full or the index is out of range. */
extern s64 hv_map_update(struct hv_map *map, const void *key, const void *value);
extern s64 hv_map_delete(struct hv_map *map, const void *key);

/* ---- content ---- */

enum hv_area { HV_AREA_FRAME = 0, HV_AREA_PAYLOAD = 1, HV_AREA_DATA = 2, HV_AREA_CDB = 3 };

/* Copy @len (1 to 512) bytes; 0, or 1 and zeros when not all of them are there. */
extern u64 hv_bytes(const struct hv_ctx *ctx, u64 area, u64 offset, void *to, u64 len);
/* The same of the sector @lba, where the transfer carries it. */
extern u64 hv_sector(const struct hv_ctx *ctx, u64 lba, u64 offset, void *to, u64 len);
/* Does the command read, write or trim a sector in first..last?  0 or 1. */
extern u64 hv_overlaps_range(const struct hv_ctx *ctx, u64 first, u64 last);

/* ---- actions ---- */

enum { HV_INFO = 0, HV_NOTICE = 1, HV_ALERT = 2 };

/* An event with a text of at most 512 bytes; 16 a transfer. */
extern u64 hv_event(const struct hv_ctx *ctx, u64 severity, const void *text, u64 len);
#define hv_say(ctx, severity, text)	hv_event(ctx, severity, text, sizeof(text) - 1)

/* Set a header field (HV_F_x) when the transfer has it; checksums are made right. */
extern u64 hv_set_field(const struct hv_ctx *ctx, u64 field_and_family, u64 hi, u64 lo);
#define hv_set(ctx, field, value)	hv_set_field(ctx, field, 0, value)
#define hv_set_ip4(ctx, field, value)	hv_set_field(ctx, (field) | 4 << 16, 0, value)
#define hv_set_ip6(ctx, field, hi, lo)	hv_set_field(ctx, (field) | 6 << 16, hi, lo)

#endif
