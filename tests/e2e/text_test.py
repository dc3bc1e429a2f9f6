#!/usr/bin/env python3
"""text_test.py - what hvc and hvreplay say of wrong policies, includes, statuses, --json, fmt"""
import json
import os
import re
import sys

sys.dont_write_bytecode = True
from lab import HEAD, TCP, Lab, accepted, claim, finish, pcap, refused  # noqa: E402

NET = "on net in default pass {{ {} }}\n"


def rule(text, *expected, **more):
    refused(text[0], HEAD + more.pop("head", "") + NET.format("a: " + text[1] + " -> drop;"), *expected, **more)


def warns(text, policy, *expected):
    refused(text, policy, *[f"warning: .*{e}" for e in expected], status=0)


# ---- the contract's own example ------------------------------------------------------

CONTRACT = r'''# endpoint.hvrule
policy "endpoint baseline" version 7;

include "common.hvrule";                       # relative to the including file, each file once

const resolver = 10.0.0.53;
set smb        = { 135, 137..139, 445 };
set intranet   = { 10.0.0.0/8, 192.168.0.0/16, fd00::/8 };
set c2         = file "c2.txt";                # one element a line, '#' comments
set services   = { (10.0.0.5, 443), (10.0.0.9, 8000..8010) };    # tuples
set roaming    = intranet + c2;                # union; '-' is difference

pattern eicar  = "X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*";
pattern note   = "your files are encrypted" i wide;   # i: ignore ASCII case; wide: UTF-16LE
pattern ssn    = /\b\d{3}-\d{2}-\d{4}\b/;      # PCRE2 syntax; flags i s m x after the slash
pattern stub   = { 4D 5A ?? 00 [2-6] 50 45 };  # hex; ?? any byte; [n-m] a gap
patterns malware = file "malware.sigs";        # NAME = "literal" | /regex/ | { hex }, one a line

define web = tcp.dport in { 80, 443, 8080 };   # a named condition

on net out default pass {
    smb_out:  tcp.dport in smb and ip.dst not in intranet    -> log "SMB to {ip.dst}", drop;
    leak:     web and payload has ssn                        -> log alert "SSN leaves the machine" limit 10/s, drop;
    pinned:   l4.dport == 53 and ip.dst != resolver          -> log "foreign DNS", drop;
}

on net in, net out default pass {
    c2_peer:  ip.src in c2 or ip.dst in c2                   -> log alert, drop;
}

on disk write default pass {
    boot:     disk.range overlaps { 0..2047 }                -> log alert "boot sector write", drop;
    clean:    data has eicar                                 -> log, rewrite eicar with { 00 };
}

on disk read default pass {
    scan:     data has any malware                           -> log alert, rewrite malware with { 00 };
}

on disk control default pass {
    updates:  ata.command in { 0x92, 0x93 }                  -> log alert "firmware download refused", drop;
}
'''
BESIDE = {"common.hvrule": "", "c2.txt": "203.0.113.7\n198.51.100.0/24 # a net\n",
          "malware.sigs": 'a = "literal"\nb = /re[gG]ex/\nc.d-e = { 4D 5A ?? [1-3] 00 }\ndrop = "reserved word"\n'}
accepted("the example of the contract compiles without a word", CONTRACT, BESIDE)
with Lab() as lab:
    for name, content in BESIDE.items():
        lab.put(name, content)
    lab.put("endpoint.hvrule", CONTRACT)
    one = lab.hvc("fmt", "endpoint.hvrule")
    lab.put("f.hvrule", one.raw)
    two = lab.hvc("fmt", "f.hvrule")
    claim("hvc fmt of the example is idempotent and keeps every comment", one.status == 0 and one.raw == two.raw and
          re.findall("#.*", one.out) == re.findall("#.*", CONTRACT), one, two)
    lab.hvc("fmt", "endpoint.hvrule", "-i")
    claim("hvc fmt -i replaces the file", lab.get("endpoint.hvrule") == one.raw)
    built = lab.hvc("build", "f.hvrule", "-o", "f.hvb")
    claim("hvc build prints a bound for each hook", built.status == 0 and all(
        h in built.out + built.err for h in ("net out", "net in", "disk write", "disk read", "disk control")), built)
    dump = lab.hvc("dump", "f.hvb")
    claim("hvc dump names policy, rules, patterns", dump.status == 0 and all(
        w in dump.out for w in ("endpoint baseline", "smb_out", "malware.c.d-e", "eicar", "updates")), dump)
    lab.hvc("build", "f.hvrule", "-o", "g.hvb")
    claim("the same text gives the same module", lab.get("f.hvb") == lab.get("g.hvb"))

