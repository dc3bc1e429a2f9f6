#!/usr/bin/env python3
"""reset_test.py - every way a PC restarts itself, by the bare guest and by Linux"""
import re
import sys

from machine import Machine, guest, hypervisor, image
from tap import check, claim, run

BOOT = 150


def bare(way, hv=None):
    name = f"reset-{way}{'-hv' if hv else ''}"
    with Machine(name, disks=[guest("guest", f"reset={way}", name)], hv=hv) as m:
        m.expect("GUEST-UP", BOOT)
        m.expect("RESET-NOW", BOOT)
        m.expect("GUEST-UP", BOOT)
        check(m.resets() >= 1, m.report("QEMU saw no reset by the guest"))
        check(not hv or len(re.findall("hypervisor at", m.log.text())) == 2, m.report("it came back without the hypervisor"))
        check("RESET-FAILED" not in m.serial.text(), m.report("the guest went on"))


@claim("the bare guest restarts by the keyboard controller")
def kbd():
    bare("kbd")


@claim("the bare guest restarts by a triple fault")
def triple():
    bare("triple")


@claim("the bare guest restarts by ACPI's reset register")
def acpi():
    bare("acpi")


@claim("the bare guest restarts by port CF9h")
def cf9():
    bare("cf9")


@claim("the bare guest restarts by an INIT of the boot processor, plain and under the hypervisor")
def init():
    bare("init")
    bare("init", hypervisor())


@claim("the bare guest restarts by port 92h", long=True)
def port92():
    bare("port92")


@claim("the bare guest switches itself off by ACPI")
def off():
    with Machine("reset-off", disks=[guest("guest", "reset=off", "reset-off")]) as m:
        m.expect("RESET-NOW", BOOT)
        check(m.wait(BOOT) == 0, m.report("QEMU ended with an error"))


@claim("under the hypervisor a triple fault restarts the machine with it")
def triple_hv():
    bare("triple", hypervisor())


@claim("under the hypervisor keyboard controller, ACPI, CF9h and port 92h restart the machine with it", long=True)
def others_hv():
    for way in ("kbd", "acpi", "cf9", "port92"):
        bare(way, hypervisor())


@claim("under the hypervisor ACPI switches the machine off", long=True)
def off_hv():
    with Machine("reset-off-hv", disks=[guest("guest", "reset=off", "reset-off-hv")], hv=hypervisor()) as m:
        m.expect("RESET-NOW", BOOT)
        check(m.wait(BOOT) == 0, m.report("QEMU ended with an error"))


def linux(way, letter):
    """Twice: what the first restart leaves must carry a second."""
    with Machine(f"linux-reset-{way}", disks=[image("endpoint.img")], args=f"reboot={letter} endpoint.end=reboot",
                 script="true", limit=600) as m:
        for _ in range(3):
            m.expect("ENDPOINT-UP", BOOT)
        check(m.resets() >= 2, m.report("QEMU saw no resets by the guest"))


@claim("Linux restarts twice by the keyboard controller", long=True)
def linux_kbd():
    linux("kbd", "k")


@claim("Linux restarts twice by triple faults", long=True)
def linux_triple():
    linux("triple", "t")


@claim("Linux restarts twice by ACPI", long=True)
def linux_acpi():
    linux("acpi", "a")


@claim("Linux restarts twice by port CF9h", long=True)
def linux_cf9():
    linux("cf9", "p")


if __name__ == "__main__":
    sys.exit(run())
