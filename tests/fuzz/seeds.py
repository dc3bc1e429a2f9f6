#!/usr/bin/env python3
"""seeds.py SOURCE BUILD OUT - inputs to begin with and dictionaries, made from what the project ships

OUT/TARGET/ holds seeds, OUT/TARGET.dict words.  Modules are compiled afresh, so that they always
have the current format.  What a fuzzer found and was mended is kept in tests/fuzz/corpus/TARGET.
"""
import glob
import os
import re
import struct
import subprocess
import sys

SOURCE, BUILD, OUT = sys.argv[1:4]
MAX_TRACE = 16384       # bytes of a trace that are given


def seed(target, name, data):
    folder = os.path.join(OUT, target)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "wb") as f:
        f.write(data)


def files(pattern):
    for path in sorted(glob.glob(os.path.join(SOURCE, pattern))):
        with open(path, "rb") as f:
            yield os.path.basename(path), f.read()


def policies():
    for pattern in ("rules/*/*.hvrule", "tests/golden/*.hvrule", "tests/policies/*.hvrule"):
        yield from files(pattern)


def words(target, values):
    with open(os.path.join(OUT, target + ".dict"), "w", encoding="ascii") as f:
        for v in sorted(set(values)):
            f.write('"%s"\n' % "".join(chr(c) if 32 < c < 127 and c not in b'"\\' else "\\x%02x" % c for c in v))


def texts():
    """Policies for compiler and front end, with the words of the tables."""
    table = b"".join(data for name, data in list(files("compiler/keyword.def")) + list(files("policy/field.def")))
    language = re.findall(rb'^HV\w+\([^"\n]*"([^"\n]+)"', table, re.M)
    language += [b"->", b"..", b"??", b"[2-6]", b"/8", b"/s", b"4k", b"0x", b"<<", b">>", b"==", b"!=", b"<=",
                 b"10.0.0.1", b"fd00::/8", b"02:00:00:00:00:01", b"tcp.syn", b"{ip.dst}", b"a: ", b"{ 4D 5A }",
                 b"on net out default pass {", b"on disk write default pass {", b'policy "a" version 1;']
    for name, data in policies():
        seed("fuzz_front", name, data)
        seed("fuzz_compiler", name, b"0" + data)
        for n, block in enumerate(re.findall(rb"^on .*?^}", data, re.M | re.S)):
            seed("fuzz_compiler", "%s-%d" % (name, n), b"01"[n % 2:n % 2 + 1] + b'policy "p" version 1;\n' + block)
    words("fuzz_front", language)
    words("fuzz_compiler", language)


def section(module, wanted):
    shoff, = struct.unpack("<Q", module[40:48])
    size, count, names = struct.unpack("<HHH", module[58:64])
    rows = [struct.unpack("<IIQQQQ", module[shoff + i * size:shoff + i * size + 40]) for i in range(count)]
    for row in rows:
        start = rows[names][4] + row[0]
        if module[start:module.index(0, start)] == wanted:
            return module[row[4]:row[4] + row[5]]
    return None


def modules():
    """Compiled policies; their pattern sections with a subject in front."""
    path = os.path.join(OUT, "seed.hvb")
    for pattern in ("rules/*/*.hvrule", "tests/golden/*.hvrule", "tests/policies/*.hvrule"):
        for source in sorted(glob.glob(os.path.join(SOURCE, pattern))):
            for flag in ([], ["--plain"]):
                done = subprocess.run([os.path.join(BUILD, "hvc"), "build", source, "-o", path] + flag,
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
                if done.returncode:
                    continue
                with open(path, "rb") as f:
                    module = f.read()
                os.unlink(path)
                name = os.path.basename(source) + "".join(flag)
                if len(module) <= MAX_TRACE:
                    seed("fuzz_module", name, module)
                match = section(module, b".hv.match")
                if match and len(match) <= MAX_TRACE:
                    seed("fuzz_match_load", name, b"\x08abcd\x00\x01\n " + match)


def records(data):
    """Frames of a little-endian pcap."""
    at = 24
    while at + 16 <= len(data):
        captured, = struct.unpack("<I", data[at + 8:at + 12])
        yield data[at + 16:at + 16 + captured]
        at += 16 + captured


def pcapng(frames):
    """The same frames as pcapng blocks (draft-ietf-opsawg-pcapng)."""
    def block(kind, body):
        body += bytes(-len(body) % 4)
        return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)
    out = block(0x0a0d0d0a, struct.pack("<IHHq", 0x1a2b3c4d, 1, 0, -1))
    out += block(1, struct.pack("<HHI", 1, 0, 0) + struct.pack("<HHBxxxHH", 9, 1, 9, 0, 0))
    for i, frame in enumerate(frames):
        out += block(6, struct.pack("<IIIII", 0, 0, i, len(frame), len(frame)) + frame)
    return out


