#!/usr/bin/env python3
"""diag.py - golden diagnostics: tests/diag/X.hvrule draws exactly tests/diag/X.err

The first line of each policy is the claim.  `diag.py --write` (re)writes the .err files
for review.
"""
import os
import subprocess
import sys

SRC = os.path.join(os.environ.get("srcdir", "."), "tests/diag")
FRONT = os.path.join(os.path.abspath(os.environ.get("builddir", ".")), "tests/front/front")


def claim_of(path):
    with open(path, "rb") as f:
        line = f.readline().decode("utf-8", "replace").lstrip("\ufeff").strip()
    return line.lstrip("# ") or os.path.basename(path)


def run(name):
    p = subprocess.run([FRONT, "diag", name], cwd=SRC, capture_output=True)
    return b"status %d\n" % p.returncode + p.stdout + p.stderr


def main():
    names = sorted(n for n in os.listdir(SRC) if n.endswith(".hvrule"))
    if sys.argv[1:] == ["--write"]:
        for name in names:
            with open(os.path.join(SRC, name[:-7] + ".err"), "wb") as f:
                f.write(run(name))
        return 0
    print("1..%d" % (len(names) + 1))
    failed = 0
    for i, name in enumerate(names, 1):
        got = run(name)
        try:
            with open(os.path.join(SRC, name[:-7] + ".err"), "rb") as f:
                want = f.read()
        except FileNotFoundError:
            want = b"(no .err file)\n"
        ok = got == want
        failed += not ok
        print("%sok %d - %s (%s)" % ("" if ok else "not ", i, claim_of(os.path.join(SRC, name)), name))
        if not ok:
            for what, text in (("want", want), ("got", got)):
                for line in text.decode("utf-8", "replace").splitlines():
                    print("#  %s: %s" % (what, line))
    ok = len(names) >= 120
    print("%sok %d - at least 120 wrong policies are tried" % ("" if ok else "not ", len(names) + 1))
    return failed != 0 or not ok


sys.exit(main())
