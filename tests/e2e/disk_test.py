#!/usr/bin/env python3
"""disk_test.py - disk fields, ranges, guarded commands and the verdicts of disk hooks"""
import sys

sys.dont_write_bytecode = True
from lab import (CONTROL, HEAD, READ, WRITE, Lab, Verdicts, claim, disk, disk_trace, finish, matrix, trim,  # noqa: E402
                 undisk)

S8 = bytes(range(256)) * 16
WRITES = {
    "mbr": disk(0x35, S8[:512], lba=0, total=2000),
    "gap": disk(0x35, S8, lba=2040, total=2000000),
    "edge": disk(0x35, S8, lba=2041),
    "tail": disk(0x35, S8, lba=1992, total=2000, port=1),
    "pretail": disk(0xca, S8[:512], lba=1966, total=2000, unit=2, port=3),
    "ncq": disk(0x61, S8, lba=0xffffffffff00, total=1 << 48, features=8, count=24),
    "tiny": disk(0x30, S8[:512], lba=5, total=10),
    "huge": disk(0x35, bytes(8192), lba=7, size=4096, total=1 << 40),
    "atapi": disk(0xa0, S8, lba=100, sectors=2, hook=WRITE, size=2048, cdb=b"\x2a\0\0\0\0\x64\0\0\x02\0"),
    "none": disk(0x35, b"", lba=300, sectors=0),
}
matrix("disk write", "disk write", WRITES, [
    ("disk.lba is the first sector", "disk.lba == 0", "mbr"),
    ("disk.lba to 48 bits", "disk.lba == 0xffffffffff00", "ncq"),
    ("disk.sectors", "disk.sectors == 8", "gap edge tail ncq"),
    ("disk.bytes", "disk.bytes == 4k", "gap edge tail ncq atapi"),
    ("disk.bytes of 4096-byte sectors", "disk.bytes == 8k and disk.sectors == 2", "huge"),
    ("disk.sector_size", "disk.sector_size == 2048", "atapi"),
    ("disk.unit and disk.port", "disk.unit == 2 and disk.port == 3", "pretail"),
    ("disk.port alone", "disk.port != 0", "tail pretail"),
    ("disk.total_sectors is absent when not known", "disk.total_sectors >= 0", "* -edge -atapi -none"),
    ("disk.total_sectors != is false when not known", "disk.total_sectors != 2000", "gap ncq tiny huge"),
    ("ata.command", "ata.command == 0x61", "ncq"),
    ("ata.features", "ata.features == 8", "ncq"),
    ("ata.count as given", "ata.count == 24", "ncq"),
    ("ata.lba as given", "ata.lba == 2041", "edge"),
    ("scsi.opcode is absent without a CDB", "scsi.opcode != 0x12", "atapi"),
    ("cdb[o:n]", "cdb[2:4] == 100 and cdb[7:2] == 2", "atapi"),
    ("cdb ends with its length", "cdb[9:1] == 0", "atapi"),
    ("one past the CDB is absent", "cdb[10:1] >= 0", ""),
    ("disk.range overlaps a range", "disk.range overlaps { 0..2047 }", "* -ncq -none"),
    ("overlaps at the last sector", "disk.range overlaps { 2048..2048 }", "edge"),
    ("overlaps one before", "disk.range overlaps { 2047 }", "gap edge"),
    ("overlaps at the first sector", "disk.range overlaps { 2030..2040 }", "gap"),
    ("no sectors overlap nothing", "disk.range overlaps { 300 }", ""),
    ("overlaps several ranges", "disk.range overlaps { 0, 7..8, 101 }", "mbr huge atapi"),
    ("overlaps a named set", "disk.range overlaps tables", "mbr tiny huge"),
    ("overlaps a union less a range", "disk.range overlaps tables - { 3..50 }", "mbr"),
    ("overlaps the empty set", "disk.range overlaps { }", ""),
    ("overlaps a range of fields", "disk.range overlaps { disk.total_sectors - 33 .. disk.total_sectors - 1 }", "tail"),
    ("the first sector of it", "disk.range overlaps { disk.total_sectors - 34 .. disk.total_sectors - 34 }", "pretail"),
    ("a range of fields that wraps holds nothing", "disk.range overlaps { disk.total_sectors - 11..9 }", ""),
    ("not of it", "not disk.range overlaps { disk.total_sectors - 33 .. disk.total_sectors - 1 }", "* -tail"),
    ("a field alone in braces", "disk.range overlaps { disk.total_sectors - 1, 0 }", "mbr tail"),
    ("48-bit ranges", "disk.range overlaps { 0xffffffffff07..0xffffffffffff }", "ncq"),
    ("one past a 48-bit range", "disk.range overlaps { 0xffffffffff08..0xffffffffffff }", ""),
    ("arithmetic on disk fields", "disk.lba + disk.sectors == disk.total_sectors", "tail"),
    ("sector within a write", "sector[0][1:1] == 1", "mbr"),
    ("data of a write", "data has { FD FE FF 00 01 }", "* -huge -none"),
    ("sectors and commands as a tuple", "(ata.command, disk.sectors) in { (0x30..0x35, 1), (0x61, 1..100) }", "mbr tiny ncq"),
], head="set tables = { 0..6 } + { 7..33 };")

