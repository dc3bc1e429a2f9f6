#!/usr/bin/env python3
"""hostile.py - input made to break the programs, and users in a hurry

Each case: one clear error with its place (or none at all), status 0, 1 or 2, no sanitizer report, within
bounds of time and memory, and nothing half-written.
"""
import os
import re
import resource
import signal
import struct
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lab import HEAD, HVC, HVREPLAY, Lab, TCP, UDP, claim, disk, disk_trace, finish, pcap, skip  # noqa: E402

CPU_SECONDS = 20        # of one run, sanitized; far less is usual
SECONDS = 120           # on the clock: a loaded machine is no defect
MEMORY = 3 << 29        # bytes of address space where that can be limited: 1.5 GiB
DEVICES = os.path.exists("/dev/full") and os.path.exists("/dev/zero")


class Run:
    """A program run in a lab: status, words, time; 99 for a sanitizer's report, 98 for too long."""

    def __init__(self, lab, *args, stdin=None, shell=None, limit=None):
        def bound():
            resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            if limit:
                resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        start = time.time()
        argv = ["sh", "-c", shell] if shell else [HVC if args[0] == "hvc" else HVREPLAY, *args[1:]]
        env = dict(os.environ, HVC=HVC, HVREPLAY=HVREPLAY)
        with subprocess.Popen(argv, cwd=lab.path, stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env,
                              preexec_fn=bound) as p:
            try:
                out, err = p.communicate(stdin, timeout=SECONDS)
                self.status = p.returncode
            except subprocess.TimeoutExpired:
                p.kill()
                out, err = p.communicate()
                self.status = 98
        self.seconds = time.time() - start
        self.raw = out
        self.out, self.err = out.decode(errors="replace"), err.decode(errors="replace")
        if "Sanitizer" in self.err or "runtime error:" in self.err:
            self.status = 99

    def __str__(self):
        return "status %s, %.1f s\n%s\n%s" % (self.status, self.seconds, self.out[:1500], self.err[:1500])

    def fails(self, status, *words):
        """Ends with @status and says, briefly, what is wrong."""
        return self.status == status and len(self.err) < 20000 and all(re.search(w, self.err, re.S) for w in words) and \
            self.err != ""


def unsanitized():
    with open(HVC, "rb") as f:
        return b"__asan_init" not in f.read()


def net(rules, head=""):
    return HEAD + head + "\non net out default pass {\n" + rules + "\n}\n"


RULE = net("    a: tcp.dport == 80 -> log, drop;")


# ---- policies ------------------------------------------------------------------

def policy(text, content, status, *words, files=None, limit=None):
    with Lab() as lab:
        for name, data in (files or {}).items():
            lab.put(name, data)
        lab.put("p.hvrule", content)
        lab.put("o.hvb", "old")
        run = Run(lab, "hvc", "build", "p.hvrule", "-o", "o.hvb", limit=limit)
        whole = lab.get("o.hvb") == b"old" if status else lab.get("o.hvb")[:4] == b"\x7fELF"
        left = sorted(set(os.listdir(lab.path)) - {"p.hvrule", "o.hvb", *(files or {})})
        claim(text, (run.fails(status, *words) if status else run.status == 0) and whole and not left, run, left)


def policies_of_files():
    policy("a policy that includes itself", 'include "p.hvrule";\n' + RULE, 1, "p.hvrule:1:9: error: .* includes itself")
    policy("a circle of includes", 'include "b.inc";\n' + RULE, 1, "c.inc:1:9: error: .* includes itself",
           files={"b.inc": 'include "c.inc";\n', "c.inc": 'include "b.inc";\ninclude "p.hvrule";\n'})
    for what, path in (("a directory", "."), ("a device", "/dev/zero"), ("a missing file", "nowhere"),
                       ("an empty name", ""), ("a name with a NUL", r"a\x00b")):
        for stem, text in (("include of", 'include "%s";\n'), ("set from", 'set s = file "%s";\n'),
                           ("patterns from", 'patterns s = file "%s";\n')):
            with Lab() as lab:
                lab.put("p.hvrule", HEAD + text % path)
                run = Run(lab, "hvc", "check", "p.hvrule")
                claim("%s %s is an error at its place" % (stem, what),
                      run.status in (1, 2) and "p.hvrule:2:" in run.err, run)
    with Lab() as lab:
        os.mkfifo(lab.at("pipe"))
        lab.put("p.hvrule", HEAD + 'include "pipe";\n')
        run = Run(lab, "hvc", "check", "p.hvrule")
        claim("a pipe as an include does not hang", run.status in (1, 2) and "p.hvrule:2:" in run.err, run)
    with Lab() as lab:
        for name in ("/dev/zero", "."):
            run = Run(lab, "hvc", "check", name)
            claim("hvc check %s is refused" % name, run.status in (1, 2) and run.err, run)
            run = Run(lab, "hvc", "fmt", name)
            claim("hvc fmt %s is refused" % name, run.status in (1, 2) and run.err and not run.out, run)
        run = Run(lab, "replay", "/dev/zero", "/dev/zero")
        claim("hvreplay with /dev/zero as a policy is refused", run.fails(2, "more than"), run)


