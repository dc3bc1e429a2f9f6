#!/usr/bin/env python3
"""action_test.py - order of rules, events and their text, limits, counters"""
import sys

sys.dont_write_bytecode = True
from lab import (ARP, HEAD, ICMP6, TCP, UDP, V6, Lab, Verdicts, claim, disk, disk_trace, eth, finish, ipv4,  # noqa: E402
                 pcap, trim)


class Run:
    """One policy over one trace: verdicts, events and the summary, as text and as a plain module."""

    def __init__(self, rules, trace, *options, files=None):
        with Lab() as lab:
            for name, content in (files or {}).items():
                lab.put(name, content)
            lab.put("p.hvrule", HEAD + rules)
            lab.put("t.pcap", trace if isinstance(trace, bytes) else pcap(trace))
            built = lab.hvc("build", "--plain", "p.hvrule", "-o", "p.hvb")
            runs = []
            for policy in ("p.hvrule", "p.hvb"):
                runs.append(lab.all(policy, "t.pcap", *options))
            self.v, self.events, self.done = runs[0]
            self.same = built.status == 0 and runs[0][:2] == runs[1][:2]
            self.ok = isinstance(self.v, Verdicts) and isinstance(self.events, list)

    def outcomes(self, n):
        return [self.v.outcome(i + 1, "net/in") for i in range(n)] if self.ok else self.done

    def seen(self, *keys):
        return [tuple(e.get(k) for k in keys) for e in self.events] if self.ok else self.done


def expect(text, got, want, run=None):
    claim(text, got == want and (run is None or run.same), "got:", got, "want:", want,
          "" if run is None or run.same else "plain code differs")


# ---- order -----------------------------------------------------------------------

PORTS = [TCP(dport=p) for p in (1, 2, 3, 4, 5)]
r = Run("""
on net in default pass {
    all:   -> log "all", count everyone;
    one:   tcp.dport == 1 -> log notice "one", drop;
    two:   tcp.dport <= 2 -> log alert "two", pass;
    three: tcp.dport <= 3 -> drop;
    four:  tcp.dport == 4 -> count fours, log "a", count fours, log "b";
    late:  -> log "late";
}
""", PORTS)
expect("pass and drop end the evaluation, the default holds otherwise", r.outcomes(5), ["drop", "pass", "drop", "pass", "pass"], r)
expect("every rule that holds has its actions carried out, top to bottom", [sorted(r.v.rules(i)) for i in range(1, 6)] if r.ok
       else r.done, [["all", "one"], ["all", "two"], ["all", "three"], ["all", "four", "late"], ["all", "late"]])
expect("each log carried out is one event, in order", r.seen("transfer", "rule", "message"),
       [(1, "all", "all"), (1, "one", "one"), (2, "all", "all"), (2, "two", "two"), (3, "all", "all"), (4, "all", "all"),
        (4, "four", "a"), (4, "four", "b"), (4, "late", "late"), (5, "all", "all"), (5, "late", "late")])
expect("an event's action is the final verdict of the transfer", [a for t, a in (r.seen("transfer", "action") if r.ok else ()) if t in (1, 3)],
       ["drop", "drop", "drop"])
expect("levels: info unless written", sorted(set(r.seen("rule", "severity"))),
       [("all", "info"), ("four", "info"), ("late", "info"), ("one", "notice"), ("two", "alert")])
claim("count counts, each time that it stands there", "5  count everyone" in r.done.out and "2  count fours" in r.done.out, r.done)
r = Run("on net in default drop { a: tcp.dport == 1 -> pass; b: tcp.dport == 2 -> log; }", PORTS)
expect("default drop drops what no rule passed", r.outcomes(5), ["pass", "drop", "drop", "drop", "drop"], r)
r = Run("""on net in default pass { a: tcp.dport == 1 -> log "1"; }
define two = tcp.dport == 2;
on net in, net out default pass { b: two -> log "2", drop; c: tcp.dport <= 2 -> log "3"; }
on net in default pass { d: tcp.dport == 3 -> drop; }
""", PORTS)
expect("several blocks of a hook add up in order", (r.outcomes(5), r.seen("transfer", "message")),
       (["pass", "drop", "drop", "pass", "pass"], [(1, "1"), (1, "3"), (2, "2")]), r)
