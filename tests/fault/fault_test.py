#!/usr/bin/env python3
"""fault_test.py - hvc, hvreplay and hvlog with calls of the system that fail, one after the other (fault.c)

A call that fails is one message and status 2, or does not matter: then all outputs are what they are
without it.  Nothing half-written is left, and nothing crashes.
"""
import binascii
import os
import shutil
import struct
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "replay"))
from claims import run_all, test  # noqa: E402

BUILD = os.path.abspath(os.environ.get("builddir", "."))
POLICY = """include "more.hvrule";
policy "faults" version 3;
set peers = file "peers.txt";
patterns sigs = file "sigs.txt";
pattern ssn = /\\b\\d{3}-\\d{2,9}[a-f]+\\b/i;
on net out default pass {
    web:   tcp.dport == 80 and ip.dst in peers -> log alert "to {ip.dst}", drop;
    clean: payload has secret                  -> log, rewrite secret with "x";
    leak:  payload has ssn or payload has any sigs -> log, count leaks;
}
on disk write default pass {
    boot:  disk.range overlaps { 0..63 }       -> log alert, drop;
    wipe:  data has secret                     -> log, rewrite secret with { 00 };
}
on disk read default pass {
    mark:  data has secret                     -> log, rewrite secret with "-";
}
"""
FILES = {
    "p.hvrule": POLICY,
    "more.hvrule": 'pattern secret = "SECRET";\n',
    "peers.txt": "".join(f"10.0.{i}.2\n" for i in range(40)),
    "sigs.txt": 'one = "alpha"\ntwo = { 41 ?? 42 [1-3] 43 }\n',
    "wrong.hvrule": 'policy "wrong" version 1;\non net out default pass { a: tcp.dprt == 1 -> drop; b: x -> log; }\n',
}
# the programs' own calls; what only memory, files or threads can answer with
CALLS = ["memory", "open", "fopen", "fdopen", "fstat", "fchmod", "lseek", "read", "pread", "write", "close", "mkstemp",
         "rename", "mmap", "memfd_create", "pthread_create", "elf"]


def put(name, content):
    with open(name, "wb") as f:
        f.write(content if isinstance(content, bytes) else content.encode())


def frame(dport, payload):
    l4 = struct.pack(">HHIIBBHHH", 4000, dport, 1, 1, 0x50, 0x18, 1000, 0, 0) + payload
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(l4), 1, 0, 64, 6, 0, bytes((10, 0, 0, 1)), bytes((10, 0, 3, 2)))
    return b"\2\0\0\0\0\2\2\0\0\0\0\1\x08\0" + ip + l4


FRAMES = [frame(80, b"GET /"), frame(25, b"my SECRET data"), frame(25, b"123-4567af alpha")]


def pcap():
    out = struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1)
    for i, f in enumerate(FRAMES):
        out += struct.pack("<IIII", 1700000000 + i, 5, len(f), len(f)) + f
    return out


def pcapng():
    def block(kind, body):
        body += bytes(-len(body) % 4)
        return struct.pack("<II", kind, 12 + len(body)) + body + struct.pack("<I", 12 + len(body))
    out = block(0x0a0d0d0a, struct.pack("<IHHq", 0x1a2b3c4d, 1, 0, -1)) + block(1, struct.pack("<HHI", 1, 0, 0))
    for i, f in enumerate(FRAMES):
        out += block(6, struct.pack("<IIIII", 0, 0, i, len(f), len(f)) + f)
    return out


def write_log():
    entries = [(0, b"boot"), (100, b"a SECRET"), (200, b"fine")]
    out = struct.pack("<QQQI", 0x6a736677736872, 1, len(entries), 512).ljust(512, b"\0")
    for lba, data in entries:
        out += struct.pack("<QQQQ", lba, 1, 0, 0).ljust(512, b"\0") + data.ljust(512, b".")
    return out


def hypervisor_log():
    out = b""
    block = ["hypervisor at 1e400000, 26624 KiB", "counters: begin power-off", "exits: page 30",
             "device: ahci-00:1f.2-bar5 5 reads 1 writes", "offence: msr 1000 said 8",
             "rate: 10 exits a second, 20 at most, 5 seconds", "counters: end 6 lines"]
    for n, text in enumerate(block, 1):
        head = f"    1.{n:06} 0 info #{n}"
        out += f"sluice: [{head} {binascii.crc_hqx((head + text).encode(), 0xffff):04x}] {text}\r\n".encode()
    return out


def left(folder):
    """What a run left in its folder, byte by byte; numbers that the clock makes apart."""
    found = {}
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), "rb") as f:
            text = f.read()
        found[name] = b"".join(row for row in text.splitlines(True) if name != "out" or not row.startswith(b"time "))
    return found


def runs(program, what, args):
    """The runs: (status, files, errors), the last one without a fault."""
    shutil.rmtree("runs", ignore_errors=True)
    os.mkdir("runs")
    for name in FILES:
        shutil.copy(name, "runs")
    for name in INPUTS:
        shutil.copy(name, "runs")
    p = subprocess.run([os.path.join(BUILD, "tests/fault", program), what, *args], cwd="runs", capture_output=True,
                       timeout=300, check=False)
    assert p.returncode == 0, p
    found = []
    for row in p.stdout.decode().splitlines():
        n, status = row.split()
        files = left(os.path.join("runs", n))
        found.append((int(status), files, files.pop("err").decode(errors="replace")))
    return found


