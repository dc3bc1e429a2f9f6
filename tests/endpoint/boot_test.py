#!/usr/bin/env python3
"""boot_test.py - the endpoint without a hypervisor: what the rig itself must be able to do"""
import sys

from machine import Machine, image, ipxe_fetches
from tap import check, claim, run

BOOT = 150              # seconds; about 20 on a quiet machine


def boot(name, disk="endpoint.img", cpus=1, **words):
    with Machine(name, disks=[image(disk)], smp=cpus, **words) as m:
        m.expect("ENDPOINT-GRUB", BOOT)
        up = m.expect(r"ENDPOINT-UP cpus=(\d+)", BOOT)
        check(int(up[1]) == cpus, m.report(f"{up[1]} processors came up, not {cpus}"))
        m.expect("ENDPOINT-DONE status=none", BOOT)
        m.wait()


@claim("GRUB on the disk starts Linux, which ends by switching the machine off")
def one_processor():
    boot("boot-1")


@claim("two processors come up, and the second disk's script runs and says its status")
def two_processors():
    with Machine("boot-2", disks=[image("endpoint.img")], smp=2, args="endpoint.end=halt",
                 script="echo SCRIPT $(cat /sys/class/net/eth0/address)\nexit 3") as m:
        up = m.expect(r"ENDPOINT-UP cpus=(\d+)", BOOT)
        check(up[1] == "2", m.report(f"{up[1]} processors came up"))
        m.expect("SCRIPT 52:54:00:12:34:56")
        m.expect("ENDPOINT-DONE status=3")
        m.expect("reboot: System halted")
        check(m.running(), m.report("the machine did not stay on"))


@claim("four processors come up", long=True)
def four_processors():
    boot("boot-4", cpus=4)


@claim("GRUB reads the disk with its own AHCI driver", long=True)
def grub_ahci():
    boot("boot-grub-ahci", disk="endpoint-ahci.img")


@claim("the pc machine with an AHCI controller boots", long=True)
def machine_pc():
    boot("boot-pc", machine="pc", cpu="qemu64,+svm,+npt")


@claim("6 GiB of memory are found", long=True)
def six_gib():
    with Machine("boot-6g", disks=[image("endpoint.img")], memory=6144,
                 script="grep MemTotal /proc/meminfo") as m:
        found = m.expect(r"MemTotal: +(\d+) kB", BOOT)
        check(int(found[1]) > 5800 * 1024, m.report(f"{found[1]} kB"))


@claim("iPXE, started by GRUB, fetches over the e1000 with its own driver", long=True)
def ipxe():
    with ipxe_fetches("boot-lkrn") as m:
        m.expect("FETCHED-i386", BOOT)


if __name__ == "__main__":
    sys.exit(run())