# one after another, as a classifier takes them
NINE = ", ".join(f"{10 * n}..{10 * n + 1}" for n in range(205, 214))        # 2050..2051 to 2130..2131
ENDS = [
    ("sectors below a write", "disk.range overlaps { 0..2039 }", "mbr tail pretail tiny huge atapi"),
    ("up to its first", "disk.range overlaps { 1000..2040 }", "gap tail pretail"),
    ("from its last on", "disk.range overlaps { 2048..5000 }", "edge"),
    ("around it", "disk.range overlaps { 2039..2050 }", "gap edge"),
    ("in two pieces", "disk.range overlaps { 3..4, 2041 }", "gap edge"),
    ("in nine pieces, none of them", f"disk.range overlaps {{ {NINE} }}", ""),
    ("in nine pieces, the last", f"disk.range overlaps {{ {NINE.replace('2050..2051', '2000..2001').replace('2130..2131', '2047')} }}",
     "gap edge"),
    ("to the end of what there is", "disk.range overlaps { 2..0xffffffffffffffff }", "* -mbr -none"),
    ("and a port", "disk.port == 1 and disk.range overlaps { 1992..1999 }", "tail"),
    ("and another port", "disk.port == 2 and disk.range overlaps { 1992..1999 }", ""),
]
matrix("sectors of writes", "disk write", WRITES, ENDS)

