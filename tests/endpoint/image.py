#!/usr/bin/env python3
"""image.py - the endpoint's disk, made from Debian packages without root or loop devices

    image.py --fetch CACHE    download the packages of disk/packages.txt once (needs the network)
    image.py CACHE            build the images again when something they are made of has changed

endpoint.img        MBR, GRUB (BIOS calls), one ext4 file system: Debian's kernel and an initramfs
endpoint-ahci.img   the same with GRUB's own AHCI driver
"""
import fcntl
import glob
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
DISK = os.path.join(HERE, "disk")
GRUB_FOLDER = "/usr/lib/grub/i386-pc"
SECTOR = 512
DISK_MIB = 64
PART_LBA = 2048
MODULES = ("8021q", "ahci", "ata_piix", "crc32c_generic", "e1000", "e1000e", "ext4", "isofs", "kvm_amd", "kvm_intel",
           "msr", "nls_ascii", "nls_cp437", "sd_mod", "sr_mod", "vfat")
# what tests run beside busybox: on the disk under /tools, so that a boot does not read it
PROGRAMS = ("bin/dd", "sbin/ethtool", "sbin/hdparm", "sbin/mke2fs", "usr/bin/fio", "usr/bin/sg_raw",
            "usr/sbin/smartctl")
GRUB_MODULES = ("boot", "configfile", "echo", "ext2", "halt", "linux", "linux16", "ls", "multiboot", "normal",
                "part_msdos", "rdmsr", "reboot", "serial", "sleep", "terminal", "test")
# image, GRUB's disk driver, its name of the first and of the second disk
IMAGES = (("endpoint.img", "biosdisk", "hd0", "hd1"),
          ("endpoint-ahci.img", "ahci", "ahci0", "ahci1"))


class Missing(Exception):
    """What an image is made of is not there: the tests that need it are skipped."""


def cache_folder():
    default = os.path.join(os.environ.get("builddir", "build"), "endpoint-cache")
    return os.path.abspath(os.environ.get("ENDPOINT_CACHE") or default)


def run(*words, **options):
    # depmod, modprobe and mke2fs stand in /sbin, which users do not search.
    env = dict(os.environ, PATH=os.environ.get("PATH", "") + ":/usr/sbin:/sbin", LC_ALL="C")
    return subprocess.run(words, check=True, env=env, stdin=subprocess.DEVNULL, text=True, **options)


def packages():
    """The names to download: a metapackage stands for the kernel it depends on."""
    with open(os.path.join(DISK, "packages.txt"), encoding="utf-8") as f:
        names = f.read().split()
    for name in names:
        if not name.startswith("linux-image-"):
            yield name
            continue
        text = run("apt-cache", "depends", "--important", name, stdout=subprocess.PIPE).stdout
        yield next(line.split()[-1] for line in text.splitlines() if "linux-image-" in line.split()[-1]
                   and line.strip().startswith("Depends:"))


def debs(cache):
    """The downloaded packages, or nothing unless all are there."""
    found = {}
    for path in glob.glob(os.path.join(cache, "*.deb")):
        found["kernel" if "linux-image-" in path else os.path.basename(path).split("_")[0]] = path
    return found


def complete(found):
    with open(os.path.join(DISK, "packages.txt"), encoding="utf-8") as f:
        return {"kernel" if "linux-image-" in name else name for name in f.read().split()} <= set(found)


def fetch(cache):
    found = debs(cache)
    if complete(found):
        return
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        for name in packages():
            if ("kernel" if name.startswith("linux-image-") else name) not in found:
                run("apt-get", "download", "-q", name, cwd=folder)
        for path in glob.glob(os.path.join(folder, "*.deb")):
            os.rename(path, os.path.join(cache, os.path.basename(path)))


def unpack_kernel(deb, work):
    """vmlinuz and the modules of MODULES with what they need -> work/boot, work/initramfs."""
    tree = os.path.join(work, "kernel")
    run("dpkg-deb", "-x", deb, tree)
    release = os.listdir(os.path.join(tree, "lib/modules"))[0]
    run("depmod", "-b", tree, release)
    text = run("modprobe", "-d", tree, "-S", release, "--show-depends", "-a", *MODULES,
               stdout=subprocess.PIPE).stdout
    wanted = re.findall(r"^insmod (.*?\.ko)\b", text, re.M)     # paths may have spaces
    root = os.path.join(work, "initramfs")
    for path in set(wanted):
        target = os.path.join(root, os.path.relpath(path, tree))
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copy(path, target)
    for name in ("modules.order", "modules.builtin", "modules.builtin.modinfo"):
        shutil.copy(os.path.join(tree, "lib/modules", release, name),
                    os.path.join(root, "lib/modules", release))
    run("depmod", "-b", root, release)
    shutil.copy(os.path.join(tree, "boot/vmlinuz-" + release), os.path.join(work, "boot/vmlinuz"))
    shutil.rmtree(tree)


