#!/usr/bin/env python3
"""random_test.py - random policies judge random transfers as the evaluator of evaluator.py does

A seed is a policy and its trace, net or disk.  RANDOM_SEED=N starts at another one, RANDOM_COUNT=N
takes so many; what fails is run again alone by RANDOM_SEED=(its seed) RANDOM_COUNT=1.
"""
import os
import random
import sys

sys.dont_write_bytecode = True
from commands import random_command  # noqa: E402
from evaluator import Block  # noqa: E402
from frames import random_frame  # noqa: E402
from lab import HEAD, Lab, Verdicts, claim, disk_trace, finish, pcap  # noqa: E402
from maker import ControlMaker, DiskMaker, NetMaker  # noqa: E402

FIRST = int(os.environ.get("RANDOM_SEED") or "1", 0)
COUNT = int(os.environ.get("RANDOM_COUNT") or "60", 0)
SIZES = (1, 3, 15, 40)      # rules in a block
DISK_MAKERS = {"disk write": DiskMaker, "disk read": DiskMaker, "disk control": ControlMaker}


def net_case(rng, size):
    """(transfers, declarations, {hook: block}, trace)"""
    transfers = [random_frame(rng) for _ in range(rng.choice([30, 90]))]
    maker = NetMaker(rng, transfers)
    block = maker.block("net in", size)
    return transfers, maker.head, {"net in": block}, pcap([t.raw for t in transfers])


def disk_case(rng, size):
    transfers = [random_command(rng) for _ in range(80)]
    head, blocks = [], {}
    for hook, maker in DISK_MAKERS.items():
        if rng.random() < 0.1:
            continue            # a hook without a block passes
        made = maker(rng, [t for t in transfers if t.hook == hook], len(head))
        blocks[hook] = made.block(hook, max(1, size // 3))
        head += made.head
    return transfers, head, blocks, disk_trace([t.raw for t in transfers])


def tell(transfer, block, want, have):
    raw = transfer.raw[0] if transfer.hook.startswith("net") else b"".join(transfer.raw)
    which = want[1] ^ have[1] or want[1]
    return [f"want {want[0]} {sorted(want[1])}", f"have {have[0]} {sorted(have[1])}",
            *[str(r).strip() for r in block.rules if r.label in which], str(transfer.fields), raw[:400].hex()]


def difference(got, transfers, blocks):
    """Lines about the first transfer that was judged otherwise, or none."""
    for number, transfer in enumerate(transfers, 1):
        block = blocks.get(transfer.hook, Block(transfer.hook, "pass", []))
        want = block.judge(transfer)
        have = got.outcome(number, transfer.hook.replace(" ", "/")), got.rules(number)
        if want != have:
            return [f"transfer {number}, {transfer.hook}", *tell(transfer, block, want, have)]
    return []


def run(seed):
    rng, size = random.Random(seed), SIZES[seed % len(SIZES)]
    case = disk_case if seed % 3 == 0 else net_case
    transfers, head, blocks, trace = case(rng, size)
    notes = []
    with Lab() as lab:
        lab.put("p.hvrule", HEAD + "\n".join([*head, *map(str, blocks.values())]))
        lab.put("t.pcap", trace)
        built = lab.hvc("build", "--plain", "p.hvrule", "-o", "plain.hvb")
        for form in ("p.hvrule", "plain.hvb"):      # with classifiers and without
            got = lab.verdicts(form, "t.pcap")
            lines = difference(got, transfers, blocks) if isinstance(got, Verdicts) else [built, got]
            if lines:
                notes += [f"seed {seed}, {form}", *lines]
    what = " and ".join(f"{len(b.rules)} rules on {h}" for h, b in blocks.items()) or "no rules"
    claim(f"seed {seed}: {what}", not notes, *notes)


for each in range(FIRST, FIRST + COUNT):
    run(each)
finish()
