"""evaluator.py - rules as trees that print themselves as .hvrule text and judge a transfer

An independent reading of docs/language.md: slow, short, and nothing of the compiler in it.  Each
expression has value(transfer), None where the transfer lacks it; each condition holds(transfer).
A number or MAC is an int.  An address is (family, int), and so lies outside of every span of the
other family.
"""
import operator
from collections import namedtuple

MASK = (1 << 64) - 1

# hook: as the language spells it; guarded: a control command that only a `pass` naming it lets through
Transfer = namedtuple("Transfer", "raw hook fields areas guarded", defaults=(False,))

# How tightly text binds; what is looser inside of something tighter needs parentheses.
OR, AND, NOT, TEST, ATOM = 1, 2, 3, 4, 10
RANKS = {"|": 5, "^": 6, "&": 7, "+": 8, "-": 8, "<<": 9, ">>": 9}


class Node:
    rank = ATOM
    names_command = False       # can it hold only for ATA commands that it lists?

    def within(self, rank):
        return str(self) if self.rank >= rank else f"({self})"


class Called(Node):
    """Something under a name, or in parentheses that it does not need."""

    def __init__(self, text, what):
        self.text, self.what = text, what

    def __str__(self):
        return self.text

    def __getattr__(self, name):
        return getattr(self.what, name)

    @property
    def names_command(self):
        return self.what.names_command


# ---- expressions -----------------------------------------------------------------


class Constant(Node):
    """A number, an address or a MAC, with its text."""

    def __init__(self, value, text):
        self.constant, self.text = value, text

    def __str__(self):
        return self.text

    def value(self, _):
        return self.constant


class Field(Node):
    def __init__(self, name):
        self.name = name

    def __str__(self):
        return self.name

    def value(self, transfer):
        return transfer.fields.get(self.name)


def number_at(data, at, size, little):
    if data is None or at is None or at + size > len(data):
        return None
    return int.from_bytes(data[at:at + size], "little" if little else "big")


class Bytes(Node):
    """AREA[offset:size]"""

    def __init__(self, area, offset, size, little):
        self.area, self.offset, self.size, self.little = area, offset, size, little

    def __str__(self):
        return f"{self.area}[{self.offset}:{self.size}]{' le' if self.little else ''}"

    def value(self, transfer):
        return number_at(transfer.areas.get(self.area), self.offset.value(transfer), self.size, self.little)


class Sector(Node):
    """sector[lba][offset:size]"""

    def __init__(self, lba, offset, size, little):
        self.lba, self.offset, self.size, self.little = lba, offset, size, little

    def __str__(self):
        return f"sector[{self.lba}][{self.offset}:{self.size}]{' le' if self.little else ''}"

    def value(self, transfer):
        data, length = transfer.areas.get("data"), transfer.fields["disk.sector_size"]
        if data is None or self.lba < transfer.fields["disk.lba"]:
            return None
        start = (self.lba - transfer.fields["disk.lba"]) * length
        return number_at(data[start:start + length], self.offset, self.size, self.little)


class Arithmetic(Node):
    """Modulo 2^64; a shift of 64 or more gives 0."""

    APPLY = {"|": operator.or_, "^": operator.xor, "&": operator.and_, "+": operator.add, "-": operator.sub,
             "<<": lambda a, b: a << b if b < 64 else 0, ">>": lambda a, b: a >> b if b < 64 else 0}

    def __init__(self, left, op, right):
        self.left, self.op, self.right, self.rank = left, op, right, RANKS[op]

    def __str__(self):
        return f"{self.left.within(self.rank)} {self.op} {self.right.within(self.rank + 1)}"

    def value(self, transfer):
        a, b = self.left.value(transfer), self.right.value(transfer)
        return None if a is None or b is None else self.APPLY[self.op](a, b) & MASK


class Tuple(Node):
    def __init__(self, parts):
        self.parts = parts

    def __str__(self):
        return f"({', '.join(map(str, self.parts))})"

    def value(self, transfer):
        values = [p.value(transfer) for p in self.parts]
        return None if None in values else values


# ---- sets --------------------------------------------------------------------------


class Span:
    def __init__(self, low, high, text):
        self.low, self.high, self.text = low, high, text

    def __str__(self):
        return self.text

    def contains(self, value):
        return self.low <= value <= self.high


class Row:
    """An element of a set of tuples."""

    def __init__(self, spans):
        self.spans = spans

    def __str__(self):
        return f"({', '.join(map(str, self.spans))})"

    def contains(self, values):
        return all(s.contains(v) for s, v in zip(self.spans, values))


class Set(Node):
    def __init__(self, elements, comma=False):
        self.elements, self.comma = elements, comma and bool(elements)

    def __str__(self):
        return f"{{ {', '.join(map(str, self.elements))}{',' if self.comma else ''} }}"

    def contains(self, value):
        return any(e.contains(value) for e in self.elements)


class SetSum(Node):
    """Union and difference, from the left."""

    def __init__(self, left, op, right):
        self.left, self.op, self.right = left, op, right

    def __str__(self):
        return f"{self.left} {self.op} {self.right}"

    def contains(self, value):
        if self.op == "+":
            return self.left.contains(value) or self.right.contains(value)
        return self.left.contains(value) and not self.right.contains(value)


