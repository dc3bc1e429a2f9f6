"""frames.py - random frames, with the fields and areas that the language sees in them

Values come from short lists, so that rules and frames meet, and from the ends of what a field holds.
"""
import ipaddress
import struct

import lab
from evaluator import Transfer

MACS = ["02:00:00:00:00:01", "02:00:00:00:00:02", "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00", "01:00:5e:00:00:01"]
IPV4 = ["10.0.0.1", "10.0.0.2", "10.0.255.255", "192.168.1.7", "0.0.0.0", "255.255.255.255", "127.255.255.255",
        "128.0.0.0"]
IPV6 = ["fd00::1", "fd00::2", "::", "::1", "::ffff:a00:1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::a00:1",
        "fd00:0:0:1::", "fe80::1:0:0:2", "0:0:0:1::", "::ffff:ffff:ffff"]
PORTS = [0, 1, 53, 80, 137, 443, 445, 1023, 1024, 8080, 65534, 65535]
# so far apart that no segment ever continues another: each is judged alone
SEQUENCES = [500, 0x7fffffff, 0xffffffff]
WORDS = [b"abc", b"ABC", b"aBc", b"GET /", b"a\0b\0c\0", b"A\0b\0C\0", b"\0\xff", b"MZ", b"aa", b"aaa", b"\n"]
BYTES = b"\0Aabc\xff\n"

TCP, UDP, ICMP, ICMP6 = 6, 17, 1, 58
FRAGMENT, HOP_BY_HOP = 44, 0


def address(text):
    parsed = ipaddress.ip_address(text)
    return parsed.version, int(parsed)


def mac_number(text):
    return int(text.replace(":", ""), 16)


def content(rng):
    out = b""
    for _ in range(rng.choice([0, 0, 1, 1, 2, 3, 8, 16])):
        out += rng.choice(WORDS) if rng.random() < 0.6 else bytes(rng.choices(BYTES, k=rng.randint(1, 4)))
    return out


def link_layer(rng):
    """What lab.py's makers take, and the fields."""
    src, dst = rng.choice(MACS), rng.choice(MACS)
    tags = [(rng.choice([0x8100, 0x88a8]), rng.choice([0, 1, 7, 100, 4095, 0xe007, 0xffff]))
            for _ in range(rng.choice([0, 0, 0, 1, 2]))]
    fields = {"eth.src": mac_number(src), "eth.dst": mac_number(dst)}
    if tags:
        fields["vlan.id"] = tags[0][1] & 0xfff
    return {"esrc": src, "edst": dst, "tags": tags, "pad": rng.choice([0, 0, 0, 1, 18])}, fields


def extensions(rng, proto):
    """IPv6 extension headers in front of proto: (their bytes, the first one's number, fragment ID or None)."""
    chain = rng.choices([60, 43, 135], k=rng.choice([0, 0, 0, 1, 2]))
    if rng.random() < 0.2:
        chain.insert(0, HOP_BY_HOP)
    ident = None
    if rng.random() < 0.15:
        chain.append(FRAGMENT)
        ident = rng.choice([0, 1, 0xffffffff])
    out = b""
    for kind, following in zip(chain, chain[1:] + [proto]):
        if kind == FRAGMENT:
            out += struct.pack(">BBHI", following, 0, 0, ident)
        else:
            more = rng.choice([0, 0, 1, 2])     # units of eight bytes behind the first eight
            option = bytes([1, 4 + 8 * more]) if kind in (HOP_BY_HOP, 60) else b"\0\0"
            out += bytes([following, more]) + option + bytes(4 + 8 * more)
    return out, (chain + [proto])[0], ident


