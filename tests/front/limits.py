#!/usr/bin/env python3
"""limits.py - the bounds of compiler/limit.def: at the limit accepted, one past it refused

And what must be neither slow nor fatal: huge lines, many rules, many diagnostics.  The bounds on
megabytes of input are tried with LIMITS=all only (make check-limits).
"""
import os
import re
import resource
import subprocess
import sys
import tempfile

ROOT = os.path.abspath(os.environ.get("srcdir", "."))
FRONT = os.path.join(os.path.abspath(os.environ.get("builddir", ".")), "tests/front/front")
HEAD = 'policy "t" version 1;\n'
results = []
with open(os.path.join(ROOT, "compiler/limit.def"), encoding="utf-8") as f:
    LIMITS = {m.group(1): int(m.group(2)) for m in
              re.finditer(r"^HVC_LIMIT\((\w+),\s*(\d+)", f.read(), re.M)}
LARGE = {"RULES", "SET_ELEMENTS", "PATTERNS", "FILE_BYTES", "EXPR_NODES"}   # minutes with sanitizers
ALL = os.environ.get("LIMITS") == "all"
tried = set()


def claim(ok, text, detail=""):
    results.append(ok)
    print("%sok %d - %s" % ("" if ok else "not ", len(results), text))
    if not ok:
        for line in detail.splitlines()[:6]:
            print("#  " + line[:300])


