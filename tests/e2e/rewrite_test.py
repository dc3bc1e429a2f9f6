#!/usr/bin/env python3
"""rewrite_test.py - rewriting patterns and fields: the frame that leaves, byte by byte, and its checksums"""
import re
import sys

sys.dont_write_bytecode = True
from lab import (ARP, HEAD, ICMP, ICMP6, ME, TCP, UDP, V6, Lab, Verdicts, claim, code, disk, disk_trace, eth,  # noqa: E402
                 finish, ipv4, pcap, sums_right, undisk, unpcap)

PATTERNS = """pattern secret = "SECRET"; pattern cret = "CRET"; pattern digits = /\\d+/; pattern gap = { 53 [1-3] 54 };
pattern dd = "dd"; patterns sigs = file "s.sigs"; pattern word = "secret" i; pattern anchor = /^GET/; pattern x = "x" wide;
const host = 10.9.8.7;
"""
# matches that end at the same byte: who is written last?
ENDS = {
    "of two literals the shorter": ('"abcd" "bcd"', b"x0012x"),
    "of two literals the shorter, in the other order": ('"bcd" "abcd"', b"x0012x"),
    "of two literals the one with i": ('"abcd"_i "bcd"', b"x0123x"),
    "of a literal and a regex the regex": ('"abcd" /b+cd/', b"x0012x"),
    "of a regex and a literal the regex": ('/ab+cd/ "bcd"', b"x0123x"),
    "of two regexes the later": ('/ab+cd/ /b+cd/', b"x0012x"),
    "of two regexes the later, in the other order": ('/b+cd/ /ab+cd/', b"x0123x"),
    "of a regex and a hex pattern with a gap the later": ('/b+cd/ {61[1-4]64}', b"x0123x"),
    "of two regexes with other literals the later": ('/[a-z]cd/ /abc./', b"x0123x"),
    "of two regexes with other literals the later, in the other order": ('/abc./ /[a-z]cd/', b"x0012x"),
}
END_SETS = "".join(f'patterns end{i} = file "end{i}.sigs";\n' for i in range(len(ENDS)))
SIGS = 'one = "alpha"\ntwo = "beta"\n'
T, S = TCP(b"my SECRET data"), b"my SECRET data"
N = "10.9.8.7"
# (claim, actions, frame before, frame after; None: dropped; or (condition, actions))
CASES = [
    ("a pattern is overwritten by repeated bytes", 'rewrite secret with "xy"', T, TCP(b"my xyxyxy data")),
    ("a replacement that is no divisor is cut", 'rewrite secret with "abcd"', T, TCP(b"my abcdab data")),
    ("a longer replacement is cut to the match", 'rewrite secret with "0123456789"', T, TCP(b"my 012345 data")),
    ("hex bytes", "rewrite secret with { 00 FF }", T, TCP(b"my \0\xff\0\xff\0\xff data")),
    ("every match is overwritten", 'rewrite secret with "-"', TCP(b"SECRETSECRET SECRE SECRET"), TCP(b"------------ SECRE ------")),
    ("matches of one pattern do not overlap: leftmost first", 'rewrite dd with "-"', TCP(b"ddd"), TCP(b"--d")),
    ("a regular expression takes the longest", 'rewrite digits with "#"', TCP(b"a 12345 b 6"), TCP(b"a ##### b #")),
    ("a gap takes the longest", 'rewrite gap with "."', TCP(b"xSaTbT"), TCP(b"x.....")),
    ("ignoring case", 'rewrite word with "*"', TCP(b"Secret SECRET"), TCP(b"****** ******")),
    ("wide matches", 'rewrite x with "yz"', TCP(b"ax\0b"), TCP(b"ayzb")),
    ("a file's patterns all", 'rewrite sigs with "-"', TCP(b"alpha beta gamma"), TCP(b"----- ---- gamma")),
    ("one of a file's patterns", 'rewrite sigs.two with "-"', TCP(b"alpha beta gamma"), TCP(b"alpha ---- gamma")),
    ("an anchored pattern", 'rewrite anchor with "P"', TCP(b"GET GET"), TCP(b"PPP GET")),
    ("nothing found, nothing changed", 'rewrite secret with "x"', TCP(b"nothing"), TCP(b"nothing")),
    ("a later rewrite wins", 'rewrite secret with "1", rewrite cret with "2"', T, TCP(b"my 112222 data")),
    ("a later rewrite wins, in the other order", 'rewrite cret with "2", rewrite secret with "1"', T, TCP(b"my 111111 data")),
    ("what was rewritten is not searched again", 'rewrite secret with "d", rewrite dd with "e"', T, TCP(b"my dddddd data")),
    ("pass behind a rewrite keeps it", 'rewrite secret with "x", pass', T, TCP(b"my xxxxxx data")),
    ("drop behind a rewrite drops", 'rewrite secret with "x", drop', T, None),
    ("odd offsets and lengths keep checksums right", 'rewrite digits with "\\xff"', TCP(b"a1b22c333"), TCP(b"a\xffb\xff\xffc\xff\xff\xff")),
    ("UDP", 'rewrite secret with "u"', UDP(S), UDP(b"my uuuuuu data")),
    ("UDP without checksum stays without", 'rewrite secret with "u"', UDP(S, checksum=False), UDP(b"my uuuuuu data", checksum=False)),
    ("UDP over IPv6", 'rewrite secret with "u"', UDP(S, **V6), UDP(b"my uuuuuu data", **V6)),
    ("TCP over IPv6 behind an extension header", 'rewrite secret with "u"',
     TCP(S, ext=b"\x06\0\x01\x04\0\0\0\0", first=0, **V6), TCP(b"my uuuuuu data", ext=b"\x06\0\x01\x04\0\0\0\0", first=0, **V6)),
    ("ICMP", 'rewrite secret with "u"', ICMP(8, 0, b"IDSQ" + S), ICMP(8, 0, b"IDSQmy uuuuuu data")),
    ("ICMPv6", 'rewrite secret with "u"', ICMP6(128, 0, b"IDSQ" + S), ICMP6(128, 0, b"IDSQmy uuuuuu data")),
    ("another protocol has no checksum", 'rewrite secret with "u"', eth(ipv4(47, S), 0x800), eth(ipv4(47, b"my uuuuuu data"), 0x800)),
    ("behind VLAN tags", 'rewrite secret with "u"', TCP(S, tags=[(0x88a8, 5), (0x8100, 6)]),
     TCP(b"my uuuuuu data", tags=[(0x88a8, 5), (0x8100, 6)])),
    ("behind IPv4 options", 'rewrite secret with "u"', TCP(S, options=b"\x94\x04\0\0"), TCP(b"my uuuuuu data", options=b"\x94\x04\0\0")),
    ("padding stays", 'rewrite secret with "u"', UDP(b"SECRET", pad=12), UDP(b"uuuuuu", pad=12)),
    # fields
    ("ip.src", "rewrite ip.src = 10.9.8.7", T, TCP(S, src=N)),
    ("ip.dst", "rewrite ip.dst = 10.9.8.7", T, TCP(S, dst=N)),
    ("a constant's name", "rewrite ip.dst = host", T, TCP(S, dst=N)),
    ("ip.src of IPv6", "rewrite ip.src = 2001:db8::99", TCP(S, **V6), TCP(S, src="2001:db8::99", dst="fd00::1")),
    ("ip.dst of IPv6", "rewrite ip.dst = 2001:db8::99", UDP(S, **V6), UDP(S, src="fd00::2", dst="2001:db8::99")),
    ("ip.dst of ICMPv6 changes its checksum", "rewrite ip.dst = fe80::7", ICMP6(135), ICMP6(135, dst="fe80::7")),
    ("ip.src of ICMP", "rewrite ip.src = 10.9.8.7", ICMP(8), ICMP(8, src=N)),
    ("ip.dst of UDP without checksum", "rewrite ip.dst = 10.9.8.7", UDP(S, checksum=False), UDP(S, dst=N, checksum=False)),
    ("IPv6 into IPv4 drops", "rewrite ip.dst = fe80::7", T, None),
    ("IPv4 into IPv6 drops", "rewrite ip.src = 10.9.8.7", TCP(S, **V6), None),
    ("the mapped address is IPv6", "rewrite ip.src = ::ffff:10.9.8.7", T, None),
    ("ip.ttl", "rewrite ip.ttl = 3", T, TCP(S, ttl=3)),
    ("ip.ttl is the hop limit", "rewrite ip.ttl = 255", TCP(S, **V6), TCP(S, hops=255, **V6)),
    ("ip.dscp keeps ECN", "rewrite ip.dscp = 46", TCP(S, tos=0x03), TCP(S, tos=0xbb)),
    ("ip.dscp of IPv6 keeps ECN and the flow label", "rewrite ip.dscp = 63", TCP(S, tclass=1, flow=0xfffff, **V6),
     TCP(S, tclass=0xfd, flow=0xfffff, **V6)),
    ("tcp.sport", "rewrite tcp.sport = 1", T, TCP(S, sport=1)),
    ("tcp.dport", "rewrite tcp.dport = 65535", T, TCP(S, dport=65535)),
    ("tcp.window", "rewrite tcp.window = 0", T, TCP(S, window=0)),
    ("udp.sport", "rewrite udp.sport = 5", UDP(S), UDP(S, sport=5)),
    ("udp.dport over IPv6", "rewrite udp.dport = 5353", UDP(S, **V6), UDP(S, dport=5353, **V6)),
    ("l4.sport of TCP", "rewrite l4.sport = 7", T, TCP(S, sport=7)),
    ("l4.dport of UDP", "rewrite l4.dport = 7", UDP(S), UDP(S, dport=7)),
    ("a UDP port without checksum", "rewrite l4.dport = 7", UDP(S, checksum=False), UDP(S, dport=7, checksum=False)),
    ("an absent field is not rewritten", "rewrite udp.dport = 7, rewrite vlan.id = 1, rewrite arp.spa = 1.2.3.4", T, T),
    ("l4 of ICMP is absent", "rewrite l4.dport = 7", ICMP(8), ICMP(8)),
    ("eth.dst", "rewrite eth.dst = 02:aa:bb:cc:dd:ee", T, TCP(S, edst="02:aa:bb:cc:dd:ee")),
    ("vlan.id keeps the priority", "rewrite vlan.id = 0xabc", TCP(S, tags=[(0x8100, 0xe123)]), TCP(S, tags=[(0x8100, 0xeabc)])),
    ("vlan.id of QinQ is the outer", "rewrite vlan.id = 1", TCP(S, tags=[(0x88a8, 0x5fff), (0x8100, 7)]),
     TCP(S, tags=[(0x88a8, 0x5001), (0x8100, 7)])),
    ("arp.spa", "rewrite arp.spa = 1.2.3.4", ARP(), ARP(spa="1.2.3.4")),
    ("arp.tpa", "rewrite arp.tpa = 1.2.3.4", ARP(2, pad=18), ARP(2, tpa="1.2.3.4", pad=18)),
    ("the value may be another field", "rewrite tcp.dport = tcp.sport", T, TCP(S, dport=40000)),
    ("the value sees the original", "rewrite tcp.sport = tcp.dport, rewrite tcp.dport = tcp.sport", T, TCP(S, sport=80, dport=40000)),
    ("the value may be an expression", "rewrite ip.ttl = ip.ttl - 1", T, TCP(S, ttl=63)),
    ("a value that is too wide keeps its low bits", "rewrite ip.ttl = ip.ttl + 200", T, TCP(S, ttl=8)),
    ("an address from a field", "rewrite ip.dst = ip.src", T, TCP(S, dst="10.0.0.2")),
    ("a value that is absent rewrites nothing", "rewrite tcp.dport = udp.dport", T, T),
    ("an ARP address from ip.src is absent", "rewrite arp.spa = ip.src", ARP(), ARP()),
    ("the same field twice: the later", "rewrite ip.ttl = 9, rewrite ip.ttl = 10", T, TCP(S, ttl=10)),
    ("fields and patterns together", 'rewrite tcp.dport = 81, rewrite secret with "q", rewrite ip.src = 10.9.8.7', T,
     TCP(b"my qqqqqq data", dport=81, src=N)),
    ("all at once over IPv6", 'rewrite l4.dport = 81, rewrite ip.dst = ::5, rewrite digits with "0", rewrite ip.ttl = 1',
     UDP(b"a1b2", src="fd00::2", dst="fd00::1"), UDP(b"a0b0", dport=81, src="fd00::2", dst="::5", hops=1)),
    ("a TCP port of a datagram with options", "rewrite tcp.dport = 81", TCP(S, options=b"\x01\x01\x01\0", opts=b"\x01" * 12),
     TCP(S, options=b"\x01\x01\x01\0", opts=b"\x01" * 12, dport=81)),
    ("the value that is there already", "rewrite ip.ttl = 64, rewrite tcp.dport = 80", T, T),
]