# ---- words and precedence ----------------------------------------------------------------

rule(("a == b == c is an error", "tcp.dport == tcp.sport == 80"), r"p\.hvrule:2:\d+: error: ")
rule(("a < b < c is an error", "1 < tcp.dport < 80"), "error: ")
rule(("a in S in T is an error", "tcp.dport in { 1 } in { 2 }"), "error: ")
rule(("has does not chain with ==", 'payload has "x" == 1'), "error: ")
rule(("a literal above 2^64 is an error", "tcp.seq == 18446744073709551616"), r"^p\.hvrule:2:\d+: error: .*64 bits")
rule(("a unit that overflows is an error", "tcp.seq == 17179869184G"), "64 bits")
rule(("hex above 2^64 is an error", "tcp.seq == 0x10000000000000000"), "64 bits")
rule(("hex has no units", "tcp.seq == 0x1G"), "not a number|is not")
accepted("17179869183G fits", HEAD + NET.format("a: payload[0:8] == 17179869183G -> drop;"))
accepted("2^64 - 1 fits", HEAD + NET.format("a: payload[0:8] == 18446744073709551615 -> drop;"))
for text in ("fe80::1:0:0:0/104", "fe80::1234:1:2:33"):
    accepted(f"{text} is an IPv6 address, though as long as a MAC", HEAD + NET.format(f"a: ip.src in {{ {text} }} -> drop;"))
rule(("4K is no unit", "tcp.seq == 4K"), "error: ")
rule(("a prefix contains no space", "ip.src in 10.0.0.0 /8"), "error: ")
refused("a rate contains no space", HEAD + NET.format("a: -> log limit 10 /s;"), "error: ")
refused("a label's colon is directly followed by a space", HEAD + NET.format("a:-> drop;"), "error: ")
refused("a label's colon follows it directly", HEAD + NET.format("a : -> drop;"), "error: ")
accepted("a label may end a line", HEAD + "on net in default pass { a:\n -> drop;\n b:\t-> pass; }\n", silent=False)
refused("a name does not start with a digit", HEAD + "const 1a = 5;\n", "error: ")
refused("keywords are reserved as names", HEAD + "const drop = 5;\n", "keyword|reserved|found")
refused("field names are reserved", HEAD + "const ip.src = 5;\n", "error: ")
refused("keywords are reserved as labels", HEAD + NET.format("drop: -> drop;"), "keyword")
refused("names live in one name space", HEAD + "const a = 5;\nset a = { 5 };\n", r"p\.hvrule:3:5: error: .*'a'", "first here")
accepted("labels live in one of their own", HEAD + "const a = 80;\n" + NET.format("a: tcp.dport == a -> drop;"))
refused("labels are unique in a hook", HEAD + NET.format("a: tcp.syn -> drop;") + NET.format("a: tcp.fin -> drop;"), "error: .*'a'")
accepted("one label in two hooks", HEAD + NET.format("a: tcp.syn -> drop;") + "on net out default pass { a: tcp.syn -> drop; }\n")
refused("labels are unique in a hook that two blocks share", HEAD + NET.format("a: tcp.syn -> drop;") +
        "on net out, net in default pass { a: tcp.fin -> drop; }\n", "error: .*'a'")
refused("blocks of a hook agree in their default", HEAD + NET.format("") + "on net in default drop { }\n", r"p\.hvrule:3:\d+: error: .*default")
refused("the offset's size is a constant", HEAD + NET.format("a: frame[12:ip.version] == 1 -> drop;"), "constant")
rule(("a size is 1, 2, 4 or 8", "frame[12:3] == 1"), "1, 2, 4 or 8")
rule(("positions are constants", 'payload has "x" at ip.ttl'), "constant")
rule(("every is at least 1", 'payload has "x" at 0 every 0'), "error: ")
rule(("within is not empty", 'payload has "x" within 5..4'), "error: ")
refused("policy stands once", HEAD + HEAD, r"p\.hvrule:2:1: error: ")
refused("policy must stand", NET.format("a: -> drop;"), "error: .*policy")
refused("a policy needs a version", 'policy "x";\n', "error: ")
for bad in (r"\\r", r"\\0", r"\\x4", r"\\u1234", r"\\a"):
    rule((f"the escape {bad[1:]} is refused", f'payload has "{bad[1:]}"'), "escape")
