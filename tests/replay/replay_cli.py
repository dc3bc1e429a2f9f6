#!/usr/bin/env python3
"""replay_cli.py - hvreplay as its users call it: options, exit status, outputs, broken inputs"""
import json
import os
import pty
import re
import resource
import signal
import struct
import subprocess
import sys
import time

sys.dont_write_bytecode = True
from claims import run_all, test  # noqa: E402

HVREPLAY = os.path.join(os.environ.get("builddir", "."), "hvreplay")
HVC = os.path.join(os.environ.get("builddir", "."), "hvc")
POLICY = """policy "test" version 3;
pattern secret = "SECRET";
on net out default pass {
    web:   tcp.dport == 80                 -> log alert "to {ip.dst}", drop;
    clean: payload has secret              -> log, rewrite secret with "x";
}
on net in default pass {
    dns:   udp.sport == 53                 -> log notice, pass;
}
on disk write default pass {
    boot:  disk.range overlaps { 0..63 }   -> log alert, drop;
    swap:  disk.range overlaps { 64..127 } -> drop silently;
    wipe:  data has secret                 -> log, rewrite secret with { 00 };
}
on disk read default pass {
    mark:  data has secret                 -> log, drop silently;
}
on disk control default pass {
    trim:  disk.range overlaps { 0..63 }   -> log, drop;
}
"""


def put(name, content):
    with open(name, "wb") as f:
        f.write(content if isinstance(content, bytes) else content.encode())
    return name


def get(name):
    with open(name, "rb") as f:
        return f.read()


def run(*args, status=0, **more):
    p = subprocess.run([HVREPLAY, *args], capture_output=True, timeout=60, check=False, **more)
    out = p.stdout.decode(errors="replace"), p.stderr.decode(errors="replace")
    assert p.returncode == status, f"{args}: status {p.returncode}, not {status}\n{out[0]}{out[1]}"
    assert "Sanitizer" not in out[1], out[1]
    return out


def frame(src, dst, proto, sport, dport, payload):
    if proto == 6:
        l4 = struct.pack(">HHIIBBHHH", sport, dport, 1, 1, 0x50, 0x18, 1000, 0, 0) + payload
    else:
        l4 = struct.pack(">HHHH", sport, dport, 8 + len(payload), 0) + payload
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(l4), 1, 0, 64, proto, 0, bytes(src), bytes(dst))
    return b"\2\0\0\0\0\2\2\0\0\0\0\1\x08\0" + ip + l4


HERE, THERE = (10, 0, 0, 1), (10, 0, 0, 2)
FRAMES = [
    frame(HERE, THERE, 6, 4000, 80, b"GET /"),
    frame(HERE, THERE, 6, 4000, 25, b"my SECRET data"),
    frame(THERE, HERE, 17, 53, 4000, b"answer"),
    frame(HERE, THERE, 6, 4000, 443, b"nothing"),
]


def pcap(frames=FRAMES, order="<", magic=0xa1b2c3d4, link=1):
    out = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 65535, link)
    for i, f in enumerate(frames):
        out += struct.pack(order + "IIII", 1700000000 + i, 5, len(f), len(f)) + f
    return out


def pcapng(frames=FRAMES, flags=None):
    def block(kind, body):
        body += bytes(-len(body) % 4)
        return struct.pack("<II", kind, 12 + len(body)) + body + struct.pack("<I", 12 + len(body))
    out = block(0x0a0d0d0a, struct.pack("<IHHq", 0x1a2b3c4d, 1, 0, -1))
    out += block(1, struct.pack("<HHI", 1, 0, 0))
    for i, f in enumerate(frames):
        body = struct.pack("<IIIII", 0, 0, i, len(f), len(f)) + f + bytes(-len(f) % 4)
        if flags:
            body += struct.pack("<HHII", 2, 4, flags[i], 0)
        out += block(6, body)
    return out


def log(entries, size=512):
    out = struct.pack("<QQQI", 0x6a736677736872, 1, len(entries), size).ljust(size, b"\0")
    for lba, sectors, flags, data in entries:
        out += struct.pack("<QQQQ", lba, sectors, flags, 0).ljust(size, b"\0") + data
    return out


