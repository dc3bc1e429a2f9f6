#!/usr/bin/env python3
"""mutate.py - delete guards, negate conditions, shift constants; the tests must notice

A mutant is one change of one source file of the list in tests/mutants/targets:
    guard     `if (...) return/goto/break/continue ...;` is deleted
    negate    the condition of an if or a while is negated
    constant  a number in a condition or comparison is one larger

All mutants of a file are compiled at once, each behind a comparison with `mutant`, a number from
the environment: a program is built once and run for each of them.  It is linked before
libpolicy.a, so that it replaces the original; then the tests of the file's line in the list run,
up to the first that fails.  Unchanged, each must pass.  A mutant is killed when one of them fails
or hangs.  tests/mutants/survivors lists those that are known to live, each with its reason.
Status 0 when at least 95% are killed and every survivor is listed.

What a file came to is printed as soon as it is known: a run that is cut off has said so much.

usage: mutate.py --source DIR --build DIR all | sample | FOLDER/ | FILE[:LINE] ...
"""
import argparse
import concurrent.futures
import os
import random
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
import time

GOAL = 0.95
SAMPLE = 24             # mutants of a sample, the same ones for the same sources
TIMEOUT_S = 10          # and ten times what the test takes unchanged
UNCHANGED_S = 600

# The number of the mutant that is awake; none is 0.
SWITCH = """
#include <stdlib.h>
unsigned mutant;
__attribute__((constructor(101))) static void choose(void)
{
	const char *s = getenv("MUTANT");

	mutant = s ? atoi(s) : 0;
}
"""

# Programs that are slow run smaller on mutants.
SMALL = {"VERIFY_RANDOM_PERCENT": "20", "VERIFY_DIAMONDS": "2000", "HV_NATIVE_COUNT": "4000"}

# UINT64_C(1) is one as a whole: what is within is pasted together
NUMBER = re.compile(r"(?<![\w.\"'])(?:U?INT\d+_C\([^()]*\)|(?:0x[0-9a-fA-F]+|\d+)[uUlL]*)(?![\w.\"'])")


class Mutant:
    """A change of the source between @start and @end: a condition in parentheses, or a number."""

    def __init__(self, path, kind, line, start, end):
        self.path, self.kind, self.line = path, kind, line
        self.start, self.end = start, end
        self.outcome = None
        self.number = 0     # among those of its file, from 1

    def name(self):
        return f"{self.path}:{self.line}: {self.kind}"


def blank(source):
    """The source with comments, strings and preprocessor lines made blank, offsets kept."""
    def spaces(m):
        return re.sub(r"[^\n]", " ", m.group(0))
    source = re.sub(r"/\*.*?\*/", spaces, source, flags=re.S)
    source = re.sub(r'"(\\.|[^"\\\n])*"', spaces, source)
    source = re.sub(r"'(\\.|[^'\\\n])+'", spaces, source)
    return re.sub(r"^[ \t]*#(.*\\\n)*.*$", spaces, source, flags=re.M)


def closing(text, start):
    """Offset behind the parenthesis that closes the one at @start."""
    depth = 0
    for i in range(start, len(text)):
        if text[i] == "(":
            depth += 1
        elif text[i] == ")":
            depth -= 1
            if depth == 0:
                return i + 1
    return -1


def conditions(text):
    """(offset of the keyword, of '(', behind ')') of each if and while."""
    for m in re.finditer(r"\b(if|while)\s*\(", text):
        start = m.end() - 1
        end = closing(text, start)
        if end > 0:
            yield m.start(), m.group(1), start, end


