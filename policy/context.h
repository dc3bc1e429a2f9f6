/*
 * context.h - what a program sees of one transfer
 *
 * This is the ABI of policy modules, whoever compiled them: append only, fixed
 * width, read-only for the program.  Every field is one 64-bit word (an IP
 * address two) in host order; a field that the transfer lacks reads 0 and its
 * bit in `present` is clear.  Bits stand in the order of field.def, which names
 * the word of each.
 */
#ifndef POLICY_CONTEXT_H
#define POLICY_CONTEXT_H

#include <stdint.h>

/* The five places where a transfer is judged. */
enum hv_hook {
	HV_HOOK_NET_OUT = 0,
	HV_HOOK_NET_IN = 1,
	HV_HOOK_DISK_WRITE = 2,
	HV_HOOK_DISK_READ = 3,
	HV_HOOK_DISK_CONTROL = 4,
	HV_HOOKS = 5,
};

/* What a program returns.  Anything else is DROP; so is a forgotten return. */
enum hv_verdict {
	HV_DROP = 0,		/* the frame vanishes, the command fails */
	HV_PASS = 1,
	HV_DROP_SILENTLY = 2,	/* write: acknowledged, not stored; read: zeros */
	HV_PASS_NAMED = 3,	/* pass, by a rule that names this ATA command */
	HV_WAIT = 4,		/* ask again later (services; not used by rules) */
	HV_VERDICTS = 5,
};

/* Where content is searched and read. */
enum hv_area {
	HV_AREA_FRAME = 0,	/* Ethernet frame without padding beyond the IP length */
	HV_AREA_PAYLOAD = 1,	/* transport payload; of ICMP behind its 4-byte header */
	HV_AREA_DATA = 2,	/* sectors */
	HV_AREA_CDB = 3,	/* an ATAPI command; hv_bytes only */
	HV_AREAS = 4,
};

/* An IP address: IPv4 has hi 0 and its value in lo; ip_version tells the family. */
struct hv_ip {
	uint64_t hi, lo;
};

struct hv_ctx {
	uint32_t size;		/* bytes of this structure that are valid */
	uint32_t hook;		/* enum hv_hook */
	uint64_t present;	/* bit HV_F_x: the field is there */
	uint64_t transfer;	/* number of the transfer, from 1 */
	uint64_t time_ns;	/* since 1970 in captures, since boot on the endpoint */

	/* net hooks */
	uint64_t eth_src, eth_dst, eth_type, vlan_id;
	uint64_t arp_op, arp_spa, arp_tpa;
	uint64_t ip_version;
	struct hv_ip ip_src, ip_dst;
	uint64_t ip_proto, ip_ttl, ip_len, ip_id, ip_dscp;
	uint64_t ip_frag_offset, ip_more_fragments;
	uint64_t tcp_sport, tcp_dport, tcp_flags, tcp_seq, tcp_window, tcp_in_order;
	uint64_t udp_sport, udp_dport, l4_sport, l4_dport;
	uint64_t icmp_type, icmp_code, icmp6_type, icmp6_code;
	uint64_t payload_len, frame_len;

	/* disk hooks */
	uint64_t disk_lba, disk_sectors, disk_bytes, disk_unit, disk_port;
	uint64_t disk_sector_size, disk_total_sectors;
	uint64_t ata_command, ata_features, ata_lba, ata_count, scsi_opcode;
	/* with disk.range: the lowest and the highest sector of all that is read, written or trimmed; first > last: none is */
	uint64_t disk_first, disk_last;
};

#endif