CONTROLS = {
    "trim": trim((0, 8), (4096, 16)),
    "trim_far": trim((1 << 40, 1), total=1 << 41),
    "trim_zero": trim((77, 0)),
    "trim_many": trim(*[(1000 * i, 10) for i in range(1, 65)]),
    "smart": disk(0xb0, lba=0xc24f00, features=0xd8),
    "setfeat": disk(0xef, features=0x02),
    "freeze": disk(0xf5),
    "erase": disk(0xf4),
    "microcode": disk(0x92, features=3, count=16),
    "fwdma": disk(0x93),
    "setmax": disk(0xf9, lba=1000),
    "ama": disk(0x78, features=1), "native": disk(0x78),
    "sanitize": disk(0xb4, features=0x12),
    "trusted": disk(0x5e),
    "uncorr": disk(0x45),
    "sectcfg": disk(0xb2),
    "log": disk(0x3f, ata_lba=0x04),
    "sct": disk(0x3f, ata_lba=0xe0),
    "sct2": disk(0x57, ata_lba=0xe1),
    "verify": disk(0x40, lba=9, count=3),
    "vendor": disk(0x9a),
    "vendor2": disk(0xfe),
    "reserved": disk(0x10),
    "refused": disk(0x44),
    "format": disk(0xa0, hook=CONTROL, cdb=b"\x04\x10\0\0\0\0"),
    "wbuf": disk(0xa0, hook=CONTROL, cdb=b"\x3b\x05" + bytes(8)),
}
FAIL = "vendor vendor2 reserved refused"
GUARDED = "freeze erase microcode fwdma setmax ama sanitize trusted uncorr sectcfg sct sct2 wbuf"
matrix("disk control", "disk control", CONTROLS, [
    ("every command that is judged is tried; those that always fail are not", "", "* -native -vendor -vendor2 -reserved -refused"),
    ("ata.command", "ata.command in { 0x92, 0x93 }", "microcode fwdma"),
    ("ata.features", "ata.features == 0xd8", "smart"),
    ("ata.lba as given", "ata.lba == 0xc24f00", "smart"),
    ("ata.count as given", "ata.command == 0x92 and ata.count == 16", "microcode"),
    ("TRIM shows its ranges", "disk.range overlaps { 4100 }", "trim"),
    ("every range of a TRIM", "disk.range overlaps { 64009 }", "trim_many"),
    ("one past a range of a TRIM", "disk.range overlaps { 64010 }", ""),
    ("between the ranges of a TRIM", "disk.range overlaps { 8..4095 }", "trim_many"),
    ("a range of no sectors trims nothing", "disk.range overlaps { 77 }", ""),
    ("a range beyond 32 bits", "disk.range overlaps { 0x10000000000 }", "trim_far"),
    ("disk.range of another command is absent", "not disk.range overlaps { 0..0xffffffffffff }",
     "* -native -trim -trim_far -trim_many -vendor -vendor2 -reserved -refused"),
    ("disk.total_sectors and TRIM", "disk.range overlaps { disk.total_sectors - (1 << 40) }", "trim_far"),
    ("scsi.opcode", "scsi.opcode in { 4, 0x3b }", "format wbuf"),
    ("cdb of a control command", "cdb[1:1] == 0x10", "format"),
])

matrix("sectors of TRIM", "disk control", CONTROLS, [
    ("in the first range", "disk.range overlaps { 7 }", "trim"),
    ("between two, as between the first and the last of others", "disk.range overlaps { 8..999 }", ""),
    ("in the last range", "disk.range overlaps { 4111 }", "trim"),
    ("behind the last", "disk.range overlaps { 4112..4999 }", ""),
    ("one of many", "disk.range overlaps { 33005 }", "trim_many"),
    ("between many", "disk.range overlaps { 33010..33999 }", ""),
    ("far away", "disk.range overlaps { 0x10000000000..0x1ffffffffff }", "trim_far"),
    ("no sectors", "disk.range overlaps { 76..78 }", ""),
])

del CONTROLS["native"]          # not judged: no verdict to list


def outcomes(text, rules, expected, commands=None, options=()):
    """expected: {name: outcome} of all that does not pass."""
    commands = commands or CONTROLS
    with Lab() as lab:
        lab.put("p.hvrule", HEAD + rules)
        lab.put("t.pcap", disk_trace(commands.values()))
        built = lab.hvc("build", "--plain", "p.hvrule", "-o", "p.hvb")
        v = lab.verdicts("p.hvrule", "t.pcap", *options)
        same = v == lab.verdicts("p.hvb", "t.pcap", *options)
        got = {n: v.outcome(i + 1, "disk/control") for i, n in enumerate(commands)} if isinstance(v, Verdicts) else {}
        got = {n: o for n, o in got.items() if o != "pass"}
        claim(text, bool(same and got == expected), built, v if not got else "", "expected:",
              {k: e for k, e in expected.items() if got.get(k) != e}, "got:",
              {k: g for k, g in got.items() if expected.get(k) != g})


def drops(names, *more):
    return {**{n: "drop" for n in names.split()}, **dict(more)}


ALWAYS = drops(FAIL + " " + GUARDED)


def without(names):
    return {k: v for k, v in ALWAYS.items() if k not in names.split()}


