#!/usr/bin/env python3
"""packet_test.py - directions, fragments in every order, snap lengths and malformed packets"""
import itertools
import struct
import sys

sys.dont_write_bytecode = True
from lab import (ARP, HEAD, ME, PEER, TCP, UDP, V6, Lab, Verdicts, claim, eth, finish, icmp, ipv4, ipv6, matrix,  # noqa: E402
                 pcap, tcp, udp)

# ---- direction -----------------------------------------------------------------

POLICY = HEAD + """
on net out default pass { outgoing: -> count o; }
on net in  default pass { incoming: -> count c; }
"""
GROUP, ALL = "33:33:00:00:00:01", "ff:ff:ff:ff:ff:ff"
FRAMES = {
    "ip out": TCP(src="10.0.0.1", dst="10.0.0.2", esrc=ME, edst=PEER),
    "ip in": TCP(),
    "stranger": TCP(src="10.9.9.1", dst="10.9.9.2", esrc="02:00:00:00:00:09", edst="02:00:00:00:00:0a"),
    "ip6 out": TCP(src="fd00::1", dst="fd00::2", esrc="02:00:00:00:00:09", edst=PEER),
    "mapped": TCP(src="::ffff:0a00:0001", dst="fd00::2", esrc="02:00:00:00:00:09", edst=PEER),
    "mac only": ARP(esrc=ME, edst=ALL),
    "multicast in": UDP(b"x", src="10.9.9.1", dst="224.0.0.251", esrc=PEER, edst="01:00:5e:00:00:fb"),
    "multicast out": UDP(b"x", src="10.0.0.1", dst="224.0.0.251", esrc=ME, edst="01:00:5e:00:00:fb"),
    "broadcast in": UDP(b"x", src="0.0.0.0", dst="255.255.255.255", edst=ALL),
    "self": TCP(src="10.0.0.1", dst="10.0.0.1", esrc=ME, edst=ME),
    "vlan out": TCP(src="10.0.0.1", dst="10.0.0.2", esrc="02:00:00:00:00:09", tags=[(0x8100, 5)]),
    "runt": b"\x02\0\0",
}


def directions(text, expected_out, *options):
    with Lab() as lab:
        lab.put("p.hvrule", POLICY)
        lab.put("t.pcap", pcap(FRAMES.values()))
        v = lab.verdicts("p.hvrule", "t.pcap", *options)
        out = set() if not isinstance(v, Verdicts) else {n for i, n in enumerate(FRAMES) if v.rules(i + 1) == {"outgoing"}}
        claim(text, isinstance(v, Verdicts) and out == set(expected_out) and len(v) == len(FRAMES), v, out)


directions("without --local every frame is net in", [])
directions("a frame sent by an IPv4 --local address is net out", ["ip out", "multicast out", "self", "vlan out"],
           "--local", "10.0.0.1")
directions("a frame sent by an IPv6 --local address is net out", ["ip6 out"], "--local", "fd00::1")
directions("a frame sent by a --local MAC address is net out", ["ip out", "mac only", "multicast out", "self"],
           "--local", ME)
directions("several --local addresses add up", ["ip out", "ip6 out", "mac only", "multicast out", "self", "vlan out"],
           "--local", f"10.0.0.1,fd00::1,{ME}")
directions("--local may be written as --local=ADDR", ["ip6 out"], "--local=fd00::1")
with Lab() as lab:
    lab.put("p.hvrule", POLICY)
    lab.put("t.pcap", pcap(FRAMES.values()))
    claim("a --local address that is none is a usage error", lab.replay("p.hvrule", "t.pcap", "--local", "10.0.0").status == 2)
    claim("--local without an address is a usage error", lab.replay("p.hvrule", "t.pcap", "--local").status == 2)

# ---- fragments -----------------------------------------------------------------

RULES = """
on net in default pass {
    port:  udp.dport == 53              -> count c;
    first: ip.more_fragments            -> count c;
    later: ip.frag_offset > 0           -> count c;
    text:  payload has "SECOND"         -> count c;
}
"""