def mutants_of(path, source):
    text = blank(source)

    def line(offset):
        return source.count("\n", 0, offset) + 1

    found = []
    for word, kind, start, end in conditions(text):
        found.append(Mutant(path, "negate", line(word), start, end))
        guard = re.match(r"\s*(return\b[^;{}]*|goto\s+\w+|break|continue);", text[end:])
        if kind == "if" and guard and not re.match(r"\s*else\b", text[end + guard.end():]):
            before = text[:word].rstrip()
            if not before.endswith("else"):
                found.append(Mutant(path, "guard", line(word), start, end))
        for number in NUMBER.finditer(text, start, end):
            found.append(Mutant(path, "constant", line(number.start()), number.start(), number.end()))
    for m in re.finditer(r"\breturn\s+([^;?]*(?:[<>]=?|[!=]=)[^;?]*);", text):
        for number in NUMBER.finditer(text, m.start(1), m.end(1)):
            found.append(Mutant(path, "constant", line(number.start()), number.start(), number.end()))
    for count, mutant in enumerate(found, 1):
        mutant.number = count
    return found


def with_mutants(source, mutants):
    """The source with all of them in it, asleep."""
    edits = []              # (offset, order there, text)
    for m in mutants:
        if m.kind == "constant":
            edits += [(m.start, 2, "("), (m.end, 0, f" + (mutant == {m.number}u))")]
        elif m.kind == "negate":
            edits += [(m.start, 1, f"((mutant == {m.number}u) ^ !!"), (m.end, 1, ")")]
        else:
            edits += [(m.start, 0, f"(mutant != {m.number}u && "), (m.end, 2, ")")]
    for offset, _, text in sorted(edits, reverse=True):
        source = source[:offset] + text + source[offset:]
    return source


def read_targets(folder):
    """FILE: TEST TEST ...  of each line of tests/mutants/targets.

    A header is HEADER in FILE: that file is compiled with the changed header."""
    targets = []
    with open(os.path.join(folder, "targets"), encoding="utf-8") as f:
        for text in f:
            text = text.split("#")[0].strip()
            if text:
                path, tests = text.split(":")
                path, _, unit = path.partition(" in ")
                targets.append((path.strip(), unit.strip() or path.strip(), tests.split()))
    return targets


def read_survivors(folder):
    """FILE | KIND | the line's text | reason"""
    known = {}
    with open(os.path.join(folder, "survivors"), encoding="utf-8") as f:
        for text in f:
            if text.strip() and not text.startswith("#"):
                path, kind, code, reason = (part.strip() for part in text.split(" | ", 3))
                known[path, kind, " ".join(code.split())] = reason
    return known