rule(("a string ends on its line", 'payload has "abc\n"'), "error: ")
refused("an unknown name in a text", HEAD + NET.format('a: -> log "{ip.scr}";'), "did you mean .*ip.src")
refused("a brace that does not end in a text", HEAD + NET.format('a: -> log "{ip.src";'), "'{'")
refused("a field of another hook in a text", HEAD + NET.format('a: -> log "{disk.lba}";'), "disk.lba")
refused("a field of another hook in a condition", HEAD + NET.format("a: disk.lba == 1 -> drop;"), "disk.lba")
refused("an area of another hook", HEAD + NET.format('a: data has "x" -> drop;'), "error: ")
refused("a field that only one hook of the block has", HEAD + "on net in, disk read default pass { a: tcp.syn -> drop; }\n", "error: ")
refused("drop silently is for disks", HEAD + NET.format("a: -> drop silently;"), "silently")

# ---- types ---------------------------------------------------------------------------------

for name, condition in [
        ("a number is no condition", "tcp.dport"), ("a flag is no number", "tcp.syn == 1"),
        ("an address is no number", "ip.src == 5"), ("a MAC address is no IP address", "eth.src == 10.0.0.1"),
        ("addresses have no order", "ip.src < 10.0.0.1"), ("an address is not added", "ip.src + 1 == 10.0.0.2"),
        ("a prefix is not compared", "ip.src == 10.0.0.0/8"), ("a set is not compared", "tcp.dport == { 80 }"),
        ("in needs a set", "tcp.dport in 80"), ("a range stands in braces", "tcp.dport in 80..90"),
        ("not needs a condition", "not tcp.dport"), ("and needs conditions", "tcp.syn and 5"),
        ("a set of mixed kinds", "tcp.dport in { 80, 10.0.0.1 }"), ("a set of another kind", "tcp.dport in { 10.0.0.1 }"),
        ("a tuple of another width", "(ip.src, tcp.dport) in { (10.0.0.1, 80, 1) }"),
        ("a tuple compared with numbers", "(ip.src, tcp.dport) in { 80 }"), ("has needs an area", 'ip.src has "x"'),
        ("has needs a pattern", "payload has 5"), ("overlaps needs disk.range", "tcp.dport overlaps { 80 }"),
        ("an empty range", "tcp.dport in { 90..80 }"), ("a range of two families", "ip.src in { 10.0.0.1..fd00::1 }"),
        ("a prefix longer than the address", "ip.src in 10.0.0.0/33"), ("an IPv6 prefix longer than 128", "ip.src in fd00::/129"),
        ("an octet above 255", "ip.src == 10.0.0.256"), ("an address of three octets", "ip.src == 10.0.0"),
        ("two double colons", "ip.src == fd00::1::2"), ("a MAC address of five pairs", "eth.src == 02:00:00:00:01"),
        ("a set within a set", "tcp.dport in { { 80 } }"), ("a condition in parentheses is no number", "(tcp.syn) + 1 == 2"),
        ("cdb is not searched", 'cdb has "x"')]:
    rule((f"{name} is refused", condition), r"^p\.hvrule:2:\d+: error: ")
for name, action in [
        ("an IPv6 address into ARP", "rewrite arp.spa = fd00::1"), ("a value wider than the field", "rewrite vlan.id = 4096"),
        ("a number into an address", "rewrite ip.src = 5"), ("a field that cannot be rewritten", "rewrite ip.len = 5"),
        ("a prefix as a value", "rewrite ip.src = 10.0.0.0/8"), ("an empty replacement", 'rewrite p with ""'),
        ("an unknown pattern", "rewrite q with { 00 }"), ("?? as a replacement", "rewrite p with { ?? }"),
        ("a rate of 0", "log limit 0/s"), ("a rate a minute", "log limit 5/m"), ("an unknown level", 'log warning "x"')]:
    refused(f"{name} is refused", HEAD + 'pattern p = "x";\n' + NET.format(f"a: -> {action};"), r"^p\.hvrule:3:\d+: error: ")

