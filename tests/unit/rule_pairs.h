/*
 * rule_pairs.h - conditions of rules, each beside a libpcap filter written to mean the same
 *
 * A filter says what our language says by itself: VLAN tags are followed, a header is there
 * when the datagram's own lengths have room for it.  PAIR(condition, filter); the order
 * matters to hvc, which turns neighbours on one field or tuple into one classifier.
 */
#ifndef TESTS_UNIT_RULE_PAIRS_H
#define TESTS_UNIT_RULE_PAIRS_H

/* The condition behind none, one or two tags; `vlan` moves everything that stands behind it. */
#define TAGS(x)		"((" x ") or (vlan and ((" x ") or (vlan and (" x ")))))"
/* The same of a condition that would hold for a tag as well; ether[] does not move. */
#define NO_TAG(at)	"ether[" at ":2] != 0x8100 and ether[" at ":2] != 0x88a8 and " \
			"ether[" at ":2] != 0x9100"
#define TYPES(x, y, z)	"((" NO_TAG("12") " and (" x ")) or (vlan and ((" NO_TAG("16") " and (" y \
			")) or (vlan and (" z ")))))"

#define V4		"ip and ip[0] & 0xf0 = 0x40"
#define V6		"ip6 and ip6[0] & 0xf0 = 0x60"
#define IP4(x)		TAGS(V4 " and (" x ")")
#define IP6(x)		TAGS(V6 " and (" x ")")
#define IP(x, y)	TAGS("(" V4 " and (" x ")) or (" V6 " and (" y "))")

/* A transport header of @n bytes; x by its name, y by the bytes behind the IPv6 header. */
#define ROOM4(n)	"ip[0] & 15 >= 5 and (ip[2:2] = 0 or ip[2:2] >= ((ip[0] & 15) << 2) + " #n ")"
#define ROOM6(n)	"(ip6[4:2] >= " #n " or (ip6[4:2] = 0 and len > 60))"
#define T4(proto, n, x)	V4 " and " ROOM4(n) " and ip[9] = " #proto \
			" and ip[6:2] & 0x1fff = 0 and (" x ")"
#define T6(proto, n, y)	V6 " and ip6[6] = " #proto " and " ROOM6(n) " and (" y ")"
/* The protocol behind the last extension header; an address may be cut by the capture's end. */
#define CHAIN(proto)	"(ip6[39] >= 0 and ip6 protochain " #proto ")"
#define TCP(n, x, y)	TAGS("(" T4(6, n, x) ") or (" T6(6, n, y) ")")
#define UDP(n, x, y)	TAGS("(" T4(17, n, x) ") or (" T6(17, n, y) ")")
#define L4(n, x, y, z)	TAGS("(" T4(6, n, x) ") or (" T4(17, n, y) ") or (" T6(6, n, z) ") or (" \
			     T6(17, n, z) ")")
#define ICMP(n, x)	TAGS(T4(1, n, x))
#define ICMP6(n, y)	TAGS(T6(58, n, y))
/* ARP whose protocol addresses are IPv4's (RFC 826), whatever its hardware is. */
#define ARP4(x)		TAGS("arp and arp[2:2] = 0x0800 and arp[5] = 4 and (" x ")")
#define SPA		"arp[arp[4] + 8 : 4]"
#define TPA		"arp[2 * arp[4] + 12 : 4]"