WRITES = log([
    (0, 2, 0, bytes(1024)),
    (100, 1, 2, b"swap".ljust(512, b".")),
    (200, 1, 0, b"a SECRET".ljust(512, b".")),
    (10, 9, 4, b""),
    (500, 4, 4, b""),
    (300, 1, 0, b"fine".ljust(512, b".")),
])


def prepare():
    put("p.hvrule", POLICY)
    put("net.pcap", pcap())
    put("disk.log", WRITES)
    put("disk.img", (b"x" * 512 * 300) + b"SECRET".ljust(512 * 10, b"."))


LOCAL = ("--local", "10.0.0.1")


@test
def a_capture_is_judged_and_summed_up():
    out, err = run("p.hvrule", "net.pcap", *LOCAL)
    assert "4 transfers" in out and "2 passed, 1 rewritten, 1 dropped" in out and not err, out + err
    for name in ("web", "clean", "dns"):
        assert name in out


@test
def options_stand_anywhere():
    plain = run("p.hvrule", "net.pcap", *LOCAL, "-q", "--verdicts", "-")[0]
    assert plain == run("-q", "--verdicts", "-", *LOCAL, "p.hvrule", "net.pcap")[0]
    assert plain == run("p.hvrule", "-q", "--local=10.0.0.1", "net.pcap", "--verdicts=-")[0]
    assert plain == run("-qV-", "-l10.0.0.1", "--", "p.hvrule", "net.pcap",
                        env=dict(os.environ, POSIXLY_CORRECT="1"))[0]
    assert plain.splitlines()[1:] == ["1 net/out drop web", "2 net/out rewrite clean", "3 net/in pass dns"]


@test
def local_addresses_make_the_direction():
    for local, hooks in (("10.0.0.1", "ooio"), ("10.0.0.2", "iioi"), ("02:00:00:00:00:01", "oooo"),
                         ("10.0.0.9", "iiii"), ("10.0.0.9,10.0.0.2", "iioi")):
        out = run("all.hvrule", "net.pcap", "-q", "--verdicts", "-", "-l", local)[0].splitlines()[1:]
        got = "".join("o" if "net/out" in line else "i" for line in out)
        assert got == hooks, (local, got)


@test
def a_pcapng_tells_the_direction_itself():
    put("d.pcapng", pcapng(flags=[2, 1, 0, 2]))
    out = run("all.hvrule", "d.pcapng", "-q", "--verdicts", "-")[0].splitlines()[1:]
    assert [line.split()[1] for line in out] == ["net/out", "net/in", "net/in", "net/out"], out


@test
def a_capture_in_which_nothing_goes_out_names_the_option():
    hint = "\nno frame is the endpoint's: --local names its addresses\n"
    put("d.pcapng", pcapng(flags=[2, 1, 0, 2]))
    put("in.hvrule", 'policy "in" version 1; on net in default pass { a: -> drop; }')
    assert hint in run("p.hvrule", "net.pcap")[0]
    for args in (["p.hvrule", "net.pcap", *LOCAL], ["p.hvrule", "net.pcap", "-l", "10.0.0.9"], ["in.hvrule", "net.pcap"],
                 ["p.hvrule", "d.pcapng"], ["p.hvrule", "disk.log"], ["p.hvrule", "net.pcap", "d.pcapng"]):
        assert hint not in run(*args)[0], args


@test
def usage_errors_end_with_2_and_one_line():
    put("other.hvrule", POLICY)
    for args in ([], ["p.hvrule"], ["p.hvrule", "net.pcap", "--nonsense"], ["p.hvrule", "net.pcap", "--local"],
                 ["p.hvrule", "net.pcap", "--local", "10.0.0.0/8"], ["p.hvrule", "net.pcap", "--local", ""],
                 ["p.hvrule", "net.pcap", "--jobs", "0"], ["p.hvrule", "net.pcap", "--jobs", "65"],
                 ["p.hvrule", "net.pcap", "--jobs", "x"], ["p.hvrule", "net.pcap", "--format", "elf"],
                 *(["p.hvrule", "disk.log", "--disk-sectors", n] for n in
                   ("", "0", "x", "0x", "0xx1", "0x0x1", "-1", " 1", "1k", "a", "0x1000000000001",
                    "281474976710657", "99999999999999999999")),
                 ["p.hvrule", "net.pcap", "net.pcap", "--write", "w"], ["p.hvrule", "-", "-"],
                 ["p.hvrule", "net.pcap", "--events", "-", "--verdicts", "-"],
                 ["p.hvrule", "net.pcap", "--events", "e", "--events", "f"],
                 ["p.hvrule", "net.pcap", "--write", "net.pcap"], ["p.hvrule", "net.pcap", "--write", "p.hvrule"],
                 ["p.hvrule", "net.pcap", "--write", ""], ["nothere", "net.pcap"], [".", "net.pcap"],
                 ["p.hvrule", "nothere"], ["p.hvrule", "."], ["p.hvrule", "net.pcap", "--expect", "nothere"],
                 ["p.hvrule", "net.pcap", "--write", "no/where"]):
        out, err = run(*args, status=2)
        assert len(err.splitlines()) == 1 and err.startswith("hvreplay: "), (args, err)
    assert get("net.pcap") == pcap() and get("p.hvrule") == POLICY.encode()


