"""maker.py - random rules as trees of evaluator.py

What they compare with is mostly what the transfers hold, or one beside it: else few would ever hold.
"""
import ipaddress

import commands
import frames
from evaluator import (ANYWHERE, MASK, RANKS, All, Any, Arithmetic, Block, Bytes, Called, Compare, Constant,
                       Field, Flag, Has, In, Not, Overlaps, Pattern, Place, Row, Rule, Sector, Set, SetSum,
                       Span, Tuple)

NUMBERS = [0, 1, 2, 63, 64, 65, 255, 256, 1024, 4096, 65535, 65536, 0xffffffff, 1 << 32, 1 << 63, MASK - 1, MASK]
COMPARISONS = list(Compare.APPLY)


class Maker:
    """What all hooks share."""

    def __init__(self, rng, transfers, declared=0):
        """declared: how many names the policy has already."""
        self.rng, self.declared, self.head, self.values = rng, declared, [], {}
        for t in transfers:
            for name, value in t.fields.items():
                self.values.setdefault(name, []).append(value)

    def maybe(self, chance):
        return self.rng.random() < chance

    def named(self, kind, what):
        """what, declared in front of the rules."""
        name = f"{kind[0]}{self.declared + len(self.head)}"
        self.head.append(f"{kind} {name} = {what};")
        return Called(name, what)

    def maybe_named(self, kind, what, chance=0.3):
        return self.named(kind, what) if self.maybe(chance) else what

    # ---- numbers -----------------------------------------------------------------

    def value(self, field=None):
        if field in self.values and self.maybe(0.8):
            near = self.rng.choice(self.values[field]) + self.rng.choice([0, 0, 0, 0, 1, -1])
            return max(0, min(MASK, near))
        return self.rng.choice(NUMBERS)

    def spelled(self, value):
        if value % 1024 == 0 and value and self.maybe(0.3):
            return f"{value // 1024}k"
        return hex(value) if self.maybe(0.3) else str(value)

    def constant(self, field=None):
        value = self.value(field)
        return self.maybe_named("const", Constant(value, self.spelled(value)), 0.1)

    def number(self, depth):
        """(an expression, the field whose values its own are like)"""
        if depth > 0 and self.maybe(0.5):
            return self.bytes_at(depth) if self.maybe(0.3) else self.arithmetic(depth)
        if self.maybe(0.9):
            name = self.rng.choice(self.FIELDS)
            return Field(name), name
        return self.constant(), None

    def arithmetic(self, depth):
        op = self.rng.choice(list(RANKS))
        left, field = self.number(depth - 1)
        right = self.number(depth - 1)[0]
        if op in ("<<", ">>") and self.maybe(0.7):
            bits = self.rng.choice([0, 1, 4, 8, 63, 64, 65, 200])
            right = Constant(bits, str(bits))
        out = Arithmetic(left, op, right)
        return (Called(f"({out})", out) if self.maybe(0.1) else out), field

    def span(self, field):
        low, high = sorted((self.value(field), self.value(field)))
        if self.maybe(0.6):
            return Span(low, low, self.spelled(low))
        return Span(low, high, f"{self.spelled(low)}..{self.spelled(high)}")

    def members(self, span, most=5):
        """A set of elements that span() makes, a sum of some, under names or in place."""
        def one():
            return Set([span() for _ in range(self.rng.randint(0, most))], self.maybe(0.1))
        out = one()
        if self.maybe(0.5):
            return self.maybe_named("set", out)
        for _ in range(self.rng.randint(0, 2)):
            out = SetSum(out, self.rng.choice("+-"), self.maybe_named("set", one(), 0.5))
        return self.named("set", out)

    # ---- conditions ----------------------------------------------------------------

    def comparison(self):
        left, field = self.number(self.rng.choice([0, 0, 2]))
        right = self.constant(field) if self.maybe(0.8) else self.number(2)[0]
        if self.maybe(0.15):
            left, right = right, left
        return Compare(left, self.rng.choice(COMPARISONS), right)

    def header(self):
        """What a classifier takes: a field that many transfers have beside constants like its values."""
        field = self.rng.choice(self.COMMON)
        if self.maybe(0.5):
            return Compare(Field(field), self.rng.choice(["==", "==", "==", "<=", ">", "!="]), self.constant(field))
        return In(Field(field), Set([self.span(field) for _ in range(self.rng.randint(1, 3))]), self.maybe(0.1))

    def membership(self):
        left, field = self.number(self.rng.choice([0, 0, 0, 1]))
        return In(left, self.members(lambda: self.span(field)), self.maybe(0.4))

    def flag(self):
        return Flag(self.rng.choice(self.FLAGS))

    def alternatives(self):
        """
        An `or` of parts that a header narrows, in any place, and maybe a header beside it:
        compiler/box.c makes boxes of these.
        """
        parts = []
        for _ in range(self.rng.choice([2, 2, 3])):
            part = [self.header()] + [self.condition(0) for _ in range(self.rng.choice([0, 1, 1, 2]))]
            self.rng.shuffle(part)
            parts.append(All(part))
        return All([self.header(), Any(parts)]) if self.maybe(0.3) else Any(parts)

    def condition(self, depth):
        if depth == 0 or self.maybe(0.45):
            leaf, = self.rng.choices(list(self.LEAVES), list(self.LEAVES.values()))
            return getattr(self, leaf)()
        form = self.rng.choice([All, Any, All, Any, Not, "define", "alternatives"])
        if form == "alternatives":
            return self.alternatives()
        if form is Not:
            return Not(self.condition(depth - 1))
        if form == "define":
            out = self.condition(depth - 1)
            return self.named("define", out) if self.maybe(0.5) else Called(f"({out})", out)
        return form([self.condition(depth - 1) for _ in range(self.rng.choice([2, 2, 3]))])

    def block(self, hook, size):
        rules = []
        for n in range(size):
            condition = self.alternatives() if self.maybe(0.3) else self.condition(self.rng.choice([0, 1, 2, 3, 3]))
            rules.append(Rule(f"r{n}", condition,
                              self.rng.choice(self.VERDICTS) if self.maybe(self.DECIDES) else "count c"))
        return Block(hook, self.rng.choice(["pass", "drop"]), rules)

    # ---- content -------------------------------------------------------------------

    def literal(self):
        text = self.rng.choice(self.LITERALS)
        ignore, wide = self.maybe(0.4), self.maybe(0.2)
        steps = []
        for c in text:
            steps.append({c, c ^ 32} if ignore and chr(c).isalpha() else {c})
            steps += [{0}] if wide else []
        escaped = "".join(chr(c) if 32 <= c < 127 else f"\\x{c:02x}" for c in text)
        return Pattern(steps, f'"{escaped}"{" i" if ignore else ""}{" wide" if wide else ""}')

    def hexes(self):
        steps, text = [], []
        for n in range(self.rng.randint(1, 4)):
            kind = self.rng.random() if n else 1
            if kind < 0.25:
                least = self.rng.randint(0, 2)
                steps.append((least, least + self.rng.randint(0, 4)))
                text.append("[{}-{}]".format(*steps[-1]))
            elif kind < 0.4:
                steps.append(range(256))
                text.append("??")
            steps.append({self.rng.choice(frames.BYTES)})
            text.append(f"{min(steps[-1]):02X}")
        return Pattern(steps, f"{{ {' '.join(text)} }}")

    def place(self):
        first = self.rng.choice(self.PLACES)
        last = first + (self.rng.choice([0, 1, 5, 40]) if self.maybe(0.5) else 0)
        every = last + self.rng.choice(self.PERIODS) if self.maybe(0.4) else 0
        text = f" at {first}" if last == first else f" within {first}..{last}"
        return Place(first, last, every, text + (f" every {every}" if every else ""))


