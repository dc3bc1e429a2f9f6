#!/usr/bin/env python3
"""policies.py - good policies: the model is the golden one, and formatting keeps it

For every tests/policies/X.hvrule: it is accepted, its model is X.model; formatted, it is
stable and means the same.  The shipped rules/ are held to the last two as well.
`policies.py --write` (re)writes the .model files for review.
"""
import glob
import os
import subprocess
import sys
import tempfile

ROOT = os.path.abspath(os.environ.get("srcdir", "."))
FRONT = os.path.join(os.path.abspath(os.environ.get("builddir", ".")), "tests/front/front")
results = []


def claim(ok, text, detail=""):
    results.append(ok)
    print("%sok %d - %s" % ("" if ok else "not ", len(results), text))
    if not ok:
        for line in detail.splitlines()[:20]:
            print("#  " + line)


def front(what, path):
    p = subprocess.run([FRONT, what, os.path.basename(path)], cwd=os.path.dirname(path),
                       capture_output=True)
    return p.returncode, p.stdout, p.stderr.decode("utf-8", "replace")


def formatted(text, beside):
    """The canonical form of @text and its model, as a file beside @beside's includes."""
    with tempfile.TemporaryDirectory() as d:
        for f in glob.glob(os.path.join(os.path.dirname(beside), "*")):
            if not f.endswith((".hvrule", ".model", ".err")):
                os.symlink(f, os.path.join(d, os.path.basename(f)))
        path = os.path.join(d, "formatted.hvrule")
        with open(path, "wb") as f:
            f.write(text)
        return front("fmt", path)[1], front("model", path)


def comments(text):
    """What stands behind every '#' outside of strings and expressions, roughly: whole lines."""
    return [l.strip() for l in text.decode("utf-8").splitlines() if l.strip().startswith("#")]


def try_policy(path):
    name = os.path.relpath(path, ROOT)
    status, model, err = front("model", path)
    claim(status == 0, "%s is accepted" % name, err)
    golden = path[:-7] + ".model"
    if name.startswith("tests/policies"):
        want = open(golden, "rb").read() if os.path.exists(golden) else b""
        claim(model == want, "%s: its model is the golden one" % name, model.decode()[:2000])
    status, once, err = front("fmt", path)
    claim(status == 0 and once, "%s is formatted" % name, err)
    twice, (status, again, err) = formatted(once, path)
    claim(twice == once, "%s: formatting twice changes nothing" % name, twice.decode())
    claim(status == 0 and again == model, "%s: formatting keeps its meaning" % name, err)
    with open(path, "rb") as f:
        claim(comments(f.read()) == comments(once), "%s: comments are kept" % name)


def main():
    paths = sorted(glob.glob(os.path.join(ROOT, "tests/policies/*.hvrule")))
    if sys.argv[1:] == ["--write"]:
        for path in paths:
            with open(path[:-7] + ".model", "wb") as f:
                f.write(front("model", path)[1])
        return 0
    for path in paths + sorted(glob.glob(os.path.join(ROOT, "rules/*/*.hvrule"))):
        try_policy(path)
    real = len([p for p in paths if os.path.basename(p).startswith("real-")])
    claim(real >= 10, "ten realistic policies are tried")
    print("1..%d" % len(results))
    return not all(results)


sys.exit(main())