outcomes("default pass lets no guarded command through", "on disk control default pass { }", ALWAYS)
outcomes("a missing block lets no guarded command through", "on net in default pass { }", ALWAYS)
outcomes("a broad pass names no command", "on disk control default drop { all: -> pass; }", ALWAYS)
outcomes("a pass by another field names no command", "on disk control default pass { a: disk.port == 0 -> pass; }", ALWAYS)
outcomes("a pass by == names the command", "on disk control default pass { a: ata.command == 0xf5 -> pass; }", without("freeze"))
outcomes("a pass by in names the commands", "on disk control default pass { a: ata.command in { 0x92, 0xf4 } -> pass; }",
         without("microcode erase"))
outcomes("a constant left of == names the command", "on disk control default pass { a: 0xf5 == ata.command -> pass; }",
         without("freeze"))
outcomes("a named set names the commands", "set fw = { 0x92..0x93 };\n"
         "on disk control default pass { a: ata.command in fw -> pass; }", without("microcode fwdma"))
outcomes("a define names the command", "define f = ata.command == 0xf5;\non disk control default pass { a: f -> pass; }",
         without("freeze"))
outcomes("and keeps what is named", "on disk control default pass { a: ata.command == 0xf5 and disk.port == 0 -> pass; }",
         without("freeze"))
outcomes("or of two names", "on disk control default pass { a: ata.command == 0xf5 or ata.command == 0x92 -> pass; }",
         without("freeze microcode"))
outcomes("or with something else names nothing",
         "on disk control default pass { a: ata.command == 0xf5 or disk.port == 0 -> pass; }", ALWAYS)
outcomes("!= names nothing", "on disk control default pass { a: ata.command != 0x92 -> pass; }", ALWAYS)
outcomes("not in names nothing", "on disk control default pass { a: ata.command not in { 0x92 } -> pass; }", ALWAYS)
outcomes("not (!=) is no positive name or one, never another command",
         "on disk control default pass { a: not ata.command == 0x92 -> pass; }", ALWAYS)
outcomes("in of all commands names them all", "on disk control default pass { a: ata.command in { 0..0xff } -> pass; }",
         drops(FAIL))
outcomes("under not nothing is named positively: not !=", "on disk control default pass { a: not ata.command != 0xf5 -> pass; }", ALWAYS)
outcomes("under not nothing is named positively: not (not in)", "on disk control default pass { a: not ata.command not in { 0xf5 } -> pass; }", ALWAYS)
outcomes("under not nothing is named positively: not not", "on disk control default pass { a: not not ata.command == 0xf5 -> pass; }", ALWAYS)
outcomes("an order names nothing", "on disk control default pass { a: ata.command >= 0xf5 and ata.command <= 0xf5 -> pass; }",
         ALWAYS)
outcomes("all but one names nothing", "on disk control default pass "
         "{ a: ata.command == 0xf5 or ata.command != 0xf5 -> pass; }", ALWAYS)
outcomes("an expression names nothing", "on disk control default pass { a: ata.command & 0xff == 0xf5 -> pass; }", ALWAYS)
outcomes("a tuple names nothing", "on disk control default pass { a: (ata.command, disk.port) in { (0xf5, 0) } -> pass; }", ALWAYS)
outcomes("a named command in one of two rules", "on disk control default drop { a: ata.command == 0xb0 -> pass; "
         "b: disk.port == 0 -> pass; c: ata.command == 0xf4 -> pass; }", ALWAYS)
outcomes("names in a long chain of rules", "on disk control default drop { " + "".join(
    f"a{c:x}: ata.command == {c} -> pass; " for c in range(0, 256, 1) if c not in (0xf5, 0x92)) + "}",
    {**drops(FAIL), **drops("freeze microcode")})
outcomes("pass of vendor commands does nothing", "on disk control default pass { a: ata.command in { 0x9a, 0xfe, 0x10, 0x44 } "
         "-> pass; }", ALWAYS)
outcomes("an earlier drop wins over a pass that names", "on disk control default pass { d: ata.command == 0xf5 -> drop; "
         "a: ata.command in { 0xf4, 0xf5 } -> pass; }", without("erase"))