# ---- regular expressions that are refused, with construct and column -------------------------

for construct, source in [
        ("back-reference", r"(a)\1"), ("back-reference", r"(?<n>a)\k<n>"), ("look", r"a(?=b)"), ("look", r"(?<!a)b"),
        ("atomic", r"(?>a+)b"), ("possessive", r"a++b"), ("recursi", r"(a(?1)?b)"), ("condition", r"(a)?(?(1)b|c)"),
        ("callout", r"a(?C1)b"), ("verb", r"a(*SKIP)b"), (r"\\K", r"a\Kb"), (r"\\G", r"\Ga"), (r"\\R", r"a\Rb"),
        (r"\\X", r"a\Xb"), (r"\\C", r"a\Cb"), (r"\\p", r"a\p{L}"), (r"\\Q", r"\Qa\E"), ("empty", "a*"), ("empty", "a?|b"),
        ("empty", r"\b"), ("", "a("), ("", "[a"), ("", "a{2,1}"), ("", "*a")]:
    refused(f"/{source}/ is refused where it stands", HEAD + f"pattern p = /{source}/;\n" + NET.format("a: payload has p -> drop;"),
            rf"p\.hvrule:2:1[3-9]: error: |p\.hvrule:2:2\d: error: ", f"(?i){construct}")
refused("a regular expression's column is the construct's", HEAD + "pattern p = /abc(?=d)/;\n", r"p\.hvrule:2:17: error: ")
refused("an unknown flag of a regular expression", HEAD + "pattern p = /abc/g;\n", r"p\.hvrule:2:18: error: .*'g'")

# ---- did you mean, all errors in one run, places -------------------------------------------------

rule(("a near field", "ip.scr == 10.0.0.1"), "did you mean 'ip.src'")
rule(("a near name", "tcp.dport == resolvr"), "did you mean 'resolver'", head="const resolver = 5;")
refused("a near pattern of a file", HEAD + 'patterns m = file "m.sigs";\n' + NET.format("a: payload has m.worn -> drop;"),
        "did you mean '?.*worm", files={"m.sigs": 'worm = "abc"\n'})
refused("a near keyword", HEAD + NET.format("a: tcp.syn -> dorp;"), "did you mean '?drop")
refused("all errors of a file in one run", HEAD + NET.format(
    "a: ip.scr == 10.0.0.1 -> drop;\n b: tcp.dport == -> drop;\n c: nosuch -> drop;\n d: tcp.dport == 99999999999999999999 -> drop;"),
        r":2:\d+: error: .*ip\.scr", r":3:\d+: error: ", r":4:\d+: error: .*nosuch", r":5:\d+: error: ")
with Lab() as lab:
    lab.put("p.hvrule", HEAD + '# \xc3\xa9\n' + NET.format('a: payload has "é" and ip.scr == 10.0.0.1 -> drop;'))
    lines = lab.hvc("check", "p.hvrule").err.splitlines()
    where = [x for x in lines if "ip.scr" in x and "error" in x]
    line = NET.format('a: payload has "é" and ip.scr == 10.0.0.1 -> drop;')
    column = len(line[:line.index("ip.scr")].encode()) + 1
    claim("columns count bytes from 1, a dotted field is one word", where and where[0].startswith(f"p.hvrule:3:{column}: error: "), lines)
    caret = next((x for x in lines if "^" in x), "")
    claim("the caret is as long as the span", caret.count("^") + caret.count("~") == len("ip.scr"), lines)

# ---- warnings ------------------------------------------------------------------------------------

