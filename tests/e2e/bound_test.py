#!/usr/bin/env python3
"""bound_test.py - what holds when a bound on the matches of a transfer is reached"""
import sys

sys.dont_write_bytecode = True
from lab import HEAD, TCP, UDP, Lab, claim, disk, disk_trace, finish, pcap, undisk  # noqa: E402

# Every position of this automaton is live in a run of a's, none ever accepts.
HARD = "pattern hard = /a[^b]{900}c/;\n"
LONG = b"a" * 4096


def judged(rules, trace, head=""):
    """(outcomes, events) as text; the same as plain code, or None."""
    with Lab() as lab:
        lab.put("p.hvrule", HEAD + head + rules)
        lab.put("t.pcap", trace)
        built = lab.hvc("build", "--plain", "p.hvrule", "-o", "p.hvb")
        runs = [lab.all(p, "t.pcap", "--write", "w.pcap") for p in ("p.hvrule", "p.hvb")]
        v, events, done = runs[0]
        if built.status or done.status or runs[0][:2] != runs[1][:2]:
            return built, done, done
        return [v.outcome(i + 1, "disk/read") for i in range(8)], events, undisk(lab.get("w.pcap"))


RULES = """on disk read default {default} {{
    one: disk.lba == 1 and data has hard -> log "1", {verdict};
    two: disk.lba == 2 and not data has hard -> log "2", {verdict};
    three: disk.lba == 3 and (data has hard or data has "zzz") -> log "3", {verdict};
    four: disk.lba == 4 and not (data has hard or disk.port == 9) -> log "4", {verdict};
    five: disk.lba == 5 and (data has hard or disk.lba == 5) -> log "5", {verdict};
    six: disk.lba == 6 and data has hard and disk.port == 9 -> log "6", {verdict};
    seven: disk.lba == 7 and data has any {{ "qqq", hard }} -> log "7", {verdict};
    eight: disk.lba == 8 and data starts with hard -> log "8", {verdict};
}}
"""
TRACE = disk_trace([disk(0x25, LONG, lba=i) for i in range(1, 8)] + [disk(0x25, LONG, lba=8)])
outcomes, events, done = judged(RULES.format(default="pass", verdict="drop"), TRACE, HARD)
got = [(e["message"], e["bounded"]) for e in events] if isinstance(events, list) else events
claim("an unknown answer is true for a rule that drops, under each not as well", outcomes ==
      ["drop", "drop", "drop", "drop", "drop", "pass", "drop", "pass"], outcomes, done if not got else "")
claim("the event of a rule that was assumed to hold says so", got == [
    ("1", True), ("2", True), ("3", True), ("4", True), ("5", True), ("7", True)] or got == [
    ("1", True), ("2", True), ("3", True), ("4", True), ("5", False), ("7", True)], got)
outcomes, events, done = judged(RULES.format(default="drop", verdict="pass"), TRACE, HARD)
claim("an unknown answer is false for a rule that passes, under each not as well", outcomes ==
      ["drop", "drop", "drop", "drop", "pass", "drop", "drop", "drop"], outcomes, done)
outcomes, events, done = judged("on disk read default pass { a: -> log, rewrite hard with { 00 }; }\n", TRACE, HARD)
claim("a rewrite whose matches are unknown drops", outcomes == ["drop"] * 8, outcomes, done)
claim("and its event says so", isinstance(events, list) and [(e["action"], e["bounded"]) for e in events] == [("drop", True)] * 8, events)

# Literals are answered exactly, whatever the data, and all of them are rewritten.
MANY = disk_trace([disk(0x25, b"EVIL" * 65536 + bytes(512), lba=1), disk(0x25, b"EVIL" * 65537 + bytes(508), lba=2),
                   disk(0x25, b"ab" * 131072 + b"abb" + bytes(509), lba=3)])
outcomes, events, left = judged('on disk read default pass { a: data has evil -> log, rewrite evil with { 00 }; '
                                'b: data has "abb" -> log; c: disk.lba == 2 and data has "nothing" -> drop; }\n', MANY,
                                'pattern evil = "EVIL";\n')
claim("any number of matches is rewritten", outcomes[:2] == ["rewrite"] * 2 and left[0][2] == bytes(65536 * 4 + 512) and
      left[1][2] == bytes(65537 * 4 + 508), outcomes)
claim("and no bound was reached", [(e["transfer"], e["action"], e["bounded"]) for e in events][:2] ==
      [(1, "pass", False), (2, "pass", False)], events)
claim("a literal behind 131072 near misses is found", outcomes[2:3] == ["pass"] and [
    e["rule"] for e in events if e["transfer"] == 3] == ["b"], outcomes, events)
with Lab() as lab:
    lab.put("p.hvrule", HEAD + 'pattern e = "a";\non net in default pass { a: payload has e -> log, rewrite e with "b"; }\n')
    lab.put("t.pcap", pcap([TCP(b"a" * 4096), UDP(b"a" * 65507)]))
    v, events, done = lab.all("p.hvrule", "t.pcap")
    claim("a packet of any size has room for its matches", not done.status and [v.outcome(i) for i in (1, 2)] == ["rewrite"] * 2 and
          [e["bounded"] for e in events] == [False] * 2, v, events)
finish()