IP_FIELDS = ["ip.src", "ip.dst", "ip.src", "ip.dst", "arp.spa", "arp.tpa"]


def address_text(value):
    return str((ipaddress.IPv4Address if value[0] == 4 else ipaddress.IPv6Address)(value[1]))


class NetMaker(Maker):
    """Frames, one hook."""

    FIELDS = ("eth.type vlan.id arp.op ip.version ip.proto ip.ttl ip.len ip.id ip.dscp ip.frag_offset "
              "tcp.sport tcp.dport tcp.flags tcp.seq tcp.window udp.sport udp.dport l4.sport l4.dport "
              "icmp.type icmp.code icmp6.type icmp6.code payload.len frame.len").split()
    FLAGS = ["tcp.syn", "tcp.ack", "tcp.fin", "tcp.rst", "ip.more_fragments"]
    COMMON = "ip.version ip.proto ip.ttl l4.sport l4.dport tcp.dport udp.dport eth.type frame.len".split()
    LEAVES = {"header": 30, "flag": 10, "comparison": 15, "membership": 10, "addresses": 20, "macs": 5, "tuples": 5,
              "search": 20}
    VERDICTS, DECIDES = ["pass", "drop"], 0.1
    LITERALS = [b"abc", b"ABC", b"GET /", b"MZ", b"a", b"aa", b"aba", b"A\0"]
    PLACES, PERIODS = [0, 1, 2, 5, 14, 54], [1, 2, 4, 14]

    def bytes_at(self, depth):
        start = self.rng.choice([0, 1, 5, 12, 14, 23, 30, 34, 50, 1500])
        offset = self.number(depth - 2)[0] if self.maybe(0.3) else Constant(start, str(start))
        area, size = self.rng.choice(["frame", "payload"]), self.rng.choice([1, 2, 4, 8])
        return Bytes(area, offset, size, self.maybe(0.3)), None

    def address(self, field):
        if field in self.values and self.maybe(0.7):
            family, value = self.rng.choice(self.values[field])
            last = (1 << (32 if family == 4 else 128)) - 1
            return family, max(0, min(last, value + self.rng.choice([0, 0, 0, 1, -1])))
        names = frames.IPV4 if field.startswith("arp") or self.maybe(0.5) else frames.IPV6
        return frames.address(self.rng.choice(names))

    def address_span(self, field):
        """One, a prefix or a range within a family."""
        one, other, kind = self.address(field), self.address(field), self.rng.choice(["one", "prefix", "range"])
        if kind == "range" and one[0] == other[0]:
            low, high = sorted((one, other))
            return Span(low, high, f"{address_text(low)}..{address_text(high)}")
        return self.prefix(one) if kind == "prefix" else Span(one, one, address_text(one))

    def prefix(self, value):
        width = 32 if value[0] == 4 else 128
        length = self.rng.choice([0, 1, 7, 8, 16, 24, 31, 32] + [64, 96, 104, 127, 128] * (width == 128))
        free = (1 << (width - length)) - 1
        low = value[0], value[1] & ~free
        return Span(low, (value[0], low[1] | free), f"{address_text(low)}/{length}")

    def addresses(self):
        field = self.rng.choice(IP_FIELDS)
        kind, negated = self.rng.random(), self.maybe(0.4)
        if kind < 0.3:
            value = self.address(field)
            return Compare(Field(field), "!=" if negated else "==", Constant(value, address_text(value)))
        if kind < 0.4:
            return Compare(Field(field), "!=" if negated else "==", Field(self.rng.choice(IP_FIELDS)))
        if kind < 0.5:      # a prefix needs no braces
            return In(Field(field), self.prefix(self.address(field)), negated)
        return In(Field(field), self.members(lambda: self.address_span(field)), negated)

    def macs(self):
        def span():
            low, high = sorted(self.rng.choices(frames.MACS, k=2), key=frames.mac_number)
            if self.maybe(0.6):
                return Span(frames.mac_number(low), frames.mac_number(low), low)
            return Span(frames.mac_number(low), frames.mac_number(high), f"{low}..{high}")
        return In(Field(self.rng.choice(["eth.src", "eth.dst"])), self.members(span, 3), self.maybe(0.4))

    def tuples(self):
        names = [self.rng.choice(IP_FIELDS[:4] if self.maybe(0.4) else self.FIELDS)
                 for _ in range(self.rng.randint(2, 3))]
        rows = [Row([self.address_span(n) if n in IP_FIELDS else self.span(n) for n in names])
                for _ in range(self.rng.randint(0, 5))]
        return In(Tuple([Field(n) for n in names]), self.maybe_named("set", Set(rows)), self.maybe(0.4))

    def search(self):
        area, kind = self.rng.choice(["payload", "payload", "frame"]), self.rng.random()
        pattern = self.maybe_named("pattern", self.literal() if self.maybe(0.5) else self.hexes())
        if kind < 0.15:
            return Has(area, "starts with", [pattern], Place(0, 0, 0, ""))
        if kind < 0.4:
            return Has(area, "has", [pattern], self.place())
        if kind < 0.5:
            return Has(area, "has any", [self.literal(), self.named("pattern", self.hexes())])
        return Has(area, "has", [pattern])


