#!/usr/bin/env python3
"""guest_test.py - the bare guest's own checks, a claim each, and what needs the rig's hand"""
import re
import sys

from machine import Machine, guest
from tap import check, claim, run

BOOT = 90
LINE = re.compile(r"^(ok|not ok) ([\w-]+)(?::? ?(.*))$", re.M)


def checks(machine):
    """What the guest said of each check, when it has said all."""
    machine.expect(r"CHECKS-DONE passed=\d+ failed=\d+ skipped=\d+", BOOT, fatal=re.compile("FATAL"))
    return {name: (word, rest) for word, name, rest in LINE.findall(machine.serial.text())}


@claim("every check of the bare guest holds on the plain machine, or says that it needs the hypervisor")
def plain():
    with Machine("guest-plain", disks=[guest("guest", "", "guest-plain")]) as m:
        told = checks(m)
        bad = [f"{name}: {rest}" for name, (word, rest) in told.items() if word != "ok"]
        check(not bad, m.report("\n".join(bad)))
        passed = [name for name, (_, rest) in told.items() if "SKIP" not in rest]
        check(len(passed) >= 30, m.report(f"only {len(passed)} ran"))


def asked(name, send):
    with Machine(f"guest-{name}", disks=[guest("guest", f"with={name}", f"guest-{name}")]) as m:
        m.expect(f"READY {name}", BOOT, fatal=re.compile("FATAL"))
        send(m)
        told = checks(m)
        check(told.get(name) == ("ok", ""), m.report(f"{name}: {told.get(name)}"))


@claim("an NMI from outside is taken exactly once", long=True)
def nmi():
    asked("nmi-from-outside", lambda m: m.hmp("nmi"))


@claim("a machine check is taken once with its bank's status", long=True)
def machine_check():
    # CPU 0, bank 0, status VAL|UC|EN|PCC, MCG status MCIP|RIPV
    asked("machine-check", lambda m: m.hmp("mce 0 0 0xb200000000000000 0x5 0 0"))


if __name__ == "__main__":
    sys.exit(run())
