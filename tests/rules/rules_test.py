#!/usr/bin/env python3
"""rules_test.py - each shipped policy gives the expected verdicts, as text and as a module"""
import glob
import os
import subprocess
import sys
import tempfile

SOURCE = os.environ.get("srcdir", ".")
BUILD = os.environ.get("builddir", "build")
LOCAL = "10.20.0.100,52:54:00:00:00:02"
HVC, HVREPLAY = os.path.join(BUILD, "hvc"), os.path.join(BUILD, "hvreplay")

results = []


def claim(text, command, status=0):
    done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    ok = done.returncode == status
    results.append(ok)
    print(f"{'ok' if ok else 'not ok'} {len(results)} - {text}")
    if not ok:
        print(f"# {' '.join(command)}: status {done.returncode}")
        for line in (done.stdout + done.stderr).splitlines()[:20]:
            print(f"# {line}")


def options(folder, trace):
    path = os.path.join(folder, trace + ".options")
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as f:
        return f.read().split()


def main():
    policies = sorted(glob.glob(os.path.join(SOURCE, "rules", "*", "*.hvrule")))
    with tempfile.TemporaryDirectory() as scratch:
        for policy in policies:
            folder, name = os.path.dirname(policy), os.path.basename(policy)[:-len(".hvrule")]
            module = os.path.join(scratch, name + ".hvb")
            claim(f"{name} builds", [HVC, "build", policy, "-o", module])
            expects = sorted(glob.glob(os.path.join(folder, "*.expect")))
            if not expects:
                claim(f"{name} has a trace", ["false"])
            for expect in expects:
                trace = os.path.basename(expect)[:-len(".expect")]
                path = os.path.join(SOURCE, "rules", "traces", trace)
                more = options(folder, trace)
                for form in (policy, module):
                    kind = "as text" if form is policy else "as a module"
                    claim(f"{name} judges {trace} as expected, {kind}",
                          [HVREPLAY, "-q", form, path, "--local", LOCAL, "--expect", expect] + more)
        first = policies[0]
        wrong = os.path.join(scratch, "wrong.expect")
        with open(wrong, "w", encoding="utf-8") as f:
            f.write("default drop\n")
        claim("an expectation that does not hold ends with status 1",
              [HVREPLAY, "-q", first, os.path.join(SOURCE, "rules", "traces", "endpoint.pcap"), "--local", LOCAL,
               "--expect", wrong], 1)
    print(f"1..{len(results)}")
    return not all(results) or len(policies) < 8


sys.exit(main())
