"""golden.py - every policy here against what stands beside it

NAME.hvrule is as `hvc fmt` prints it; NAME.asm is its code as `hvc dump` shows it, with the
rules' names.  llvm-objdump reads the same module and must say the same.
UPDATE=1 (make golden-update) writes the .asm files anew: read the difference before it is
committed.
"""
import glob
import os
import re
import subprocess
import sys
import tempfile

source = os.environ.get("srcdir", ".")
build = os.environ.get("builddir", ".")
objdump = os.environ.get("LLVM_OBJDUMP", "")
readelf = "/usr/bin/readelf"
hvc = os.path.join(build, "hvc")
update = os.environ.get("UPDATE") == "1"
count = 0
failed = 0


def result(good, claim, why=""):
    global count, failed
    count += 1
    print(f"{'ok' if good else 'not ok'} {count} - {claim}")
    if not good:
        failed += 1
        for line in why.splitlines()[:40]:
            print("# " + line)


def skip(claim, reason):
    global count
    count += 1
    print(f"ok {count} - {claim} # SKIP {reason}")


def run(*args):
    p = subprocess.run(args, capture_output=True, text=True)
    return p.returncode, p.stdout, p.stderr


def code_of(dump):
    """The programs: from the first line that names a section."""
    m = re.search(r"^(net|disk)/\w+:$", dump, re.M)
    return dump[m.start():] if m else ""


def difference(want, got):
    a, b = want.splitlines(), got.splitlines()
    for i in range(max(len(a), len(b))):
        x = a[i] if i < len(a) else "(end)"
        y = b[i] if i < len(b) else "(end)"
        if x != y:
            return f"line {i + 1}\n-{x}\n+{y}"
    return ""


def insns(text, pattern):
    return [re.sub(r"\s+", " ", m.group(1)).strip() for m in re.finditer(pattern, text, re.M)]


def check_objdump(name, module, code):
    if not objdump:
        skip(f"{name}: llvm-objdump reads the same code", "no llvm-objdump")
        return
    status, out, err = run(objdump, "-d", "--no-show-raw-insn", module)
    theirs = insns(out, r"^\s+\d+:\s+(.*?)(?:\s+<[A-Za-z_.][\w.+]*>)?$")
    ours = insns(code, r"^\s+\d+: (.*?)(?:\t;.*)?$")
    # a two-slot constant: ours has its value in full, theirs as well
    result(status == 0 and theirs == ours and len(ours) > 0,
           f"{name}: llvm-objdump reads the same code",
           difference("\n".join(ours), "\n".join(theirs)) + err)


def check_readelf(name, module):
    if not os.path.exists(readelf):
        skip(f"{name}: readelf finds nothing to complain of", "no readelf")
        return
    status, out, err = run(readelf, "-aW", module)
    result(status == 0 and not err and "Linux BPF" in out,
           f"{name}: readelf finds nothing to complain of", err)


def check(path, scratch):
    name = os.path.basename(path)[:-len(".hvrule")]
    module = os.path.join(scratch, name + ".hvb")
    golden = path[:-len(".hvrule")] + ".asm"
    status, out, err = run(hvc, "build", path, "-o", module)
    result(status == 0, f"{name}: it builds", err)
    if status:
        return
    status, out, err = run(hvc, "fmt", path)
    with open(path) as f:
        text = f.read()
    result(status == 0 and out == text, f"{name}: printed back it is the same",
           difference(text, out) + err)
    status, dump, err = run(hvc, "dump", module)
    code = code_of(dump)
    if update:
        with open(golden, "w") as f:
            f.write(code)
    try:
        with open(golden) as f:
            want = f.read()
    except OSError:
        want = ""
    result(status == 0 and code == want and code != "", f"{name}: its code is the golden one",
           difference(want, code) + err)
    check_objdump(name, module, code)
    check_readelf(name, module)
    again = os.path.join(scratch, name + ".again")
    run(hvc, "build", path, "-o", again)
    with open(module, "rb") as a, open(again, "rb") as b:
        result(a.read() == b.read(), f"{name}: built twice it is the same bytes")


with tempfile.TemporaryDirectory() as directory:
    for policy in sorted(glob.glob(os.path.join(source, "tests/golden/*.hvrule"))):
        check(policy, directory)
print(f"1..{count}")
sys.exit(1 if failed else 0)
