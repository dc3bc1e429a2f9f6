"""lab.py - frames, captures and disk traces made by hand, and the programs run over them

A case is a claim of the language and what shows it.  matrix() puts many conditions into one
policy and many transfers into one trace, and expects for each condition the transfers where it
holds: as text, as a module, as a module of `--plain` code, and after `hvc fmt`.
"""
import json
import os
import re
import struct
import subprocess
import sys
import tempfile

HVC = os.path.join(os.environ.get("builddir", "build"), "hvc")
HVREPLAY = os.path.join(os.environ.get("builddir", "build"), "hvreplay")
HVC, HVREPLAY = os.path.abspath(HVC), os.path.abspath(HVREPLAY)

# ---- bytes of packets --------------------------------------------------------


def ip_sum(data, start=0):
    """RFC 1071 over data, complemented."""
    if len(data) % 2:
        data += b"\0"
    total = start + sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total ^ 0xffff


def a4(text):
    return bytes(int(x) for x in text.split("."))


def a6(text):
    if "::" in text:
        left, right = text.split("::")
        left, right = [x for x in left.split(":") if x], [x for x in right.split(":") if x]
        groups = left + ["0"] * (8 - len(left) - len(right)) + right
    else:
        groups = text.split(":")
    return b"".join(struct.pack(">H", int(x, 16)) for x in groups)


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


ME, PEER = "02:00:00:00:00:01", "02:00:00:00:00:02"


def eth(body, kind, src=PEER, dst=ME, tags=(), pad=0):
    """tags: (TPID, TCI), outer first; pad: bytes behind the datagram."""
    head = mac(dst) + mac(src)
    for tpid, tci in tags:
        head += struct.pack(">HH", tpid, tci)
    return head + struct.pack(">H", kind) + body + b"\xee" * pad


def pseudo(src, dst, proto, length):
    if len(src) == 4:
        return src + dst + struct.pack(">HH", proto, length)
    return src + dst + struct.pack(">II", length, proto)


def address(text):
    return a6(text) if ":" in text else a4(text)


def with_sum(segment, at, src, dst, proto, zero_is_none=False):
    cover = segment[:at] + b"\0\0" + segment[at + 2:]
    value = ip_sum(pseudo(src, dst, proto, len(segment)) + cover)
    if value == 0 and zero_is_none:
        value = 0xffff
    return segment[:at] + struct.pack(">H", value) + segment[at + 2:]


def ipv4(proto, body, src="10.0.0.2", dst="10.0.0.1", ttl=64, tos=0, ident=1, options=b"", off=0, more=False,
         length=None):
    hlen = 20 + len(options)
    frag = (0x2000 if more else 0) | off // 8
    head = struct.pack(">BBHHHBBH", 0x40 | hlen // 4, tos, hlen + len(body) if length is None else length, ident, frag,
                       ttl, proto, 0) + a4(src) + a4(dst) + options
    return head[:10] + struct.pack(">H", ip_sum(head)) + head[12:] + body


def ipv6(proto, body, src="fd00::2", dst="fd00::1", hops=64, tclass=0, flow=0, ext=b"", first=None):
    """ext: extension headers whose first is @first and whose last names @proto."""
    return struct.pack(">IHBB", 6 << 28 | tclass << 20 | flow, len(ext) + len(body), proto if first is None else first,
                       hops) + a6(src) + a6(dst) + ext + body


def ip(proto, body, src="10.0.0.2", dst="10.0.0.1", **more):
    return ipv6(proto, body, src, dst, **more) if ":" in src else ipv4(proto, body, src, dst, **more)