def marked(frame, i):
    return frame if frame is None else frame[:6] + bytes([2, 0, 0, 1, i >> 8, i & 255]) + frame[12:]


def mark(i):
    return f"02:00:00:01:{i >> 8:02x}:{i & 255:02x}"


CASES += [(f"matches end at the same byte: {text} is written last", f'rewrite end{i} with "0123456789"', TCP(b"xabcdx"), TCP(want))
          for i, (text, (_, want)) in enumerate(ENDS.items())]
CASES += [("a match that ends later is written over one that ends before", 'rewrite end0 with "0123"', TCP(b"abcdbcd"), TCP(b"0012012"))]

with Lab() as lab:
    lab.put("s.sigs", SIGS)
    for end, (pair, _) in enumerate(ENDS.values()):
        lab.put(f"end{end}.sigs", "".join(f"p{n} = {p}\n".replace("_", " ") for n, p in enumerate(pair.split())))
    rules = "".join(f"    r{i}: eth.src == {mark(i)} -> {a};\n" for i, (_, a, _, _) in enumerate(CASES))
    lab.put("p.hvrule", HEAD + PATTERNS + END_SETS + "on net in default pass {\n" + rules + "}\n")
    before = [marked(b, i) for i, (_, _, b, _) in enumerate(CASES)]
    lab.put("t.pcap", pcap(before))
    v = lab.verdicts("p.hvrule", "t.pcap", "--write", "w.pcap")
    good = isinstance(v, Verdicts)
    claim("rewrites: the policy compiles and judges", good, v)
    after = {int.from_bytes(f[10:12], "big"): f for f in unpcap(lab.get("w.pcap"))} if good else {}
    for flags in ((), ("--plain",)):
        built = lab.hvc("build", "p.hvrule", "-o", "p.hvb", *flags)
        other = lab.verdicts("p.hvb", "t.pcap", "--write", "x.pcap")
        claim(f"rewrites: the same as a module {' '.join(flags)}", good and other == v and
              lab.get("x.pcap") == lab.get("w.pcap"), built, other)
    lab.put("f.hvrule", lab.hvc("fmt", "p.hvrule").raw)
    lab.hvc("build", "f.hvrule", "-o", "f.hvb")
    lab.hvc("build", "p.hvrule", "-o", "p.hvb")
    claim("rewrites: hvc fmt keeps the code", code(lab.get("f.hvb")) == code(lab.get("p.hvb")))
    for i, (text, actions, _, want) in enumerate(CASES):
        got, want = after.get(i), marked(want, i)
        outcome = v.outcome(i + 1) if good else ""
        expected = "drop" if want is None else "pass" if want == before[i] else "rewrite"
        same = "rewrite ip.ttl = 64" in actions         # writing what is there may count as rewritten
        claim(text, got == want and (outcome == expected or same), actions, f"outcome {outcome}, expected {expected}",
              f"got:  {got and got.hex()}", f"want: {want and want.hex()}", f"sums: {got and sums_right(got)}")
    done = lab.replay("p.hvrule", "t.pcap")
    dropped = sum(1 for c in CASES if c[3] is None and "drop" not in c[1])
    claim("family mismatches are counted", re.search(rf"\b{dropped}  rewrites refused", done.out), done)
    again = lab.verdicts("p.hvrule", "w.pcap")
    claim("what --write wrote is judged again", isinstance(again, Verdicts), again)