def whole(v6=False, dport=53):
    src, dst = ("fd00::2", "fd00::1") if v6 else ("10.0.0.2", "10.0.0.1")
    return udp(b"FIRST..." + b"SECOND.." + b"THIRD...", dport=dport, src=src, dst=dst)


def piece(data, start, end, v6=False, ident=9, more=None, **ip):
    more = end < len(data) if more is None else more
    if v6:
        head = struct.pack(">BBHI", 17, 0, start | (1 if more else 0), ident)
        return eth(ipv6(17, data[start:end], ext=head, first=44, **ip), 0x86dd)
    return eth(ipv4(17, data[start:end], off=start, more=more, ident=ident, **ip), 0x800)


SCENES = {}


def fragments(text, frames, expected, rules=RULES):
    """expected: an outcome and its rules for each frame."""
    SCENES.setdefault(rules, []).append((text, frames, expected))


def judge_scenes(rules, scenes):
    """Every scene is an input of its own: what one leaves in the table is not there for the next."""
    with Lab() as lab:
        lab.put("p.hvrule", HEAD + rules)
        traces = [lab.put(f"s{i}.pcap", pcap(frames)) for i, (_, frames, _) in enumerate(scenes)]
        built = lab.hvc("build", "--plain", "p.hvrule", "-o", "p.hvb")
        text, plain = (lab.inputs(p, traces) for p in ("p.hvrule", "p.hvb"))
        claim(f"fragments: plain code gives the same verdicts, {len(scenes)} captures", built.status == 0 and text == plain,
              built, text, plain)
        for i, (name, frames, expected) in enumerate(scenes):
            v = text.get(traces[i]) if isinstance(text, dict) else None
            got = [(v.outcome(n + 1) + " " + ",".join(sorted(v.rules(n + 1)))).strip() for n in range(len(frames))] \
                if v is not None else text
            claim(name, got == expected, got, expected)


for six in (False, True):
    name = "IPv6" if six else "IPv4"
    w = whole(six)
    a, b, c = piece(w, 0, 16, six), piece(w, 16, 24, six), piece(w, 24, 32, six)
    fragments(f"{name}: later fragments inherit the first one's ports", [a, b, c],
              ["pass first,port", "pass first,later,port,text", "pass later,port"])
    for order in itertools.permutations("abc"):
        frames = [{"a": a, "b": b, "c": c}[x] for x in order]
        seen, expected = False, []
        for x in order:
            seen |= x == "a"
            expected.append({"a": "pass first,port", "b": "pass first,later,port,text", "c": "pass later,port"}[x]
                            if seen else "drop")
        fragments(f"{name}: fragments in the order {''.join(order)}: those before the first are dropped", frames, expected)
    fragments(f"{name}: a fragment that came twice overlaps", [a, b, b, c],
              ["pass first,port", "pass first,later,port,text", "drop", "pass later,port"])
    fragments(f"{name}: a fragment that overlaps by eight bytes is dropped", [a, piece(w, 8, 24, six), b, c],
              ["pass first,port", "drop", "pass first,later,port,text", "pass later,port"])
    fragments(f"{name}: a fragment behind the end is impossible", [a, c, piece(w + b"x" * 8, 32, 40, six)],
              ["pass first,port", "pass later,port", "drop"])
    fragments(f"{name}: a fragment of 7 bytes that is not the last is impossible", [a, piece(w, 16, 23, six, more=True)],
              ["pass first,port", "drop"])
    fragments(f"{name}: a first fragment without the whole transport header is impossible",
              [piece(w[:4] + w[4:], 0, 0, six, more=True)], ["drop"])
    fragments(f"{name}: another identification is another datagram", [a, piece(w, 16, 24, six, ident=10)],
              ["pass first,port", "drop"])
    fragments(f"{name}: another source is another datagram",
              [a, piece(w, 16, 24, six, src="fd00::3" if six else "10.0.0.3")], ["pass first,port", "drop"])
    fragments(f"{name}: two datagrams in flight keep their own ports",
              [a, piece(whole(six, 54), 0, 16, six, ident=10), b, piece(w, 16, 24, six, ident=10)],
              ["pass first,port", "pass first", "pass first,later,port,text", "pass first,later,text"])
    fragments(f"{name}: without rules on transport or content fragments just pass", [c, b, a],
              ["pass", "pass m", "pass m"], "on net in default pass { m: ip.more_fragments -> count c; }\n")
    fragments(f"{name}: rewriting content of a fragmented datagram drops it", [a, b, c],
              ["pass", "drop r", "pass"],
              'on net in default pass { r: payload has "SECOND" -> rewrite "SECOND" with "x"; }\n'.replace(
                  'rewrite "SECOND"', "rewrite second") + 'pattern second = "SECOND";\n')
    fragments(f"{name}: a field is rewritten in each fragment", [a, b, c], ["rewrite r", "rewrite r", "rewrite r"],
              "on net in default pass { r: udp.dport == 53 -> rewrite ip.ttl = 9; }\n")
