#!/usr/bin/env python3
"""machine.py - one QEMU machine that stands for an endpoint: start it, read its serial ports, end it

    with Machine("name", smp=2, disks=[image("endpoint.img")]) as m:
        m.expect("ENDPOINT-UP", 60)

The same machine with a hypervisor is Machine(..., hv=Hypervisor(elf, ARGS, module)), by iPXE or by
-kernel.  QEMU only emulates (TCG), speaks to nobody but us and never outlives its time limit.  By
hand: machine.py --help.
"""
import argparse
import dataclasses
import fcntl
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import image as images

SLOW = float(os.environ.get("ENDPOINT_SLOW") or 1)     # stretches every time limit
SECTOR = 512
ORDERS_GRUB = 4096              # bytes of the orders disk that GRUB reads
ORDERS_SIZE = 65536
ESCAPES = re.compile(rb"\x1b(\[[0-9;?=]*[A-Za-z]|[()].|c)|\r|\0")
FATAL = re.compile(r"Kernel panic|BUG: unable|Call Trace:")
TAIL_LINES = 40


class Failed(Exception):
    """The machine did not do what was expected; the text ends with the logs' tails."""


@dataclasses.dataclass
class Hypervisor:
    """elf: hv.elf; args: its command line; module: endpoint.hvb or None; by: "ipxe", "kernel" or "grub"."""
    elf: str
    args: str = ""
    module: str = None
    by: str = "ipxe"


def build_folder():
    return os.path.abspath(os.environ.get("builddir") or ".")


def hypervisor(args="", by="kernel", policy="rules/baseline/baseline.hvrule"):
    """This build's hv.elf with a shipped policy as its module, logging to COM2.  `by` "kernel" saves
    the 5 s that iPXE takes; "grub" is the one on endpoint.img."""
    elf, hvc = os.path.join(build_folder(), "hv.elf"), os.path.join(build_folder(), "hvc")
    if not os.path.exists(elf):
        raise images.Missing(f"{elf} is not built")
    module = None
    if policy:
        module = os.path.join(work_folder(), "endpoint.hvb")
        source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..", policy)
        subprocess.run([hvc, "build", source, "-o", module], check=True, stdout=subprocess.DEVNULL)
    return Hypervisor(elf, f"console=com2 {args}".rstrip(), module, by)


def image(name):
    """A disk of image.py, built when it has to be; raises images.Missing."""
    cache = images.cache_folder()
    images.build(cache)
    return os.path.join(cache, name)


def guest(name, words="", machine_name=None):
    """A disk with a bare guest of guest/ (`guest` or `probe`), the test's words in its second sector."""
    path = os.path.join(build_folder(), "tests/endpoint", name + ".img")
    if not os.path.exists(path):
        raise images.Missing(f"{path} is not built")
    with open(path, "rb") as f:
        data = f.read()
    assert len(words) < SECTOR
    path = os.path.join(work_folder(), f"{machine_name or name}.img")
    with open(path, "wb") as f:
        f.write(data[:SECTOR] + words.encode().ljust(SECTOR, b"\0") + data[2 * SECTOR:])
    return path


def orders(script="", args="", kind="linux", hv=""):
    """The second disk: what GRUB is to set, and the shell script that init runs.  hv: hv.elf's
    command line, when GRUB is to load it from the third disk."""
    if kind == "linux":
        args += " endpoint.orders"
    grub = f'set args="{args}"\nset kind="{kind}"\nset hv="{hv}"\n'.encode()
    text = script.encode() + b"\n"
    assert len(grub) <= ORDERS_GRUB and len(text) <= ORDERS_SIZE - ORDERS_GRUB
    return grub.ljust(ORDERS_GRUB, b"\n") + text.ljust(ORDERS_SIZE - ORDERS_GRUB, b"\n")