#define PAIRS \
	/* Ethernet */ \
	PAIR("eth.dst == ff:ff:ff:ff:ff:ff", "ether broadcast") \
	PAIR("eth.dst == 01:80:c2:00:00:00", "ether dst 01:80:c2:00:00:00") \
	PAIR("eth.dst != 01:80:c2:00:00:00", "not ether dst 01:80:c2:00:00:00") \
	PAIR("eth.src == 00:0c:29:3e:5d:1c or eth.src == 02:00:00:00:00:01", \
	     "ether src 00:0c:29:3e:5d:1c or ether src 02:00:00:00:00:01") \
	PAIR("eth.src in { 00:00:00:00:00:00..00:1f:ff:ff:ff:ff, 52:54:00:00:00:02 }", \
	     "ether[6] < 0x20 and ether[6] = 0 and ether[7] < 0x20 or " \
	     "ether src 52:54:00:00:00:02") \
	PAIR("eth.dst not in { 01:00:5e:00:00:00..01:00:5e:7f:ff:ff }", \
	     "ether[5] >= 0 and " \
	     "not (ether[0:2] = 0x0100 and ether[2] = 0x5e and ether[3] & 0x80 = 0)") \
	PAIR("eth.type == 0x0800", TAGS("ip")) \
	PAIR("eth.type == 0x0806", TAGS("arp")) \
	PAIR("eth.type == 0x86dd", TAGS("ip6")) \
	PAIR("eth.type == 0x88cc", TAGS("ether proto 0x88cc")) \
	PAIR("eth.type in { 0x88cc, 0x8863..0x8864, 0x8847 }", \
	     TAGS("ether proto 0x88cc or ether proto 0x8863 or ether proto 0x8864 or " \
		  "ether proto 0x8847")) \
	PAIR("eth.type != 0x0800", \
	     TYPES("ether[12:2] >= 0x0600 and ether[12:2] != 0x0800", \
		   "ether[16:2] >= 0x0600 and ether[16:2] != 0x0800", \
		   "ether[20:2] >= 0x0600 and ether[20:2] != 0x0800")) \
	PAIR("eth.type not in { 0x0800, 0x86dd, 0x0806 }", \
	     TYPES("ether[12:2] >= 0x0600 and not (ip or ip6 or arp)", \
		   "ether[16:2] >= 0x0600 and not (ip or ip6 or arp)", \
		   "ether[20:2] >= 0x0600 and not (ip or ip6 or arp)")) \
	PAIR("eth.type & 0xff00 == 0x8800 or eth.type > 0x9000", \
	     TYPES("ether[12] = 0x88 or ether[12:2] > 0x9000", \
		   "ether[16] = 0x88 or ether[16:2] > 0x9000", \
		   "ether[20] = 0x88 or ether[20:2] > 0x9000")) \
	/* tags */ \
	PAIR("vlan.id >= 0", "vlan and ether[14:2] >= 0") \
	PAIR("vlan.id == 5", "vlan 5") \
	PAIR("vlan.id == 100", "vlan 100") \
	PAIR("vlan.id in { 1..99, 200 }", \
	     "vlan and (ether[14:2] & 0xfff > 0 and ether[14:2] & 0xfff < 100 or " \
	     "ether[14:2] & 0xfff = 200)") \
	PAIR("vlan.id < 10", "vlan and ether[14:2] & 0x0fff < 10") \
	PAIR("vlan.id != 5", "vlan and ether[14:2] & 0x0fff != 5") \
	PAIR("vlan.id >= 0 and eth.type == 0x0800", "vlan and (ip or (vlan and ip))") \
	/* ARP */ \
	PAIR("arp.op == 1", TAGS("arp[6:2] = 1")) \
	PAIR("arp.op == 2", TAGS("arp[6:2] = 2")) \
	PAIR("arp.op not in { 1, 2 }", TAGS("arp and not (arp[6:2] = 1 or arp[6:2] = 2)")) \
	PAIR("arp.spa in 10.0.0.0/8", ARP4(SPA " & 0xff000000 = 0x0a000000")) \
	PAIR("arp.tpa in 192.168.0.0/16", ARP4(TPA " & 0xffff0000 = 0xc0a80000")) \
	PAIR("arp.tpa in { 10.20.0.0..10.20.0.255, 192.168.0.1 }", \
	     ARP4(TPA " & 0xffffff00 = 0x0a140000 or " TPA " = 0xc0a80001")) \
	PAIR("arp.spa == arp.tpa", ARP4(SPA " = " TPA)) \
	PAIR("arp.op == 1 and arp.tpa != 10.20.0.1", \
	     ARP4("arp[6:2] = 1 and " TPA " != 0x0a140001")) \
	PAIR("arp.spa in { 172.16.0.1..255.255.255.255 }", ARP4(SPA " > 0xac100000")) \
	/* IP, both kinds */ \
	PAIR("ip.version == 4", TAGS(V4)) \
	PAIR("ip.version == 6", TAGS(V6)) \
	PAIR("ip.version != 4", TAGS(V6)) \
	PAIR("ip.src in 10.0.0.0/8", IP4("src net 10.0.0.0/8")) \
	PAIR("ip.src == 192.168.1.1", IP4("src host 192.168.1.1")) \
	PAIR("ip.dst in 224.0.0.0/4", IP4("dst net 224.0.0.0/4")) \
	PAIR("ip.dst == 127.0.0.1", IP4("dst host 127.0.0.1")) \
	PAIR("ip.dst in 0.0.0.0/0", IP4("dst net 0.0.0.0/0 and ip[16:4] >= 0")) \
	PAIR("ip.src in 192.168.0.0/24", IP4("src net 192.168.0.0/24")) \
	PAIR("ip.src in 10.1.1.64/26", IP4("src net 10.1.1.64/26")) \
	PAIR("ip.dst in { 10.20.0.1, 10.20.0.53, 192.168.0.0/16 }", \
	     IP4("dst host 10.20.0.1 or dst host 10.20.0.53 or dst net 192.168.0.0/16")) \
	PAIR("ip.src in { 10.0.0.0..10.0.0.9, 172.16.0.0/12 }", \
	     IP4("ip[12:4] >= 0x0a000000 and ip[12:4] <= 0x0a000009 or src net 172.16.0.0/12")) \
	PAIR("ip.src not in { 10.0.0.0/8, 192.168.0.0/16 }", \
	     IP("not (src net 10.0.0.0/8 or src net 192.168.0.0/16) and ip[12:4] >= 0", \
		"ip6[8:4] >= 0 and ip6[20:4] >= 0")) \
	PAIR("ip.src != 10.20.0.100", IP("ip[12:4] != 0x0a140064", "ip6[20:4] >= 0")) \
	PAIR("ip.src in fe80::/10", IP6("src net fe80::/10")) \
	PAIR("ip.dst == ff02::1", IP6("dst host ff02::1")) \
	PAIR("ip.dst in ff00::/8", IP6("dst net ff00::/8")) \
	PAIR("ip.dst in { ff02::1, ff02::5..ff02::6, 2001:db8::/32 }", \
	     IP6("ip6[36:4] >= 0 and (dst host ff02::1 or dst host ff02::5 or " \
		 "dst host ff02::6 or dst net 2001:db8::/32)")) \
	PAIR("ip.dst not in ff00::/8", IP("ip[16:4] >= 0", "ip6[36:4] >= 0 and ip6[24] != 0xff")) \
	PAIR("ip.src in 2001:db8::/33", IP6("ip6[20:4] >= 0 and src net 2001:db8::/33")) \
	PAIR("ip.dst in ff02::1:ff00:0/104", IP6("dst net ff02::1:ff00:0/104")) \
	PAIR("ip.dst in { 224.0.0.0/4, ff00::/8 }", IP("dst net 224.0.0.0/4", "dst net ff00::/8")) \
	PAIR("ip.src == ip.dst", \
	     IP("ip[12:4] = ip[16:4]", "ip6[8:4] = ip6[24:4] and ip6[12:4] = ip6[28:4] and " \
		"ip6[16:4] = ip6[32:4] and ip6[20:4] = ip6[36:4]")) \
	PAIR("ip.ttl < 64", IP("ip[8] < 64", "ip6[7] < 64")) \
	PAIR("ip.ttl == 1", IP("ip[8] = 1", "ip6[7] = 1")) \
	PAIR("ip.ttl == 255", IP("ip[8] = 255", "ip6[7] = 255")) \
	PAIR("ip.ttl in { 1, 64, 128..255 }", \
	     IP("ip[8] = 1 or ip[8] = 64 or ip[8] >= 128", \
		"ip6[7] = 1 or ip6[7] = 64 or ip6[7] >= 128")) \
	PAIR("ip.ttl not in { 64, 255 }", \
	     IP("not (ip[8] = 64 or ip[8] = 255)", "not (ip6[7] = 64 or ip6[7] = 255)")) \
	PAIR("ip.version == 4 and ip.ttl <= 2", IP4("ip[8] <= 2")) \
	PAIR("ip.version == 4 and ip.len > 200", \
	     IP4("ip[2:2] > 200 or (ip[2:2] = 0 and len > 214)")) \
	PAIR("ip.version == 6 and ip.len > 100", \
	     IP6("ip6[4:2] > 60 or (ip6[4:2] = 0 and len > 114)")) \
	PAIR("ip.version == 4 and ip.id > 0x4000", IP4("ip[4:2] > 0x4000")) \
	PAIR("ip.version == 4 and ip.id == 0", IP4("ip[4:2] = 0")) \
	PAIR("ip.version == 4 and ip.id ^ 0x1234 == 0", IP4("ip[4:2] ^ 0x1234 = 0")) \
	PAIR("ip.dscp != 0", IP("ip[1] >> 2 != 0", "ip6[0:2] & 0x0fc0 != 0")) \
	PAIR("ip.dscp == 46", IP("ip[1] >> 2 = 46", "(ip6[0:2] >> 6) & 0x3f = 46")) \
	PAIR("ip.dscp in { 10, 12, 14, 46, 48 }", \
	     IP("ip[1] >> 2 = 10 or ip[1] >> 2 = 12 or ip[1] >> 2 = 14 or ip[1] >> 2 = 46 or " \
		"ip[1] >> 2 = 48", \
		"ip6[0:2] & 0xfc0 = 0x280 or ip6[0:2] & 0xfc0 = 0x300 or " \
		"ip6[0:2] & 0xfc0 = 0x380 or ip6[0:2] & 0xfc0 = 0xb80 or " \
		"ip6[0:2] & 0xfc0 = 0xc00")) \
	/* protocols */ \
	PAIR("ip.version == 4 and ip.proto == 17", IP4("ip[9] = 17")) \
	PAIR("ip.version == 4 and ip.proto != 6", IP4("ip[9] != 6")) \
	PAIR("ip.version == 4 and ip.proto in { 47, 50..51, 89, 103 }", \
	     IP4("ip[9] = 47 or ip[9] = 50 or ip[9] = 51 or ip[9] = 89 or ip[9] = 103")) \
	PAIR("ip.version == 6 and ip.proto == 58", IP6(CHAIN(58))) \
	PAIR("ip.version == 6 and ip.proto == 17", IP6(CHAIN(17))) \
	PAIR("ip.version == 6 and ip.proto == 89", IP6(CHAIN(89))) \
	PAIR("ip.proto == 6", IP("ip[9] = 6", CHAIN(6))) \
	PAIR("ip.proto in { 6, 17 }", \
	     IP("ip[9] = 6 or ip[9] = 17", CHAIN(6) " or " CHAIN(17))) \
	PAIR("ip.proto == 89", IP("ip[9] = 89", CHAIN(89))) \
	PAIR("ip.proto == 47 and ip.version == 4", IP4("ip[9] = 47")) \
	/* fragments */ \
	PAIR("ip.version == 4 and ip.frag_offset != 0", IP4("ip[6:2] & 0x1fff != 0")) \
	PAIR("ip.version == 4 and ip.frag_offset >= 1480", IP4("(ip[6:2] & 0x1fff) * 8 >= 1480")) \
	PAIR("ip.version == 4 and ip.frag_offset in { 8..2000 }", \
	     IP4("ip[6:2] & 0x1fff >= 1 and ip[6:2] & 0x1fff <= 250")) \
	PAIR("ip.version == 4 and ip.more_fragments", IP4("ip[6] & 0x20 != 0")) \
	PAIR("ip.version == 4 and not ip.more_fragments and ip.frag_offset > 0", \
	     IP4("ip[6] & 0x20 = 0 and ip[6:2] & 0x1fff > 0")) \
	PAIR("ip.version == 4 and ip.frag_offset == 0 and ip.more_fragments", \
	     IP4("ip[6:2] & 0x3fff = 0x2000")) \
	/* TCP */ \
	PAIR("tcp.dport == 80", TCP(4, "tcp[2:2] = 80", "ip6[42:2] = 80")) \
	PAIR("tcp.dport == 443", TCP(4, "tcp[2:2] = 443", "ip6[42:2] = 443")) \
	PAIR("tcp.dport == 179", TCP(4, "tcp[2:2] = 179", "ip6[42:2] = 179")) \
	PAIR("tcp.dport in { 22, 53, 445, 8000..8999 }", \
	     TCP(4, "tcp[2:2] = 22 or tcp[2:2] = 53 or tcp[2:2] = 445 or " \
		 "(tcp[2:2] >= 8000 and tcp[2:2] <= 8999)", \
		 "ip6[42:2] = 22 or ip6[42:2] = 53 or ip6[42:2] = 445 or " \
		 "(ip6[42:2] >= 8000 and ip6[42:2] <= 8999)")) \
	PAIR("tcp.dport != 80", TCP(4, "tcp[2:2] != 80", "ip6[42:2] != 80")) \
	PAIR("tcp.dport >= 32768", TCP(4, "tcp[2:2] >= 32768", "ip6[42:2] >= 32768")) \
	PAIR("tcp.dport < 1024", TCP(4, "tcp[2:2] < 1024", "ip6[42:2] < 1024")) \
	PAIR("tcp.sport == 179", TCP(2, "tcp[0:2] = 179", "ip6[40:2] = 179")) \
	PAIR("tcp.sport not in { 80, 179, 443 }", \
	     TCP(2, "not (tcp[0:2] = 80 or tcp[0:2] = 179 or tcp[0:2] = 443)", \
		 "not (ip6[40:2] = 80 or ip6[40:2] = 179 or ip6[40:2] = 443)")) \
	PAIR("tcp.sport > tcp.dport", TCP(4, "tcp[0:2] > tcp[2:2]", "ip6[40:2] > ip6[42:2]")) \
	PAIR("not tcp.dport == 80", "not (" TCP(4, "tcp[2:2] = 80", "ip6[42:2] = 80") ")") \
	PAIR("not (tcp.dport != 80)", "not (" TCP(4, "tcp[2:2] != 80", "ip6[42:2] != 80") ")") \
	PAIR("tcp.syn", TCP(14, "tcp[13] & 2 != 0", "ip6[53] & 2 != 0")) \
	PAIR("tcp.ack", TCP(14, "tcp[13] & 16 != 0", "ip6[53] & 16 != 0")) \
	PAIR("tcp.fin", TCP(14, "tcp[13] & 1 != 0", "ip6[53] & 1 != 0")) \
	PAIR("tcp.rst", TCP(14, "tcp[13] & 4 != 0", "ip6[53] & 4 != 0")) \
	PAIR("tcp.syn and not tcp.ack", TCP(14, "tcp[13] & 18 = 2", "ip6[53] & 18 = 2")) \
	PAIR("not tcp.syn", "not (" TCP(14, "tcp[13] & 2 != 0", "ip6[53] & 2 != 0") ")") \
	PAIR("tcp.flags & 0x12 == 0x02", TCP(14, "tcp[13] & 0x12 = 0x02", "ip6[53] & 0x12 = 2")) \
	PAIR("tcp.flags & 0x12 == 0x12", TCP(14, "tcp[13] & 0x12 = 0x12", "ip6[53] & 18 = 18")) \
	PAIR("tcp.flags == 0x18", TCP(14, "tcp[13] = 0x18", "ip6[53] = 0x18")) \
	PAIR("tcp.flags | 0x08 == 0x18", TCP(14, "tcp[13] | 8 = 0x18", "ip6[53] | 8 = 0x18")) \
	PAIR("tcp.flags in { 2, 0x10..0x11, 0x14 }", \
	     TCP(14, "tcp[13] = 2 or tcp[13] = 16 or tcp[13] = 17 or tcp[13] = 20", \
		 "ip6[53] = 2 or ip6[53] = 16 or ip6[53] = 17 or ip6[53] = 20")) \
	PAIR("tcp.seq > 0x80000000", TCP(8, "tcp[4:4] > 0x80000000", "ip6[44:4] > 0x80000000")) \
	PAIR("tcp.seq & 3 == 1", TCP(8, "tcp[4:4] & 3 = 1", "ip6[44:4] & 3 = 1")) \
	PAIR("tcp.seq >> 28 in { 3, 7..9 }", \
	     TCP(8, "tcp[4] >> 4 = 3 or (tcp[4] >> 4 >= 7 and tcp[4] >> 4 <= 9)", \
		 "ip6[44] >> 4 = 3 or (ip6[44] >> 4 >= 7 and ip6[44] >> 4 <= 9)")) \
	PAIR("tcp.window < 5000", TCP(16, "tcp[14:2] < 5000", "ip6[54:2] < 5000")) \
	PAIR("tcp.window in { 0, 65535 }", \
	     TCP(16, "tcp[14:2] = 0 or tcp[14:2] = 65535", "ip6[54:2] = 0 or ip6[54:2] = 65535")) \
	PAIR("tcp.window - 1 > 0xffff", TCP(16, "tcp[14:2] = 0", "ip6[54:2] = 0")) \
	/* UDP, and ports of either */ \
	PAIR("udp.dport == 53", UDP(4, "udp[2:2] = 53", "ip6[42:2] = 53")) \
	PAIR("udp.dport == 1812", UDP(4, "udp[2:2] = 1812", "ip6[42:2] = 1812")) \
	PAIR("udp.sport == 53", UDP(2, "udp[0:2] = 53", "ip6[40:2] = 53")) \
	PAIR("udp.sport in { 67..68, 123, 546..547 }", \
	     UDP(2, "udp[0:2] = 67 or udp[0:2] = 68 or udp[0:2] = 123 or udp[0:2] = 546 or " \
		 "udp[0:2] = 547", \
		 "ip6[40:2] = 67 or ip6[40:2] = 68 or ip6[40:2] = 123 or ip6[40:2] = 546 or " \
		 "ip6[40:2] = 547")) \
	PAIR("udp.sport == udp.dport", UDP(4, "udp[0:2] = udp[2:2]", "ip6[40:2] = ip6[42:2]")) \
	PAIR("udp.sport + udp.dport == 135", \
	     UDP(4, "udp[0:2] + udp[2:2] = 135", "ip6[40:2] + ip6[42:2] = 135")) \
	PAIR("l4.dport in { 1..1023 }", \
	     L4(4, "tcp[2:2] > 0 and tcp[2:2] < 1024", "udp[2:2] > 0 and udp[2:2] < 1024", \
		"ip6[42:2] > 0 and ip6[42:2] < 1024")) \
	PAIR("l4.sport >= 1024", L4(2, "tcp[0:2] >= 1024", "udp[0:2] >= 1024", "ip6[40:2] >= 1024")) \
	PAIR("l4.dport == 53", L4(4, "tcp[2:2] = 53", "udp[2:2] = 53", "ip6[42:2] = 53")) \
	PAIR("l4.dport == 53 and ip.dst != 10.20.0.53", \
	     TAGS("(" T4(6, 4, "tcp[2:2] = 53 and not dst host 10.20.0.53") ") or (" \
		  T4(17, 4, "udp[2:2] = 53 and not dst host 10.20.0.53") ") or (" \
		  T6(6, 4, "ip6[42:2] = 53") ") or (" T6(17, 4, "ip6[42:2] = 53") ")")) \
	/* ICMP */ \
	PAIR("icmp.type == 8", ICMP(1, "icmp[0] = 8")) \
	PAIR("icmp.type in { 0, 8 }", ICMP(1, "icmp[0] = 0 or icmp[0] = 8")) \
	PAIR("icmp.type == 3 and icmp.code == 3", ICMP(2, "icmp[0] = 3 and icmp[1] = 3")) \
	PAIR("(icmp.type, icmp.code) in { (3, 0..3), (11, 0) }", \
	     ICMP(2, "(icmp[0] = 3 and icmp[1] <= 3) or (icmp[0] = 11 and icmp[1] = 0)")) \
	PAIR("icmp.code != 0", ICMP(2, "icmp[1] != 0")) \
	PAIR("icmp6.type == 135", ICMP6(1, "ip6[40] = 135")) \
	PAIR("icmp6.type in { 133..137 }", ICMP6(1, "ip6[40] >= 133 and ip6[40] <= 137")) \
	PAIR("icmp6.type >= 128 and icmp6.code == 0", ICMP6(2, "ip6[40] >= 128 and ip6[41] = 0")) \
	/* lengths */ \
	PAIR("frame.len >= 100", "greater 100") \
	PAIR("frame.len <= 60", "less 60") \
	PAIR("frame.len in { 60..100, 1514 }", "len >= 60 and len <= 100 or len = 1514") \
	PAIR("tcp.flags >= 0 and ip.version == 4 and payload.len > 0", \
	     TAGS(T4(6, 20, "tcp[13] >= 0 and tcp[12] >= 0x50 and (ip[2:2] > ((ip[0] & 15) << 2) + " \
		     "((tcp[12] & 0xf0) >> 2) or ip[2:2] = 0)"))) \
	PAIR("udp.sport >= 0 and ip.version == 4 and ip.frag_offset == 0 and " \
	     "not ip.more_fragments and payload.len > 100", \
	     TAGS(T4(17, 8, "ip[6] & 0x20 = 0 and ip[2:2] - ((ip[0] & 15) << 2) > 108 and " \
		     "(udp[4:2] > 108 or udp[4:2] < 8)"))) \
	/* bytes of the frame */ \
	PAIR("frame[0:1] & 1 == 1", "ether multicast") \
	PAIR("frame[6:1] & 2 != 0", "ether[6] & 2 != 0") \
	PAIR("frame[12:2] == 0x0800 and frame[23:1] == 17", "ether[12:2] = 0x0800 and ether[23] = 17") \
	PAIR("frame[0:4] == 0x0180c200", "ether[0:4] = 0x0180c200") \
	PAIR("frame[12:2] < 0x0600", "ether[12:2] < 0x0600") \
	PAIR("frame[12:2] in { 0x0800, 0x86dd }", "ether[12:2] = 0x0800 or ether[12:2] = 0x86dd") \
	PAIR("frame[12:2] le == 0x0608", "ether[12:2] = 0x0806") \
	PAIR("frame[0:8] in { 0xffffffffffff0000..0xffffffffffffffff }", \
	     "ether[0:4] = 0xffffffff and ether[4:2] = 0xffff and ether[6:2] >= 0") \
	PAIR("frame[12:2] == 0x0800 and frame[14 + ((frame[14:1] & 15) << 2):2] == 53", \
	     "ether[12:2] = 0x0800 and ether[14 + ((ether[14] & 15) << 2) : 2] = 53") \
	PAIR("frame[20:4] ^ frame[24:4] == 0", "ether[20:4] ^ ether[24:4] = 0") \
	PAIR("frame[50:2] > 0x7fff", "ether[50:2] > 0x7fff") \
	PAIR("not (frame[50:2] > 0x7fff)", "not (ether[50:2] > 0x7fff)") \
	PAIR("frame[1000:1] >= 0", "ether[1000] >= 0") \
	/* tuples */ \
	PAIR("(ip.proto, l4.dport) in { (17, 53), (6, 53), (6, 80), (17, 1812..1813) }", \
	     L4(4, "tcp[2:2] = 53 or tcp[2:2] = 80", \
		"udp[2:2] = 53 or udp[2:2] = 1812 or udp[2:2] = 1813", \
		"ip6[42:2] = 53 or (ip6[6] = 6 and ip6[42:2] = 80) or " \
		"(ip6[6] = 17 and (ip6[42:2] = 1812 or ip6[42:2] = 1813))")) \
	PAIR("(ip.dst, udp.dport) in { (10.20.0.0/16, 53), (224.0.0.251, 5353), (ff00::/8, 547) }", \
	     TAGS("(" T4(17, 4, "dst net 10.20.0.0/16 and udp[2:2] = 53") ") or (" \
		  T4(17, 4, "dst host 224.0.0.251 and udp[2:2] = 5353") ") or (" \
		  T6(17, 4, "dst net ff00::/8 and ip6[42:2] = 547") ")")) \
	PAIR("(ip.version, ip.ttl) not in { (4, 64), (6, 255) }", IP("ip[8] != 64", "ip6[7] != 255")) \
	PAIR("(ip.src, ip.dst) in { (10.0.0.0/8, 10.0.0.0/8), (fe80::/10, ff02::/16) }", \
	     IP("src net 10.0.0.0/8 and dst net 10.0.0.0/8", \
		"src net fe80::/10 and dst net ff02::/16")) \
	/* several, and whole rules of an endpoint */ \
	PAIR("ip.dst in 10.0.0.0/8 and ip.proto == 6 and l4.dport == 80", \
	     TAGS(T4(6, 4, "dst net 10.0.0.0/8 and tcp[2:2] = 80"))) \
	PAIR("ip.dst in 192.168.0.0/16 and ip.proto == 17 and l4.dport == 53", \
	     TAGS(T4(17, 4, "dst net 192.168.0.0/16 and udp[2:2] = 53"))) \
	PAIR("ip.dst in 224.0.0.0/4 and ip.proto == 17 and l4.dport in { 320, 319, 5353 }", \
	     TAGS(T4(17, 4, "dst net 224.0.0.0/4 and (udp[2:2] = 320 or udp[2:2] = 319 or " \
		     "udp[2:2] = 5353)"))) \
	PAIR("(tcp.dport == 80 or tcp.sport == 80) and (ip.src in 10.0.0.0/8 or ip.ttl > 100)", \
	     TAGS("(" T4(6, 4, "(tcp[2:2] = 80 or tcp[0:2] = 80) and " \
		       "(src net 10.0.0.0/8 or ip[8] > 100)") ") or (" \
		  T6(6, 4, "(ip6[42:2] = 80 or ip6[40:2] = 80) and ip6[7] > 100") ")")) \
	PAIR("eth.type == 0x0806 or (udp.dport == 67 and ip.src == 0.0.0.0)", \
	     TAGS("arp or (" T4(17, 4, "udp[2:2] = 67 and src host 0.0.0.0") ")")) \
	PAIR("not (ip.version == 4 or ip.version == 6 or arp.op >= 0)", \
	     "not " TAGS("(" V4 ") or (" V6 ") or arp[6:2] >= 0")) \
	PAIR("tcp.dport == 80 and tcp.flags & 2 == 0 and not ip.src in 10.0.0.0/8", \
	     TAGS("(" T4(6, 14, "tcp[2:2] = 80 and tcp[13] & 2 = 0 and not src net 10.0.0.0/8") \
		  ") or (" T6(6, 14, "ip6[42:2] = 80 and ip6[53] & 2 = 0") ")")) \
	PAIR("payload[0:2] == 0 and udp.dport >= 0 and ip.version == 4 and ip.frag_offset == 0", \
	     TAGS(T4(17, 10, "udp[8:2] = 0")))

#endif