def policies_of_text():
    deep = 100000
    policy("100,000 parentheses", net("a: " + "(" * deep + "tcp.syn" + ")" * deep + " -> drop;"), 1, r"p.hvrule:4:\d+: error.*nested")
    policy("100,000 times not", net("a: " + "not " * deep + "tcp.syn -> drop;"), 1, r"p.hvrule:4:\d+: error.*nested")
    policy("100,000 braces", net("a: tcp.dport in " + "{" * deep + " -> drop;"), 1, "p.hvrule:4:")
    policy("100,000 additions", net("a: ip.id" + " + ip.id" * deep + " == 1 -> drop;"), 1, "p.hvrule:4:")
    policy("a line of 10 MB that never ends", net("a: " + "x" * 10000000), 1, "p.hvrule:")
    policy("an unending string", net('a: tcp.syn -> log "' + "x" * 1000000), 1, "p.hvrule:4:")
    policy("bytes of zero", b"\0" * 4096, 1, "^p.hvrule:1:1: error: unexpected byte 0x00[^:]*$")
    policy("a NUL in the text", RULE.replace("drop", "dr\0op"), 1, "p.hvrule:4:")
    policy("a NUL in a comment is no end", "# \0\n" + RULE.replace("80", "zz"), 1, "p.hvrule:5:.*zz")
    policy("UTF-16", RULE.encode("utf-16"), 1, "p.hvrule:1:1: error")
    policy("a UTF-8 byte order mark is named or skipped", b"\xef\xbb\xbf" + RULE.replace("80", "zz").encode(), 1, "p.hvrule:")
    policy("random bytes", bytes((i * 7919 + i * i // 13) & 255 for i in range(20000)), 1, "p.hvrule:1:")
    policy("an empty file", "", 1, "no policy")
    policy("a million line ends", "\n" * 1000000, 1, "no policy")
    with Lab() as lab:
        lab.put("p.hvrule", ";" * 1000000)
        run = Run(lab, "hvc", "check", "p.hvrule")
        claim("a megabyte of semicolons: so many errors are shown and no more",
              run.status == 1 and run.err.count(": error: ") == 200 and len(run.err) < 100000, run)
    bomb = "define d0 = tcp.syn;\n" + "".join("define d%d = d%d and d%d;\n" % (i, i - 1, i - 1) for i in range(1, 70))
    policy("defines that double 69 times", net("a: d69 -> drop;", bomb), 1, "nodes")
    shared = "define d0 = tcp.dport == 1 or tcp.sport == 2;\n" + "".join(
        "define d%d = d%d or d%d;\n" % (i, i - 1, i - 1) for i in range(1, 15))
    policy("a define of 131,071 nodes in each of 20,000 rules is looked through once",
           net("\n".join("a%d: d14 and ip.id == %d -> drop;" % (i, i) for i in range(20000)), shared), 0)
    policy("constants that need each other", net("a: tcp.dport == x -> drop;", "const x = y; const y = x;"), 1, "p.hvrule:2:")
    policy("sets that need each other", net("a: tcp.dport in x -> drop;", "set x = y; set y = x;"), 1, "p.hvrule:2:")
    boxes = "".join("set s%d = { %s };\n" % (i, ", ".join("(%d..%d, %d..%d)" % (j, 60000 - j, (j * 37 + i) % 999, 65000 - j)
                                                     for j in range(60))) for i in range(6))
    policy("a difference of boxes that splits and splits is bounded",
           net("a: (tcp.sport, tcp.dport) in d -> drop;", boxes + "set d = s0 - s1 - s2 - s3 - s4 - s5;"), 0)


def patterns():
    def has(p):
        return net("a: payload has p -> drop;", "pattern p = %s;" % p)
    bound = 2 * MEMORY if unsanitized() else None
    for p in (r"/(a{1,1000}){1,1000}/", r"/((((a{1,100}){1,100}){1,100}){1,100})/", r"/x[0-9]{1,65535}y/",
              "/" + "a?" * 1600 + "b/", "/" + "(?:" * 300 + "a" + ")" * 300 + "/", "{ 4D [0-30000] 5A [0-30000] 4D [0-30000] 5A }"):
        policy("%s is refused at its place" % p[:40], has(p), 1, r"p.hvrule:2:\d+: error", limit=bound)
    for p in (r"/((a+)+)+b/", r"/(a|a?)+b/", r"/.*.*.*.*.*.*x/s", r"/[0-9]{1,65535}/", r"/(ab?c?d?e?f?g?h?){1,100}z/",
              "/" + "(a|" * 180 + "b" + ")" * 180 + "/"):
        policy("%s is compiled within bounds" % p[:40], has(p), 0, limit=bound)
    fat = "".join("n%d = /(a%d.{0,200}b){1,20}/\n" % (i, i) for i in range(100))
    policy("a hundred fat patterns are compiled or refused with the memory named",
           net("a: payload has any q -> drop;", 'patterns q = file "q.sigs";'), 0, files={"q.sigs": fat})
    policy("a pattern file of garbage gives its own line", net("a: payload has any q -> drop;", 'patterns q = file "q.sigs";'),
           1, "q.sigs:2:", files={"q.sigs": 'ok = "abcd"\n\xff\xfe\n'})
    policy("a set file of garbage gives its own line", net("a: tcp.dport in q -> drop;", 'set q = file "q.txt";'),
           1, "q.txt:3:", files={"q.txt": "1\n2\nthree\n"})


# ---- outputs -------------------------------------------------------------------

def outputs():
    with Lab() as lab:
        lab.put("p.hvrule", RULE)
        lab.put("c.pcap", pcap([TCP(dport=80), UDP(b"x")]))
        start = sorted(os.listdir(lab.path))
        run = Run(lab, "hvc", "build", "p.hvrule", "-o", "./p.hvrule")
        claim("hvc does not write over the policy", run.fails(2, "replace") and lab.get("p.hvrule") == RULE.encode(), run)
        run = Run(lab, "hvc", "build", "p.hvrule", "-o", "a", "-o", "b")
        claim("-o twice is refused", run.fails(2, "twice"), run)
        run = Run(lab, "hvc", "build", "p.hvrule", "-o", ".")
        claim("a folder as the output is refused", run.fails(2, "directory"), run)
        run = Run(lab, "hvc", "build", "p.hvrule", "-o", "-")
        claim("-o - is standard output", run.status == 0 and run.raw[:4] == b"\x7fELF" and "at most" in run.err, run)
        run = Run(lab, shell='cat p.hvrule | "$HVC" build /dev/stdin -o pipe.hvb && cat pipe.hvb | "$HVC" dump /dev/stdin')
        claim("a policy and a module come from pipes", run.status == 0 and ", 1 rule\n" in run.out, run)
        os.unlink(lab.at("pipe.hvb")) if os.path.exists(lab.at("pipe.hvb")) else None
        os.mkfifo(lab.at("fifo"))
        reader = threading.Thread(target=lambda: lab.get("fifo"), daemon=True)
        reader.start()
        run = Run(lab, "hvc", "build", "p.hvrule", "-o", "fifo")
        reader.join(10)
        claim("a pipe as the output is written to, not replaced", run.status == 0 and not reader.is_alive() and
              not os.path.isfile(lab.at("fifo")), run)
        run = Run(lab, "hvc", "fmt", "-i", "fifo")
        claim("fmt -i of a pipe is refused", run.fails(2, "in place"), run)
        os.unlink(lab.at("fifo"))
        os.chmod(lab.at("p.hvrule"), 0o600)
        run = Run(lab, "hvc", "fmt", "-i", "p.hvrule")
        claim("fmt -i keeps the file's mode", run.status == 0 and os.stat(lab.at("p.hvrule")).st_mode & 0o777 == 0o600, run)
        for option in ("--write", "--events", "--verdicts", "--record"):
            for name in ("c.pcap", "./p.hvrule"):
                before = lab.get(name)
                run = Run(lab, "replay", "p.hvrule", "c.pcap", option, name)
                claim("%s over %s is refused" % (option, name), run.fails(2, "replace") and lab.get(name) == before, run)
            run = Run(lab, "replay", "p.hvrule", "c.pcap", option, "none/x")
            claim("%s into a folder that is not there" % option, run.fails(2, "none/x"), run)
            run = Run(lab, "replay", "p.hvrule", "c.pcap", option, ".")
            claim("%s to a folder" % option, run.fails(2, "directory"), run)
        run = Run(lab, "replay", "p.hvrule", "c.pcap", "-e", "same", "-w", "./same")
        claim("two outputs in one file", run.fails(2, "two outputs") or run.status == 0, run)
        claim("none of these left a file behind", sorted(os.listdir(lab.path)) in (start, sorted(start + ["same"])),
              os.listdir(lab.path))


def full_devices():
    if not DEVICES:
        skip("a full device is an error", "no /dev/full")
        return
    with Lab() as lab:
        lab.put("p.hvrule", net("a: tcp.syn or not tcp.syn -> log, drop;").replace("net out", "net in"))
        lab.put("c.pcap", pcap([TCP(dport=80), UDP(b"x")]))
        for command in ('"$HVC" build p.hvrule -o /dev/full', '"$HVC" build p.hvrule -o x.hvb >/dev/full',
                        '"$HVC" fmt p.hvrule >/dev/full', '"$HVREPLAY" p.hvrule c.pcap >/dev/full',
                        '"$HVREPLAY" p.hvrule c.pcap -q -e /dev/full', '"$HVREPLAY" p.hvrule c.pcap -q -w /dev/full',
                        '"$HVREPLAY" p.hvrule c.pcap -q -V /dev/full', '"$HVREPLAY" p.hvrule c.pcap -q -e - >/dev/full',
                        '"$HVC" check p.hvrule >&- 2>&-; "$HVC" fmt p.hvrule >&-', '"$HVREPLAY" p.hvrule c.pcap >&-',
                        '"$HVC" --help >/dev/full', '"$HVREPLAY" --help >/dev/full'):
            run = Run(lab, shell=command)
            claim("status 2: " + command.replace('"$', "").replace('"', ""), run.fails(2), run)
        claim("/dev/full is still a device", not os.path.isfile("/dev/full"))
        run = Run(lab, shell='("$HVREPLAY" p.hvrule c.pcap -e - -w w.pcap; echo $? >status) | true')
        claim("a reader that goes away is no storm of errors", len(run.err) < 3000, run)
        run = Run(lab, shell='"$HVC" fmt p.hvrule | true; "$HVREPLAY" --help | true')
        claim("nor for hvc fmt and --help", run.err.count("\n") <= 2, run)


# ---- the command line ----------------------------------------------------------

def options():
    with Lab() as lab:
        lab.put("p.hvrule", RULE)
        lab.put("-p.hvrule", RULE)
        lab.put("c.pcap", pcap([TCP(dport=80)]))
        for words in (["--jobs", "0"], ["--jobs", "-1"], ["--jobs", "1000"], ["--jobs", "x"], ["--jobs", ""], ["--jobs"],
                      ["--local", "garbage"], ["--local", ","], ["--local", ""], ["--local", "10.0.0.0/8"],
                      ["--local", "1.2.3.4,"], ["--local", "x" * 100000], ["--local", ",".join(["10.0.0.1"] * 65)],
                      ["--format", "zip"], ["--format"], ["--expect", "nowhere"], ["--expect", "."], ["-e", "a", "-e", "b"],
                      ["-w", "a", "-w", "b"], ["--brew"], ["-Z"], ["--expect", ""], ["nowhere.pcap"], ["-w", "a", "c.pcap"]):
            run = Run(lab, "replay", "p.hvrule", "c.pcap", *words)
            claim("hvreplay %s: one short error" % " ".join(words)[:40],
                  run.fails(2, "hvreplay: ") and run.err.count("\n") <= 2 and len(run.err) < 400 + len("".join(words)), run)
        for words in ([], ["p.hvrule"], ["-q"], ["p.hvrule", "-", "-"], ["", "c.pcap"], ["p.hvrule", ""]):
            run = Run(lab, "replay", *words)
            claim("hvreplay %s: status 2" % " ".join(words), run.fails(2, "hvreplay: "), run)
        run = Run(lab, "replay", "-q", "--", "-p.hvrule", "c.pcap")
        claim("after -- a name may begin with a dash", run.status == 0, run)
        run = Run(lab, "hvc", "build", "-o", "o.hvb", "--", "-p.hvrule")
        claim("for hvc too", run.status == 0, run)
        run = Run(lab, "replay", "-q", "c.pcap", "p.hvrule")
        claim("policy and trace the wrong way round", run.fails(1, "c.pcap:1:1") and len(run.err) < 20000, run)
        claim("nothing was written", sorted(os.listdir(lab.path)) == sorted(["-p.hvrule", "p.hvrule", "c.pcap", "o.hvb"]),
              os.listdir(lab.path))


def interrupted():
    with Lab() as lab:
        lab.put("p.hvrule", net("a: tcp.dport == 80 -> log, drop;").replace("net out", "net in"))
        one = pcap([TCP(dport=80)] * 1000)[24:]
        for number in (signal.SIGINT, signal.SIGTERM):
            with subprocess.Popen([HVREPLAY, "p.hvrule", "-", "-w", "w.pcap", "-e", "e.json", "-V", "v.txt"], cwd=lab.path,
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as p:
                p.stdin.write(pcap([]))
                for _ in range(20):
                    p.stdin.write(one)
                p.stdin.flush()
                until = time.time() + 20
                while len(os.listdir(lab.path)) < 4 and time.time() < until:
                    time.sleep(0.05)
                time.sleep(0.2)
                p.send_signal(number)
                try:
                    p.wait(20)
                except subprocess.TimeoutExpired:
                    p.kill()
                claim("signal %d ends the run by that signal" % number, p.returncode == -number, p.returncode)
            left = sorted(os.listdir(lab.path))
            claim("signal %d leaves no trace and no temporary file" % number, set(left) <= {"p.hvrule", "e.json"}, left)
            for name in set(left) - {"p.hvrule"}:
                os.unlink(lab.at(name))


# ---- captures ------------------------------------------------------------------

def pcapng_block(kind, body, length=None):
    length = len(body) + 12 if length is None else length
    return struct.pack("<II", kind, length) + body + struct.pack("<I", length)


SHB = pcapng_block(0x0a0d0d0a, struct.pack("<IHHq", 0x1a2b3c4d, 1, 0, -1))
IDB = pcapng_block(1, struct.pack("<HHI", 1, 0, 0))


def log_super(entries=1, sector=512, magic=0x6a736677736872):
    return struct.pack("<QQQI", magic, 1, entries, sector).ljust(sector if 512 <= sector <= 4096 else 512, b"\0")


def captures():
    good = pcap([TCP(dport=80), TCP(dport=81)])
    ng = SHB + IDB + pcapng_block(6, struct.pack("<IIIII", 0, 0, 1, 60, 60) + bytes(60))
    cases = {
        "an empty file": b"",
        "one byte": b"\xd4",
        "a pcap header cut": good[:20],
        "a record header cut": good[:24 + 8],
        "a packet cut": good[:-1],
        "a captured length of 4 GiB": good[:24 + 8] + b"\xff\xff\xff\xff" + good[24 + 12:],
        "a captured length of 262145": good[:24 + 8] + struct.pack("<I", 262145) + good[24 + 12:] + bytes(300000),
        "pcap version 9": good[:4] + b"\x09\0" + good[6:],
        "a link type that is not Ethernet": pcap([b"x" * 40], link=101),
        "link type 0xffff": pcap([b"x" * 40], link=0xffff),
        "a pcapng block of length 0": SHB + IDB + struct.pack("<III", 6, 0, 0),
        "a pcapng block of length 11": SHB + IDB + struct.pack("<III", 6, 11, 11) + bytes(40),
        "a pcapng block of 4 GiB": SHB + IDB + struct.pack("<II", 6, 0xfffffffc) + bytes(40),
        "a pcapng block whose ends disagree": SHB + IDB + struct.pack("<II", 6, 32) + bytes(20) + struct.pack("<I", 36),
        "a pcapng section header of 4 GiB": struct.pack("<III", 0x0a0d0d0a, 0xfffffffc, 0x1a2b3c4d) + bytes(100),
        "a pcapng packet longer than its block": SHB + IDB + pcapng_block(6, struct.pack("<IIIII", 0, 0, 1, 4000, 4000) + bytes(60)),
        "a pcapng packet of an interface that is not there":
            SHB + IDB + pcapng_block(6, struct.pack("<IIIII", 7, 0, 1, 60, 60) + bytes(60)),
        "a pcapng packet before any interface": SHB + pcapng_block(6, struct.pack("<IIIII", 0, 0, 1, 60, 60) + bytes(60)),
        "pcapng cut": ng[:-3],
        "nothing but 0xff": b"\xff" * 1023,
        "a dm log cut": log_super(5)[:300],
        "a dm log of 2^64-1 entries": log_super((1 << 64) - 1),
        "a dm log of sectors of 0 bytes": log_super(1, 0),
        "a dm log of sectors of 3 bytes": log_super(1, 3),
        "a dm log entry of 2^60 sectors": log_super(1) + struct.pack("<QQQQ", 0, 1 << 60, 0, 0).ljust(512, b"\0"),
        "an image of 511 bytes": bytes(511),
        "a disk trace cut": disk_trace([disk(0x35, bytes(512))])[:-1],
        "a disk trace of a huge transfer": disk_trace([disk(0x35, bytes(512))]).replace(
            struct.pack("<Q", 512), struct.pack("<Q", 1 << 62), 1),
    }
    with Lab() as lab:
        lab.put("p.hvrule", net("a: tcp.dport == 80 -> log, drop;").replace("net out", "net in"))
        lab.put("w", "old")
        lab.put("r", "old")
        for name, data in cases.items():
            lab.put("c", data)
            run = Run(lab, "replay", "p.hvrule", "c", "-w", "w", "-e", "e.json")
            claim("%s: one error with its place, status 2" % name,
                  run.fails(2, r"^hvreplay: c: ") and run.err.count("\n") == 1 and lab.get("w") == b"old", run)
        left = sorted(os.listdir(lab.path))
        claim("no file is left by any of them", left == ["c", "e.json", "p.hvrule", "r", "w"], left)
        lab.put("c", good[:-1])
        run = Run(lab, "replay", "p.hvrule", "c", "-e", "e.json")
        claim("the whole packets before a fault are judged and their events kept",
              run.status == 2 and lab.get("e.json").count(b"\n") == 1, run, lab.get("e.json"))
        for name, data in (("a snap length of 0", pcap([TCP(dport=80)], snap=0)),
                           ("a snap length of 4 GiB", pcap([TCP(dport=80)], snap=0xffffffff)),
                           ("packets without bytes", pcap([b"", (b"", 1500)])),
                           ("a time at the end of days", good[:24] + b"\xff" * 8 + good[32:]),
                           ("a wire length of 4 GiB", pcap([(TCP(dport=80), 0xffffffff)])),
                           ("a wire length below the captured one", pcap([(TCP(dport=80), 1)])),
                           ("a capture without packets", pcap([])), ("a pcapng without packets", SHB + IDB)):
            lab.put("c", data)
            run = Run(lab, "replay", "p.hvrule", "c", "-w", "w", "-e", "e.json")
            claim("%s: judged or refused, no more" % name, run.status in (0, 2) and run.err.count("\n") <= 1, run)
        for name in (".", "/dev/null") + (("/dev/zero",) if DEVICES else ()):
            run = Run(lab, "replay", "p.hvrule", name)
            claim("%s as a trace" % name, run.fails(2, "^hvreplay: ") and "judged" not in run.out, run)
        run = Run(lab, "replay", "p.hvrule", "-", stdin=good)
        claim("a pipe as a trace", run.status == 0, run)
        with open(lab.at("big.img"), "wb") as f:
            f.truncate(1 << 40)
        with open(lab.at("big.hvb"), "wb") as f:
            f.write(b"\x7fELF\x02\x01\x01")
            f.truncate(300 << 20)
        run = Run(lab, "replay", "big.hvb", "c")
        claim("a module of 300 MB is refused", run.fails(2, "more than"), run)
        run = Run(lab, "hvc", "dump", "big.hvb")
        claim("by hvc dump as well", run.fails(2, "larger"), run)


def modules():
    """What unit tests do to every byte, here through the programs."""
    with Lab() as lab:
        lab.put("p.hvrule", RULE)
        lab.put("c.pcap", pcap([TCP(dport=80)]))
        Run(lab, "hvc", "build", "p.hvrule", "-o", "p.hvb")
        module = lab.get("p.hvb")
        for n in (0, 3, 4, 63, 64, 200, len(module) // 2, len(module) - 1):
            lab.put("m.hvb", module[:n])
            run = Run(lab, "hvc", "dump", "m.hvb")
            claim("dump of %d bytes of a module" % n, run.fails(1, "m.hvb: ") and not run.out, run)
        lab.put("m.hvb", module + b"\0")
        run = Run(lab, "replay", "m.hvb", "c.pcap")
        claim("a byte too many is refused", run.fails(1, "m.hvb: "), run)
        for at in range(7, len(module) * 8, len(module) * 8 // 13):
            broken = bytearray(module)
            broken[at // 8] ^= 1 << at % 8
            lab.put("m.hvb", bytes(broken))
            run = Run(lab, "replay", "m.hvb", "c.pcap", "-e", "e.json")
            claim("bit %d flipped is refused" % at, run.status in (1, 2) and "m.hvb" in run.err and
                  not os.path.exists(lab.at("e.json")), run)


# ---- modules in C ----------------------------------------------------------------

CLANG = os.environ.get("CLANG") or "clang"
HEADERS = os.path.join(os.environ.get("srcdir", "."), "rules", "modules")
PASS = "HV_NET_IN u64 f(const struct hv_ctx *c) { %s return HV_PASS; }\n"

# What it is, its C, what is said of it: one line of one error.
REFUSED_C = (
    ("a loop without end", "HV_NET_IN u64 f(const struct hv_ctx *c) { u64 n = c->frame_len;"
     " while (n != 1) { asm volatile(\"\"); n = n & 1 ? 3 * n + 1 : n / 2; } return n; }", "net/in.*loop"),
    ("a loop that is bounded but not unrolled", "HV_NET_IN u64 f(const struct hv_ctx *c) { u64 n = 0;\n"
     "#pragma nounroll\nfor (u64 i = 0; i < 10; i++) { asm volatile(\"\"); n += i; } return n & 1; }", "net/in.*loop"),
    ("an atomic addition", "static u64 n; " + PASS % "__sync_fetch_and_add(&n, c->frame_len);", "net/in.*unknown opcode"),
    ("an atomic exchange", "static u64 n; " + PASS % "if (__sync_lock_test_and_set(&n, c->frame_len)) return 0;",
     "net/in.*unknown opcode"),
    ("a helper that is not there", "u64 hv_nothing(u64); " + PASS % "if (hv_nothing(1)) return 0;",
     'net/in.*nobody exports "hv_nothing"'),
    ("data that is not there", "extern u64 x; " + PASS % "if (x) return 0;", 'net/in.*nobody exports "x"'),
    ("65 maps", "".join("HV_MAP(m%d, HV_MAP_HASH, u64, u64, 1);\n" % i for i in range(65)) +
     PASS % "u64 k = 1; if (hv_map_lookup(&m64, &k)) return 0;", "maps.*more than 64 maps"),
    ("a map of 17 MiB", "HV_MAP(m, HV_MAP_ARRAY, unsigned, u64[4], 17 << 15);" +
     PASS % "unsigned k = 1; if (hv_map_lookup(&m, &k)) return 0;", "maps.*a map of"),
    ("a map's value used before its pointer is compared", "HV_MAP(m, HV_MAP_HASH, u64, u64, 9);" +
     PASS % "u64 k = 1, *v = hv_map_lookup(&m, &k); if (*v) return 0;", "net/in.*may be NULL"),
    ("a function that calls itself", "__attribute__((noinline)) static u64 g(u64 n)"
     " { asm volatile(\"\"); return n ? g(n >> 1) * n + 1 : 0; }" + PASS % "if (g(c->frame_len)) return 0;",
     "recurs|itself"),
    ("two functions that call each other", "__attribute__((noinline)) static u64 h(u64 n);\n"
     "__attribute__((noinline)) static u64 g(u64 n) { asm volatile(\"\"); return n ? h(n >> 1) * n + 1 : 0; }\n"
     "__attribute__((noinline)) static u64 h(u64 n) { asm volatile(\"\"); return n ? g(n >> 2) + n : 0; }\n" +
     PASS % "if (g(c->frame_len)) return 0;", "recurs|itself"),
    ("frames of more than 512 bytes together",
     "__attribute__((noinline)) static u64 g(u64 n) { u64 b[33]; b[0] = n; asm volatile(\"\" : : \"r\"(b) : \"memory\");"
     " return b[0]; }\n" + PASS % "u64 b[33]; b[0] = 1; asm volatile(\"\" : : \"r\"(b) : \"memory\"); if (g(b[0])) return 0;",
     "stack"),
    ("a read of the stack that nothing was written to", PASS % "u64 b[4]; asm volatile(\"\" : : \"r\"(b) : );"
     " if (((volatile u64 *)b)[1] == 3) return 0;", "net/in"),
    ("a write to the context", PASS % "((struct hv_ctx *)c)->frame_len = 1;", "net/in.*context"),
    ("a read behind the context", PASS % "if (((const volatile u64 *)(c + 1))[0]) return 0;", "net/in.*context"),
    ("a read behind a table", "static const volatile u64 t[4] = { 1, 2 }; " + PASS % "if (t[c->frame_len & 7]) return 0;", "net/in"),
    ("a pointer as the verdict", "HV_NET_IN u64 f(const struct hv_ctx *c) { return (u64)c; }", "net/in.*a pointer is returned"),
    ("pointers in data", "static const char *const volatile t[2] = { \"a\", \"b\" };" + PASS % "if (*t[c->frame_len & 1]) return 0;",
     "pointers in data"),
    ("a call through a pointer", "static u64 g(u64 n) { return n; } static u64 (*volatile p)(u64) = g;" +
     PASS % "if (p(c->frame_len)) return 0;", "pointers in data|unknown opcode|no code|nor a map"),
    ("two programs for a hook", "HV_NET_IN u64 g(const struct hv_ctx *c) { return 0; }\n" + PASS % "", "net/in.*two programs"),
    ("a section that is no hook", "__attribute__((section(\"net/sideways\"))) u64 g(u64 n) { return n; }", "net/sideways.*name"),
    ("17 MiB of data", "static volatile u64 t[17 << 17]; " + PASS % "if (t[c->frame_len]) return 0;", "16777216 bytes of data"),
    ("no program at all, and a call of a helper from .text",
     "u64 hv_nothing(u64); u64 g(u64 n) { return hv_nothing(n); }", '.text.*nobody exports "hv_nothing"'),
)
ACCEPTED_C = (
    ("debug sections are left out", ("-g",), "static u64 n; " + PASS % "n += c->frame_len;"),
    ("an empty hook of a module without policy", (), PASS % ""),
    ("a loop that is unrolled", (), "HV_NET_IN u64 f(const struct hv_ctx *c) { u64 n = 0;\n"
     "#pragma unroll\nfor (int i = 0; i < 10; i++) n += i * c->frame_len; return n & 1; }"),
)


def compile_c(lab, source, *options, target="bpf"):
    """x.o in @lab; False when this clang does not make it."""
    lab.put("x.c", '#include "sluice.h"\n' + source)
    words = [CLANG, "-O2", "-target", target, "-w", "-I", os.path.abspath(HEADERS), *options, "-c", "x.c", "-o", "x.o"]
    if target.startswith("bpf"):
        words.insert(4, "-mcpu=v3")
    try:
        return subprocess.run(words, cwd=lab.path, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL).returncode == 0
    except OSError:
        return False


def refused_object(text, lab, words):
    """Neither `hvc check` nor `hvc build` takes x.o; a module that was there stays."""
    lab.put("o.hvb", "old")
    before = sorted(os.listdir(lab.path))
    check, build = Run(lab, "hvc", "check", "x.o"), Run(lab, "hvc", "build", "x.o", "-o", "o.hvb")
    claim(text + " is refused in one line, nothing is written",
          build.fails(1, "^hvc: x.o: ", words) and build.err.count("\n") == 1 and build.out == "" and
          check.status == 1 and check.err == build.err and check.out == "" and
          lab.get("o.hvb") == b"old" and sorted(os.listdir(lab.path)) == before, check, build)


def modules_in_c():
    with Lab() as lab:
        if not compile_c(lab, PASS % ""):
            skip("modules in C", "no clang that compiles for bpf")
            return
    for text, source, words in REFUSED_C:
        with Lab() as lab:
            if compile_c(lab, source):
                refused_object(text, lab, words)
            else:
                skip(text, "this clang refuses it")
    for text, options, source in ACCEPTED_C:
        with Lab() as lab:
            made = compile_c(lab, source, *options)
            run = Run(lab, "hvc", "build", "x.o", "-o", "o.hvb")
            claim(text, made and run.status == 0 and lab.get("o.hvb")[:4] == b"\x7fELF" and
                  Run(lab, "hvc", "dump", "o.hvb").status == 0, run)
    for target in ("bpfeb", "x86_64", "aarch64"):
        with Lab() as lab:
            if compile_c(lab, "u64 f(u64 n) { return n; }", "-ffreestanding", target=target):
                refused_object("an object for " + target, lab, "not a relocatable little-endian ELF64 BPF object")
            else:
                skip("an object for " + target, "this clang does not make it")
    with Lab() as lab:
        compile_c(lab, "static u64 n; " + PASS % "n += c->frame_len;", "-g")
        whole = lab.get("x.o")
        for n in (4, 63, 64, len(whole) // 3, len(whole) // 2, len(whole) - 64, len(whole) - 1):
            lab.put("x.o", whole[:n])
            refused_object("%s of an object" % ("the first %d bytes" % n if n <= 64 else "a part"), lab, ".")
        lab.put("x.o", whole[:16] + struct.pack("<H", 2) + whole[18:])
        refused_object("an executable", lab, "not a relocatable")


for part in (policies_of_files, policies_of_text, patterns, outputs, full_devices, options, interrupted,
             captures, modules, modules_in_c):
    begun = time.time()
    part()
    print("# %s: %.1f s" % (part.__name__, time.time() - begun))
finish()