def seconds_of_children():
    """Processor time, which other work on the machine does not stretch."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def front(files, what="diag"):
    """Status and output for main.hvrule of @files (name: text or bytes)."""
    with tempfile.TemporaryDirectory() as d:
        for name, text in files.items():
            with open(os.path.join(d, name), "wb") as f:
                f.write(text if isinstance(text, bytes) else text.encode())
        p = subprocess.run([FRONT, what, "main.hvrule"], cwd=d, capture_output=True)
        return p.returncode, (p.stdout + p.stderr).decode("utf-8", "replace")


def net(rules):
    return HEAD + "on net out default pass {\n" + rules + "\n}\n"


def limit(name, make, message):
    """make(n): the files of a policy whose @name is n."""
    tried.add(name)
    n = LIMITS[name]
    status, out = front(make(n))
    claim(status == 0, "%s: %d is accepted" % (name, n), out)
    status, out = front(make(n + 1))
    claim(status == 1 and message in out, "%s: %d is refused" % (name, n + 1), out)


def main_only(make):
    return lambda n: {"main.hvrule": make(n)}


def nested_includes(n):
    files = {"main.hvrule": HEAD + 'include "f1.inc";\n'}
    for i in range(1, n + 1):
        files["f%d.inc" % i] = 'include "f%d.inc";\n' % (i + 1) if i < n else ""
    return files


def many_files(n):
    files = {"main.hvrule": HEAD + "".join('include "f%d.inc";\n' % i for i in range(1, n))}
    files.update(("f%d.inc" % i, "# %d\n" % i) for i in range(1, n))
    return files


def name_chain(n):
    """@n constants, each of which needs the next."""
    return HEAD + "".join("const c%d = c%d + 1;\n" % (i, i + 1) for i in range(1, n)) + \
        "const c%d = 1;\n" % n


def doubled_define(levels, extra):
    """A condition of 2^levels flags by sharing, and extra more."""
    text = HEAD + "define d0 = tcp.syn;\n"
    for i in range(1, levels + 1):
        text += "define d%d = d%d and d%d;\n" % (i, i - 1, i - 1)
    return text + "define last = %s;\n" % " or ".join(["d%d" % levels] + ["tcp.ack"] * extra)


def deep_define(n):
    """Each define adds a level of `not`; declared in order, so names do not nest."""
    text = HEAD + "define d1 = tcp.syn;\n"
    return text + "".join("define d%d = not d%d;\n" % (i, i - 1) for i in range(2, n + 1))


def bounds():
    limit("NESTING", main_only(lambda n: net("a: " + "(" * n + "tcp.syn" + ")" * n + " -> drop;")), "nested")
    limit("NESTING", main_only(lambda n: net("a: " + "not " * n + "tcp.syn -> drop;")), "nested")
    # the comparison is one of them, and so are a set's braces
    limit("OPERATORS", main_only(lambda n: net("a: ip.id" + " + ip.id" * (n - 1) + " == 1 -> drop;")), "in a row")
    limit("OPERATORS", main_only(lambda n: HEAD + "set s = { 0 }" + "".join(" + { %d }" % (2 * i) for i in range(1, n)) +
                                 ";\non net in default pass { a: ip.id in s -> drop; }\n"), "in a row")
    limit("INCLUDE_DEPTH", nested_includes, "deeper")
    limit("FILES", many_files, "files")
    limit("NAME_DEPTH", main_only(name_chain), "too deeply")
    limit("EXPR_DEPTH", main_only(deep_define), "deeper")
    limit("NAME_BYTES", main_only(lambda n: HEAD + "const %s = 1;\n" % ("n" * n)), "name is longer")
    limit("NAME_BYTES", main_only(lambda n: net("%s: tcp.syn -> drop;" % ("n" * n))), "name is longer")
    limit("NAME_BYTES", main_only(lambda n: net("a: tcp.syn -> count %s;" % ("n" * n))), "name is longer")
    limit("TEXT_BYTES", main_only(lambda n: net('a: tcp.syn -> log "%s";' % ("x" * n))), "longer")
    limit("TEXT_BYTES", main_only(lambda n: 'policy "%s" version 1;' % ("x" * n)), "longer")
    limit("TEXT_PARTS", main_only(lambda n: net('a: tcp.syn -> log "%s";' % ("{ip.id}" * n))), "pieces")
    limit("PATTERN_BYTES", main_only(lambda n: HEAD + 'pattern p = "%s";' % ("x" * n)), "longer")
    limit("PATTERN_BYTES", main_only(lambda n: HEAD + "pattern p = /%s/;" % ("x" * n)), "longer")
    limit("PATTERN_BYTES", main_only(lambda n: HEAD + "pattern p = {%s };" % (" 4D" * n)), "longer")
    limit("HEX_GAP", main_only(lambda n: HEAD + "pattern p = { 4D 5A 50 00 [0-%d] 50 45 00 00 };" % n), "gap is longer")
    limit("REWRITE_BYTES", main_only(lambda n: HEAD + 'pattern p = "abcdefgh";\n' +
          net('a: payload has p -> rewrite p with "%s";' % ("x" * n))[len(HEAD):]), "longer")
    limit("ACTIONS", main_only(lambda n: net("a: tcp.syn -> " + ", ".join(["log"] * n) + ";")), "actions")
    limit("COUNTERS", main_only(lambda n: net("".join("a%d: tcp.dport == %d -> count c%d;\n" % (i, i, i)
                                                      for i in range(n)))), "counters")
    limit("RATE", main_only(lambda n: net("a: tcp.syn -> log limit %d/s;" % n)), "rate")
    limit("TUPLE_WORDS", main_only(lambda n: HEAD + "set s = { (%s) };" % ", ".join("1" * n)), "wider")


def large_bounds():
    limit("RULES", main_only(lambda n: net("".join("a%d: ip.id == %d -> log;\n" % (i, i) for i in range(n)))), "rules")
    limit("SET_ELEMENTS", lambda n: {"main.hvrule": HEAD + 'set s = file "s.txt";\n',
          "s.txt": "".join("%d\n" % (2 * i) for i in range(n))}, "elements")
    limit("PATTERNS", lambda n: {"main.hvrule": HEAD + 'patterns p = file "p.sigs";\npattern last = "last";\n',
          "p.sigs": "".join('n%d = "literal %d"\n' % (i, i) for i in range(n - 1))}, "more than")


def expression_nodes():
    tried.add("EXPR_NODES")
    status, out = front({"main.hvrule": doubled_define(17, 0)})  # 2^18 - 1 nodes
    claim(status == 0, "EXPR_NODES: a condition of 2^18 - 1 nodes is accepted", out)
    status, out = front({"main.hvrule": doubled_define(17, 1)})
    claim(status == 1 and "nodes" in out, "EXPR_NODES: one of 2^18 + 1 is refused", out)
    start = seconds_of_children()
    status, out = front({"main.hvrule": doubled_define(60, 0)})
    claim(status == 1 and "nodes" in out and seconds_of_children() - start < 20,
          "defines that double 60 times are refused at once", out)


def long_strings():
    tried.add("STRING_BYTES")
    n = LIMITS["STRING_BYTES"]
    for size, word in ((n, "cannot read"), (n + 1, "string is longer")):
        _, out = front({"main.hvrule": HEAD + 'include "%s";\n' % ("x" * size)})
        claim(word in out, "STRING_BYTES: a string of %d bytes" % size, out)


def files():
    tried.add("FILE_BYTES")
    n = LIMITS["FILE_BYTES"]
    status, out = front({"main.hvrule": (HEAD + "#").encode() + b"x" * (n - len(HEAD) - 1)})
    claim(status == 0, "FILE_BYTES: a file of %d bytes, most of it one line" % n, out)
    status, out = front({"main.hvrule": (HEAD + "#").encode() + b"x" * (n - len(HEAD))})
    claim(status == 1 and "larger" in out, "FILE_BYTES: one byte more is refused", out)


def diagnostics():
    tried.add("DIAGNOSTICS")
    n = LIMITS["DIAGNOSTICS"]
    rules = lambda k: net("".join("a%d: nothing%d -> drop;\n" % (i, i) for i in range(k)))
    _, out = front({"main.hvrule": rules(n)})
    claim(out.count(": error: ") == n and "more" not in out, "DIAGNOSTICS: %d are printed" % n, out)
    _, out = front({"main.hvrule": rules(n + 1)})
    claim(out.count(": error: ") == n and "and 1 more" in out, "DIAGNOSTICS: one more is counted", out)


def hostile():
    big = 10 * 1000 * 1000
    for name, text in (
            ("digits", net("a: tcp.dport == " + "1" * big + " -> drop;")),
            ("letters", net("a: " + "x" * big + " -> drop;")),
            ("dots", net("a: ip" + ".a" * (big // 2) + " == 1 -> drop;")),
            ("colons", net("a: ip.src == " + "a:" * (big // 2) + " -> drop;")),
            ("quotes", net('a: tcp.syn -> log "' + "x" * big + ";")),
            ("slashes", HEAD + "pattern p = /" + "a" * big + ";"),
            ("parentheses", net("a: " + "(" * big)),
            ("garbage", net("$" * big)),
            ("hex", HEAD + "pattern p = {" + " 4D" * (big // 3) + " };")):
        start = seconds_of_children()
        status, out = front({"main.hvrule": text})
        claim(status == 1 and len(out) < 200000 and seconds_of_children() - start < 30,
              "a line of 10 MB of %s: one short message" % name, "%d, %d bytes: %s" % (status, len(out), out))
    status, out = front({"main.hvrule": net("a: tcp.dport == 80" + " or tcp.dport == 81" * 20000 + " -> drop;")})
    claim(status == 0, "20,000 conditions in a chain are no depth", out)
    p = subprocess.run([FRONT, "diag", "/"], capture_output=True)
    claim(p.returncode == 2 and b"Is a directory" in p.stdout, "a directory is no policy: status 2")
    p = subprocess.run([FRONT, "diag", "/nowhere/x.hvrule"], capture_output=True)
    claim(p.returncode == 2 and b"No such file" in p.stdout, "a missing policy: status 2")


def many():
    rules = net("".join("r%d: ip.dst in 10.%d.%d.0/24 and tcp.dport == %d -> log;\n" % (i, i >> 8, i & 255, i)
                        for i in range(10000)))
    sigs = "".join("s%d = \"signature number %d\"\n" % (i, i) for i in range(10000))
    elements = "".join("10.%d.%d.%d\n" % (i >> 15 & 255, i >> 7 & 255, (i & 127) * 2) for i in range(100000))
    start = seconds_of_children()
    status, out = front({"main.hvrule": rules + 'set s = file "s.txt";\npatterns p = file "p.sigs";\n',
                         "s.txt": elements, "p.sigs": sigs})
    seconds = seconds_of_children() - start
    claim(status == 0 and seconds < 20, "10,000 rules, 10,000 patterns, 100,000 elements are checked", out)
    print("# in %.1f s" % seconds)


def main():
    bounds()
    long_strings()
    diagnostics()
    if ALL:
        large_bounds()
        expression_nodes()
        files()
        hostile()
        many()
    left = set(LIMITS) - tried - (set() if ALL else LARGE)
    claim(not left, "every limit of limit.def is tried", " ".join(sorted(left)))
    print("1..%d" % len(results))
    return not all(results)


sys.exit(main())
