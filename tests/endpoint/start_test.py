#!/usr/bin/env python3
"""start_test.py - the hypervisor starts or says why not, and what the guest does not see"""
import os
import re
import subprocess
import sys

from image import Missing
from machine import Failed, Hypervisor, Machine, guest, image
from tap import check, claim, run

BOOT = 150
BUILD = os.path.abspath(os.environ.get("builddir") or ".")
POLICY = 'policy "endpoint test" version 3;\non net out default pass {\n    smb: tcp.dport == 445 -> drop;\n}\n'


def module(name="endpoint.hvb", text=POLICY):
    """A policy, compiled."""
    folder = os.path.join(BUILD, "endpoint")
    os.makedirs(folder, exist_ok=True)
    source, out = os.path.join(folder, name + ".hvrule"), os.path.join(folder, name)
    with open(source, "w", encoding="ascii") as f:
        f.write(text)
    done = subprocess.run([os.path.join(BUILD, "hvc"), "build", source, "-o", out], capture_output=True, check=False)
    check(done.returncode == 0, done.stderr.decode(errors="replace"))
    return out


def hypervisor(args="", policy=None, by="kernel"):
    elf = os.path.join(BUILD, "hv.elf")
    if not os.path.exists(elf):
        raise Missing("hv.elf is not built")
    return Hypervisor(elf, f"console=com2 {args}".rstrip(), policy or module(), by)


def told(machine):
    machine.expect(r"CHECKS-DONE passed=\d+ failed=\d+ skipped=\d+", BOOT, fatal=re.compile("FATAL"))
    return re.findall(r"^(ok|not ok) ([\w-]+)(?::? ?(.*))$", machine.serial.text(), re.M)


def where(machine):
    """Start and length of the hypervisor's memory, from its log."""
    found = machine.expect(r"hypervisor at ([0-9a-f]+), (\d+) KiB", BOOT, port=machine.log)
    return int(found[1], 16), int(found[2]) * 1024


# ---- it starts ------------------------------------------------------------------


@claim("Linux boots on two processors")
def two_processors():
    with Machine("hv-smp2", disks=[image("endpoint.img")], smp=2, hv=hypervisor()) as m:
        m.expect("AMD SVM, 2 processors", BOOT, port=m.log)
        m.expect("ENDPOINT-UP cpus=2", BOOT)
        m.expect("ENDPOINT-DONE", BOOT)
        m.wait()


@claim("Linux boots on four processors, takes one off and on again", long=True)
def four_processors():
    script = "cd /sys/devices/system/cpu\nfor n in 1 2 3; do echo 0 >cpu$n/online; done\nnproc\n" \
             "for n in 1 2 3; do echo 1 >cpu$n/online; done\necho again $(nproc)"
    with Machine("hv-smp4", disks=[image("endpoint.img")], smp=4, hv=hypervisor(), script=script) as m:
        m.expect("ENDPOINT-UP cpus=4", BOOT)
        m.expect("^1$", BOOT)
        m.expect("again 4", BOOT)
        m.expect("ENDPOINT-DONE status=0", BOOT)
        m.wait()


@claim("Linux finds RAM above 4 GiB", long=True)
def six_gib():
    with Machine("hv-6g", disks=[image("endpoint.img")], memory=6144, hv=hypervisor(),
                 script="grep MemTotal /proc/meminfo") as m:
        found = m.expect(r"MemTotal: +(\d+) kB", BOOT)
        check(int(found[1]) > 5700 * 1024, m.report(f"{found[1]} kB"))


@claim("GRUB reads the disk with its own AHCI driver", long=True)
def grub_ahci():
    with Machine("hv-grub-ahci", disks=[image("endpoint-ahci.img")], hv=hypervisor()) as m:
        m.expect("ENDPOINT-DONE", BOOT)