# ---- conditions -----------------------------------------------------------------------


class Flag(Field):
    def holds(self, transfer):
        return self.value(transfer) == 1


class Compare(Node):
    rank = TEST
    APPLY = {"==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt,
             ">=": operator.ge}

    def __init__(self, left, op, right):
        self.left, self.op, self.right = left, op, right
        self.names_command = op == "==" and str(left) == "ata.command"

    def __str__(self):
        return f"{self.left.within(TEST + 1)} {self.op} {self.right.within(TEST + 1)}"

    def holds(self, transfer):
        a, b = self.left.value(transfer), self.right.value(transfer)
        return a is not None and b is not None and self.APPLY[self.op](a, b)


class In(Node):
    rank = TEST

    def __init__(self, left, members, negated):
        self.left, self.members, self.negated = left, members, negated
        self.names_command = not negated and str(left) == "ata.command"

    def __str__(self):
        return f"{self.left.within(TEST + 1)} {'not ' if self.negated else ''}in {self.members}"

    def holds(self, transfer):
        value = self.left.value(transfer)
        return value is not None and self.members.contains(value) != self.negated


class Overlaps(Node):
    """disk.range overlaps { low..high, ... }, whose ends are expressions."""

    rank = TEST

    def __init__(self, spans):
        self.spans = spans

    def __str__(self):
        return f"disk.range overlaps {{ {', '.join(f'{a}..{b}' for a, b in self.spans)} }}"

    def holds(self, transfer):
        ranges = transfer.fields.get("disk.range", ())
        for low, high in ((a.value(transfer), b.value(transfer)) for a, b in self.spans):
            if low is not None and high is not None and any(
                    n and lba <= high and low <= lba + n - 1 for lba, n in ranges):
                return True
        return False


class Pattern(Node):
    """steps: a set of bytes, or (least, most) of a gap."""

    def __init__(self, steps, text):
        self.steps, self.text = steps, text

    def __str__(self):
        return self.text

    def matches(self, data, at, step=0):
        if step == len(self.steps):
            return True
        now = self.steps[step]
        if isinstance(now, tuple):
            return any(self.matches(data, at + n, step + 1) for n in range(now[0], now[1] + 1))
        return at < len(data) and data[at] in now and self.matches(data, at + 1, step + 1)


class Place:
    """Where a match may start: from first to last, and so again after every so many bytes."""

    def __init__(self, first, last, every, text):
        self.first, self.last, self.every, self.text = first, last, every, text

    def allows(self, at):
        return self.first <= (at % self.every if self.every else at) <= self.last


ANYWHERE = Place(0, MASK, 0, "")


class Has(Node):
    """AREA has PATTERN, with verb "has", "has any" or "starts with"."""

    rank = TEST

    def __init__(self, area, verb, patterns, place=ANYWHERE):
        self.area, self.verb, self.patterns, self.place = area, verb, patterns, place

    def __str__(self):
        text = ", ".join(map(str, self.patterns))
        return f"{self.area} {self.verb} {f'{{ {text} }}' if self.verb == 'has any' else text}{self.place.text}"

    def holds(self, transfer):
        data = transfer.areas.get(self.area, b"")
        return any(p.matches(data, i) for i in range(len(data)) if self.place.allows(i) for p in self.patterns)


class Not(Node):
    rank = NOT

    def __init__(self, what):
        self.what = what

    def __str__(self):
        return f"not {self.what.within(NOT)}"

    def holds(self, transfer):
        return not self.what.holds(transfer)


class All(Node):
    rank, word = AND, "and"

    def __init__(self, parts):
        self.parts = parts
        self.names_command = any(p.names_command for p in parts)

    def __str__(self):
        return f" {self.word} ".join(p.within(self.rank) for p in self.parts)

    def holds(self, transfer):
        return all(p.holds(transfer) for p in self.parts)


class Any(All):
    rank, word = OR, "or"

    def __init__(self, parts):
        super().__init__(parts)
        self.names_command = all(p.names_command for p in parts)

    def holds(self, transfer):
        return any(p.holds(transfer) for p in self.parts)


# ---- rules ------------------------------------------------------------------------------


class Rule(namedtuple("Rule", "label condition action")):
    def __str__(self):
        return f"    {self.label}: {self.condition} -> {self.action};"


class Block(namedtuple("Block", "hook default rules")):
    def __str__(self):
        return "\n".join([f"on {self.hook} default {self.default} {{", *map(str, self.rules), "}\n"])

    def judge(self, transfer):
        """(outcome, the labels of the rules that held up to the one that decided)"""
        outcome, labels, named = self.default, set(), False
        for rule in self.rules:
            if rule.condition.holds(transfer):
                labels.add(rule.label)
                if not rule.action.startswith("count"):
                    outcome, named = rule.action, rule.condition.names_command
                    break
        if outcome == "pass" and transfer.guarded and not named:
            outcome = "drop"
        return {"drop silently": "silent"}.get(outcome, outcome), labels
