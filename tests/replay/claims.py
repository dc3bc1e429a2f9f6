"""claims.py - tests of a program's command line as TAP: a function is a claim, its name says which"""
import os
import subprocess
import sys
import tempfile

TESTS = []


def test(f):
    """A claim: returns nothing when it holds, or why it cannot be tried here."""
    TESTS.append(f)
    return f


def run_all(prepare=None):
    """In an empty folder, @prepare first; 1 when a claim does not hold."""
    failed = 0
    print(f"1..{len(TESTS)}")
    with tempfile.TemporaryDirectory() as where:
        os.chdir(where)
        if prepare:
            prepare()
        for n, f in enumerate(TESTS, 1):
            name = f.__name__.replace("_", " ")
            try:
                skipped = f()
                print(f"ok {n} - {name}" + (f" # SKIP {skipped}" if skipped else ""))
            except (AssertionError, subprocess.SubprocessError, OSError, ValueError, KeyError) as e:
                failed += 1
                print(f"not ok {n} - {name}")
                print("".join(f"# {row}\n" for row in repr(e).replace("\\n", "\n").splitlines()), end="")
            sys.stdout.flush()
        os.chdir("/")
    return int(failed != 0)