warns("a rule behind one that decides all", HEAD + NET.format("a: -> drop; b: tcp.syn -> log;"), "never reached")
warns("a rule like a deciding one before", HEAD + NET.format("a: tcp.syn -> drop; b: tcp.syn -> log;"), "never reached")
warns("a set that overlaps itself", HEAD + NET.format("a: tcp.dport in { 80, 70..90 } -> log;"), "overlaps itself")
warns("prefixes that overlap", HEAD + NET.format("a: ip.src in { 10.0.0.0/8, 10.1.0.0/16 } -> log;"), "overlaps itself")
warns("a pattern that floods", HEAD + NET.format("a: payload has { 00 00 00 00 } -> log;"), "")
warns("a subtraction that can wrap in an order", HEAD + NET.format("a: payload.len - 4 > 100 -> log;"), "wraps")
warns("a comparison that is never true", HEAD + NET.format("a: tcp.dport > 65535 -> log;"), "never true")
warns("a set element beyond the field", HEAD + NET.format("a: tcp.dport in { 80, 70000 } -> log;"), "never 70000")
warns("tcp.in_order is absent", HEAD + NET.format("a: tcp.in_order -> log;"), "in_order")
warns("host bits behind a prefix", HEAD + NET.format("a: ip.src in 10.0.0.1/8 -> log;"), "10.0.0.0/8|prefix")
warns("an action behind drop", HEAD + NET.format("a: -> drop, log;"), "never carried out")
refused("a warning has a place", HEAD + NET.format("a: tcp.dport > 65535 -> log;"), r"^p\.hvrule:2:\d+: warning: ", status=0)

# ---- files ---------------------------------------------------------------------------------------

refused("an include cycle", HEAD + 'include "a.inc";\n', r"a\.inc:1:\d+: error: |b\.inc:1:\d+: error: ", "(?i)cycle|itself|includ",
        files={"a.inc": 'include "b.inc";\n', "b.inc": 'include "a.inc";\n'})
refused("an include of itself", HEAD + 'include "p.hvrule";\n', "error: ")
accepted("a file included twice is read once", HEAD + 'include "a.inc";\ninclude "a.inc";\ninclude "b.inc";\n' +
         NET.format("a: tcp.dport == x -> drop;"), {"a.inc": "const x = 5;\n", "b.inc": 'include "a.inc";\n'})
accepted("an include is relative to the including file", HEAD + 'include "sub/a.inc";\n' + NET.format("a: tcp.dport in s -> drop;"),
         {"sub/a.inc": 'include "b.inc";\n', "sub/b.inc": 'set s = file "s.txt";\n', "sub/s.txt": "80\n"})
refused("policy in an included file", HEAD + 'include "a.inc";\n', r"a\.inc:1:1: error: ", files={"a.inc": HEAD})
accepted("blocks of an included file come where it stands", HEAD + 'include "a.inc";\n' + NET.format("b: tcp.syn -> pass;"),
         {"a.inc": NET.format("a: tcp.syn -> log;")})
refused("errors of an included file have its name", HEAD + 'include "a.inc";\n', r"a\.inc:2:\d+: error: ", files={"a.inc": "\nconst = 5;\n"})
refused("an include that is not there", HEAD + 'include "no.inc";\n', r"p\.hvrule:2:\d+: error: .*no\.inc", status=2)
refused("a set file that is not there", HEAD + 'set s = file "no.txt";\n', r"p\.hvrule:2:\d+: error: .*no\.txt", status=2)
refused("a bad line of a set file has its place", HEAD + 'set s = file "s.txt";\n' + NET.format("a: ip.src in s -> drop;"),
        r"s\.txt:3:\d+: error: ", r"s\.txt:4:\d+: error: ", files={"s.txt": "10.0.0.1\n# fine\n10.0.0.300\nhello world\n10.0.0.2\n"})
refused("a set file of two kinds", HEAD + 'set s = file "s.txt";\n' + NET.format("a: ip.src in s -> drop;"),
        r"s\.txt:2:1: error: ", files={"s.txt": "10.0.0.1\n80\n"})
refused("a bad line of a pattern file has its place", HEAD + 'patterns s = file "s.sigs";\n' + NET.format("a: payload has any s -> drop;"),
        r"s\.sigs:2:\d+: error: ", r"s\.sigs:4:\d+: error: ", files={"s.sigs": 'a = "ok"\nb = /(/\n\nc "x"\n'})
refused("a pattern's name twice in its file", HEAD + 'patterns s = file "s.sigs";\n', r"s\.sigs:2:1: error: ",
        files={"s.sigs": 'a = "ok"\na = "no"\n'})
accepted("files with CR LF and without a last line end", (HEAD + 'set s = file "s.txt";\n' + NET.format(
    "a: ip.src in s -> drop;")).replace("\n", "\r\n"), {"s.txt": "10.0.0.1\r\n10.0.0.2"})
