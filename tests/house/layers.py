#!/usr/bin/env python3
"""layers.py - the picture in docs/architecture.md is a test: who may include whom.

    policy   <- devmodel <- hv, replay
    policy   <- compiler <- replay (by compiler/hvc.h alone)
"""
import os
import re
import sys

ROOT = os.environ.get("srcdir", ".")
MAY = {
    "policy": {"policy"},
    "devmodel": {"policy", "devmodel"},
    "compiler": {"policy", "compiler"},
    "hv": {"policy", "devmodel", "hv"},
    "replay": {"policy", "devmodel", "replay"},
}
FREESTANDING = {"stdarg.h", "stdbool.h", "stddef.h", "stdint.h", "limits.h", "string.h"}
HVC_H = "compiler/hvc.h"        # what replay sees of the compiler
SUFFIXES = (".c", ".h", ".l", ".y", ".def", ".S")
MAX_LINES = 800

results = []


def claim(ok, text, detail=()):
    results.append((ok, text, list(detail)))


def files(folder):
    for base, _, names in os.walk(os.path.join(ROOT, folder)):
        for name in sorted(names):
            # what bison and flex made in a build within the sources is nobody's text
            if name.endswith(SUFFIXES) and ".tab." not in name and ".yy." not in name:
                yield os.path.relpath(os.path.join(base, name), ROOT)


def includes(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            m = re.match(r'\s*#\s*include\s+(["<])([^">]+)[">]', line)
            if m:
                yield number, m.group(1) == '"', m.group(2)


def own_folder(target):
    return target.split("/")[0] if "/" in target else ""


def check_folder(folder):
    bad = []
    for path in files(folder):
        for number, ours, target in includes(path):
            if not ours:
                continue
            where = own_folder(target)
            if where == "" and folder == "compiler":
                continue                    # generated beside it
            if folder == "replay" and target == HVC_H:
                continue
            if where not in MAY[folder]:
                bad.append(f"{path}:{number}: {folder}/ must not include {target}")
    claim(not bad, f"{folder}/ includes only what stands below it", bad)


def check_models():
    bad = []
    for one, other in (("e1000", "ahci"), ("ahci", "e1000")):
        for path in files(f"devmodel/{one}"):
            for number, _, target in includes(path):
                if f"devmodel/{other}/" in target:
                    bad.append(f"{path}:{number}: includes {target}")
    claim(not bad, "e1000 and ahci never include each other", bad)


def check_freestanding(folder):
    bad = []
    for path in files(folder):
        for number, ours, target in includes(path):
            if not ours and target not in FREESTANDING:
                bad.append(f"{path}:{number}: <{target}> is not for freestanding code")
    claim(not bad, f"{folder}/ includes freestanding headers and <string.h> only", bad)


def check_length():
    long = []
    for folder in list(MAY) + ["tests", "rules"]:
        for path in files(folder):
            with open(os.path.join(ROOT, path), encoding="utf-8") as f:
                lines = sum(1 for _ in f)
            if lines > MAX_LINES:
                long.append(f"{path}: {lines} lines")
    claim(not long, f"no source file is longer than {MAX_LINES} lines", long)


def check_first_lines():
    bad = []
    for folder in MAY:
        for path in files(folder):
            name = os.path.basename(path)
            with open(os.path.join(ROOT, path), encoding="utf-8") as f:
                head = f.read(300)
            if f"{name} - " not in head:
                bad.append(f"{path}: its first lines do not say what it does")
    claim(not bad, "every source file says in its first lines what it does", bad)


def check_maps():
    for folder in MAY:
        sources = list(files(folder))
        if not sources:
            continue
        path = os.path.join(ROOT, folder, "README.md")
        text = open(path, encoding="utf-8").read() if os.path.exists(path) else ""
        named_there = set(re.findall(r"`(\w+)\.", text))
        bad = [f"{name}: {folder}/README.md does not name it" for name in sources
               if os.path.basename(name).split(".")[0] not in named_there]
        claim(not bad, f"{folder}/README.md names every source file of the folder", bad)


def main():
    for folder in MAY:
        check_folder(folder)
    check_models()
    check_freestanding("policy")
    check_freestanding("devmodel")
    check_length()
    check_first_lines()
    check_maps()
    print(f"1..{len(results)}")
    for number, (ok, text, detail) in enumerate(results, 1):
        print(f"{'ok' if ok else 'not ok'} {number} - {text}")
        for line in detail[:20]:
            print(f"# {line}")
    return any(not ok for ok, _, _ in results)


sys.exit(main())