class Bench:
    """Compiles and runs one mutant at a time, in a folder of its own."""

    def __init__(self, source, build):
        self.source, self.build = os.path.abspath(source), os.path.abspath(build)
        self.env = dict(os.environ, srcdir=self.source, builddir=self.build, CK_FORK="no", DATA="",
                        ASAN_OPTIONS="detect_leaks=0:detect_odr_violation=0", **SMALL)
        self.env["BPF_VECTORS"] = os.path.join(self.build, "tests", "bpf", "vectors")
        self.seconds = {}       # by program: when it hangs
        variables = self.make_variables(
            "CC", "CFLAGS", "AM_CFLAGS", "AM_CPPFLAGS", "CHECK_LIBS", "PCRE2_LIBS", "PCAP_LIBS", "ELF_LIBS")
        self.cc = variables["CC"]
        self.compile = shlex.split(" ".join(
            (self.cc, "-I.", variables["AM_CPPFLAGS"], variables["AM_CFLAGS"], variables["CFLAGS"],
             "-Wno-error -w -O1 -g0")))
        self.link = shlex.split(f"{self.cc} {variables['AM_CFLAGS']}")
        self.libs = {name: shlex.split(variables[name])
                     for name in ("CHECK_LIBS", "PCRE2_LIBS", "PCAP_LIBS", "ELF_LIBS")}

    def make_vectors(self):
        """Scripts cannot be linked with a mutant: what vectors.py writes, tests/bpf/run reads."""
        script = os.path.join(self.source, "tests", "bpf", "vectors.py")
        if subprocess.run([sys.executable, script], cwd=self.build, env=self.env,
                          stdout=subprocess.DEVNULL).returncode:
            raise SystemExit("mutate: tests/bpf/vectors.py fails")

    def make_variables(self, *names):
        with tempfile.NamedTemporaryFile("w", suffix=".mk") as f:
            f.write("include Makefile\nprint-variables:\n")
            for name in names:
                f.write(f"\t@echo '{name}=$({name})'\n")
            f.flush()
            out = subprocess.run(["make", "-s", "-f", f.name, "print-variables"], cwd=self.build,
                                 capture_output=True, text=True, check=True).stdout
        return dict(line.split("=", 1) for line in out.splitlines() if "=" in line)

    def objects(self, test):
        """The object files and libraries of a test program, as make links it."""
        out = subprocess.run(["make", "-n", "V=1", "-W", "libpolicy.a", test], cwd=self.build,
                             capture_output=True, text=True, check=True).stdout.replace("\\\n", " ")
        for text in out.splitlines():
            for command in text.split(";"):
                if f"-o {test} " in command:
                    words = shlex.split(command)
                    return [w for w in words if w.endswith((".o", ".a")) or w.startswith("-l")]
        raise SystemExit(f"mutate: make does not say how {test} is linked")

    def compile_switch(self, folder):
        """What each program has besides: the number of the mutant that is awake."""
        path = os.path.join(folder, "switch.c")
        with open(path, "w", encoding="utf-8") as f:
            f.write(SWITCH)
        subprocess.run([self.cc, "-c", path, "-o", os.path.join(folder, "switch.o")], check=True)

    def program(self, source, folder, test, objects):
        """@source with its mutants, linked to a test program in @folder."""
        name = os.path.join(folder, os.path.basename(test))
        if not os.path.exists(name):
            done = subprocess.run(
                self.link + ["-o", name, os.path.join(folder, "mutants.o"), os.path.join(folder, "switch.o")] +
                objects[test] + ["-Wl,-z,muldefs"], cwd=self.build, capture_output=True)
            if done.returncode:
                raise SystemExit(f"mutate: cannot link {test} with {source}\n{done.stderr.decode()}")
            begun = time.time()
            if self.fails(name, 0, UNCHANGED_S):
                raise SystemExit(f"mutate: {test} fails with {source} unchanged")
            self.seconds[name] = TIMEOUT_S + 10 * (time.time() - begun)
        return name

    def run(self, path, unit, mutants, tests, objects):
        """All @mutants of the file @path, which is compiled as a part of @unit."""
        with open(os.path.join(self.source, path), encoding="utf-8") as f:
            text = f.read()
        with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
            changed = os.path.join(folder, path)
            os.makedirs(os.path.dirname(changed))
            with open(changed, "w", encoding="utf-8") as f:
                f.write("extern unsigned mutant;\n#line 1\n" + with_mutants(text, mutants_of(path, text)))
            self.compile_switch(folder)
            c = changed if unit == path else os.path.join(self.source, unit)
            done = subprocess.run(
                self.compile[:1] + ["-I", folder] + self.compile[1:] +
                ["-I", os.path.join(self.source, os.path.dirname(path)),
                 "-c", c, "-o", os.path.join(folder, "mutants.o")], cwd=self.build, capture_output=True)
            if done.returncode:
                raise SystemExit(f"mutate: {path} does not compile with its mutants\n{done.stderr.decode()}")
            for m in mutants:
                m.outcome = "survived"
                for test in tests:
                    name = self.program(path, folder, test, objects)
                    if self.fails(name, m.number, self.seconds[name]):
                        m.outcome = "killed"
                        break

    def fails(self, program, number, seconds):
        """Does it fail, or hang?  It is stopped at its first `not ok`."""
        with subprocess.Popen([program], cwd=self.build, env=dict(self.env, MUTANT=str(number)),
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, start_new_session=True) as run:
            late = threading.Timer(seconds, end_session, (run.pid,))
            late.start()
            for line in run.stdout:
                if line.startswith(b"not ok"):
                    end_session(run.pid)
            run.wait()
            late.cancel()
            return run.returncode != 0