refused("names that need each other", HEAD + "const a = b;\nconst b = a;\n", "error: ")
refused("defines that need each other", HEAD + "define a = not b;\ndefine b = a;\n", "error: ")

# ---- fmt within statements; lines that are long or of many bytes a character ------------------------

COMMENTED = """policy "x" version 1;  # trailing
set s = {  # behind the brace
    1,  # behind an element
    # alone
    2, 3  # behind the last
};

on net in default pass {
    r: tcp.dport == 80  # of a condition
       and  # of a word
       # alone, before the arrow
       tcp.sport in s -> log "x",  # of an action
       drop;
    # at the end
}
# behind all
"""
with Lab() as lab:
    lab.put("c.hvrule", COMMENTED)
    lab.put("d.hvrule", one := lab.hvc("fmt", "c.hvrule").raw)
    two = lab.hvc("fmt", "d.hvrule")
    claim("hvc fmt keeps comments within statements, is idempotent there, and what it writes compiles",
          re.findall("#.*", one.decode()) == re.findall("#.*", COMMENTED) and two.raw == one and
          lab.hvc("check", "d.hvrule").status == 0, one, two)
    lab.put("bad.hvrule", "policy policy;\n")
    done = lab.hvc("fmt", "-i", "bad.hvrule")
    claim("hvc fmt -i of a wrong policy leaves it as it was", done.status == 1 and
          lab.get("bad.hvrule") == b"policy policy;\n" and len(os.listdir(lab.path)) == 3, done)
    for before in (60, 61):
        lab.put("u.hvrule", HEAD + NET.format('a: tcp.syn -> log "' + "x" * (before % 2) + "\u00e9" * before + '", dorp;'))
        done = lab.hvc("check", "u.hvrule")
        lines = done.err.splitlines()
        claim(f"a line is cut between two characters ({before})", "\ufffd" not in done.err and
              len(lines) == 3 and lines[1][lines[2].index("^"):].startswith("dorp"), done)
        lab.put("u.hvrule", HEAD + NET.format("a: tcp.sin -> log " + '"' + "x" * (before % 2) + "\u00e9" * before + '";'))
        done = lab.hvc("check", "u.hvrule")
        claim(f"and at its end ({before})", "\ufffd" not in done.err and
              done.err.splitlines()[1].endswith("\u00e9..."), done)
    odd = b'a"b\\c\n\x7f\xc2\x85\xff\xc3\xa9.hvrule'
    with open(os.path.join(os.fsencode(lab.path), odd), "wb") as f:
        f.write((HEAD + NET.format("a: tcp.sin -> log;")).encode())
    done = lab.hvc("check", "--json", os.fsdecode(odd))
    claim("--json of a file with an odd name", done.status == 1 and json.loads(done.out)[0]["file"] ==
          'a"b\\c\n\x7f\x85\ufffd\u00e9.hvrule' and not re.search("[\x7f-\x9f]", done.out), done)

# ---- statuses, --json ------------------------------------------------------------------------------