r = Run("on net in, net out default pass { b: tcp.dport == 2 or tcp.dport == 3 -> log, drop; }",
        [TCP(dport=2), TCP(dport=3, src="10.0.0.1", dst="10.0.0.2"), TCP(dport=4)], "--local", "10.0.0.1")
expect("a block of two hooks holds in both; hooks are spelled as in the policy", r.seen("transfer", "hook", "action"),
       [(1, "net in", "drop"), (2, "net out", "drop")], r)
r = Run("""on net in default pass { a: tcp.dport == 2 -> log; b: tcp.dport == 2 -> drop, log "never"; }""", PORTS)
expect("an action behind drop is not carried out", r.seen("rule", "action"), [("a", "drop")], r)
r = Run("on net in default drop { }", PORTS)
expect("an empty block has its default", r.outcomes(5), ["drop"] * 5, r)
r = Run("on net out default drop { }", PORTS)
expect("a hook without a block passes", r.outcomes(5), ["pass"] * 5, r)
r = Run("on net in default pass {" + "".join(f"r{i}: tcp.dport == {i} -> log \"{i}\";" for i in range(300)) + "}",
        [TCP(dport=p) for p in (0, 1, 150, 299, 300)])
expect("a long chain of rules finds each", r.seen("transfer", "rule"), [(1, "r0"), (2, "r1"), (3, "r150"), (4, "r299")], r)
r = Run("on net in default pass {" + "".join(f"r{i}: tcp.dport in {{ {i}..{i + 10} }} -> log;" for i in range(100)) + "}",
        [TCP(dport=50)])
expect("all matching rules of a chain in their order", r.seen("rule"), [(f"r{i}",) for i in range(40, 51)], r)

# ---- text ------------------------------------------------------------------------

FRAME = TCP(b"say SECRET\x00\xff\\n", dport=443, ttl=7, tags=[(0x8100, 33)], flags=0x12)
SIX = UDP(b"payload", **V6)


def texts(text, parts, frame=FRAME, head=""):
    """parts: [(log text as written, message)]"""
    rules = "".join(f"    r{i}: -> log \"{w}\";\n" for i, (w, _) in enumerate(parts))
    run = Run(head + f"on net in default pass {{\n{rules}}}\n", [frame])
    expect(text, [m for m, in run.seen("message")] if run.ok else run.done.err, [m for _, m in parts], run)


texts("numbers and addresses in a text", [
    ("to {ip.dst}:{tcp.dport}", "to 10.0.0.1:443"), ("{ip.src}", "10.0.0.2"), ("{eth.src}", "02:00:00:00:00:02"),
    ("{eth.dst}{ip.ttl}", "02:00:00:00:00:017"), ("{vlan.id}", "33"), ("{ip.version}", "4"), ("{frame.len}", "72"),
    ("{tcp.flags}", "18"), ("{eth.type}", "2048"), ("{tcp.syn}{tcp.rst}", "10")])
texts("an absent field in a text is a dash", [("{udp.dport}/{arp.spa}/{icmp6.type}/{tcp.in_order}", "-/-/-/-")])
texts("braces in a text", [("{{", "{"), ("{{}", "{}"), ("}", "}"), ("{{ip.src}", "{ip.src}"), ("{{{ip.ttl}}", "{7}"),
                           ("a{{b{{c", "a{b{c")])
texts("escapes in a text", [("a\\tb", "a\tb"), ('\\"q\\"', '"q"'), ("\\\\", "\\"), ("\\x41", "A"), ("l\\nm", "l\nm")])
texts("a # in a text begins no comment", [("a # b", "a # b")])
texts("text beyond ASCII is kept", [("\\xc3\\xa9", "é")])
texts("IPv6 addresses as RFC 5952", [("{ip.src}", "fd00::2"), ("{ip.dst} {udp.dport}", "fd00::1 53")], SIX)
texts("::1, :: and long addresses", [("{ip.src} {ip.dst}", ":: ::1")], UDP(b"", src="::0", dst="::1"))
texts("the longest run of zeros is shortened", [("{ip.src}", "2001:db8:0:1::1")],
      UDP(b"", src="2001:db8:0:1:0:0:0:1", dst="::1"))
texts("one zero group is not shortened", [("{ip.src}", "2001:db8:0:1:1:1:1:1")],
      UDP(b"", src="2001:db8:0:1:1:1:1:1", dst="::1"))