def tcp(payload=b"", sport=40000, dport=80, flags=0x18, seq=1000, window=500, src="10.0.0.2", dst="10.0.0.1", opts=b""):
    seg = struct.pack(">HHIIBBHHH", sport, dport, seq, 7, (20 + len(opts)) // 4 << 4, flags, window, 0, 0) + opts + payload
    return with_sum(seg, 16, address(src), address(dst), 6)


def udp(payload=b"", sport=40000, dport=53, src="10.0.0.2", dst="10.0.0.1", checksum=True, length=None):
    dgram = struct.pack(">HHHH", sport, dport, 8 + len(payload) if length is None else length, 0) + payload
    return with_sum(dgram, 6, address(src), address(dst), 17, True) if checksum else dgram


def icmp(kind, code=0, body=b"\0\0\0\0"):
    message = struct.pack(">BBH", kind, code, 0) + body
    return message[:2] + struct.pack(">H", ip_sum(message)) + message[4:]


def icmp6(kind, code=0, body=b"\0\0\0\0", src="fd00::2", dst="fd00::1"):
    return with_sum(struct.pack(">BBH", kind, code, 0) + body, 2, a6(src), a6(dst), 58)


IP_KEYS = ("ttl", "tos", "ident", "options", "off", "more", "length", "hops", "tclass", "flow", "ext", "first")
ETH_KEYS = ("tags", "pad", "esrc", "edst")


def _split(more):
    outer = {k: more.pop(k) for k in ETH_KEYS if k in more}
    middle = {k: more.pop(k) for k in IP_KEYS if k in more}
    link = {{"esrc": "src", "edst": "dst"}.get(k, k): v for k, v in outer.items()}
    return link, middle


def _frame(proto, maker, src, dst, args, more):
    link, middle = _split(more)
    body = maker(*args, src=src, dst=dst, **more)
    return eth(ip(proto, body, src, dst, **middle), 0x86dd if ":" in src else 0x800, **link)


def TCP(*args, src="10.0.0.2", dst="10.0.0.1", **more):
    return _frame(6, tcp, src, dst, args, more)


def UDP(*args, src="10.0.0.2", dst="10.0.0.1", **more):
    return _frame(17, udp, src, dst, args, more)


V6 = {"src": "fd00::2", "dst": "fd00::1"}


def ICMP(*args, src="10.0.0.2", dst="10.0.0.1", **more):
    return _frame(1, lambda *a, src, dst, **m: icmp(*a, **m), src, dst, args, more)


def ICMP6(*args, src="fd00::2", dst="fd00::1", **more):
    return _frame(58, icmp6, src, dst, args, more)


def ARP(op=1, spa="10.0.0.2", tpa="10.0.0.1", **link):
    link = _split(link)[0]
    return eth(struct.pack(">HHBBH", 1, 0x800, 6, 4, op) + mac(PEER) + a4(spa) + mac(ME) + a4(tpa), 0x806, **link)


def sums_right(frame):
    """Are IPv4's and the transport's checksum of this unfragmented, untagged frame right?"""
    kind, p = struct.unpack(">H", frame[12:14])[0], 14
    while kind in (0x8100, 0x88a8):
        kind, p = struct.unpack(">H", frame[p + 2:p + 4])[0], p + 4
    body = frame[p:]
    if kind == 0x800:
        hlen = (body[0] & 15) * 4
        if ip_sum(body[:hlen]):
            return False
        proto, src, dst = body[9], body[12:16], body[16:20]
        segment = body[hlen:struct.unpack(">H", body[2:4])[0]]
    else:
        proto, src, dst = body[6], body[8:24], body[24:40]
        segment = body[40:40 + struct.unpack(">H", body[4:6])[0]]
    if proto == 17 and segment[6:8] == b"\0\0":
        return kind == 0x800
    start = b"" if proto == 1 else pseudo(src, dst, proto, len(segment))
    return ip_sum(start + segment) == 0


# ---- files ---------------------------------------------------------------------

def pcap(frames, link=1, snap=262144, order="<"):
    """frames: bytes, or (bytes, length on the wire), or (bytes, wire length, time in s)."""
    out = struct.pack(order + "IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, snap, link)
    for n, f in enumerate(frames):
        data, wire, when = f if isinstance(f, tuple) and len(f) == 3 else \
            (*f, n) if isinstance(f, tuple) else (f, len(f), n)
        whole = int(when)
        out += struct.pack(order + "IIII", 1000 + whole, int((when - whole) * 1000000), len(data), wire) + data
    return out


def unpcap(data):
    """The packets of a pcap file."""
    order = "<" if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    at, frames = 24, []
    while at < len(data):
        n = struct.unpack(order + "I", data[at + 8:at + 12])[0]
        frames.append(data[at + 16:at + 16 + n])
        at += 16 + n
    return frames


READ, WRITE, CONTROL = 3, 2, 4


def disk(command, data=b"", lba=0, sectors=None, hook=None, size=512, total=0, cdb=b"", features=0, count=None, unit=0,
         port=0, kind=None, first=None, ata_lba=None):
    """One command of a disk trace, docs/disk-trace.md."""
    if hook is None:
        hook = READ if command in (0x20, 0x24, 0x25, 0x60, 0xc8) else \
            WRITE if command in (0x30, 0x34, 0x35, 0x61, 0xca) else CONTROL
    if sectors is None:
        sectors = len(data) // size if hook != CONTROL else 0
    if kind is None:
        kind = 0 if not data else 1 if hook != CONTROL else 2
    return struct.pack("<4sHHQQQ8B", b"SVDT", 1, 96, 0, 0, len(data), hook, kind, unit, port, command, len(cdb), 0x50,
                       0), struct.pack("<HHIQQQQ16s", features, sectors & 0xffff if count is None else count, size,
                                       lba if ata_lba is None else ata_lba,
                                       lba if first is None and hook != CONTROL else first or 0,
                                       sectors, total, cdb), data


def trim(*ranges, **more):
    more.setdefault("features", 1)
    return disk(0x06, b"".join(struct.pack("<QQ", lba, n) for lba, n in ranges), hook=CONTROL, kind=2, **more)


def disk_trace(commands, part=131072):
    records = []
    for n, (head, tail, data) in enumerate(commands):
        for at in range(0, max(len(data), 1), part):
            mine = head[:8] + struct.pack("<QQ", n + 1, at) + head[24:]
            records.append(mine + tail + data[at:at + part])
    return pcap(records, link=147)


def undisk(data):
    """The commands of a disk trace: (number, hook, data)."""
    out = {}
    for r in unpcap(data):
        number, = struct.unpack("<Q", r[8:16])
        out.setdefault(number, [r[32], b""])[1] += r[96:]
    return [(n, hook, d) for n, (hook, d) in out.items()]


# ---- running and telling -------------------------------------------------------

RESULTS = []


def claim(text, ok, *notes):
    RESULTS.append(bool(ok))
    print(f"{'ok' if ok else 'not ok'} {len(RESULTS)} - {text.replace('#', 'no.')}")
    if not ok:
        for note in notes:
            for line in str(note).splitlines()[:30]:
                print("#  ", line[:1000])
    return ok


def skip(text, why):
    """A case that cannot run here."""
    RESULTS.append(True)
    print(f"ok {len(RESULTS)} - {text.replace('#', 'no.')} # SKIP {why}")


def finish():
    print(f"1..{len(RESULTS)}")
    sys.exit(0 if RESULTS and all(RESULTS) else 1)


class Done:
    def __init__(self, args, cwd):
        p = subprocess.run(args, capture_output=True, timeout=60, check=False, cwd=cwd)
        self.status = p.returncode
        self.raw = p.stdout
        self.out, self.err = p.stdout.decode(errors="replace"), p.stderr.decode(errors="replace")
        if "Sanitizer" in self.err or "runtime error" in self.err:
            self.status = 99

    def __str__(self):
        return f"status {self.status}\n{self.out}{self.err}"


class Lab:
    """A folder of its own."""

    def __enter__(self):
        self.room = tempfile.TemporaryDirectory()
        self.path = self.room.name
        return self

    def __exit__(self, *what):
        self.room.cleanup()

    def at(self, name):
        return os.path.join(self.path, name)

    def put(self, name, content):
        os.makedirs(os.path.dirname(self.at(name)), exist_ok=True)
        with open(self.at(name), "wb") as f:
            f.write(content if isinstance(content, bytes) else content.encode())
        return name

    def get(self, name):
        with open(self.at(name), "rb") as f:
            return f.read()

    def hvc(self, *args):
        return Done([HVC, *args], self.path)

    def replay(self, *args):
        return Done([HVREPLAY, *args], self.path)

    def verdicts(self, policy, trace, *options):
        """{number: (hook, outcome, {rules})}, or the failed run."""
        done = self.replay("-q", policy, trace, "--verdicts", "v.txt", *options)
        if done.status:
            return done
        return parse_verdicts(self.get("v.txt").decode().splitlines())[None]

    def inputs(self, policy, traces, *options):
        """{trace: verdicts} of several traces, or the failed run."""
        done = self.replay("-q", policy, *traces, "--verdicts", "v.txt", *options)
        if done.status:
            return done
        found = parse_verdicts(self.get("v.txt").decode().splitlines())
        return found if len(traces) > 1 else {traces[0]: found[None]}

    def all(self, policy, trace, *options):
        """Verdicts, events and the run itself with its summary."""
        done = self.replay(policy, trace, "--verdicts", "v.txt", "--events", "e.json", *options)
        if done.status:
            return done, done, done
        return (parse_verdicts(self.get("v.txt").decode().splitlines())[None],
                [json.loads(x) for x in self.get("e.json").decode().splitlines()], done)

    def events(self, policy, trace, *options):
        done = self.replay("-q", policy, trace, "--events", "e.json", *options)
        if done.status:
            return done
        return [json.loads(x) for x in self.get("e.json").decode().splitlines()]


def parse_verdicts(lines):
    """{input: Verdicts}, None where no input is named."""
    fallback = {}
    inputs = {None: Verdicts({}, fallback)}
    now = inputs[None]
    for line in lines:
        w = line.split("#")[0].split()
        if w and w[0] == "input":
            now = inputs[w[1]] = Verdicts({}, fallback)
        elif w and w[0].isdigit():
            now[int(w[0])] = (w[1], w[2], set() if len(w) < 4 or w[3] == "-" else set(w[3].split(",")))
        elif w and w[0] == "default":
            fallback[w[1] if len(w) > 2 else None] = w[-1]
    return inputs


class Verdicts(dict):
    def __init__(self, given, fallback):
        super().__init__(given)
        self.fallback = fallback

    def rules(self, n):
        return self.get(n, ("", "", set()))[2]

    def outcome(self, n, hook=None):
        """What is not listed has its hook's default; @hook where a default drops."""
        return self[n][1] if n in self else self.fallback.get(hook, self.fallback.get(None))


HEAD = 'policy "lab" version 1;\n'
PROGRAMS = ("net/out", "net/in", "disk/write", "disk/read", "disk/control")


def code(module):
    """The program sections of a module: {name: bytes}."""
    shoff, = struct.unpack("<Q", module[40:48])
    size, n, names = struct.unpack("<HHH", module[58:64])
    rows = [struct.unpack("<IIQQQQ", module[shoff + i * size:shoff + i * size + 40]) for i in range(n)]
    strings = rows[names][4]
    out = {}
    for row in rows:
        name = module[strings + row[0]:].split(b"\0", 1)[0].decode()
        if name in PROGRAMS:
            out[name] = module[row[4]:row[4] + row[5]]
    return out


def same_forms(lab, what, policy, trace, options):
    """Text, module, plain module and formatted text judge alike; the first's verdicts."""
    first = lab.verdicts(policy, trace, *options)
    if not claim(f"{what}: the policy compiles and judges", isinstance(first, Verdicts), first):
        return None
    for name, flags in (("module", ()), ("plain", ("--plain",))):
        built = lab.hvc("build", policy, "-o", name + ".hvb", *flags)
        other = built if built.status else lab.verdicts(name + ".hvb", trace, *options)
        claim(f"{what}: as a module {'of plain code ' if flags else ''}the verdicts are the same", other == first,
              other if isinstance(other, Done) else
              [(n, first[n], other.get(n)) for n in first if first[n] != other.get(n)][:5])
    formatted = lab.hvc("fmt", policy)
    lab.put("fmt.hvrule", formatted.raw)
    again = lab.hvc("fmt", "fmt.hvrule")
    claim(f"{what}: hvc fmt is idempotent", formatted.status == 0 and again.raw == formatted.raw, formatted.err,
          again.err)
    built = lab.hvc("build", "fmt.hvrule", "-o", "fmt.hvb")
    claim(f"{what}: hvc fmt keeps the code", built.status == 0 and
          code(lab.get("fmt.hvb")) == code(lab.get("module.hvb")), built)
    return first


def matrix(what, hook, transfers, cases, head="", files=None, options=()):
    """
    transfers: {name: frame or disk command}; cases: [(claim, condition, "names of transfers")]
    where "*" stands for all and "-x" takes one away.
    """
    names = list(transfers)
    with Lab() as lab:
        for name, content in (files or {}).items():
            lab.put(name, content)
        rules = "".join(f"    r{i}: {c[1]} -> count c;\n" for i, c in enumerate(cases))
        lab.put("p.hvrule", HEAD + head + f"\non {hook} default pass {{\n{rules}}}\n")
        values = list(transfers.values())
        lab.put("t.pcap", disk_trace(values) if hook.startswith("disk") else pcap(values))
        got = same_forms(lab, what, "p.hvrule", "t.pcap", options)
        for i, (text, condition, expected) in enumerate(cases):
            want = set()
            for word in expected.split():
                if word == "*":
                    want |= set(names)
                elif word[0] == "-":
                    assert word[1:] in names, word
                    want.discard(word[1:])
                else:
                    assert word in names, word
                    want.add(word)
            holds = set() if got is None else {n for k, n in enumerate(names) if f"r{i}" in got.rules(k + 1)}
            claim(text, got is not None and holds == want, condition, f"expected: {sorted(want)}",
                  f"holds:    {sorted(holds)}")
        return got


def refused(text, policy, *expected, files=None, status=1, flags=()):
    """hvc check prints each expected line (a regular expression) and ends with @status."""
    with Lab() as lab:
        for name, content in (files or {}).items():
            lab.put(name, content)
        lab.put("p.hvrule", policy)
        done = lab.hvc("check", "p.hvrule", *flags)
        claim(text, done.status == status and all(re.search(e, done.err + done.out, re.M) for e in expected), done,
              "expected: " + " / ".join(expected))


def accepted(text, policy, files=None, silent=True):
    with Lab() as lab:
        for name, content in (files or {}).items():
            lab.put(name, content)
        lab.put("p.hvrule", policy)
        done = lab.hvc("check", "p.hvrule")
        claim(text, done.status == 0 and not (silent and done.err), done)
