#!/usr/bin/env python3
"""demo_test.py - `./quickstart demo`, behind its set-up: rules/demo.sh with this build"""
import os
import re
import subprocess
import sys
import tempfile
import time

from machine import SLOW, build_folder, image
from tap import check, claim, run

SOURCE = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
LIMIT = 180             # seconds that the demo may take after set-up


def demo(**environment):
    done = subprocess.run(["sh", os.path.join(SOURCE, "rules/demo.sh"), SOURCE, build_folder()], capture_output=True, text=True,
                          check=False, env=dict(os.environ, **environment), stdin=subprocess.DEVNULL, timeout=LIMIT * SLOW)
    check("\x1b" not in done.stdout and "\r" not in done.stdout, "control characters without a terminal")
    check(max(map(len, done.stdout.splitlines())) <= 132, "lines that no terminal holds")
    return done


@claim("without the packages of a disk the demo shows the rest, says what is missing and fails")
def missing():
    with tempfile.TemporaryDirectory() as empty:
        done = demo(ENDPOINT_CACHE=empty)
    check(done.returncode == 1, f"status {done.returncode}")
    check(re.search(r"^demo: no endpoint to show: not all packages are in .*make endpoint-fetch", done.stderr, re.M), done.stderr)
    check("== Next" in done.stdout and "drop" in done.stdout, done.stdout)


@claim("without QEMU the demo says so")
def no_qemu():
    image("endpoint.img")
    with tempfile.TemporaryDirectory() as folder:
        for name in ("busybox", "cat", "fold", "python3", "sed", "sh"):
            os.symlink(subprocess.run(["which", name], capture_output=True, text=True, check=True).stdout.strip(),
                       os.path.join(folder, name))
        done = demo(PATH=folder)
    check(done.returncode == 1 and "demo: no endpoint to show: qemu-system-x86 is not installed" in done.stderr, done.stderr)


@claim("the demo boots an endpoint through iPXE under the hypervisor with a policy and ends by itself", long=True)
def whole():
    image("endpoint.img")
    began = time.monotonic()
    done = demo()
    check(done.returncode == 0, done.stderr + done.stdout)
    check(time.monotonic() - began < LIMIT * SLOW, "it takes too long")
    at = 0
    for line in (r"iPXE +tftp://\S*hv.elf... ok", r"iPXE +tftp://\S*endpoint.hvb... ok", r"hv +hypervisor at \w+, \d+ KiB",
                 r"hv +policy \"endpoint demo\" version 1 loaded, enforced on the network and on disks", r"hv +guest starts", r"guest +GRUB",
                 r"guest +ENDPOINT-UP cpus=1", r"guest +Linux 6\.\S+, \d+ MiB, SVM not seen", r"guest +disk +\w{8} ",
                 r"hv +rule \"boot\" drop alert WRITE \S+( \S+)* disk 0\.0, LBA 0, 1 sector: the boot sector is written",
                 r"guest +wipes the boot sector: Input/output error", r"hv +rule \"clean\" rewrite alert READ",
                 r"guest +reads '\*{68}'", r"guest +net +64 bytes from 10\.0\.2\.2",
                 r"hv +rule \"masked\" rewrite notice tcp", r"guest +sends 'the password is hunter2!', the server got "
                 r"'the password is \*{8}'", r"hv +rule \"blocked\" drop alert tcp", r"guest +connects .* no answer",
                 r"guest +Restarting system", r"hv +device: e1000\S* \d+ reads \d+ writes",
                 r"hv +device: ahci\S* \d+ reads \d+ writes", "== Next"):
        found = re.compile(line).search(done.stdout, at)
        check(found is not None, f"no /{line}/ in its place:\n{done.stdout}")
        at = found.end()


if __name__ == "__main__":
    sys.exit(run())