class DiskMaker(Maker):
    """Reads and writes."""

    COMMON = ["ata.command", "disk.lba", "disk.port", "disk.sectors"]
    LEAVES = {"header": 30, "comparison": 15, "membership": 10, "overlap": 25, "sector": 10, "search": 15}
    VERDICTS, DECIDES = ["pass", "pass", "drop", "drop silently"], 0.5
    FIELDS = ("ata.command ata.command ata.features ata.lba ata.count disk.unit disk.port disk.sector_size "
              "disk.total_sectors disk.lba disk.sectors disk.bytes").split()
    LITERALS = [w for w in commands.WORDS if w.isalpha()]
    PLACES, PERIODS = [0, 8, 9, 512, 520], [1, 472, 504, 512, 4096]
    FEWEST = 0                  # elements of a list

    def value(self, field=None):
        return self.rng.choice(commands.LBAS) if self.maybe(0.1) else super().value(field)

    def bytes_at(self, depth):
        start = self.rng.choice([0, 1, 8, 255, 256, 504, 508, 511, 512, 4088, 4096, 5000])
        return Bytes("data", Constant(start, str(start)), self.rng.choice([1, 2, 4, 8]), self.maybe(0.5)), None

    def literal(self):
        """Without the zeros of `wide`: commands.py keeps commands apart by them."""
        text = self.rng.choice(self.LITERALS)
        return Pattern([{c} for c in text], f'"{text.decode()}"')

    def overlap(self):
        def ends():
            if self.maybe(0.2):
                back = self.rng.randint(1, 40)
                total = Field("disk.total_sectors")
                return (Arithmetic(total, "-", Constant(back, str(back))), Arithmetic(total, "-", Constant(1, "1")))
            low = self.rng.choice(commands.LBAS)
            high = low + self.rng.choice([0, 0, 1, 62, 2047])
            return Constant(low, str(low)), Constant(high, str(high))
        return Overlaps([ends() for _ in range(self.rng.randint(self.FEWEST, 3))])

    def sector(self):
        lba = self.value("disk.lba")
        offset = self.rng.choice([0, 6, 8, 9, 255, 256, 504, 508, 511, 512, 4088])
        left = Sector(lba, offset, self.rng.choice([1, 2, 4, 8]), self.maybe(0.5))
        value = self.rng.choice([0, 0x55, 0x5555, 0x61, 0x6161])
        return Compare(left, self.rng.choice(COMPARISONS), Constant(value, str(value)))

    def search(self):
        kind = self.rng.random()
        if kind < 0.2:
            return Has("data", "starts with", [self.hexes()], Place(0, 0, 0, ""))
        place = self.place() if kind < 0.7 else ANYWHERE
        return Has("data", "has", [self.maybe_named("pattern", self.literal())], place)


class ControlMaker(DiskMaker):
    """Without what a compiler may find constant: whether a rule names its commands hangs on it."""

    COMMON = "ata.command ata.command ata.features ata.lba ata.count disk.unit disk.port disk.total_sectors".split()
    LEAVES = {"header": 60, "overlap": 25}
    FEWEST = 1
