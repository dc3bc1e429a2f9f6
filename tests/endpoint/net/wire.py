"""wire.py - frames as they lie on the wire: taken apart, put together, checked, and read from captures"""
import ipaddress
import struct

ARP, IP4, IP6, VLAN = 0x0806, 0x0800, 0x86dd, 0x8100
ICMP, TCP, UDP, ICMP6 = 1, 6, 17, 58
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


def checksum(data, start=0):
    """The Internet checksum (RFC 1071), as it is written; over data that has a right one in it: 0."""
    if len(data) % 2:
        data += b"\0"
    total = start + sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def pseudo(src, dst, protocol, length):
    """Sum of the pseudo-header, to start checksum() with."""
    return 0xffff & ~checksum(src + dst + struct.pack(">IHBB", length, 0, 0, protocol))


class Packet:
    """src, dst: MACs; tags: VLAN ids; kind: EtherType; body: what follows.  Of IP also from_ip, to_ip (bytes),
    protocol, transport (bytes: header and data), whole: no fragment; of TCP and UDP sport, dport, payload, of TCP seq,
    ack, flags, window, options."""

    def __init__(self, frame):
        self.frame = frame
        self.dst, self.src = frame[:6], frame[6:12]
        self.tags = []
        at = 12
        while frame[at:at + 2] == b"\x81\x00":
            self.tags.append(struct.unpack_from(">H", frame, at + 2)[0] & 0xfff)
            at += 4
        self.kind = struct.unpack_from(">H", frame, at)[0]
        self.body = frame[at + 2:]
        self.protocol = self.sport = self.dport = None
        self.whole = True
        self.payload = b""
        if self.kind == IP4:
            self.take_ip4()
        elif self.kind == IP6:
            self.take_ip6()

    def take_ip4(self):
        b = self.body
        header, total, fragment = (b[0] & 15) * 4, *struct.unpack_from(">H", b, 2), *struct.unpack_from(">H", b, 6)
        self.header = b[:header]
        self.whole = not fragment & 0x3fff
        self.from_ip, self.to_ip = b[12:16], b[16:20]
        self.transport = b[header:total]
        self.take_transport(b[9])

    def take_ip6(self):
        b = self.body
        self.header = b""
        self.from_ip, self.to_ip = b[8:24], b[24:40]
        self.transport = b[40:40 + struct.unpack_from(">H", b, 4)[0]]
        self.take_transport(b[6])

    def take_transport(self, protocol):
        t = self.transport
        self.protocol = protocol
        if not self.whole:
            return
        if protocol == TCP and len(t) >= 20:
            self.sport, self.dport, self.seq, self.ack, offset, self.flags, self.window = struct.unpack_from(">HHIIBBH", t)
            self.options = t[20:(offset >> 4) * 4]
            self.payload = t[(offset >> 4) * 4:]
        elif protocol == UDP and len(t) >= 8:
            self.sport, self.dport = struct.unpack_from(">HH", t)
            self.payload = t[8:]

    def wrong(self):
        """Which checksum is wrong; None."""
        if self.protocol is None or not self.whole:
            return None
        if self.header and checksum(self.header):
            return "IP"
        if self.protocol not in (TCP, UDP, ICMP, ICMP6) or self.protocol == UDP and self.transport[6:8] == b"\0\0":
            return None
        start = 0 if self.protocol == ICMP else pseudo(self.from_ip, self.to_ip, self.protocol, len(self.transport))
        return {TCP: "TCP", UDP: "UDP", ICMP: "ICMP", ICMP6: "ICMPv6"}[self.protocol] if checksum(self.transport, start) else None

    def __str__(self):
        text = f"{self.src.hex(':')} > {self.dst.hex(':')} type {self.kind:04x}"
        if self.protocol is None:
            return text
        text = f"{ipaddress.ip_address(self.from_ip)} > {ipaddress.ip_address(self.to_ip)} protocol {self.protocol}"
        if self.whole and self.protocol in (TCP, UDP):
            text += f" ports {self.sport} > {self.dport}, {len(self.payload)} bytes"
        return text


def ethernet(dst, src, kind, body, tags=()):
    tagged = b"".join(struct.pack(">HH", VLAN, tag) for tag in tags)
    return (dst + src + tagged + struct.pack(">H", kind) + body).ljust(60, b"\0")


def ip(src, dst, protocol, transport, number=0):
    """An IPv4 or IPv6 datagram, by the addresses' length, and its EtherType."""
    if len(src) == 16:
        return IP6, struct.pack(">IHBB", 6 << 28, len(transport), protocol, 64) + src + dst + transport
    header = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(transport), number & 0xffff, 0x4000, 64, protocol, 0) + src + dst
    return IP4, header[:10] + struct.pack(">H", checksum(header)) + header[12:] + transport


def with_checksum(src, dst, protocol, transport, at):
    """The transport with its checksum at @at made right."""
    start = 0 if protocol == ICMP else pseudo(src, dst, protocol, len(transport))
    value = checksum(transport[:at] + b"\0\0" + transport[at + 2:], start)
    return transport[:at] + struct.pack(">H", value or 0xffff if protocol == UDP else value) + transport[at + 2:]


def read_pcap(path):
    """Frames of a capture by QEMU's filter-dump or hvreplay, in order; an end that is cut off is left out."""
    with open(path, "rb") as f:
        data = f.read()
    frames, at = [], 24
    while at + 16 <= len(data):
        captured, = struct.unpack_from("<I", data, at + 8)
        if at + 16 + captured > len(data):
            break
        frames.append(data[at + 16:at + 16 + captured])
        at += 16 + captured
    return frames