outcomes("an earlier broad pass hides the one that names", "on disk control default pass { d: disk.unit == 0 -> pass; "
         "a: ata.command == 0xf5 -> pass; }", ALWAYS)
outcomes("a default drop drops all but what passes", "on disk control default drop { a: ata.command in { 0xb0, 0xf5 } -> pass; }",
         drops(" ".join(n for n in CONTROLS if n not in ("smart", "freeze"))))
outcomes("drop silently of a control command", "on disk control default pass { a: ata.command in { 0x06, 0xf4 } -> drop silently; }",
         {**ALWAYS, **{n: "silent" for n in ("trim", "trim_far", "trim_zero", "trim_many", "erase")}})
outcomes("SCT by its command and log address", "on disk control default pass { a: ata.command == 0x3f and ata.lba == 0xe0 -> pass; }",
         without("sct"))
outcomes("a guarded ATAPI command is named by PACKET and its opcode", "on disk control default pass "
         "{ a: ata.command == 0xa0 and scsi.opcode == 0x3b -> pass; }", without("wbuf"))
outcomes("TRIM by its ranges", "on disk control default pass { a: disk.range overlaps { 0..2047 } -> drop; }",
         {**ALWAYS, **drops("trim trim_many")})

with Lab() as lab:
    lab.put("p.hvrule", HEAD + 'on disk control default pass { a: ata.command == 0xf4 -> log alert "{ata.command}", pass; }')
    lab.put("t.pcap", disk_trace([CONTROLS["erase"], CONTROLS["freeze"], CONTROLS["vendor"]]))
    events = lab.events("p.hvrule", "t.pcap")
    ours = [e for e in events if e["rule"] == "a"] if isinstance(events, list) else []
    claim("the event of a command that is named tells that it passed", len(ours) == 1 and ours[0]["action"] == "pass"
          and ours[0]["message"] == "244" and ours[0]["hook"] == "disk control", events)
    others = [(e["transfer"], e["action"]) for e in events if e["rule"] != "a"] if isinstance(events, list) else []
    claim("a refused guarded command and a vendor command tell so", others == [(2, "drop"), (3, "drop")], events)

# ---- what becomes of reads and writes --------------------------------------------