texts("ARP addresses", [("{arp.op} {arp.spa} > {arp.tpa}", "2 10.0.0.2 > 10.0.0.1")], ARP(2))
texts("ICMPv6 fields", [("{icmp6.type}.{icmp6.code} {l4.dport}", "135.0 -")], ICMP6(135))

HEAD_P = 'pattern secret = "SECRET"; pattern word = /[A-Z]{2,}/; pattern none = "absent";\n'


def matches(text, condition, log, want, frame=FRAME, head=HEAD_P):
    run = Run(head + f'on net in default pass {{ r: {condition} -> log "{log}"; }}\n', [frame])
    expect(text, [m for m, in run.seen("message")] if run.ok else run.done.err, [want], run)


matches("{pattern} is the name of the pattern that matched", "payload has secret", "{pattern}", "secret")
matches("{match} is its bytes", "payload has secret", "<{match}>", "<SECRET>")
matches("{pattern} of two searches is the first that matched", "payload has none or payload has secret", "{pattern}", "secret")
matches("{pattern} of any", "payload has any { none, secret }", "{pattern} {match}", "secret SECRET")
matches("{match} of a regular expression is leftmost and longest", "payload has word", "{match}", "SECRET")
matches("{match} is escaped", "payload has { 54 00 FF 5C }", "{match}", "T\\x00\\xff\\\\")
matches("{match} is cut after 64 bytes", "payload has /a+/", "{match}", "a" * 64, TCP(b"a" * 100))
matches("{match} of 64 bytes is whole", "payload has /a+/", "{match}!", "a" * 64 + "!", TCP(b"b" + b"a" * 64))
matches("{match} at a position", 'payload has /S[A-Z]+/ at 4', "{match}", "SECRET")
matches("{pattern} of a pattern in place is its text", 'payload has "SEC"', "{pattern}", '"SEC"')
matches("{match} keeps the case that was found", 'payload has "secret" i', "{match}", "SECRET")

matches("{pattern} is the leftmost, not the first written", "payload has any { late, secret, early }", "{pattern}", "early",
        head=HEAD_P + 'pattern early = "say"; pattern late = "\\\\n";\n')
matches("of two at one place the longer", 'payload has any { short, secret }', "{pattern} {match}", "secret SECRET",
        head=HEAD_P + 'pattern short = "SEC";\n')
with_file = Run('patterns sigs = file "s.sigs";\non net in default pass { r: payload has any sigs -> log "{pattern}"; }\n', [FRAME],
                files={"s.sigs": 'nope = "NOPE"\nkeep-it.2 = /S.C/\n'})
expect("{pattern} of a file is FILE.ENTRY", with_file.seen("message"), [("sigs.keep-it.2",)], with_file)
matches("{match} in a rule that holds without a match is a dash", 'payload has secret or tcp.dport == 443', "{match}", "-",
        TCP(b"none", dport=443))
matches("{match} below a not that does not hold", 'not payload has none', "{pattern}", "-")

# ---- limits ------------------------------------------------------------------------

TIMES = [(TCP(dport=1), 54, t) for t in (0, 0.1, 0.2, 0.3, 0.95, 1.5, 1.6, 5, 5.01, 5.02)]
r = Run('on net in default pass { a: tcp.dport == 1 -> log "few" limit 2/s, drop; b: -> log; }', TIMES)
n = [t for t, in r.seen("transfer")] if r.ok else []
claim("limit N/s keeps at most N events in any second, and never stops the verdict",
      r.ok and 0 < len(n) < 10 and n[:2] == [1, 2] and 8 in n and 3 not in n and r.outcomes(10) == ["drop"] * 10 and r.same, n, r.done)
claim("what was suppressed is counted, for the rule and in all",
      f"{10 - len(n)} events over the limit" in r.done.out and f"{10 - len(n)}  events suppressed" in r.done.out, r.done)
r = Run('on net in default pass { a: -> log "few" limit 1/s; b: -> log "all"; }', TIMES)
claim("a limit is its log's own", r.ok and len([m for m, in r.seen("message") if m == "all"]) == 10 and
      len([m for m, in r.seen("message") if m == "few"]) < 10, r.events)
r = Run('on net in default pass { b: -> log "all"; }', [(TCP(), 54, 0)] * 2000)
claim("there is no limit unless one is written", r.ok and len(r.events) == 2000)

# ---- members of events ---------------------------------------------------------------