with Lab() as lab:
    lab.put("good.hvrule", HEAD + NET.format("a: tcp.syn -> log;"))
    lab.put("bad.hvrule", HEAD + NET.format("a: ip.scr == 5 -> log;\n b: tcp.dport > 70000 -> log;"))
    for text, args, status in [
            ("check of a good policy ends with 0", ("check", "good.hvrule"), 0), ("check of a wrong one with 1", ("check", "bad.hvrule"), 1),
            ("build of a wrong one with 1", ("build", "bad.hvrule", "-o", "bad.hvb"), 1), ("a missing policy with 2", ("check", "no.hvrule"), 2),
            ("no command with 2", (), 2), ("an unknown command with 2", ("make", "good.hvrule"), 2),
            ("an unknown option with 2", ("check", "good.hvrule", "--fast"), 2), ("build without -o with 2", ("build", "good.hvrule"), 2),
            ("an output that cannot be written with 2", ("build", "good.hvrule", "-o", "no/such/x.hvb"), 2),
            ("dump of no module with 1", ("dump", "good.hvrule"), 1), ("dump of a missing file with 2", ("dump", "no.hvb"), 2),
            ("fmt of a wrong policy with 1", ("fmt", "wrong.hvrule"), 1), ("a folder with 2", ("check", "."), 2),
            ("--version with 0", ("--version",), 0), ("--help with 0", ("--help",), 0)]:
        lab.put("wrong.hvrule", "policy policy;\n")
        done = lab.hvc(*args)
        claim(f"hvc: {text}", done.status == status, done)
    claim("a wrong policy leaves no module", not os.path.exists(lab.at("bad.hvb")))
    done = lab.hvc("build", "good.hvrule", "-o", "good.hvb")
    claim("options may stand anywhere", lab.hvc("-o", "g.hvb", "build", "good.hvrule").status == 0 and done.status == 0)
    done = lab.hvc("check", "bad.hvrule", "--json")
    try:
        rows = json.loads(done.out)
    except ValueError:
        rows = []
    claim("--json: an array with place, level and text", done.status == 1 and len(rows) >= 2 and any(
        "ip.scr" in json.dumps(x) and 2 in x.values() for x in rows), done)
    claim("--json stands alone on standard output", not done.err and not lab.hvc("build", "good.hvrule", "--json", "-o", "j.hvb")
          .out.strip("[]\n "), done)
    claim("--json of a good policy is an empty array", json.loads(lab.hvc("check", "good.hvrule", "--json").out or "0") == [])
    lab.put("t.pcap", pcap([TCP(flags=2), TCP()]))
    lab.put("v.expect", "default pass\n1 net/in pass a\n")
    lab.put("w.expect", "default pass\n2 net/in drop a\n")
    whole = lab.get("good.hvb")
    lab.put("flip.hvb", whole[:-9] + bytes([whole[-9] ^ 1]) + whole[-8:])
    lab.put("cut.hvb", whole[:-1])
    lab.put("cut.pcap", pcap([TCP(flags=2), TCP()])[:-3])
    lab.put("junk.pcap", b"\xd4\xc3\xb2\xa1 junk")
    for text, args, status in [
            ("judged is 0", ("good.hvrule", "t.pcap"), 0), ("a module is judged alike", ("good.hvb", "t.pcap"), 0),
            ("expectations that hold are 0", ("good.hvrule", "t.pcap", "--expect", "v.expect"), 0),
            ("an expectation that fails is 1", ("good.hvrule", "t.pcap", "--expect", "w.expect"), 1),
            ("a wrong policy is 1", ("bad.hvrule", "t.pcap"), 1), ("a module with a flipped bit is 1", ("flip.hvb", "t.pcap"), 1),
            ("a cut module is 1", ("cut.hvb", "t.pcap"), 1), ("a missing trace is 2", ("good.hvrule", "no.pcap"), 2),
            ("no trace is 2", ("good.hvrule",), 2), ("an unknown option is 2", ("good.hvrule", "t.pcap", "--no"), 2),
            ("a cut capture is 2", ("good.hvrule", "cut.pcap"), 2), ("a junk capture is 2", ("good.hvrule", "junk.pcap"), 2)]:
        done = lab.replay(*args)
        claim(f"hvreplay: {text}", done.status == status, done)
    done = lab.replay("good.hvrule", "cut.pcap", "--events", "e.json", "--write", "out.pcap")
    claim("of a broken capture the whole records before the fault are judged, their events kept, --write removed",
          done.status == 2 and lab.get("e.json").count(b"\n") == 1 and not os.path.exists(lab.at("out.pcap")) and
          re.search(r"cut\.pcap: .*(record|packet|offset|byte)", done.err), done)
    done = lab.replay("good.hvrule", "t.pcap", "--events", "-")
    claim("with --events - the summary goes to standard error", done.status == 0 and done.out.count("\n") == 1 and
          json.loads(done.out)["rule"] == "a" and "judged" in done.err, done)
    done = lab.replay("-q", "--write", "out.pcap", "good.hvrule", "t.pcap")
    claim("a policy that passes all writes the capture as it was", lab.get("out.pcap") == lab.get("t.pcap"), done)
    lab.hvc("build", "good.hvrule", "-o", "flip2.hvb")
    bad = 0
    for bit in range(0, len(whole) * 8, max(1, len(whole) * 8 // 24)):
        flipped = bytearray(whole)
        flipped[bit // 8] ^= 1 << bit % 8
        lab.put("f.hvb", bytes(flipped))
        bad += lab.replay("-q", "f.hvb", "t.pcap").status != 1
    claim("a flipped bit anywhere in a module is refused", bad == 0, f"{bad} were not")
finish()