def frame_row(frames):
    """fuzz_packet.c: length, snap length, seed, time, then the frame; up to 2047 bytes each."""
    return b"".join(bytes([len(f) & 255, len(f) >> 8, 0, 8, 1]) + f for f in frames)


def traces():
    capture = dict(files("rules/traces/*"))
    frames = list(records(capture["endpoint.pcap"]))
    short = [f for f in frames if len(f) < 400]
    seed("fuzz_reader", "pcap", b"\0" + capture["endpoint.pcap"][:2000])
    seed("fuzz_reader", "pcapng", b"\0" + pcapng(short[:8]))
    seed("fuzz_reader", "commands", b"\0" + capture["commands.pcap"])
    seed("fuzz_reader", "dmlog", b"\0" + capture["endpoint.dmlog"][:8192])
    seed("fuzz_reader", "image", b"\4" + capture["endpoint.img"][:2048])
    kinds = {}
    for f in short:
        kinds.setdefault((f[12:14], f[23:24] if f[12:14] == b"\x08\x00" else f[20:21]), []).append(f)
    for n, group in enumerate(kinds.values()):
        seed("fuzz_packet", "kind-%d" % n, frame_row(group[:3]))
    for folder in sorted(glob.glob(os.path.join(SOURCE, "rules/*/"))):
        for name, data in files(os.path.join(os.path.relpath(folder, SOURCE), "*.expect")):
            seed("fuzz_expect", os.path.basename(folder[:-1]) + "-" + name, data[:2048])
    words("fuzz_expect", [b"pass", b"drop", b"drop-silently", b"default", b"input", b"net-out", b"net-in", b"disk-write",
                          b"disk-read", b"disk-control", b"rewrite"])
    words("fuzz_reader", [struct.pack(e + "I", v) for e in "<>" for v in
                          (0xa1b2c3d4, 0xa1b23c4d, 0x0a0d0d0a, 0x1a2b3c4d, 1, 2, 3, 6, 147, 0xffffffff)])


def logs():
    """fuzz_hvlog.c: how, then what came over a serial port; it puts the right CRC for ????."""
    texts = ["hypervisor at 1e400000, 26624 KiB", "counters: begin triple fault", "exits: page 95",
             "exits: cpu1: page 90 io 5", "device: ahci-00:1f.2-bar5 52 reads 32 writes",
             "register: ahci-00:1f.2-bar5 0x138 0 reads 16 writes", "register: configuration other 5 reads 0 writes",
             "offence: msr 1000 said 8", "rate: 5715 exits a second, 5715 at most, 2 seconds", "counters: end 9 lines"]
    lines = ["sluice: [    1.%06d %d info #%d ????] %s\r\n" % (n, n % 2, n + 1, text) for n, text in enumerate(texts)]
    noise = "\x1b[2J\x1b[1;1HSeaBIOS\r\nsluice: [half\x00a line"
    for how in (0, 1, 30, 255):
        seed("fuzz_hvlog", "block-%d" % how, bytes([how]) + "".join(lines).encode())
        seed("fuzz_hvlog", "noise-%d" % how, bytes([how]) + noise.join(lines[:3] + lines[5:] + lines).encode())
    words("fuzz_hvlog", [b"sluice: [", b" ????] ", b"debug", b"info", b"warn", b"error", b" #1", b"counters: begin ",
                         b"counters: end ", b" lines", b"exits: ", b"exits: cpu", b"device: ", b"register: ", b" other ",
                         b" 0x", b" reads ", b" writes", b"offence: ", b" said ", b"configuration", b"18446744073709551615"])


def regexes():
    found = set()
    for _, data in list(policies()) + list(files("tests/policies/*.sigs")) + list(files("rules/*/*.sigs")):
        found |= set(re.findall(rb"= /(.+?)/[ismx]*\s*(?:;|\n|$)", data))
    for n, text in enumerate(sorted(found | {rb"a{2,3}?b*|c[^d-f]+$", rb"^(?:ab|\x00)\b.\d{3}", rb"(?i:x)y\s"})):
        seed("fuzz_regex", "regex-%d" % n, b"\0" + text + b"\n" + b"aab 123-45-6789\nXyz \x00 cgh")
    words("fuzz_regex", [b"(?:", b"(?i)", b"(?s-i:", b"[^", b"[:alpha:]", b"[[:digit:]]", b"{2,3}", b"{,3}", b"{1,}", b"*?",
                         b"|", b"\\b", b"\\B", b"\\A", b"\\z", b"\\Z", b"\\d", b"\\W", b"\\s", b"\\h", b"\\v", b"\\N", b"\\x41",
                         b"\\x{41}", b"\\o{101}", b"\\cA", b"\\e", b"(?#", b"^", b"$"])


