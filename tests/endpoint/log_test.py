#!/usr/bin/env python3
"""log_test.py - the hypervisor's log and counters: exact, bounded, and not to be stopped by the guest

What the bare guest does is in guest/log64.c; hvlog reads what came over COM2.
"""
import json
import os
import re
import socket
import subprocess
import sys

from machine import Machine, build_folder, guest, hypervisor, image
from tap import check, claim, run

BOOT = 150
# a card without a model, which log64.c knows to be hidden
NICS = ("e1000", "ne2k_pci,addr=8")


def hvlog(machine, *options, data=None):
    """What hvlog says of the machine's log, as JSON; its exit status must be 0."""
    done = subprocess.run([os.path.join(build_folder(), "hvlog"), "--json", "--strict", *options,
                           machine.log.path if data is None else "-"], input=data, capture_output=True, check=False)
    check(done.returncode == 0, machine.report(done.stderr.decode(errors="replace")))
    return [json.loads(line) for line in done.stdout.splitlines()]


def does(name, words, **more):
    """The bare guest does what `words` say and nothing else, and switches the machine off."""
    words = f"hv alone=log {words} reset=off"
    return Machine(name, disks=[guest("guest", words, name)], nics=NICS, hv=hypervisor(more.pop("args", "")), **more)


def done_and_off(m, limit=BOOT):
    m.expect("CHECKS-DONE passed=[1-9][0-9]* failed=0", limit, fatal=re.compile("FATAL|^not ok", re.M))
    check(m.wait(limit) == 0, m.report("QEMU ended with an error"))


@claim("what hvlog counts is what the guest did: registers, MSRs, ports, offences")
def exact():
    with Machine("log-where", disks=[guest("probe", "", "log-where")], nics=NICS, hv=hypervisor()) as m:
        found = m.expect(r"hypervisor at ([0-9a-f]+), (\d+) KiB", BOOT, port=m.log)
    with does("log-count", f"with=log-count hidden={found[1]}-{int(found[2]) * 1024:x}", args="log=debug") as m:
        done_and_off(m)
        counters, = hvlog(m, "--counters")
        # the guest set its time-stamp counter far ahead and back to zero: what is said behind that has the right time
        lines = [line["time"] for line in hvlog(m) if line["event_type"] == "log"]
        check(lines[0] <= lines[-40] < lines[-1] < 20 * BOOT, m.report(f"times: {lines}"))
        check(counters["whole"] and counters["why"] == "power-off", m.report(str(counters)))
        uses = {(row["device"], row["register"]): (row["reads"], row["writes"]) for row in counters["registers"]}
        for place, expected in {
                ("ahci-00:1f.2-bar5", 0x00): (1000, 0), ("msr-refused", 0xc0010117): (100, 5),
                ("ports-other", 0x514): (6, 0),
                ("configuration", 0xfa040): (50, 0), ("ports-console", 0x2f8): (0, 40)}.items():
            check(uses.get(place) == expected, m.report(f"{place}: {uses.get(place)}, not {expected}"))
        check([n for (device, reg), n in uses.items() if device.startswith("e1000-") and reg == 0xe00] == [(0, 7)],
              m.report(f"LEDCTL: {uses}"))
        offences = {row["offence"]: (row["count"], row["said"]) for row in counters["offences"]}
        for kind, expected in {"msr": (105, 8), "hypercall": (3, 3), "instruction": (9, 8), "hidden-function": (11, 8),
                               "own-memory": (30, 8)}.items():
            check(offences.get(kind) == expected, m.report(f"{kind}: {offences.get(kind)}, not {expected}"))
        # every exit of a page or a port is in exactly one device's count
        devices = {row["device"]: row["reads"] + row["writes"] for row in counters["devices"]}
        check(sum(n for name, n in devices.items() if name.startswith("ports-")) == counters["exits"]["io"],
              m.report(f"exits by ports {counters['exits']['io']}, {devices}"))


@claim("a guest that floods gets eight lines of each kind; what comes behind still arrives")
def flood():
    with does("log-flood", "with=log-flood") as m:
        done_and_off(m)
        lines = hvlog(m)
        texts = [line["text"] for line in lines if line["event_type"] == "log"]
        check(not [line for line in lines if line["event_type"] != "log"], m.report("the log is not whole"))
        for kind in ("read of MSR c0010117", "instruction at ", "write of register 10 of the hidden function 00:08.0"):
            said = [text for text in texts if text.startswith(f"guest: {kind}")]
            # a slow machine may have a minute's worth more
            check(8 <= len(said) <= 8 + 5, m.report(f"{len(said)} lines of {kind}"))
        check(texts.index("guest: a hypercall that nobody answers") > max(
            i for i, text in enumerate(texts) if "MSR c0010117" in text), m.report("nothing behind the flood"))
        check("guest: power-off" in texts and len(texts) < 250, m.report(f"{len(texts)} lines"))
        counters, = hvlog(m, "--counters")
        counts = {row["offence"]: row["count"] for row in counters["offences"]}
        check((counts["msr"], counts["instruction"], counts["hidden-function"]) == (100000, 10000, 10000),
              m.report(str(counts)))


@claim("a serial line that takes nothing stops neither the guest nor its end")
def stuck():
    ours, theirs = socket.socketpair()
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
    with theirs, ours:
        with does("log-stuck", "with=log-count", log_to=theirs) as m:
            theirs.close()
            done_and_off(m)
        data = b""
        while piece := ours.recv(65536):
            data += piece
    check(b"counters: end" not in data, m.report(f"the line took everything, {len(data)} bytes"))


@claim("every processor's exits are told, and add up; an ordinary boot gives few warnings", long=True)
def processors():
    with Machine("log-smp", disks=[image("endpoint.img")], smp=2, hv=hypervisor(), limit=300) as m:
        m.expect("ENDPOINT-DONE", 200)
        m.wait(60)
        counters, = hvlog(m, "--counters")
        sums = {}
        for cpu in counters["cpus"]:
            for reason, count in cpu["exits"].items():
                sums[reason] = sums.get(reason, 0) + count
        check([cpu["cpu"] for cpu in counters["cpus"]] == [0, 1], m.report(str(counters["cpus"])))
        for reason, count in counters["exits"].items():
            # the other processor runs on between the lines
            check(count <= sums[reason] <= count + 100, m.report(f"{reason}: {count}, by processor {sums[reason]}"))
        warned = [line["text"] for line in hvlog(m, "--level", "warn") if line["event_type"] == "log"]
        check(len(warned) <= 4, m.report("an ordinary boot is warned of:\n" + "\n".join(warned)))


if __name__ == "__main__":
    sys.exit(run())