@test
def an_output_does_not_replace_what_the_policy_reads():
    put("ports.txt", "80\n")
    put("more.inc", 'set ports = file "ports.txt";\n')
    put("reads.hvrule", 'policy "r" version 1;\ninclude "more.inc";\n'
        "on net out default pass { a: tcp.dport in ports -> drop; }\n")
    os.link("ports.txt", "other-name.txt")
    for option in ("--write", "--events", "--verdicts"):
        for name in ("ports.txt", "more.inc", "other-name.txt"):
            out, err = run("reads.hvrule", "net.pcap", option, name, status=2)
            assert err == f"hvreplay: an output would replace the input {name}\n" and not out, err
    assert get("ports.txt") == b"80\n" and get("more.inc").startswith(b"set ports")
    run("reads.hvrule", "net.pcap", "--write", "new.pcap")
    os.remove("other-name.txt")


@test
def help_and_version_end_with_0():
    assert "--expect FILE" in run("--help")[0] and "Sluice" in run("--version")[0]


@test
def a_wrong_policy_ends_with_1():
    put("bad.hvrule", "policy \"x\" version 1;\non net out default pass { a: nonsense -> drop; }\n")
    out, err = run("bad.hvrule", "net.pcap", status=1)
    assert "bad.hvrule:2:30: error:" in err and not out, out + err
    put("bad.hvb", b"\x7fELF" + bytes(100))
    err = run("bad.hvb", "net.pcap", status=1)[1]
    assert len(err.splitlines()) == 1 and "bad.hvb" in err, err


@test
def a_module_judges_as_its_text_does():
    if not os.path.exists(HVC):
        return "hvc is not built"
    subprocess.run([HVC, "build", "p.hvrule", "-o", "p.hvb"], check=True, capture_output=True)
    args = ("net.pcap", "disk.log", "disk.img", "-q", "--verdicts", "-", *LOCAL)
    assert run("p.hvb", *args) == run("p.hvrule", *args)
    return None


@test
def events_are_lines_of_json():
    out, err = run("p.hvrule", "net.pcap", "--events", "-", *LOCAL)
    events = [json.loads(line) for line in out.splitlines()]
    assert [(e["transfer"], e["hook"], e["rule"], e["action"], e["severity"]) for e in events] == [
        (1, "net out", "web", "drop", "alert"), (2, "net out", "clean", "pass", "info"),
        (3, "net in", "dns", "pass", "notice")], events
    e = events[0]
    assert e["timestamp"] == "2023-11-14T22:13:20.000005000Z" and e["message"] == "to 10.0.0.2", e
    assert (e["src_ip"], e["dst_ip"], e["proto"], e["src_port"], e["dst_port"]) == (
        "10.0.0.1", "10.0.0.2", "TCP", 4000, 80), e
    assert events[1]["rewritten"] and not e["rewritten"] and not e["bounded"]
    assert (e["policy"], e["version"], e["input"]) == ("test", 3, "net.pcap")
    assert "4 transfers" in err
    out = run("p.hvrule", "disk.log", "-q", "--events", "-")[0]
    events = [json.loads(line) for line in out.splitlines()]
    assert [(e["transfer"], e["rule"], e["lba"]) for e in events] == [
        (1, "boot", 0), (3, "wipe", 200), (4, "trim", 10)], events
    assert all(e["timestamp"] is None for e in events), events