def programs():
    folder = os.path.join(OUT, "fuzz_verify")
    os.makedirs(folder, exist_ok=True)
    cases = sorted(glob.glob(os.path.join(SOURCE, "tests/bpf/cases/*.bpf")))
    subprocess.run([os.path.join(BUILD, "tests/fuzz/bpf_seeds"), folder] + cases, check=True)


def insns():
    """fuzz_insn.c's order: mode bits, flags, PKRU, CR3, RIP, 16 registers, 6 segments, what RAM is full of."""
    codes = ("8b03", "8803", "0fb603", "0fbf03", "c70301020304", "f3a5", "f3aa", "0103", "833b01", "f60301", "a100900000",
             "8c1b", "0f38f003", "0fc303", "668b4301", "678b07", "f08303ff", "65488b03", "4863047b")
    modes = {"real": (0, 0x93), "32": (0x20, 0x0c9b), "64": (0x4220, 0x029b), "user": (0x14320, 0x029b)}
    for name, (bits, cs) in modes.items():
        for n, code in enumerate(codes):
            cpu = struct.pack("<IIHII", bits, 2, 0, 0, 0x1000) + struct.pack("<16I", 2, 3, 0, *[0x9000] * 13)
            for i in range(6):
                cpu += struct.pack("<HII", cs if i == 1 else 0x93, 0xffff, 0)
            seed("fuzz_insn", "%s-%d" % (name, n), cpu + bytes.fromhex(code).ljust(64, b"\0"))
    # tables of all modes in page 1: entries that point at it
    for bits in (0x60, 0x860, 0x260, 0x4260, 0x4660, 0xc260):
        cpu = struct.pack("<IIHII", bits, 2, 0, 0x1000, 0) + struct.pack("<16I", *[0x9000] * 16)
        cpu += struct.pack("<HII", 0x29b, 0xffff, 0) * 6
        seed("fuzz_insn", "tables-%x" % bits, cpu + struct.pack("<Q", 0x1067) * 8)


def cards():
    """fuzz_e1000.c: device and policy, faults, then operations."""
    tick, poll = b"\x27", b"\x17"
    enable = b"\x02\x81" + struct.pack("<I", 1 << 15 | 1 << 5 | 2)      # RCTL: EN, LPE, BAM
    ring = b"\x0e" + struct.pack("<H", 1 | 4 << 2 | 20 << 11) + b"\x04\x40\x00"
    for first in range(8):
        for faults in (0, 3, 0x30, 0x3f):
            head = bytes([first, faults])
            out = b""
            for bits in (0x00500001, 0x00510802, 0x40521803, 0x81001a09, 0x5dc01a19, 0x2dc01c1b, 0x20300607, 0x10101000):
                out += b"\x06" + struct.pack("<I", bits) + b"\0" + tick
            come = ring + enable
            for bits in (0x0000ff00, 0x00003001, 0x00008005, 0x0020000a, 0x00300006, 0x2000ff09):
                come += b"\x05" + struct.pack("<I", bits) + poll + tick
            seed("fuzz_e1000", "out-%d-%d" % (first, faults), head + out)
            seed("fuzz_e1000", "in-%d-%d" % (first, faults), head + come)
            seed("fuzz_e1000", "both-%d-%d" % (first, faults), head + come + out + come)


def disks():
    """fuzz_ahci.c: policy and memory, faults, then operations."""
    tick, steps = b"\x07", b"\x26"
    buffer = b"\x05" + struct.pack("<H", 0x40)         # one PRD's address
    for first in range(8):
        for faults in (0, 3, 0x14, 0x7f, 0x1ff, 0x180):
            head = bytes([first]) + struct.pack("<H", faults)
            every = b""
            for n in range(32):
                for port in range(3):
                    bits = port | n << 2 | n << 7 | (n & 15) << 12
                    every += b"\x03" + struct.pack("<I", bits) + bytes([n]) + b"\0" + buffer * 2
                every += steps if n & 1 else tick
            queue = b""
            for n in range(32):
                bits = (n & 1) << 7 | n << 2 | 7 << 12
                queue += b"\x03" + struct.pack("<I", bits) + bytes([n * 4]) + b"\3" + buffer * 8
            trouble = b"".join(b"\x05" + struct.pack("<H", kind | 9 << 3) for kind in range(5))
            seed("fuzz_ahci", "every-%d-%d" % (first, faults), head + every)
            seed("fuzz_ahci", "queue-%d-%d" % (first, faults), head + queue + tick + queue + steps + tick)
            seed("fuzz_ahci", "trouble-%d-%d" % (first, faults), head + trouble + queue + tick + every + trouble + queue)


texts()
cards()
disks()
modules()
insns()
traces()
logs()
regexes()
programs()
