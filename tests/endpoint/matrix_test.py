#!/usr/bin/env python3
"""matrix_test.py - Linux under the hypervisor on 1, 2 and 4 processors, q35 and pc, 512 MiB and 6 GiB, SMM on and off

Each pair of values meets in a row. GRUB as the hypervisor's own loader, and Linux that restarts twice.
"""
import re
import sys

from machine import Machine, hypervisor, image
from tap import check, claim, run

BOOT = 200
ROWS = (
    # board, processors, MiB, SMM
    ("q35", 1, 512, "on"),
    ("q35", 2, 6144, "off"),
    ("q35", 4, 512, "off"),
    ("pc", 1, 6144, "off"),
    ("pc", 2, 512, "on"),
    ("pc", 4, 6144, "on"),
)
CPU = {"q35": "EPYC", "pc": "qemu64,+svm,+npt"}
SCRIPT = "grep MemTotal /proc/meminfo; cat /dev/sd?1 >/dev/null && echo DISK-READ"


def boot(board, cpus, mib, smm):
    with Machine(f"matrix-{board}-{cpus}-{mib}-{smm}", disks=[image("endpoint.img")], machine=f"{board},smm={smm}", cpu=CPU[board],
                 smp=cpus, memory=mib, script=SCRIPT, hv=hypervisor(), limit=400) as m:
        up = m.expect(r"ENDPOINT-UP cpus=(\d+)", BOOT)
        check(int(up[1]) == cpus, m.report(f"{up[1]} processors came up"))
        found = m.expect(r"MemTotal: +(\d+) kB", BOOT)
        own = m.expect(r"hypervisor at \w+, (\d+) KiB", BOOT, port=m.log)
        check(int(found[1]) > mib * 1024 * 0.88 - int(own[1]), m.report(f"{found[1]} kB"))
        m.expect("DISK-READ", BOOT)
        m.expect("ENDPOINT-DONE status=0", BOOT)
        m.wait(BOOT)


for row in ROWS:
    claim("Linux boots on {}, {} processor(s), {} MiB, SMM {}".format(*row), long=True)(lambda row=row: boot(*row))


@claim("GRUB loads the hypervisor by its multiboot command, and then Linux from the same disk")
def grub():
    with Machine("matrix-grub", disks=[image("endpoint.img")], hv=hypervisor("disk=0", by="grub"), limit=300) as m:
        m.expect("loaded, enforced on the network", BOOT, port=m.log)
        m.expect("guest starts from the disk", BOOT, port=m.log)
        m.expect("ENDPOINT-DONE status=0", BOOT)
        m.wait(BOOT)
        check(len(re.findall("ENDPOINT-GRUB", m.serial.text())) == 2, m.report("GRUB ran not twice"))


def restarts(board, by):
    """Twice: what the first restart leaves must carry a second."""
    with Machine(f"matrix-restart-{board}", disks=[image("endpoint.img")], machine=board, cpu=CPU[board], smp=2, script="true",
                 args="endpoint.end=reboot", hv=hypervisor(by=by), limit=600) as m:
        for _ in range(3):
            m.expect("guest starts from the disk", BOOT, port=m.log)
            m.expect("ENDPOINT-DONE status=0", BOOT)
        check(m.resets() >= 2, m.report("QEMU saw no resets by the guest"))


@claim("Linux on two processors of q35 restarts twice, and iPXE loads the hypervisor again", long=True)
def restarts_q35():
    restarts("q35", "ipxe")


@claim("Linux on two processors of pc restarts twice under the hypervisor", long=True)
def restarts_pc():
    restarts("pc", "kernel")


if __name__ == "__main__":
    sys.exit(run())
