#!/usr/bin/env python3
"""image.py - what hv/hv.ld puts side by side is there, and is as small as it means to be"""
import os
import re
import subprocess
import sys

ROOT = os.environ.get("srcdir", ".")
IMAGE = os.path.join(os.environ.get("builddir", "."), "hv", "hv64")
HOT_PAGES = 10          # of the code that exits run
PAGE = 4096


def listed():
    """The groups of hv.ld, each as sections and names."""
    with open(os.path.join(ROOT, "hv/hv.ld"), encoding="ascii") as f:
        groups = re.findall(r"\*\(\s*\n(.*?)\n\s*\)", f.read(), re.S)
    return [re.findall(r"\.(text|bss)\.(\w+)", group) for group in groups]


def words():
    """Every word of the sources: a compiler may put a function into its callers, so the image does not have all names."""
    found = set()
    for folder in ("hv", "devmodel", "policy"):
        for base, _, names in os.walk(os.path.join(ROOT, folder)):
            for name in names:
                if name.endswith((".c", ".h", ".S", ".def")):
                    with open(os.path.join(base, name), encoding="utf-8") as f:
                        found.update(re.findall(r"\w+", f.read()))
    return found


def main():
    groups, known = listed(), words()
    # tx_ and rx_ stand for all that begin so
    lost = [f".{section}.{name}" for group in groups for section, name in group if not name.endswith("_") and name not in known]
    nm = subprocess.run(["nm", IMAGE], check=True, text=True, stdout=subprocess.PIPE).stdout
    hot = {name for section, name in groups[0] if section == "text"}
    pages = [int(at, 16) // PAGE for at, name in re.findall(r"^(\w+) [tT] (\w+)", nm, re.M) if name in hot]
    claims = [(groups and not lost, "each name of hv.ld is one of the sources", " ".join(lost)),
              (pages and max(pages) - min(pages) < HOT_PAGES, f"what exits run is on {HOT_PAGES} pages", f"pages {sorted(set(pages))}")]
    print(f"1..{len(claims)}")
    for n, (ok, text, detail) in enumerate(claims, 1):
        print(f"{'ok' if ok else 'not ok'} {n} - {text}")
        if not ok:
            print(f"# {detail}")
    return 0 if all(ok for ok, *_ in claims) else 1


if __name__ == "__main__":
    sys.exit(main())