def make_initramfs(work):
    root = os.path.join(work, "initramfs")
    for name in ("bin", "dev", "proc", "sys", "run", "mnt", "tmp"):
        os.makedirs(os.path.join(root, name), exist_ok=True)
    shutil.copy(shutil.which("busybox"), os.path.join(root, "bin/busybox"))
    shutil.copy(os.path.join(DISK, "init"), os.path.join(root, "init"))
    os.chmod(os.path.join(root, "init"), 0o755)
    with open(os.path.join(work, "boot/initramfs"), "wb") as out:
        find = subprocess.Popen(["find", "."], cwd=root, stdout=subprocess.PIPE)
        # Not compressed: the emulated processor unpacks slower than the emulated disk reads.
        subprocess.run(["cpio", "-o", "-H", "newc", "-R", "0:0", "--quiet"], cwd=root, stdin=find.stdout,
                       stdout=out, check=True)
        find.wait()


def unpack_ipxe(deb, work):
    tree = os.path.join(work, "ipxe")
    run("dpkg-deb", "-x", deb, tree)
    shutil.copy(os.path.join(tree, "boot/ipxe.lkrn"), os.path.join(work, "boot/ipxe.lkrn"))
    shutil.rmtree(tree)


def needed(path):
    """The libraries that a program or a library names."""
    text = run("readelf", "-d", path, stdout=subprocess.PIPE).stdout
    return re.findall(r"\(NEEDED\).*\[(.*)\]", text)


def symbols(path, which):
    """Names, or NAME@VERSION."""
    text = run("nm", "-D", which, path, stdout=subprocess.PIPE).stdout
    return {line.split()[-1].replace("@@", "@") for line in text.splitlines() if " w " not in line}


def versions_needed(path):
    """Of each library, the versions that @path wants of it."""
    found, name = {}, None
    for line in run("readelf", "-VW", path, stdout=subprocess.PIPE).stdout.splitlines():
        if (file := re.search(r"File: (\S+)", line)):
            name = file[1]
        elif name and (version := re.search(r"Name: (\S+)", line)):
            found.setdefault(name, []).append(version[1])
    return found


def make_stubs(folder, program, libraries, missing):
    """Libraries with the names that are missing, and in them what @program names and no other library has: fio's engines
    for storage clusters need these to start, and nothing of them to run."""
    have = {symbol.split("@")[0] for path in libraries for symbol in symbols(path, "--defined-only")}
    wanted = {symbol for symbol in symbols(program, "--undefined-only") if symbol.split("@")[0] not in have}
    versions = versions_needed(program)
    for name in missing:
        source, script = os.path.join(folder, "stub.s"), os.path.join(folder, "stub.map")
        own = versions.get(name, [])
        mine = {symbol for symbol in wanted if "@" not in symbol or symbol.split("@")[1] in own}
        with open(source, "w", encoding="ascii") as f:
            for symbol in {symbol.split("@")[0] for symbol in mine}:
                f.write(f".globl {symbol}\n.type {symbol}, @function\n{symbol}:\n")
            f.write("\txor %eax, %eax\n\tret\n.section .note.GNU-stack,\"\"\n")
        with open(script, "w", encoding="ascii") as f:
            for version in own:
                f.write(version + " { global: " + "".join(s.split("@")[0] + "; " for s in mine if s.endswith("@" + version)) + "};\n")
        run("gcc", "-shared", "-nostdlib", "-Wl,-soname," + name, *([f"-Wl,--version-script={script}"] if own else []),
            "-o", os.path.join(folder, name), source)
        os.unlink(source)
        os.unlink(script)


def unpack_tools(found, work):
    """PROGRAMS and all libraries that they name -> work/tools, libraries flat in its lib; the loader runs them."""
    tree, libraries = os.path.join(work, "packages"), os.path.join(work, "tools/lib")
    for name, deb in found.items():
        if name not in ("kernel", "ipxe"):
            run("dpkg-deb", "-x", deb, tree)
    os.makedirs(libraries)
    where = {}
    for path in glob.glob(os.path.join(tree, "**/*.so*"), recursive=True):
        # Links are absolute, and lead into the same tree.
        link = os.readlink(path) if os.path.islink(path) else ""
        where[os.path.basename(path)] = os.path.join(tree, link.lstrip("/")) if link.startswith("/") else path
    for program in PROGRAMS:
        target = os.path.join(work, "tools", os.path.basename(program))
        shutil.copy(os.path.join(tree, program), target)
        todo, have, missing = needed(target) + ["ld-linux-x86-64.so.2"], {}, set()
        while todo:
            name = todo.pop()
            if name in have or name in missing:
                continue
            if name not in where:
                missing.add(name)
                continue
            have[name] = shutil.copy(where[name], os.path.join(libraries, name))
            todo += needed(have[name])
        make_stubs(libraries, target, have.values(), missing)
    shutil.rmtree(tree)