# eth.src cannot be told by itself
with Lab() as lab:
    lab.put("p.hvrule", HEAD + f"on net in default pass {{ r: -> rewrite eth.src = {ME}, rewrite eth.dst = eth.src; }}")
    lab.put("t.pcap", pcap([T]))
    v = lab.verdicts("p.hvrule", "t.pcap", "--write", "w.pcap")
    claim("eth.src, and eth.dst from the original eth.src", isinstance(v, Verdicts) and
          unpcap(lab.get("w.pcap")) == [TCP(S, esrc=ME, edst="02:00:00:00:00:02")], v)

# checksums over a thousand random payloads: rewritten frames are right, whatever they held
with Lab() as lab:
    lab.put("p.hvrule", HEAD + """pattern any = /[\\x80-\\xff]+/;
pattern high = /[\\x80-\\xff]+/;
on net in default pass { r: -> rewrite high with { 00 FF 7F }, rewrite ip.ttl = 1; s: l4.sport & 1 == 1 -> rewrite l4.dport = l4.sport; }
""".replace("pattern any = /[\\x80-\\xff]+/;\n", ""))
    seed, frames = 1, []
    for n in range(1000):
        payload = bytearray()
        for _ in range(n % 61):
            seed = (seed * 6364136223846793005 + 1442695040888963407) % 2 ** 64
            payload.append(seed >> 56)
        make, at = (TCP, UDP)[n % 2], ({}, V6)[n // 2 % 2]
        frames.append(make(bytes(payload), sport=n + 1, **at))
    frames += [UDP(bytes([n >> 8, n & 255]) + b"\x80", sport=9) for n in range(0, 65536, 64)]
    lab.put("t.pcap", pcap(frames))
    v = lab.verdicts("p.hvrule", "t.pcap", "--write", "w.pcap")
    out = unpcap(lab.get("w.pcap")) if isinstance(v, Verdicts) else []
    wrong = [i for i, f in enumerate(out) if not sums_right(f)]
    claim("2024 frames leave with right checksums", len(out) == len(frames) and not wrong, v, wrong[:10])
    zero = [i for i, f in enumerate(out) if f[12:14] == b"\x08\0" and f[23] == 17 and f[40:42] == b"\0\0"]
    claim("a UDP checksum that sums to zero is sent as ffff", not zero, zero[:10])

# snap length: bytes that are not there cannot be searched; the frame's rest is left alone
with Lab() as lab:
    lab.put("p.hvrule", HEAD + PATTERNS.replace('patterns sigs = file "s.sigs";', "") +
            'on net in default pass { r: -> rewrite secret with "x"; t: tcp.dport == 80 -> rewrite ip.ttl = 9; }')
    cut = [(T[:60], len(T)), (T[:64], len(T)), (T[:30], len(T))]
    lab.put("t.pcap", pcap(cut))
    v = lab.verdicts("p.hvrule", "t.pcap", "--write", "w.pcap")
    out = unpcap(lab.get("w.pcap")) if isinstance(v, Verdicts) else []
    want = TCP(S, ttl=9)
    both = TCP(b"my xxxxxx data", ttl=9)
    claim("a cut frame: fields are rewritten, content that is there too", [f[:50] for f in out] ==
          [want[:50], both[:50], T[:30]] and out[1][57:63] == b"xxxxxx" and len(out[1]) == 64, v, [f.hex() for f in out])

# data of disks
with Lab() as lab:
    lab.put("p.hvrule", HEAD + """pattern evil = "EVIL"; pattern vil = /V.L/s;
on disk write, disk read default pass { a: data has evil -> rewrite evil with "ab", rewrite vil with { 00 }; }
""")
    data = b"xEVILEVI" + bytes(500) + b"EVIL" + b"EVIL" + bytes(508)
    lab.put("t.pcap", disk_trace([disk(0x35, data, lba=5), disk(0x25, data, lba=5), disk(0x25, b"", lba=9, sectors=2)]))
    v = lab.verdicts("p.hvrule", "t.pcap", "--write", "w.pcap")
    want = b"xa\0\0\0EVI" + bytes(500) + b"a\0\0\0" + b"a\0\0\0" + bytes(508)
    claim("sectors are rewritten in both directions, across their borders", isinstance(v, Verdicts) and
          [d for _, _, d in undisk(lab.get("w.pcap"))] == [want, want, b""] and [v.outcome(i) for i in (1, 2, 3)] ==
          ["rewrite", "rewrite", "pass"], v)

# the area that is rewritten is the one the condition searched
with Lab() as lab:
    lab.put("p.hvrule", HEAD + """pattern mac = { 02 00 00 00 00 02 }; pattern s = "SECRET";
on net in default pass { a: frame has mac at 6 and tcp.dport == 80 -> rewrite mac with { 02 11 }; }
""")
    lab.put("t.pcap", pcap([T, TCP(b"\x02\0\0\0\0\x02")]))
    v = lab.verdicts("p.hvrule", "t.pcap", "--write", "w.pcap")
    out = unpcap(lab.get("w.pcap")) if isinstance(v, Verdicts) else []
    claim("a pattern that was searched in frame is rewritten in frame, wherever it stands", len(out) == 2 and
          out[0] == T[:6] + b"\x02\x11" * 3 + T[12:] and out[1][54:] == b"\x02\x11" * 3 and sums_right(out[1]), v,
          [f.hex() for f in out])
finish()