@test
def the_size_of_a_disk_can_be_stated_where_a_log_does_not_tell():
    put("end.hvrule", "policy \"end\" version 1;\non disk write default pass {\n"
        "  last: disk.range overlaps { disk.total_sectors - 1 .. disk.total_sectors - 1 } -> drop;\n"
        "  size: disk.total_sectors == 0x1000000000000 -> log; }\n")
    args = ("end.hvrule", "disk.log", "-q", "--verdicts", "-")
    assert "drop last" not in run(*args)[0]
    for n in ("301", "0x12d", "0X12D"):
        assert "6 disk/write drop last" in run(*args, "--disk-sectors", n)[0], n
    assert "drop last" not in run(*args, "--disk-sectors", "302")[0]
    for n in ("281474976710656", "0x1000000000000"):
        assert run(*args, "--disk-sectors", n)[0].count("pass size") == 4, n
    run("end.hvrule", "disk.log", "-q", "--disk-sectors", "301", "--record", "sized")
    assert "drop last" in run("end.hvrule", "sized", "-q", "--verdicts", "-", "--disk-sectors", "302")[0]
    assert run("p.hvrule", "net.pcap", "-s", "7") != ""


@test
def what_passes_is_written_as_it_came():
    for content in (pcap(), pcap(order=">"), pcap(magic=0xa1b23c4d), pcap(link=0xf0000001), pcapng()):
        put("in", content)
        run("p.hvrule", "in", *LOCAL, "-q", "--write", "w")
        first, second = FRAMES[0], FRAMES[1]
        w = get("w")
        assert first not in w and second not in w and b"my xxxxxx data" in w
        assert FRAMES[2] in w and FRAMES[3] in w and w[:24] == content[:24]
        run("p.hvrule", "w", *LOCAL, "-q", "--write", "w2")
        assert get("w2") == w
        run("pass.hvrule", "in", "-q", "--write", "same")
        assert get("same") == content