def file_system(files, path, sectors, kind):
    """A file system with what lies in the folder `files`."""
    run("mke2fs", "-q", "-F", "-b", "4096", "-t", kind, "-O", "^has_journal,^metadata_csum_seed,^orphan_file", "-d", files, path,
        f"{sectors // 2}k", stdout=subprocess.DEVNULL)


def boot_sector(code, sectors):
    """With a table of one partition, from PART_LBA on."""
    entry = struct.pack("<B3sB3sII", 0x80, b"\xfe\xff\xff", 0x83, b"\xfe\xff\xff", PART_LBA, sectors)
    return code.ljust(440, b"\0") + b"SLUI\0\0" + entry + bytes(48) + b"\x55\xaa"


def files_disk(files, path, mib=8):
    """A disk that does not boot: one partition with what lies in the folder `files`."""
    sectors = mib * 2048 - PART_LBA
    file_system(files, path + ".part", sectors, "ext2")
    with open(path, "wb") as out, open(path + ".part", "rb") as part:
        out.write(boot_sector(b"", sectors))
        out.seek(PART_LBA * SECTOR)
        shutil.copyfileobj(part, out)
    os.unlink(path + ".part")


def make_image(work, name, driver, first, second):
    """The disk as a machine's setup writes it: boot.img to LBA 0, GRUB's core behind it, a partition."""
    files = os.path.join(work, "files")
    os.makedirs(os.path.join(files, "boot/grub"), exist_ok=True)
    for boot in os.listdir(os.path.join(work, "boot")):
        shutil.copy(os.path.join(work, "boot", boot), os.path.join(files, "boot"))
    shutil.copytree(os.path.join(work, "tools"), os.path.join(files, "tools"), dirs_exist_ok=True)
    with open(os.path.join(DISK, "grub.cfg"), encoding="utf-8") as f:
        config = f.read().replace("$orders", f"({second})0+8")
    with open(os.path.join(files, "boot/grub/grub.cfg"), "w", encoding="utf-8") as f:
        f.write(config)
    part = os.path.join(work, "part.img")
    image = os.path.join(work, name)
    part_sectors = DISK_MIB * 2048 - PART_LBA
    file_system(files, part, part_sectors, "ext4")
    run("grub-mkimage", "-O", "i386-pc", "-p", f"({first},msdos1)/boot/grub", "-o",
        os.path.join(work, "core.img"), driver, *GRUB_MODULES)
    with open(os.path.join(GRUB_FOLDER, "boot.img"), "rb") as f:
        code = f.read(440)
    with open(os.path.join(work, "core.img"), "rb") as f:
        core = f.read()
    assert len(core) <= (PART_LBA - 1) * SECTOR
    with open(image, "wb") as out:
        out.write(boot_sector(code, part_sectors) + core)
        out.seek(PART_LBA * SECTOR)
        with open(part, "rb") as f:
            shutil.copyfileobj(f, out)
    run("fallocate", "--dig-holes", image)
    os.unlink(part)


def inputs():
    busybox = shutil.which("busybox")
    boot = os.path.join(GRUB_FOLDER, "boot.img")
    if not busybox or not os.path.exists(boot):
        raise Missing("busybox-static or grub-pc-bin is not installed")
    return [__file__, busybox, boot, *glob.glob(os.path.join(DISK, "*"))]


def fresh(cache, sources):
    images = [os.path.join(cache, row[0]) for row in IMAGES]
    if not all(os.path.exists(image) for image in images):
        return False
    oldest = min(os.path.getmtime(image) for image in images)
    return all(os.path.getmtime(source) <= oldest for source in sources)


def build(cache):
    """Build what is missing or old; one builder at a time."""
    found = debs(cache) if os.path.isdir(cache) else {}
    if not complete(found):
        raise Missing(f"not all packages are in {cache}: run `make endpoint-fetch` once")
    with open(os.path.join(cache, "lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if fresh(cache, inputs()):
            return
        with tempfile.TemporaryDirectory(dir=cache) as work:
            os.mkdir(os.path.join(work, "boot"))
            unpack_kernel(found["kernel"], work)
            unpack_ipxe(found["ipxe"], work)
            unpack_tools(found, work)
            make_initramfs(work)
            for row in IMAGES:
                make_image(work, *row)
            for row in IMAGES:
                os.replace(os.path.join(work, row[0]), os.path.join(cache, row[0]))


def main():
    words = sys.argv[1:]
    only_fetch = words[:1] == ["--fetch"]
    cache = os.path.abspath(words[-1]) if words[1 if only_fetch else 0:] else cache_folder()
    os.makedirs(cache, exist_ok=True)
    try:
        if only_fetch:
            fetch(cache)
        build(cache)
    except (Missing, subprocess.CalledProcessError, StopIteration) as e:
        print(f"image: {e or 'no kernel package in the lists'}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
