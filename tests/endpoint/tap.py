"""tap.py - claims about machines, run one after the other and printed as TAP

    @claim("the plain machine boots")       a function that raises Failed, Missing or nothing
    def plain(): ...
    sys.exit(run())

LONG=1 in the environment runs also what is marked long=True; else those are left out, not skipped.
ONLY=PATTERN runs the claims whose text has it.
"""
import os
import re
import signal
import sys
import time

from image import Missing
from machine import Failed

CLAIMS = []


class Skip(Exception):
    """This claim makes no sense here; the text says why."""


def claim(text, long=False):
    def note(function):
        CLAIMS.append((text, long, function))
        return function
    return note


class Open(Exception):
    """Known not to hold yet: told as TODO, not as a failure; the text says what."""


def check(condition, text):
    if not condition:
        raise Failed(text)


def run():
    # A test that is told to end still ends its QEMU.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    only = re.compile(os.environ.get("ONLY") or "")
    todo = [row for row in CLAIMS if (not row[1] or os.environ.get("LONG")) and only.search(row[0])]
    print(f"1..{len(todo)}", flush=True)
    bad = 0
    for number, (text, _, function) in enumerate(todo, 1):
        began = time.monotonic()
        detail, note, word = "", "", "ok"
        try:
            function()
        except (Skip, Missing) as e:
            note = f" # SKIP {e}"
        except Open as e:
            word, note = "not ok", f" # TODO {e}"
        except Failed as e:
            word, detail = "not ok", str(e)
            bad += 1
        print(f"{word} {number} - {text}{note}")
        for line in detail.splitlines():
            print(f"# {line}")
        print(f"# {time.monotonic() - began:.1f} s", flush=True)
    return bad > 0