def ipxe_fetches(name, hv=None):
    """GRUB starts iPXE (ipxe.lkrn), which fetches a script by its own driver and runs it."""
    folder = os.path.join(work_folder(), "tftp")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "hello.ipxe"), "w", encoding="ascii") as f:
        f.write("#!ipxe\necho FETCHED-$" + "{buildarch}\n")
    return Machine(name, disks=[image("endpoint.img")], kind="ipxe", args="dhcp && chain tftp://10.0.2.2/hello.ipxe",
                   tftp=folder, hv=hv)


def work_folder():
    folder = os.path.join(build_folder(), "endpoint")
    os.makedirs(folder, exist_ok=True)
    return folder


def plain(path):
    """A path inside one of QEMU's option lists."""
    return path.replace(",", ",,")


class Serial:
    """A serial port's file, read as text without escape sequences; expect() moves on in it."""

    def __init__(self, path):
        self.path = path
        self.seen = 0
        open(path, "wb").close()

    def text(self):
        with open(self.path, "rb") as f:
            return ESCAPES.sub(b"", f.read()).decode("ascii", "replace")

    def find(self, pattern):
        """The first match behind what was already found."""
        found = re.compile(pattern, re.M).search(self.text(), self.seen)
        if found:
            self.seen = found.end()
        return found

    def rest(self):
        return self.text()[self.seen:]

    def tail(self):
        return "\n".join(self.text().splitlines()[-TAIL_LINES:])


class Monitor:
    """QMP over one end of a socket pair."""

    def __init__(self, sock):
        self.sock = sock
        self.buffer = b""
        self.events = []

    def start(self, timeout):
        self.read(time.monotonic() + timeout)
        self.command("qmp_capabilities")

    def read(self, until):
        while b"\n" not in self.buffer:
            self.sock.settimeout(max(until - time.monotonic(), 0.01))
            try:
                data = self.sock.recv(65536)
            except OSError as e:
                raise Failed(f"the monitor does not answer ({e})") from e
            if not data:
                raise Failed("QEMU has ended")
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        return json.loads(line)

    def command(self, name, timeout=20, **arguments):
        """What the command returned."""
        until = time.monotonic() + timeout * SLOW
        try:
            self.sock.sendall(json.dumps({"execute": name, "arguments": arguments}).encode())
        except OSError as e:
            raise Failed(f"QEMU has ended ({e})") from e
        while True:
            reply = self.read(until)
            if "event" in reply:
                self.events.append(reply)
            elif "error" in reply:
                raise Failed(f"{name}: {reply['error']['desc']}")
            elif "return" in reply:
                return reply["return"]

    def poll(self):
        """Take in the events that have come; their names so far."""
        self.sock.settimeout(0)
        try:
            while True:
                data = self.sock.recv(65536)
                if not data:
                    break
                self.buffer += data
        except OSError:
            pass
        while b"\n" in self.buffer:
            line, self.buffer = self.buffer.split(b"\n", 1)
            reply = json.loads(line)
            if "event" in reply:
                self.events.append(reply)
        return [event["event"] for event in self.events]