@test
def blocks_larger_than_what_is_read_at_once_are_read():
    ng = pcapng()
    for size in (1 << 20) - 12, 1 << 20, 5 << 20, (16 << 20) - 12:
        large = struct.pack("<II", 0xbad, 12 + size) + bytes(size) + struct.pack("<I", 12 + size)
        content = ng[:48] + large + ng[48:]
        put("large", content)
        assert "4 transfers" in run("all.hvrule", "large")[0]
        assert "4 transfers" in run("all.hvrule", "-", input=content)[0]
        run("pass.hvrule", "large", "-q", "--write", "same")
        assert get("same") == content
        put("lies", ng + large[:-1 - size // 2])
        assert re.search(r"record 7 at offset 416: cut: \d+ of its %d bytes" % (12 + size), run("all.hvrule", "lies", status=2)[1])
    put("much", ng + struct.pack("<II", 0xbad, 16 + (16 << 20)) + bytes(99))
    assert "a block of 16777232 bytes" in run("all.hvrule", "much", status=2)[1]


@test
def a_section_from_which_packets_are_gone_states_no_length():
    content = pcapng()
    for n in -1, len(content) - 28:
        put("in", content[:16] + struct.pack("<q", n) + content[24:])
        run("p.hvrule", "in", *LOCAL, "-q", "--write", "w")
        assert get("w")[16:24] == b"\xff" * 8 and len(get("w")) < len(content), n


@test
def a_disk_trace_is_written_as_the_policy_lets_it_through():
    run("p.hvrule", "disk.log", "-q", "--write", "w.pcap")
    out = run("all.hvrule", "w.pcap", "-q", "--events", "-")[0]
    events = [json.loads(line) for line in out.splitlines()]
    assert [(e["hook"], e["lba"]) for e in events] == [
        ("disk write", 200), ("disk control", 500), ("disk write", 300)], events
    assert b"SECRET" not in get("w.pcap") and b"a \0\0\0\0\0\0." in get("w.pcap")
    run("p.hvrule", "disk.img", "-q", "--write", "w.pcap")
    assert b"SECRET" not in get("w.pcap") and get("w.pcap").count(b"x" * 512) >= 250
    assert "2 transfers" in run("p.hvrule", "w.pcap")[0]


@test
def a_recorded_input_is_judged_the_same():
    for name in ("disk.log", "disk.img"):
        run("p.hvrule", name, "-q", "--record", "r.pcap", "--verdicts", "v")
        assert get("v") and run("p.hvrule", "r.pcap", "-q", "--verdicts", "-")[0].encode() == get("v")
        run("p.hvrule", "r.pcap", "-q", "--record", "r2.pcap")
        assert get("r.pcap") == get("r2.pcap")
    assert "packets" in run("p.hvrule", "net.pcap", "--record", "r3", status=2)[1]
    assert not os.path.exists("r3")


@test
def expectations_hold_or_show_a_diff():
    run("p.hvrule", "net.pcap", *LOCAL, "-q", "--verdicts", "v")
    assert run("p.hvrule", "net.pcap", *LOCAL, "-q", "--expect", "v") == ("", "")
    put("v2", get("v").replace(b"1 net/out drop web", b"1 net/out pass -"))
    out, err = run("p.hvrule", "net.pcap", *LOCAL, "-q", "--expect", "v2", status=1)
    assert out == "--- v2\n+++ net.pcap\n-1 net/out pass -  # v2:2\n+1 net/out drop web\n" and not err, out
    put("v3", "nonsense\n")
    assert "v3:1:" in run("p.hvrule", "net.pcap", "--expect", "v3", status=1)[1]
    run("p.hvrule", "net.pcap", "disk.log", *LOCAL, "-q", "--verdicts", "v")
    run("p.hvrule", "disk.log", "net.pcap", *LOCAL, "-q", "--expect", "v")
    assert "says nothing of" in run("p.hvrule", "disk.img", "--expect", "v", status=1)[1]


@test
def expectations_tell_inputs_of_any_name_apart():
    names = ["day 1/x.pcap", "day 2/x.pcap", "a b#c.pcap", "back\\x20slash", "new\nline", "\x01\udcff"]
    for i, name in enumerate(names):
        os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
        put(name, pcap(FRAMES[i % 4:] + FRAMES[:i]))
    run("p.hvrule", *names, *LOCAL, "-q", "--verdicts", "v")
    assert run("p.hvrule", *names, *LOCAL, "-q", "--expect", "v") == ("", "")
    again = [names[0], *names[:1:-1], names[1]]
    assert run("p.hvrule", *again, *LOCAL, "-q", "-j1", "--expect", "v") == ("", "")
    out = run("p.hvrule", names[1], names[0], *LOCAL, "-q", "--expect", "v", status=1)[0]
    assert "+++ day 1/x.pcap" in out and "+++ day 2/x.pcap" in out, out
    assert b"input a\\x20b\\x23c.pcap\n" in get("v") and b"input back\\x5cx20slash\n" in get("v")
    put("v", b"default pass\ninput back\\x20slash\n" + get("v").split(b"slash\n")[1].split(b"input")[0])
    assert run("p.hvrule", names[3], *LOCAL, "-q", "--expect", "v") == ("", "")
    for name in names:
        os.remove(name)


@test
def of_a_broken_input_the_whole_records_are_judged():
    put("cut.pcap", pcap()[:-3])
    out, err = run("p.hvrule", "cut.pcap", *LOCAL, "--events", "e", "--write", "w9", "--verdicts", "v9", status=2)
    assert "3 transfers" in out and len(get("e").splitlines()) == 3, out
    assert err.startswith("hvreplay: cut.pcap: record 4 at offset ") and len(err.splitlines()) == 1, err
    assert not os.path.exists("w9") and not os.path.exists("v9")
    put("cut.log", WRITES[:2100])
    err = run("p.hvrule", "cut.log", "--record", "w9", status=2)[1]
    assert "cut.log: record 2 at offset 2048: " in err and not os.path.exists("w9"), err
    put("odd.img", b"x" * 513)
    assert "multiple of 512" in run("p.hvrule", "odd.img", status=2)[1]
    put("other.pcap", pcap(link=113))
    assert "link type 113" in run("p.hvrule", "other.pcap", status=2)[1]
    out, err = run("p.hvrule", "cut.pcap", "net.pcap", "nothere", *LOCAL, status=2)
    assert "7 transfers" in out and len(err.splitlines()) == 2, out + err


@test
def a_full_disk_is_an_error():
    for option in ("--events", "--write", "--verdicts"):
        err = run("p.hvrule", "net.pcap", *LOCAL, option, "/dev/full", status=2)[1]
        assert err == "hvreplay: /dev/full: No space left on device\n", err
    err = run("p.hvrule", "disk.log", "--record", "/dev/full", "--write", "w8", status=2)[1]
    assert "/dev/full" in err and not os.path.exists("w8")
    # a disk that fills up on the way: a file that cannot grow beyond what the module takes
    def small():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))
    put("many.pcap", pcap(FRAMES * 2000))
    put("many.log", log([(200 + i, 1, 0, b"x" * 512) for i in range(400)]))
    before = sorted(os.listdir("."))
    for name, option in (("many.pcap", "--write"), ("many.log", "--write"), ("many.log", "--record")):
        err = run("p.hvrule", name, option, "w9", status=2, preexec_fn=small)[1]
        assert err == "hvreplay: w9: File too large\n", err
    assert sorted(os.listdir(".")) == before, os.listdir(".")
    with open("/dev/full", "wb") as full:
        p = subprocess.run([HVREPLAY, "p.hvrule", "net.pcap"], stdout=full, stderr=subprocess.PIPE, check=False)
    assert p.returncode == 2 and p.stderr.count(b"\n") == 1, p