@claim("log=quiet says only why it stops, log=debug where the registers of devices are")
def levels():
    with Machine("hv-debug", disks=[guest("guest", "only=none", "hv-debug")], hv=hypervisor("log=debug")) as m:
        m.expect(r"ahci-00:1f.2-bar5: at [0-9a-f]+, 4096 bytes", 60, port=m.log)
    with Machine("hv-quiet", disks=[guest("guest", "only=none", "hv-quiet")], hv=hypervisor("log=quiet")) as m:
        told(m)
        check("sluice" not in m.log.text(), m.report("it speaks"))
    stopped("hv-quiet-stop", "no AMD SVM", hypervisor("log=quiet"), cpu="EPYC,-svm")


# ---- what the guest sees ----------------------------------------------------------


@claim("every check of the bare guest holds under the hypervisor")
def bare():
    with Machine("hv-place", disks=[guest("guest", "hv", "hv-place")], hv=hypervisor()) as m:
        start, length = where(m)
    with Machine("hv-bare", disks=[guest("guest", f"hv hidden={start:x}-{length:x}", "hv-bare")], hv=hypervisor(),
                 cpu="EPYC,+pku", extra=["-device", "pcie-root-port,chassis=1,addr=4"]) as m:
        lines = told(m)
        bad = [f"{name}: {rest}" for word, name, rest in lines if word != "ok" or "SKIP" in rest]
        check(not bad, m.report("\n".join(bad)))
        check(len(lines) >= 41, m.report(f"only {len(lines)} checks"))


@claim("INT 15h tells of all RAM but the hypervisor's")
def e820():
    with Machine("hv-probe", disks=[guest("probe", "", "hv-probe")], hv=hypervisor()) as m:
        start, length = where(m)
        m.expect("PROBE-DONE", BOOT)
        rows = [tuple(int(x, 16) for x in row) for row in
                re.findall(r"^E820 base=(\w+) length=(\w+) type=(\w+)", m.serial.text(), re.M)]
        for base, size, kind in rows:
            check(kind != 1 or base + size <= start or base >= start + length, m.report(f"RAM at {base:x}"))
        check((start, length, 2) in rows, m.report("no reserved entry for the hypervisor"))
        ends = [base for base, _, _ in rows]
        check(len(rows) == len(set(ends)), m.report("two entries at one place"))
        ram = sum(size for base, size, kind in rows if kind == 1 and base >= 1 << 20)
        check(ram + length > 510 << 20, m.report(f"{ram:x} bytes of RAM"))
        blocks = re.search(r"^E801 ax=(\w+) bx=(\w+) .*carry=0", m.serial.text(), re.M)
        check(blocks and (16 << 20) + int(blocks[2], 16) * 65536 <= start, m.report("E801 leads into the hypervisor"))


@claim("functions without a model are hidden, but for those that the command line names")
def hidden_functions():
    nics = ("e1000", "virtio-net-pci,addr=7", "ne2k_pci,addr=8")
    extra = ["-device", "virtio-blk-pci,drive=v,addr=9", "-drive", "file=/dev/null,format=raw,if=none,id=v,readonly=on",
             "-device", "nvme,serial=x,addr=0xa", "-device", "amd-iommu", "-device", "qemu-xhci,addr=0xb",
             "-device", "virtio-rng-pci,addr=0xc", "-device", "virtio-serial-pci,addr=0xd"]
    for args, shown in (("", {0x58}), ("unmodelled=00:08.0,00:0a.0,-00:0b.0", {0x40, 0x50})):
        with Machine("hv-hidden", disks=[guest("probe", "", "hv-hidden")], nics=nics, extra=extra, hv=hypervisor(args)) as m:
            m.expect("PROBE-DONE", BOOT)
            seen = {int(at, 16): int(kind, 16) >> 8 for at, kind in
                    re.findall(r"^PCI (\w+) id=\w+ class=(\w+)", m.serial.text(), re.M)}
            check({0x38, 0x40, 0x48, 0x50, 0x58, 0x60, 0x68} & set(seen) == shown, m.report(f"seen: {seen}"))
            check(not any(kind >> 8 == 0x0806 for kind in seen.values()), m.report("the IOMMU is seen"))