fragments("IPv6: an atomic fragment is a whole datagram",
          [eth(ipv6(17, whole(True), ext=struct.pack(">BBHI", 17, 0, 0, 77), first=44), 0x86dd)], ["pass port,text"])
fragments("IPv6: ip.id, frag_offset and the flag come from the fragment header",
          [eth(ipv6(17, whole(True), ext=struct.pack(">BBHI", 17, 0, 0, 77), first=44), 0x86dd)], ["pass r"],
          "on net in default pass { r: ip.id == 77 and ip.frag_offset == 0 and not ip.more_fragments -> count c; }\n")

for scene_rules, scene_list in SCENES.items():
    judge_scenes(scene_rules, scene_list)

JUMBO = {f"j{n:x}": (eth(b"\x60\0\0\0\0\0\0\x40" + bytes(32) + b"\x11\0\xc2\x04" + struct.pack(">I", n), 0x86dd), 70000)
         for n in (65536, 0xffffffd7, 0xffffffd8, 0xffffffff)}
matrix("jumbograms", "net in", JUMBO, [
    ("ip.len of a jumbogram counts its header, beyond 32 bits too", "ip.len >= 0", "*"),
    ("ip.len at 2^32", "ip.len == 4G", "jffffffd8"),
    ("ip.len above 2^32", "ip.len > 4G", "jffffffff"),
    ("ip.len in a range up to 2^32 - 1", "ip.len in { 65576, 0xffffffff }", "j10000 jffffffd7"),
])

# ---- snap lengths and malformed packets ------------------------------------------

full = TCP(b"0123456789SECRET")
CUT = {f"c{n}": (full[:n], len(full)) for n in (13, 14, 22, 23, 24, 30, 34, 35, 36, 38, 42, 47, 48, 50, 54, 60, 63, 64, 65,
                                               69, 70)}


def from_(n):
    return " ".join(k for k in CUT if int(k[1:]) >= n)


matrix("snap length", "net in", CUT, [
    ("frame.len is the length on the wire", "frame.len == 70", "*"),
    ("eth.src is there from 12 bytes", f"eth.src == {PEER}", "*"),
    ("eth.type is there from 14 bytes", "eth.type == 0x800", from_(14)),
    ("ip.ttl is there from its byte", "ip.ttl == 64", from_(23)),
    ("ip.proto is there from its byte", "ip.proto == 6", from_(24)),
    ("ip.src is there from its last byte", "ip.src == 10.0.0.2", from_(30)),
    ("ip.dst is there from its last byte", "ip.dst == 10.0.0.1", from_(34)),
    ("ip.dst not in is false when it was cut off", "ip.dst not in 11.0.0.0/8", from_(34)),
    ("tcp.sport is there from its last byte", "tcp.sport == 40000", from_(36)),
    ("tcp.dport is there from its last byte", "tcp.dport == 80", from_(38)),
    ("tcp.dport != is false when it was cut off", "tcp.dport != 81", from_(38)),
    ("tcp.seq is there from its last byte", "tcp.seq == 1000", from_(42)),
    ("tcp.flags is there from its byte", "tcp.ack", from_(48)),
    ("tcp.window is there from its last byte", "tcp.window == 500", from_(50)),
    ("payload.len comes from the headers", "payload.len == 16", from_(47)),
    ("a payload byte is there when it was captured", "payload[9:1] == 0x39", from_(64)),
    ("a payload byte that was cut off is absent", "payload[10:1] != 0", from_(65)),
    ("content is found within what was captured", 'payload has "SECRET"', "c70"),
    ("not has holds where the bytes are absent", 'not payload has "SECRET"', "* -c70"),
    ("a literal that ends with the snap length is found", 'payload has "SECRE"', from_(69)),
])