@test
def what_standard_output_cannot_take_goes_into_no_other_file():
    def close(*numbers):
        return lambda: [os.close(n) for n in numbers]
    put("rules.hvrule", 'policy "r" version 1;\non net in default pass {\n' +
        "".join(f"    r{i}: ip.ttl == 64 -> log;\n" for i in range(200)) + "}\n")
    run("rules.hvrule", "net.pcap", "-q", "--write", "want")
    for options in [], ["--events", "-"], ["--verdicts", "-"]:
        run("rules.hvrule", "net.pcap", *options, "--write", "w11", status=2, preexec_fn=close(1))
        assert not os.path.exists("w11") or get("w11") == get("want"), options
    run("rules.hvrule", "net.pcap", "--write", "w11", status=2, preexec_fn=close(0, 1, 2))
    assert get("w11") == get("want")
    run("rules.hvrule", "-", status=2, preexec_fn=close(0))


@test
def the_summary_leaves_standard_output_alone_by_any_name():
    for name in "-", "/dev/stdout":
        out, err = run("p.hvrule", "net.pcap", *LOCAL, "--verdicts", name)
        assert out.startswith("default pass\n") and "transfers" not in out and "4 transfers" in err, (name, out)
    with open("/dev/null", "wb") as null:
        p = subprocess.run([HVREPLAY, "p.hvrule", "net.pcap", "--events", "/dev/null"], stdout=null,
                           stderr=subprocess.PIPE, check=True)
    assert not p.stderr, p.stderr


@test
def standard_input_and_pipes_are_read():
    args = (*LOCAL, "-q", "--verdicts", "-")
    want = run("p.hvrule", "net.pcap", *args)
    assert run("p.hvrule", "-", *args, input=pcap()) == want
    assert run("p.hvrule", "-", "-q", "--verdicts", "-", input=WRITES) == run("p.hvrule", "disk.log", "-q", "-V", "-")
    assert "must be a file" in run("p.hvrule", "-", "-f", "image", input=bytes(512), status=2)[1]


@test
def jobs_do_not_change_the_result():
    names = []
    for i in range(9):
        put(f"in{i}.pcap", pcap(FRAMES * (i * 50 + 1)))
        names.append(f"in{i}.pcap")
    results = set()
    for jobs in "1", "4":
        _, err = run("p.hvrule", *names, "disk.log", *LOCAL, "-j", jobs, "--events", "e", "--verdicts", "-")
        summary = [line for line in err.splitlines() if not line.startswith("time")]
        out = run("p.hvrule", *names, "disk.log", *LOCAL, "-q", "-j", jobs, "--verdicts", "-")[0]
        results.add((tuple(summary), get("e"), out))
    assert len(results) == 1
    order = [json.loads(line)["input"] for line in get("e").splitlines()]
    assert order == sorted(order, key=(names + ["disk.log"]).index)


@test
def formats_can_be_forced():
    put("zero.img", b"\x1f\x8b" + bytes(510))
    assert "gzip" in run("p.hvrule", "zero.img", status=2)[1]
    assert "1 transfers" in run("p.hvrule", "zero.img", "--format", "image")[0]
    assert "no pcap file" in run("p.hvrule", "zero.img", "--format", "pcap", status=2)[1]