def hold(program, args, writes=(), status=0, calls=None):
    """@writes: files that are whole or not there; @status: of a run without faults."""
    came = 0
    for what in calls or CALLS:
        found = runs(program, what, args)
        plain = found.pop()
        assert plain[0] == status and "Sanitizer" not in plain[2], (what, plain)
        came += len(found)
        for n, one in enumerate(found, 1):
            where = f"{program} {' '.join(args)}: {what} {n} of {len(found)}: {one[0]} {sorted(one[1])} {one[2]}"
            assert "Sanitizer" not in one[2] and one[0] in (status, 2), where
            assert "internal error" not in one[2] and "needs more than" not in one[2], where
            assert not [name for name in one[1] if name.startswith(".")], where
            if one[0] == status:
                assert one[1:] == plain[1:], f"{where}: not as without a fault"
                continue
            said = one[1]["out"].decode() if "--json" in args else one[2]
            assert said.count("\n") > 2 * ("--json" in args), where
            assert what != "memory" or "memory" in said or one[2].count("\n") == 1, where
            for name in writes:
                assert name not in one[1] or one[1][name] == plain[1][name], where
    assert came, "nothing failed"


@test
def a_policy_is_built_or_there_is_an_error():
    hold("hvc", ["build", "../p.hvrule", "-o", "o.hvb"], ["o.hvb"])
    hold("hvc", ["build", "../p.hvrule", "-o", "-"], calls=["memory", "fdopen", "memfd_create"])


@test
def a_policy_that_is_wrong_is_told_or_there_is_an_error():
    hold("hvc", ["check", "../wrong.hvrule"], status=1)
    hold("hvc", ["check", "--json", "../wrong.hvrule"], status=1)


@test
def a_module_is_dumped_or_there_is_an_error():
    hold("hvc", ["dump", "../p.hvb"])


@test
def a_policy_is_formatted_or_there_is_an_error():
    hold("hvc", ["fmt", "../p.hvrule"])


@test
def a_capture_is_judged_or_there_is_an_error():
    hold("hvreplay", ["../p.hvrule", "../net.pcap", "--local", "10.0.0.1", "--write", "w", "--events", "e", "--verdicts", "v"],
         ["w", "v"])
    hold("hvreplay", ["../p.hvb", "../net.pcapng", "--local", "10.0.0.1", "--write", "w"], ["w"])


@test
def a_disk_trace_is_judged_or_there_is_an_error():
    hold("hvreplay", ["../p.hvb", "../disk.log", "--record", "r", "--events", "e"], ["r"])
    hold("hvreplay", ["../p.hvb", "../disk.trace", "--write", "w"], ["w"])
    hold("hvreplay", ["../p.hvb", "../disk.img", "--verdicts", "v"], ["v"])


@test
def several_inputs_at_once_are_judged_or_there_is_an_error():
    hold("hvreplay", ["../p.hvb", "../net.pcap", "../net.pcapng", "--local", "10.0.0.1", "--jobs", "2", "--events", "e",
                      "--verdicts", "v"], ["v"])


@test
def expectations_hold_or_there_is_an_error():
    hold("hvreplay", ["../p.hvb", "../net.pcap", "--local", "10.0.0.1", "--expect", "../net.expect"])


@test
def the_hypervisors_log_is_shown_or_there_is_an_error():
    hold("hvlog", ["../hv.log"])
    hold("hvlog", ["--counters", "../hv.log"])


@test
def a_call_that_is_interrupted_is_made_again():
    for program, args in (("hvc", ["build", "../p.hvrule", "-o", "o.hvb"]),
                          ("hvreplay", ["../p.hvrule", "../net.pcap", "--local", "10.0.0.1", "--write", "w", "--events", "e"]),
                          ("hvreplay", ["../p.hvb", "../disk.img", "--verdicts", "v"])):
        for what in "read+eintr", "pread+eintr", "write+eintr":
            found = runs(program, what, args)
            assert all(one == found[-1] and one[0] == 0 for one in found), [(one[0], one[2]) for one in found]


@test
def reads_and_writes_may_do_half_of_what_they_are_asked():
    for program, args in (("hvc", ["build", "../p.hvrule", "-o", "o.hvb"]),
                          ("hvreplay", ["../p.hvrule", "../net.pcap", "--local", "10.0.0.1", "--write", "w", "--events", "e"]),
                          ("hvreplay", ["../p.hvb", "../disk.img", "--verdicts", "v"])):
        assert runs(program, "halves", args) == runs(program, "nothing", args)


INPUTS = ["p.hvb", "hv.log", "net.pcap", "net.pcapng", "disk.log", "disk.img", "disk.trace", "net.expect"]


def ready():
    for name, content in FILES.items():
        put(name, content)
    put("net.pcap", pcap())
    put("net.pcapng", pcapng())
    put("disk.log", write_log())
    put("hv.log", hypervisor_log())
    put("disk.img", b"x" * 512 * 300 + b"SECRET".ljust(512 * 10, b"."))
    subprocess.run([os.path.join(BUILD, "hvc"), "build", "p.hvrule", "-o", "p.hvb"], check=True, stdout=subprocess.DEVNULL)
    replay = [os.path.join(BUILD, "hvreplay"), "p.hvb"]
    subprocess.run([*replay, "disk.log", "-q", "--record", "disk.trace"], check=True)
    subprocess.run([*replay, "net.pcap", "-q", "--local", "10.0.0.1", "--verdicts", "net.expect"], check=True)


sys.exit(run_all(ready))