r = Run("on net in default pass { a: -> log; }", [UDP(b"hello", sport=5353, tags=[(0x8100, 7)]), SIX, ARP(),
                                                 eth(ipv4(47, b""), 0x800)])
if claim("events are objects of JSON, one a line", r.ok and len(r.events) == 4, r.done):
    e = r.events[0]
    expect("an event names policy, rule, hook, input and place", [e[k] for k in (
        "transfer", "hook", "rule", "action", "severity", "policy", "version", "event_type")],
        [1, "net in", "a", "pass", "info", "lab", 1, "net"])
    expect("an event names addresses and ports", [e[k] for k in ("src_ip", "dst_ip", "src_port", "dst_port", "proto", "vlan",
                                                                 "src_mac")],
           ["10.0.0.2", "10.0.0.1", 5353, 53, "UDP", 7, "02:00:00:00:00:02"])
    expect("an event's time is the capture's", e["timestamp"], "1970-01-01T00:16:40.000000000Z")
    expect("what a packet lacks is not in its event", [k in r.events[2] for k in ("src_ip", "src_port", "proto")], [False] * 3)
    expect("IPv6 addresses in events", r.events[1]["src_ip"], "fd00::2")
DISKS = disk_trace([disk(0x35, b"\0" * 1024, lba=77), disk(0x25, b"\0" * 512, lba=5), trim((8, 2), (99, 1)), disk(0xb0, features=0xd8)])
r = Run("""on disk write default pass { w: -> log "{disk.lba}+{disk.sectors}", drop silently; }
on disk read default pass { r: -> log alert, drop; }
on disk control default pass { c: -> log "{ata.command} {ata.features} {disk.lba_}", pass; }
""".replace(" {disk.lba_}", ""), DISKS)
expect("events of disk hooks", r.seen("transfer", "hook", "rule", "action", "severity", "message"), [
    (1, "disk write", "w", "drop silently", "info", "77+2"), (2, "disk read", "r", "drop", "alert", ""),
    (3, "disk control", "c", "pass", "info", "6 1"), (4, "disk control", "c", "pass", "info", "176 216")], r)
expect("events of disk hooks tell the place", r.seen("lba", "sectors", "command")[:3], [(77, 2, 0x35), (5, 1, 0x25), (8, 2, 6)])
r = Run('on disk control default pass { c: -> log "{disk.range}"; }\non disk write default pass { c: -> log "{disk.range}"; }', DISKS)
expect("disk.range in a text is first and last sector, of a TRIM all of its ranges", r.seen("message"),
       [("77..78",), ("8..9, 99..99",), ("-",)], r)

# ---- packets between hits: most are judged by their first words alone ---------------

MIXED = [TCP(dport=80, ttl=1, seq=11), TCP(dport=9, ttl=2, seq=22), UDP(b"abc", dport=80, ttl=3), UDP(b"abcdef", dport=53, ttl=4, esrc="02:00:00:00:00:09"),
         ARP(), TCP(dport=9, ttl=5), TCP(b"xy", dport=81, ttl=6, seq=66), TCP(dport=80, ttl=7, tags=((0x8100, 5),)),
         UDP(dport=9, ttl=8), TCP(dport=80, ttl=9, off=8), TCP(dport=80, ttl=10, options=b"\1" * 4)]
r = Run("""on net in default drop {
    web: tcp.dport == 80 -> log "{ip.ttl} {tcp.seq} {vlan.id} {payload.len} {eth.src}", pass;
    alt: tcp.dport == 81 -> log "{ip.ttl} {tcp.seq} {vlan.id} {payload.len} {eth.src}", pass;
    dns: udp.dport == 53 -> log "{ip.ttl} {tcp.seq} {vlan.id} {payload.len} {eth.src}", pass;
}""", MIXED)
expect("what an event tells is its own packet's, whatever was judged in between", r.seen("transfer", "rule", "message"), [
    (1, "web", "1 11 - 0 02:00:00:00:00:02"), (4, "dns", "4 - - 6 02:00:00:00:00:09"), (7, "alt", "6 66 - 2 02:00:00:00:00:02"),
    (8, "web", "7 1000 5 0 02:00:00:00:00:02"), (11, "web", "10 1000 - 0 02:00:00:00:00:02")], r)
expect("packets that no rule wants get the default", r.outcomes(11), ["pass", "drop", "drop", "pass", "drop", "drop", "pass", "pass", "drop", "drop",
                                                                       "pass"], r)
finish()