def end_session(leader):
    """A program and what it has started: tests that Check forks are groups of their own, and hold the pipe."""
    os.kill(leader, signal.SIGKILL)     # not waited for yet: it is nobody else's number
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat", encoding="latin-1") as f:
                session = int(f.read().rpartition(")")[2].split()[3])
            if session == leader:
                os.kill(int(pid), signal.SIGKILL)
        except (OSError, IndexError):
            pass                # it has gone


def choose(what, source, targets):
    everything = []
    for path, _, _ in targets:
        with open(os.path.join(source, path), encoding="utf-8") as f:
            everything += mutants_of(path, f.read())
    if what == "all":
        return everything
    if what == "sample":
        return random.Random(1).sample(everything, min(SAMPLE, len(everything)))
    path, _, line = what.partition(":")
    return [m for m in everything if (m.path == path or (path.endswith("/") and m.path.startswith(path))) and
            (not line or m.line == int(line))]


def line_text(source, mutant):
    with open(os.path.join(source, mutant.path), encoding="utf-8") as f:
        return " ".join(f.read().splitlines()[mutant.line - 1].split())


def main():
    parser = argparse.ArgumentParser(description="delete guards and expect failures")
    parser.add_argument("--source", required=True)
    parser.add_argument("--build", required=True)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("what", nargs="*", default=["all"], help="all, sample, FOLDER/, FILE or FILE:LINE")
    args = parser.parse_args()
    folder = os.path.join(args.source, "tests", "mutants")
    targets = read_targets(folder)
    known = read_survivors(folder)
    tests = {path: tests for path, _, tests in targets}
    mutants = []
    for what in args.what:
        some = choose(what, args.source, targets)
        if not some:
            raise SystemExit(f"mutate: nothing to change in {what}; tests/mutants/targets lists the files")
        mutants += some
    bench = Bench(args.source, args.build)
    objects = {test: bench.objects(test) for test in {t for m in mutants for t in tests[m.path]}}
    if "tests/bpf/run" in objects:
        bench.make_vectors()
    begun = time.time()
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        parts = [([m for m in mutants if m.path == path], path, unit, names) for path, unit, names in targets]
        # the longest first, so that none of them runs alone at the end
        futures = {pool.submit(bench.run, path, unit, part, names, objects): part
                   for part, path, unit, names in sorted(parts, key=lambda p: -len(p[0])) if part}
        for count, future in enumerate(concurrent.futures.as_completed(futures), 1):
            future.result()
            tell(args.source, futures[future], known, count, len(futures))
    return report(args, mutants, known, time.time() - begun)


def tell(source, part, known, count, files):
    """What the mutants of one file came to."""
    killed = sum(m.outcome == "killed" for m in part)
    print(f"{part[0].path}: {killed} of {len(part)} killed ({count} of {files} files)")
    for m in part:
        if m.outcome == "survived":
            code = line_text(source, m)
            reason = known.get((m.path, m.kind, code))
            print(f"survived: {m.name()}: {code}" + (f"  [{reason}]" if reason else "  [not listed]"))
    sys.stdout.flush()


def report(args, mutants, known, seconds):
    killed = [m for m in mutants if m.outcome == "killed"]
    survivors = [m for m in mutants if m.outcome == "survived"]
    unlisted = sum((m.path, m.kind, line_text(args.source, m)) not in known for m in survivors)
    share = len(killed) / len(mutants) if mutants else 1
    print(f"{len(killed)} of {len(mutants)} mutants killed ({100 * share:.1f}%), {len(survivors)} survived, "
          f"{unlisted} of them not listed; {seconds:.0f} s")
    effective = (len(killed) + len(survivors) - unlisted) / len(mutants) if mutants else 1
    if args.what == ["sample"]:
        return 0 if effective >= 0.8 else 1     # a sample of 24 is no measure: 95% is that of `all`
    return 0 if share >= GOAL and unlisted == 0 else 1


sys.exit(main())