MOVE = """
cd /sys/bus/pci/devices/0000:00:01.0
echo 0000:00:01.0 >driver/unbind
was=$(printf %d $(head -1 resource | cut -d" " -f1))
new=$((was ^ 0x01000000))
bar() { printf "\\x$(printf %x $(($1 & 255)))\\x$(printf %x $(($1 >> 8 & 255)))\\x$(printf %x $(($1 >> 16 & 255)))\\x$(printf %x $(($1 >> 24)))" | dd of=config bs=1 seek=16 conv=notrunc 2>/dev/null; }
printf "\\007" | dd of=config bs=1 seek=4 conv=notrunc 2>/dev/null
look() { taskset $1 devmem $(($2 + 8)) 32; }
echo AT-HOME $(look 2 $was) $(look 2 $new)
bar $new
echo MOVED $(look 2 $new) $(look 1 $new) $(look 2 $was)
bar $was
echo BACK $(look 2 $was) $(look 1 $was) $(look 2 $new)
"""


@claim("a BAR that one processor moves is trapped for the other too", long=True)
def moved_by_another():
    device, nothing = "0x8[0-9A-F]{7}", "0x(0+|F+)"
    with Machine("hv-moved", disks=[image("endpoint.img")], smp=2, hv=hypervisor(), script=MOVE, limit=300) as m:
        for line in (f"AT-HOME {device} {nothing}$", f"MOVED {device} {device} {nothing}$", f"BACK {device} {device} {nothing}$"):
            m.expect(line, BOOT)
        m.expect("ENDPOINT-DONE", BOOT)
        m.wait()


@claim("tables of IOMMUs and sleep states are not found, and SMRAM is locked")
def hidden_tables():
    for device, table in (("amd-iommu", "IVRS"), ("intel-iommu", "DMAR")):
        with Machine("hv-tables-plain", disks=[guest("guest", "only=none", "hv-tables-plain")], extra=["-device", device]) as m:
            told(m)
            check(f"ACPI {table} " in m.serial.text(), m.report(f"the plain machine has no {table}"))
        with Machine("hv-tables", disks=[guest("guest", "only=none", "hv-tables")], extra=["-device", device], hv=hypervisor()) as m:
            told(m)
            m.expect(r"acpi: \d+ tables, hidden: 1 of IOMMUs, 1 sleep states; 0 broken", port=m.log)
            check(f"ACPI {table} " not in m.serial.text(), m.report(f"{table} is there"))
            m.log.seen = 0
            m.expect("smram: control [0-9a-f]+, locked", port=m.log)


@claim("the guest restarts under the hypervisor, which iPXE loads again")
def reset():
    with Machine("hv-reset", disks=[guest("guest", "hv only=none reset=cf9", "hv-reset")], hv=hypervisor(by="ipxe")) as m:
        for _ in range(2):
            m.expect("guest starts from the disk", BOOT, port=m.log)
        check(m.resets() >= 1, m.report("no reset"))


@claim("the guest restarts by the keyboard controller, ACPI and a triple fault", long=True)
def resets():
    for way in ("kbd", "acpi", "triple"):
        with Machine(f"hv-reset-{way}", disks=[guest("guest", f"hv only=none reset={way}", f"hv-reset-{way}")], hv=hypervisor()) as m:
            for _ in range(2):
                m.expect("guest starts from the disk", BOOT, port=m.log)


# ---- what cannot start --------------------------------------------------------------


def stopped(name, why, hv, port="log", **words):
    """It says why, and the guest does not run."""
    words.setdefault("disks", [guest("guest", "", name)])
    with Machine(name, hv=hv, **words) as m:
        m.expect("stopped: .*" + why, 60, port=m.log if port == "log" else m.serial)
        m.expect("the machine is halted", 10, port=m.log if port == "log" else m.serial)
        check("GUEST-UP" not in m.serial.text(), m.report("the guest runs"))


@claim("no policy: no start")
def no_policy():
    hv = hypervisor()
    hv.module = None
    stopped("hv-no-policy", "no policy", hv)


