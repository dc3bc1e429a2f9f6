#!/usr/bin/env python3
"""hv_test.py - the disk's own Linux and iPXE under the hypervisor; start_test.py has processors and bad cases"""
import sys

from machine import Machine, hypervisor, image, ipxe_fetches
from tap import check, claim, run

BOOT = 200

LOOK_FOR_SVM = """
modprobe kvm_amd; echo "KVM-AMD status=$?"
grep -c -w svm /proc/cpuinfo
dmesg | grep -i -E 'kvm|svm'
"""


def boot(name, hv, cpus=1, **words):
    with Machine(name, disks=[image("endpoint.img")], smp=cpus, hv=hv, limit=300, **words) as m:
        m.expect("guest starts", BOOT, port=m.log)
        up = m.expect(r"ENDPOINT-UP cpus=(\d+)", BOOT)
        check(int(up[1]) == cpus, m.report(f"{up[1]} processors came up"))
        m.expect("ENDPOINT-DONE", BOOT)
        m.wait(BOOT)
        return m.serial.text(), m.log.text()


@claim("iPXE loads the hypervisor with a policy, and GRUB and Linux start from the disk")
def by_ipxe():
    _, log = boot("hv-ipxe", hypervisor(by="ipxe"))
    check("loaded, enforced on the network" in log, f"no policy in the log:\n{log}")


@claim("kvm_amd finds SVM on the plain machine", long=True)
def kvm_plain():
    with Machine("kvm-plain", disks=[image("endpoint.img")], script=LOOK_FOR_SVM) as m:
        m.expect("KVM-AMD status=0", BOOT)


@claim("kvm_amd finds no SVM under the hypervisor", long=True)
def kvm_hv():
    text, _ = boot("kvm-hv", hypervisor(), script=LOOK_FOR_SVM)
    check("KVM-AMD status=1" in text, text)


@claim("iPXE, started by GRUB, fetches over the e1000 with its own driver under the hypervisor", long=True)
def ipxe():
    # not by the baseline, which stops TFTP
    with ipxe_fetches("hv-lkrn", hypervisor(policy="tests/endpoint/net/test.hvrule")) as m:
        m.expect("FETCHED-i386", BOOT)


if __name__ == "__main__":
    sys.exit(run())