MIX = {
    "w_ok": disk(0x35, b"\x11" * 512, lba=1), "w_drop": disk(0x35, b"\x22" * 512, lba=2),
    "w_silent": disk(0x35, b"\x33" * 512, lba=3), "w_rewrite": disk(0x35, b"xxEVILxx" * 64, lba=4),
    "r_ok": disk(0x25, b"\x55" * 512, lba=5), "r_drop": disk(0x25, b"\x66" * 512, lba=6),
    "r_silent": disk(0x25, b"\x77" * 512, lba=7), "r_rewrite": disk(0x25, b"EVIL" + b"\x88" * 508, lba=8),
    "t_silent": trim((9, 1)), "t_ok": trim((10, 1)), "identify": disk(0xec),
}
RULES = HEAD + """pattern evil = "EVIL";
on disk write default pass {
    d: disk.lba == 2 -> drop;  s: disk.lba == 3 -> drop silently;  r: data has evil -> rewrite evil with { 00 FF 01 };
}
on disk read default pass {
    d: disk.lba == 6 -> drop;  s: disk.lba == 7 -> drop silently;  r: data has evil -> log, rewrite evil with "n";
}
on disk control default pass { s: disk.range overlaps { 9 } -> drop silently; }
"""
with Lab() as lab:
    lab.put("p.hvrule", RULES)
    lab.put("t.pcap", disk_trace(MIX.values()))
    v = lab.verdicts("p.hvrule", "t.pcap", "--write", "w.pcap")
    got = [v.outcome(i + 1) for i in range(10)] if isinstance(v, Verdicts) else v
    claim("disk verdicts: drop fails, drop silently pretends, rewrite changes", got ==
          ["pass", "drop", "silent", "rewrite", "pass", "drop", "silent", "rewrite", "silent", "pass"], got)
    left = undisk(lab.get("w.pcap"))
    claim("--write: what the policy lets through, a silent read as zeros", [d for _, _, d in left] == [
        b"\x11" * 512, b"xx\0\xff\1\0xx" * 64, b"\x55" * 512, bytes(512), b"nnnn" + b"\x88" * 508,
        MIX["t_ok"][2], b""], left)
    again = lab.verdicts("p.hvrule", "w.pcap", "--write", "w2.pcap")
    claim("what --write wrote is judged again, and nothing is left to do", isinstance(again, Verdicts) and
          not [n for n in again if again.outcome(n) not in ("pass", "silent")] and undisk(lab.get("w2.pcap")) == left, again)
    rec = lab.replay("-q", "p.hvrule", "t.pcap", "--record", "r.pcap")
    claim("--record writes the input as it was", rec.status == 0 and [d for _, _, d in undisk(lab.get("r.pcap"))] ==
          [c[2] for c in MIX.values()], rec)
    lab.put("no.hvrule", HEAD + "on net in default drop { }")
    none = lab.verdicts("no.hvrule", "t.pcap")
    claim("a hook without a block passes", isinstance(none, Verdicts) and not [n for n in none if none.outcome(n) != "pass"], none)
    lab.put("drop.hvrule", HEAD + "on disk read default drop { }\non disk write default drop { }\non disk control default drop { }")
    none = lab.verdicts("drop.hvrule", "t.pcap", "--write", "w3.pcap")
    claim("default drop drops all that is judged; IDENTIFY is not", [d[0] for d in undisk(lab.get("w3.pcap"))] == [11] or
          len(undisk(lab.get("w3.pcap"))) == 1, undisk(lab.get("w3.pcap")))

# a raw image is reads of 256 sectors
with Lab() as lab:
    lab.put("disk.img", bytes(512 * 300) + b"SIGNATURE" + bytes(512 * 3 - 9) + bytes(512 * 10))
    lab.put("p.hvrule", HEAD + 'on disk read default pass { r: data has "SIGNATURE" -> drop; f: disk.lba == 0 -> count c; '
            's: disk.sectors == 57 and ata.command == 0x25 -> count c; }')
    v = lab.verdicts("p.hvrule", "disk.img")
    claim("a raw image is judged as reads of 256 sectors", isinstance(v, Verdicts) and v.rules(1) == {"f"} and
          v.outcome(2) == "drop" and v.rules(2) == {"r"} and 3 not in v, v)

# sizes at the parts' edge
with Lab() as lab:
    big = bytes(131072 - 4) + b"SIGNATURE" + bytes(131072 - 5)
    lab.put("t.pcap", disk_trace([disk(0x25, big, lba=0)]))
    lab.put("p.hvrule", HEAD + 'on disk read default pass { r: data has "SIGNATURE" at 131068 -> drop; }')
    v = lab.verdicts("p.hvrule", "t.pcap")
    claim("a match that crosses two parts of one command is found", isinstance(v, Verdicts) and v.outcome(1) == "drop", v)

with Lab() as lab:  # hooks without a program, behind a command that had one
    lab.put("p.hvrule", HEAD + "on disk write default pass { seen: -> log; }\n")
    lab.put("t.pcap", disk_trace([disk(0xa0, bytes(2048), size=2048, hook=WRITE, cdb=b"\x2a" + bytes(11)),
                                  disk(0xf4), disk(0x83), disk(0xa0, cdb=b"\x3b" + bytes(11))]))
    events = lab.events("p.hvrule", "t.pcap")
    told = [(e["rule"], e.get("scsi_opcode")) for e in events] if isinstance(events, list) else events
    claim("an event of a command that is always dropped tells of no other command",
          told == [("seen", 0x2a), ("built-in", None), ("built-in", None), ("built-in", 0x3b)], told)

claim("the helper's hooks are those of the trace format", (WRITE, READ, CONTROL) == (2, 3, 4))
finish()