BAD = {
    "ok": TCP(b"payload"),
    "shorter": eth(ipv4(6, tcp(b"payload"), length=100), 0x800),
    "ihl": eth(b"\x44" + ipv4(6, tcp(b"payload"))[1:], 0x800),
    "long ihl": eth(b"\x4f" + ipv4(6, tcp()[:18])[1:], 0x800),
    "version": eth(b"\x55" + ipv4(6, tcp(b"payload"))[1:], 0x800),
    "no ip": eth(b"", 0x800),
    "tcp cut": eth(ipv4(6, tcp()[:12]), 0x800),
    "tcp offset": eth(ipv4(6, tcp()[:12] + b"\x40" + tcp()[13:]), 0x800),
    "udp length": eth(ipv4(17, udp(b"abc", length=999)), 0x800),
    "udp short": eth(ipv4(17, udp(b"abcdef", length=11)), 0x800),
    "icmp cut": eth(ipv4(1, icmp(8)[:3]), 0x800),
    "hop cut": eth(ipv6(6, b"\x06\xff", first=0), 0x86dd),
    "arp cut": ARP()[:30],
    "tags": eth(tcp(), 0x800, tags=[(0x8100, 1), (0x8100, 2), (0x8100, 3)]),
    "runt": b"\x01\x02\x03",
}
BAD = {k.replace(" ", "_"): v for k, v in BAD.items()}
matrix("malformed packets", "net in", BAD, [
    ("a malformed packet is judged", "", "*"),
    ("a length beyond the frame: what is there is judged", 'payload has "payload" and tcp.dport == 80', "ok shorter"),
    ("a header length below 20 leaves the transport absent", "ip.src == 10.0.0.2 and not tcp.dport >= 0",
     "ihl long_ihl udp_length udp_short icmp_cut"),
    ("a version that contradicts the EtherType leaves IP absent", "eth.type == 0x800 and not ip.version >= 0",
     "version no_ip"),
    ("of a cut TCP header the ports are read", "tcp.dport == 80", "ok shorter tcp_cut tcp_offset"),
    ("a TCP offset below 20 leaves the payload absent", "tcp.dport == 80 and not payload.len >= 0", "tcp_cut tcp_offset"),
    ("a UDP length beyond the datagram: what is there is payload", "payload.len == 3", "udp_length udp_short"),
    ("bytes behind the UDP length are no payload", 'payload has "abcdef"', ""),
    ("an extension header beyond the packet leaves ip.proto absent", "ip.version == 6 and not ip.proto >= 0", "hop_cut"),
    ("of a cut ARP the operation is read", "arp.op == 1", "arp_cut"),
    ("an ARP address that is not there is absent", "arp.spa != 1.1.1.1", ""),
    ("a third tag is not followed", "vlan.id == 1 and eth.type == 0x8100", "tags"),
    ("frame.len of a runt", "frame.len == 3", "runt"),
])
with Lab() as lab:
    lab.put("p.hvrule", HEAD + "on net in default pass { r: tcp.dport == 80 -> count c; }\n")
    lab.put("t.pcap", pcap(BAD.values()))
    done = lab.replay("p.hvrule", "t.pcap")
    claim("malformed packets are counted", "12  malformed packets" in done.out, done)

finish()