def network_layer(rng, version, proto):
    """What lab.py's makers take, and the fields, without ip.len."""
    names = IPV4 if version == 4 else IPV6
    src, dst, tos, ttl = rng.choice(names), rng.choice(names), rng.choice([0, 3, 4, 0xb8, 0xff]), rng.choice(
        [0, 1, 64, 128, 255])
    fields = {"ip.version": version, "ip.proto": proto, "ip.src": address(src), "ip.dst": address(dst),
              "ip.dscp": tos >> 2, "ip.ttl": ttl, "ip.frag_offset": 0, "ip.more_fragments": 0}
    if version == 4:
        fields["ip.id"] = rng.choice([0, 1, 77, 65535])
        return {"src": src, "dst": dst, "tos": tos, "ttl": ttl, "ident": fields["ip.id"],
                "options": b"\1" * rng.choice([0, 0, 0, 4, 40])}, fields
    ext, first, ident = extensions(rng, proto)
    if ident is not None:
        fields["ip.id"] = ident
    return {"src": src, "dst": dst, "tclass": tos, "hops": ttl, "flow": rng.choice([0, 0xfffff]), "ext": ext,
            "first": first}, fields


def transport_layer(rng, proto):
    """lab.py's maker, its words and the fields."""
    sport, dport = rng.choice(PORTS), rng.choice(PORTS)
    if proto in (ICMP, ICMP6):
        kind, code, name = rng.choice([0, 3, 8, 128, 255]), rng.choice([0, 1, 255]), {1: "icmp", 58: "icmp6"}[proto]
        maker = lab.ICMP if proto == ICMP else lab.ICMP6
        return lambda body, **more: maker(kind, code, body, **more), {}, {name + ".type": kind, name + ".code": code}
    name = "tcp" if proto == TCP else "udp"
    fields = {f"{name}.sport": sport, f"{name}.dport": dport, "l4.sport": sport, "l4.dport": dport}
    words = {"sport": sport, "dport": dport}
    if proto == UDP:
        return lab.UDP, words, fields
    flags = rng.choice([0, 1, 2, 4, 0x10, 0x12, 0x18, 0x29, 0xff])
    words.update(flags=flags, seq=rng.choice(SEQUENCES), window=rng.choice([0, 1, 8192, 65535]),
                 opts=b"\1" * rng.choice([0, 0, 4, 40]))
    fields.update({"tcp.flags": flags, "tcp.seq": words["seq"], "tcp.window": words["window"]})
    fields.update({f"tcp.{flag}": flags >> bit & 1 for flag, bit in (("fin", 0), ("syn", 1), ("rst", 2), ("ack", 4))})
    return lab.TCP, words, fields


def ip_frame(rng, version):
    proto = rng.choice([TCP, TCP, UDP, UDP, ICMP if version == 4 else ICMP6])
    link, fields = link_layer(rng)
    network, more = network_layer(rng, version, proto)
    maker, words, most = transport_layer(rng, proto)
    payload = content(rng)
    raw = maker(payload, **words, **network, **link)
    end = len(raw) - link["pad"]
    header = 14 + 4 * len(link["tags"])
    fields |= more | most | {"eth.type": 0x800 if version == 4 else 0x86dd, "ip.len": end - header,
                             "payload.len": len(payload), "frame.len": end}
    kept = len(raw)
    if rng.random() < 0.15:     # the capture lacks the rest
        kept = rng.randint(end - len(payload), len(raw))
    seen = raw[:min(kept, end)]
    return Transfer((raw[:kept], len(raw)), "net in", fields, {"frame": seen, "payload": seen[end - len(payload):]})


def other_frame(rng):
    """ARP, or an unknown type; without a length of their own they end where the frame does."""
    link, fields = link_layer(rng)
    if rng.random() < 0.5:
        spa, tpa, fields["arp.op"] = rng.choice(IPV4), rng.choice(IPV4), rng.choice([0, 1, 2, 3, 65535])
        fields |= {"eth.type": 0x806, "arp.spa": address(spa), "arp.tpa": address(tpa)}
        raw = lab.ARP(fields["arp.op"], spa, tpa, **link)
    else:
        fields["eth.type"] = rng.choice([0x600, 0x842, 0x88cc, 0xffff])
        raw = lab.eth(content(rng), fields["eth.type"], link["esrc"], link["edst"], link["tags"], link["pad"])
    fields["frame.len"] = len(raw)
    return Transfer((raw, len(raw)), "net in", fields, {"frame": raw})


def random_frame(rng):
    kind = rng.choice([4, 4, 4, 6, 6, 0])
    return ip_frame(rng, kind) if kind else other_frame(rng)