@test
def an_interrupt_leaves_nothing_behind():
    before = set(os.listdir("."))
    for name in ("--write", "--events"):
        with subprocess.Popen([HVREPLAY, "p.hvrule", "-", name, "w7"], stdin=subprocess.PIPE,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as p:
            p.stdin.write(pcap())
            p.stdin.flush()
            for _ in range(500):
                if set(os.listdir(".")) != before:
                    break
                time.sleep(0.02)
            assert set(os.listdir(".")) != before, "no temporary file"
            p.send_signal(signal.SIGINT)
            p.stdin.close()
            assert p.wait(30) == -signal.SIGINT, p.returncode
        assert set(os.listdir(".")) == before, set(os.listdir(".")) - before


def on_a_terminal(args, feed):
    """What hvreplay says on standard error when that is a terminal; @feed gets its standard input."""
    ours, theirs = pty.openpty()
    said = b""
    with subprocess.Popen([HVREPLAY, *args], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=theirs) as p:
        os.close(theirs)
        feed(p.stdin)
        p.stdin.close()
        while True:
            try:
                part = os.read(ours, 4096)
            except OSError:     # Linux: nobody has the other end open
                break
            if not part:
                break
            said += part
        assert p.wait(60) == 0, said
    os.close(ours)
    return said


@test
def a_terminal_shows_how_far_it_is():
    def slowly(pipe):
        pipe.write(pcap([]))
        for _ in range(3):      # a bar is drawn at most ten times a second, after thousands of packets
            pipe.write(pcap()[24:] * 5000)
            pipe.flush()
            time.sleep(0.15)
    said = on_a_terminal(["p.hvrule", "-"], slowly)
    assert re.search(rb"\r[0-9]+ MB judged ", said) and said.endswith(b"\r\033[K"), said
    put("many.pcap", pcap(FRAMES * 100))

    def late(pipe):
        time.sleep(0.3)
        pipe.write(pcap())
    # of files and a pipe how much is to come is not known; of files alone it is
    said = on_a_terminal(["p.hvrule", "many.pcap", "-"], late)
    assert b"%" not in said and said.endswith(b"\r\033[K"), said
    rows, size = [], 16 << 20
    while not rows and size <= 4 << 30:     # as large as it takes here to last
        with open("large.img", "wb") as f:
            f.truncate(size)
        said = on_a_terminal(["p.hvrule", "large.img", "--format", "image"], lambda pipe: None)
        rows = re.findall(rb"\r\[(=*)( *)\] +([0-9]+)% ", said)
        size *= 4
    os.remove("large.img")
    assert rows and all(len(done) + len(rest) == 40 and len(done) == int(percent) * 40 // 100
                        for done, rest, percent in rows), said
    assert [int(row[2]) for row in rows] == sorted(int(row[2]) for row in rows) and said.endswith(b"\r\033[K"), said
    # nothing of this where standard error is no terminal
    assert run("p.hvrule", "many.pcap")[1] == ""


@test
def an_output_may_have_the_longest_name():
    for option in "--write", "--events":
        run("p.hvrule", "net.pcap", "-q", option, "w" * 255)
        os.remove("w" * 255)
        err = run("p.hvrule", "net.pcap", "-q", option, "w" * 256, status=2)[1]
        assert err.endswith("File name too long\n"), err


@test
def an_output_that_replaces_a_file_is_not_open_to_more_people():
    for mode in 0o600, 0o640:
        put("private", "")
        os.chmod("private", mode)
        run("p.hvrule", "net.pcap", "-q", "--write", "private")
        assert os.stat("private").st_mode & 0o777 == mode and get("private")


@test
def no_temporary_file_is_left():
    assert not [name for name in os.listdir(".") if name.startswith(".")]


def ready():
    prepare()
    put("all.hvrule", 'policy "all" version 1;\n' + "".join(
        f"on {hook} default pass {{ each: -> log, pass; }}\n"
        for hook in ("net out", "net in", "disk write", "disk read", "disk control")))
    put("pass.hvrule", 'policy "pass" version 1;\n')


HVREPLAY, HVC = os.path.abspath(HVREPLAY), os.path.abspath(HVC)
sys.exit(run_all(ready))