@claim("a module that is no policy, and one with a flipped bit: no start")
def bad_policy():
    text = os.path.join(BUILD, "endpoint", "text.hvb")
    with open(text, "w", encoding="ascii") as f:
        f.write("this is no module\n" * 100)
    stopped("hv-text", "refused", hypervisor(policy=text))
    good = module("flip.hvb")
    with open(good, "rb") as f:
        data = bytearray(f.read())
    data[len(data) // 2] ^= 4
    with open(good, "wb") as f:
        f.write(data)
    stopped("hv-flip", "refused", hypervisor(policy=good))


@claim("an unknown word of the command line, and one that would loosen the image: no start")
def bad_line():
    stopped("hv-word", "unknown word: polcy=x", hypervisor("polcy=x"))
    stopped("hv-loose", "looser than the image was built", hypervisor("on-failure=pass"))


@claim("a processor without SVM, or without nested paging: no start")
def no_svm():
    stopped("hv-no-svm", "no AMD SVM", hypervisor(), cpu="EPYC,-svm")
    stopped("hv-no-npt", "no nested paging", hypervisor(), cpu="EPYC,-npt")


@claim("too little memory: no start")
def little_memory():
    stopped("hv-small", "too little memory", hypervisor(), memory=32)


@claim("a disk without a boot sector: no start")
def no_boot_sector():
    empty = os.path.join(BUILD, "endpoint", "empty.img")
    with open(empty, "wb") as f:
        f.truncate(1 << 20)
    stopped("hv-empty", "no boot sector", hypervisor(), disks=[empty])


@claim("a second disk can be the one to start from")
def second_disk():
    empty = os.path.join(BUILD, "endpoint", "empty.img")
    with open(empty, "wb") as f:
        f.truncate(1 << 20)
    with Machine("hv-second", disks=[empty, guest("guest", "", "hv-second")], hv=hypervisor("disk=1")) as m:
        m.expect("GUEST-UP", BOOT)


@claim("a guest in a state that no processor can be in restarts the machine")
def invalid():
    # QEMU 7.2 takes a CR4 with bits that this processor does not have, and VMRUN refuses it then.
    with Machine("hv-invalid", disks=[guest("guest", "hv", "hv-invalid")], machine="pc", cpu="qemu64,+svm,+npt", hv=hypervisor()) as m:
        m.expect("guest: a state that no processor can be in, the machine restarts", 60, port=m.log)
        m.expect("guest starts from the disk", 60, port=m.log)


# ---- its own house ------------------------------------------------------------------


@claim("the image is below 512 KiB, its memory below 32 MiB beside the bounce memory, no page of it writable and executable")
def house():
    hv = hypervisor("bounce=1M")
    check(os.path.getsize(hv.elf) < 512 * 1024, "hv.elf is too large")
    with Machine("hv-house", disks=[guest("guest", "", "hv-house")], hv=hv) as m:
        start, length = where(m)
        check(length < 32 << 20, m.report(f"{length} bytes"))
        m.expect("GUEST-UP", BOOT)
    rows = subprocess.run(["readelf", "-lW", os.path.join(BUILD, "hv", "hv64")], capture_output=True, text=True, check=True)
    flags = re.findall(r"^ +LOAD .* ([R ][W ][E ]) 0x", rows.stdout, re.M)
    check(sorted(flags) == ["R  ", "R E", "RW "], f"segments: {flags}")


FAULTS = {      # word of the test image: what the log must say
    "write-text": "exception 14, error 3, ", "write-rodata": "exception 14, error 3, ",
    "exec-data": "exception 14, error 11, ", "null": "exception 14, error 0, .* cr2 0$",
    "guest": "exception 14, error 0, .* cr2 100000$", "smap": "exception 14, error 1, ",
    "smep": "exception 14, error 11, ", "stack": "exception 8, ", "smash": "bug: a stack was overwritten",
    "ud": "exception 6, error 0, ",
}


def test_image(args, policy=None):
    """The image that passes when it cannot start, and faults when told to."""
    hv = hypervisor(args, policy)
    hv.elf = os.path.join(BUILD, "tests/endpoint/hv-test.elf")
    return hv


@claim("a fault of the hypervisor itself is caught where it happens, and told with registers and callers")
def faults():
    for word, said in FAULTS.items():
        hv = test_image(f"fault={word} on-failure=halt")
        with Machine("hv-fault", disks=[guest("guest", "", "hv-fault")], hv=hv) as m:
            m.expect(said, 60, port=m.log)
            if "exception" in said:
                m.expect("rax [0-9a-f]+ rbx", port=m.log)
                m.expect("rsi [0-9a-f]+ rdi [0-9a-f]+ rbp [0-9a-f]+ rsp", port=m.log)
                m.expect("called from [0-9a-f]+", port=m.log)
            m.expect("end: the machine is halted", port=m.log)
            check("did not come" not in m.log.text(), m.report(word))
            check("GUEST-UP" not in m.serial.text(), m.report("the guest runs"))


def screen(m):
    """What stands on the text screen."""
    rows = re.findall(r"0x[0-9a-f]{4}", m.hmp("xp /2000hx 0xb8000"))
    text = "".join(chr(int(word, 16) & 0x7f) for word in rows)
    return [text[i:i + 80].rstrip() for i in range(0, len(text), 80)]


@claim("the last words of a fault, and of a start that is none, stand on the screen")
def on_screen():
    for hv, words in ((test_image("fault=ud on-failure=halt"), ("exception 6", "called from", "end: the machine is halted")),
                      (hypervisor("polcy=x"), ("unknown word: polcy=x", "end: the machine is halted"))):
        with Machine("hv-screen", disks=[guest("guest", "", "hv-screen")], hv=hv, extra=["-device", "VGA"]) as m:
            m.expect("end: the machine is halted", 60, port=m.log)
            seen = screen(m)
            for word in words:
                check(any(word in line for line in seen), m.report(f"no '{word}' on the screen: {seen[:12]}"))


def probed(m):
    """What real mode sees of memory, processor and PCI."""
    m.expect("PROBE-DONE", BOOT)
    return re.findall("^(?:E820|INT12|CPUID|PCI) .*", m.serial.text(), re.M)


@claim("an image that was built to pass starts the disk's system as if it had not been there, and says so loudly")
def passes():
    text = os.path.join(BUILD, "endpoint", "pass.hvb")
    with open(text, "w", encoding="ascii") as f:
        f.write("this is no module\n" * 100)
    with Machine("hv-pass-plain", disks=[guest("probe", "", "hv-pass-plain")]) as m:
        plain = probed(m)
    for name, hv in (("no module", test_image("")), ("no policy", test_image("", text)), ("a bad word", test_image("polcy=x"))):
        if name == "no module":
            hv.module = None
        with Machine("hv-pass", disks=[guest("probe", "", "hv-pass")], hv=hv) as m:
            m.expect("stopped: .*\n.*WITHOUT THE HYPERVISOR", 60, port=m.log)
            check(probed(m) == plain, m.report(f"{name}: memory, processor or PCI differ from the plain machine"))
    # the command line may tighten; and what starts does not pass
    hv = test_image("on-failure=halt", text)
    stopped("hv-pass-halt", "refused", hv)
    with Machine("hv-pass-good", disks=[guest("guest", "hv only=svm-hidden-in-cpuid", "hv-pass-good")], hv=test_image("")) as m:
        check(any(name == "svm-hidden-in-cpuid" and word == "ok" and not rest for word, name, rest in told(m)), m.report("SVM shows"))


@claim("Linux boots from the disk when iPXE loads an image that passes", long=True)
def passes_linux():
    hv = test_image("")
    hv.module, hv.by = None, "ipxe"
    with Machine("hv-pass-linux", disks=[image("endpoint.img")], hv=hv, script="modprobe kvm_amd; echo KVM $?") as m:
        m.expect("WITHOUT THE HYPERVISOR", BOOT, port=m.log)
        m.expect("KVM 0", BOOT)


if __name__ == "__main__":
    try:
        sys.exit(run())
    except Failed as e:
        sys.exit(f"hv_test.py: {e}")