class Machine:
    """See the first lines.  Paths of disks are opened with snapshot=on unless `keep`; all that the
    machine leaves lies in the folder endpoint/NAME of the build folder.

    limit: seconds after which QEMU ends whatever happens.  icount: virtual time follows
    instructions.  plugin: a TCG plugin and its arguments.  drives: what follows the disks on the same controller, each the
    words of -drive and of -device.  nics: devices.  tftp: a
    folder that the guest can fetch from at 10.0.2.2.  net: what the first NIC's cable leads to in place of the
    user network alone: a Peer, or more of the user network's options.  Its frames are noted in net0.pcap
    with `capture`.  log_to: a socket that the log goes to instead of hv.txt."""

    def __init__(self, name, disks=(), script=None, args="", kind="linux", smp=1, memory=512, machine="q35",
                 cpu="EPYC", nics=("e1000",), hv=None, extra=(), icount=False, plugin=None, keep=False,
                 reboot=True, tftp=None, net="", capture=False, log_to=None, drives=(), limit=180):
        self.name = name
        self.folder = os.path.join(work_folder(), name)
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder)
        self.limit = int(limit * SLOW)
        self.disks = list(disks)
        by_grub = hv is not None and hv.by == "grub"
        if script is not None or args or kind != "linux" or by_grub:
            line = hv.args if by_grub else ""
            self.disks.append(self.file("orders.img", orders(script or "", args, kind, line)))
        if by_grub:
            self.disks.append(self.hv_disk(hv))
        self.log_to = log_to
        self.words = self.board(machine, cpu, smp, memory, reboot)
        self.words += self.storage(machine, keep, drives, after=bool(hv))
        self.net = net
        self.words += self.network(nics, hv, tftp)
        if capture:
            self.words += ["-object", f"filter-dump,id=capture,netdev=net0,file={plain(self.path('net0.pcap'))}"]
        if icount:
            self.words += ["-icount", "shift=0,sleep=on", "-rtc", "base=2026-01-01,clock=vm", "-seed", "1"]
        if plugin:
            self.words += ["-plugin", plugin, "-d", "plugin", "-D", self.path("plugin.txt")]
        self.words += extra
        self.serial = Serial(self.path("serial.txt"))
        self.log = Serial(self.path("hv.txt"))
        self.process = None
        self.monitor = None
        self.slot = None

    def path(self, name):
        return os.path.join(self.folder, name)

    def file(self, name, data):
        with open(self.path(name), "wb") as f:
            f.write(data)
        return self.path(name)

    # ---- the command line ----------------------------------------------------

    def board(self, machine, cpu, smp, memory, reboot):
        log = f"socket,id=serial1,fd={self.log_to.fileno()}" if self.log_to else \
            f"file,id=serial1,path={plain(self.path('hv.txt'))}"
        return ["-accel", "tcg", "-machine", f"{machine},graphics=off", "-cpu", cpu, "-smp", str(smp), "-m", str(memory),
                "-nodefaults", "-display", "none", *([] if reboot else ["-no-reboot"]),
                "-chardev", f"file,id=serial0,path={plain(self.path('serial.txt'))}", "-serial", "chardev:serial0",
                "-chardev", log, "-serial", "chardev:serial1"]

    def storage(self, machine, keep, drives, after):
        words = []
        bus = "ide"             # q35's own controller
        if not machine.startswith("q35"):
            words += ["-device", "ich9-ahci,id=ahci"]
            bus = "ahci"
        for n, path in enumerate(self.disks):
            words += ["-drive", f"file={plain(path)},if=none,id=disk{n},format=raw,snapshot={'off' if keep else 'on'}",
                      "-device", f"ide-hd,drive=disk{n},bus={bus}.{n}"
                      + (f",bootindex={1 if after else 0}" if n == 0 else "")]
        for n, (drive, device) in enumerate(drives, len(self.disks)):
            words += ["-drive", f"{drive},if=none,id=disk{n}", "-device", f"{device},drive=disk{n},bus={bus}.{n}"]
        return words

    def network(self, nics, hv, tftp):
        words = []
        boot = f",tftp={plain(tftp)}" if tftp else ""
        if hv and hv.by == "ipxe":
            boot = f",tftp={plain(self.tftp_folder(hv))},bootfile=boot.ipxe"
        elif hv and hv.by == "kernel":
            # By bare names: to QEMU and to hv.elf a name ends at a space.
            shutil.copy(hv.elf, self.path("hv.elf"))
            words += ["-kernel", "hv.elf", "-append", hv.args]
            if hv.module:
                shutil.copy(hv.module, self.path("module.hvb"))
                words += ["-initrd", "module.hvb"]
        for n, nic in enumerate(nics):
            rom = n == 0 and hv and hv.by == "ipxe"
            user = f"user,id=net{n},restrict=on{boot if n == 0 else ''}"
            if n == 0:
                user = f"{user}{self.net}" if isinstance(self.net, str) else self.net.netdev("net0")
            words += ["-netdev", user,
                      "-device", f"{nic},netdev=net{n},mac=52:54:00:12:34:{0x56 + n:02x}"
                      + (",bootindex=0" if rom else ",romfile=")]
        return words

    def hv_disk(self, hv):
        """The third disk, from which GRUB loads the hypervisor and the policy."""
        folder = self.path("hv-disk")
        os.makedirs(folder)
        shutil.copy(hv.elf, os.path.join(folder, "hv.elf"))
        shutil.copy(hv.module, os.path.join(folder, "endpoint.hvb"))
        images.files_disk(folder, self.path("hv.img"))
        return self.path("hv.img")

    def tftp_folder(self, hv):
        """What iPXE loads: its script, the hypervisor and the policy."""
        folder = self.path("tftp")
        os.makedirs(folder)
        shutil.copy(hv.elf, os.path.join(folder, "hv.elf"))
        script = ["#!ipxe", f"kernel tftp://${{next-server}}/hv.elf {hv.args}".rstrip()]
        if hv.module:
            shutil.copy(hv.module, os.path.join(folder, "endpoint.hvb"))
            script.append("module tftp://${next-server}/endpoint.hvb")
        with open(os.path.join(folder, "boot.ipxe"), "w", encoding="ascii") as f:
            f.write("\n".join(script + ["boot", ""]))
        return folder

    # ---- life ----------------------------------------------------------------

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.end()

    def start(self):
        # One machine at a time in a build folder, so that time limits mean something.
        self.slot = open(os.path.join(work_folder(), "slot"), "w", encoding="ascii")
        fcntl.flock(self.slot, fcntl.LOCK_EX)
        qemu = shutil.which("qemu-system-x86_64")
        if not qemu:
            raise images.Missing("qemu-system-x86 is not installed")
        ours, theirs = socket.socketpair()
        files = [theirs.fileno()] + ([self.log_to.fileno()] if self.log_to else [])
        files += [] if isinstance(self.net, str) else self.net.files()
        command = ["timeout", "-k", "5", str(self.limit), "nice", "-n", "5", qemu, *self.words,
                   "-chardev", f"socket,id=monitor,fd={theirs.fileno()}", "-mon", "chardev=monitor,mode=control"]
        with open(self.path("command.txt"), "w", encoding="utf-8") as f:
            f.write(" ".join(command) + "\n")
        with open(self.path("qemu.txt"), "wb") as log:
            # Its own process group: what we end is timeout, nice and QEMU, nothing else.
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            pass_fds=files, start_new_session=True, cwd=self.folder,
                                            env=dict(os.environ, TMPDIR=self.folder))
        theirs.close()
        self.monitor = Monitor(ours)
        try:
            self.monitor.start(20 * SLOW)
        except Failed as e:
            self.end()
            raise Failed(self.report(str(e))) from e

    def end(self):
        """Whatever state it is in; safe to call twice."""
        if self.process:
            for sign, patience in ((signal.SIGTERM, 5), (signal.SIGKILL, 5)):
                if self.process.poll() is not None:
                    break
                try:
                    os.killpg(self.process.pid, sign)
                    self.process.wait(patience)
                except (ProcessLookupError, subprocess.TimeoutExpired):
                    pass
            self.process = None
        if self.monitor:
            self.monitor.sock.close()
        if self.slot:
            self.slot.close()

    def running(self):
        return self.process is not None and self.process.poll() is None

    def report(self, text):
        parts = [text]
        for name in ("qemu.txt", "hv.txt", "serial.txt"):
            tail = Serial.tail(_Reader(self.path(name)))
            if tail.strip():
                parts.append(f"---- the end of {self.path(name)}\n{tail}")
        return "\n".join(parts)

    # ---- what a test asks ----------------------------------------------------

    def expect(self, pattern, timeout=60, port=None, fatal=FATAL):
        """Wait for a line on the serial port (or self.log); the match.  A panic ends the waiting."""
        port = port or self.serial
        until = time.monotonic() + timeout * SLOW
        while True:
            alive = self.running()
            found = port.find(pattern)
            if found:
                return found
            if fatal and fatal.search(port.rest()):
                raise Failed(self.report(f"fatal before /{pattern}/"))
            if not alive:
                raise Failed(self.report(f"QEMU ended before /{pattern}/"))
            if time.monotonic() > until:
                raise Failed(self.report(f"no /{pattern}/ within {timeout * SLOW:.0f} s"))
            time.sleep(0.1)

    def wait(self, timeout=60):
        """Wait until the machine has switched itself off; QEMU's exit status."""
        try:
            return self.process.wait(timeout * SLOW)
        except subprocess.TimeoutExpired as e:
            raise Failed(self.report(f"the machine is still on after {timeout * SLOW:.0f} s")) from e

    def qmp(self, name, **arguments):
        return self.monitor.command(name, **arguments)

    def hmp(self, line):
        """A line of QEMU's human monitor, as `info registers -a`, `xp /4wx 0x1000`."""
        return self.monitor.command("human-monitor-command", **{"command-line": line})

    def reset(self):
        self.qmp("system_reset")

    def powerdown(self):
        self.qmp("system_powerdown")

    def resets(self):
        """Resets that the guest asked for."""
        self.monitor.poll()
        return sum(event["event"] == "RESET" and event["data"].get("guest", False)
                   for event in self.monitor.events)


class _Reader(Serial):
    """A log that this class did not start."""

    def __init__(self, path):
        self.path = path
        self.seen = 0
        if not os.path.exists(path):
            open(path, "wb").close()


# ---- by hand -------------------------------------------------------------------


def show_new(ports, ended):
    """Print whole new lines of every port, marked with its name."""
    for name, port in ports.items():
        text = port.text()
        end = len(text) if ended else text.rfind("\n") + 1
        for line in text[port.seen:end].splitlines():
            print(f"{name:5} | {line}", flush=True)
        port.seen = max(end, port.seen)


def by_hand(options):
    hv = None
    if options.hv:
        hv = Hypervisor(options.hv, options.args, options.module, options.by)
    script = None
    if options.script:
        with open(options.script, encoding="utf-8") as f:
            script = f.read()
    disks = [options.disk or image("endpoint.img")]
    machine = Machine(options.name, disks=disks, script=script, args=options.linux, smp=options.smp,
                      memory=options.memory, machine=options.machine, cpu=options.cpu, hv=hv, icount=options.icount,
                      limit=options.limit, extra=options.qemu)
    began = time.monotonic()
    with machine:
        ports = {"guest": machine.serial, "hv": machine.log}
        while machine.running():
            show_new(ports, False)
            time.sleep(0.1)
        show_new(ports, True)
    print(f"ended after {time.monotonic() - began:.1f} s; files in {machine.folder}")


def main():
    words = argparse.ArgumentParser(description="boot an endpoint and show both serial ports, a mark before each line")
    words.add_argument("--hv", help="hv.elf to boot under")
    words.add_argument("--args", default="", help="hv.elf's command line")
    words.add_argument("--module", help="policy module")
    words.add_argument("--by", choices=("ipxe", "kernel", "grub"), default="ipxe", help="how hv.elf is loaded")
    words.add_argument("--disk", help="a disk image in place of endpoint.img")
    words.add_argument("--script", help="shell script that the endpoint runs")
    words.add_argument("--linux", default="", help="more words for Linux's command line")
    words.add_argument("--smp", type=int, default=1)
    words.add_argument("--memory", type=int, default=512, help="MiB")
    words.add_argument("--machine", default="q35")
    words.add_argument("--cpu", default="EPYC")
    words.add_argument("--icount", action="store_true")
    words.add_argument("--limit", type=int, default=180, help="seconds")
    words.add_argument("--name", default="hand", help="folder of the logs")
    words.add_argument("qemu", nargs="*", help="more of QEMU's options, behind --")
    try:
        by_hand(words.parse_args())
    except (Failed, images.Missing) as e:
        print(f"machine: {e}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
