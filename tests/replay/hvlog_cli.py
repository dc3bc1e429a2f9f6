#!/usr/bin/env python3
"""hvlog_cli.py - hvlog as its users call it: options, exit status, files that grow, hostile bytes"""
import json
import os
import re
import resource
import subprocess
import sys
import time

sys.dont_write_bytecode = True
from claims import run_all, test  # noqa: E402

HVLOG = os.path.abspath(os.path.join(os.environ.get("builddir", "."), "hvlog"))


def crc16(data):
    crc = 0xffff
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xffff
    return crc


def line(number, text, level="info", us=1000000, cpu=0):
    head = f"{us // 1000000:5}.{us % 1000000:06} {cpu} {level} #{number}"
    return f"sluice: [{head} {crc16((head + text).encode()):04x}] {text}\r\n".encode()


BLOCK = ["counters: begin power-off", "exits: page 30", "exits: io 70", "exits: cpu0: io 70 page 10",
         "exits: cpu1: page 20", "device: ahci-00:1f.2-bar5 5 reads 1 writes",
         "register: ahci-00:1f.2-bar5 0x0 5 reads 0 writes", "register: ahci-00:1f.2-bar5 other 0 reads 1 writes",
         "register: configuration 0xfa040 9 reads 0 writes", "offence: msr 1000 said 8",
         "rate: 10 exits a second, 20 at most, 5 seconds", "counters: end 12 lines"]
START = [line(1, "hypervisor at 1e400000, 26624 KiB"), line(2, "details", "debug"), line(3, "guest: odd", "warn", cpu=1)]
LOG = b"".join(START + [line(4 + n, text, us=2000000) for n, text in enumerate(BLOCK)])


def put(name, content):
    with open(name, "wb") as f:
        f.write(content)
    return name


def run(*args, status=0, **more):
    p = subprocess.run([HVLOG, *args], capture_output=True, timeout=60, check=False, **more)
    out, err = p.stdout.decode("ascii"), p.stderr.decode(errors="replace")
    assert p.returncode == status, f"{args}: status {p.returncode}, not {status}\n{out}{err}"
    assert "Sanitizer" not in err, err
    assert all(c == "\n" or " " <= c <= "~" for c in out), "a byte that does not print"
    return out, err


@test
def lines_are_shown_with_number_time_processor_and_level():
    out, err = run(put("log", LOG))
    assert out.splitlines()[:3] == [
        "     #1     1.000000  0 info  hypervisor at 1e400000, 26624 KiB",
        "     #2     1.000000  0 debug details",
        "     #3     1.000000  1 warn  guest: odd"] and not err
    assert len(out.splitlines()) == 15


@test
def standard_input_is_read_by_default_and_by_name():
    for args in ([], ["-"], ["--", "-"]):
        assert run(*args, input=LOG)[0].count("\n") == 15


@test
def level_hides_what_is_below():
    assert run("log", "--level", "warn")[0] == "     #3     1.000000  1 warn  guest: odd\n"
    assert run("-l", "info", "log")[0].count("\n") == 14
    assert run("-lerror", "log")[0] == ""


@test
def every_line_is_an_object_of_json():
    rows = [json.loads(row) for row in run("--json", "log")[0].splitlines()]
    assert len(rows) == 15 and {row["event_type"] for row in rows} == {"log"}
    assert rows[2] == {"event_type": "log", "seq": 3, "time": 1.0, "cpu": 1, "level": "warn", "text": "guest: odd"}
    kinds = [row["counter"]["type"] for row in rows if "counter" in row]
    assert kinds == ["begin", "exits", "exits", "cpu", "cpu", "device", "register", "register", "register", "offence",
                     "rate", "end"]
    assert rows[9]["counter"] == {"type": "register", "device": "ahci-00:1f.2-bar5", "register": 0, "reads": 5, "writes": 0}
    assert rows[10]["counter"]["register"] is None


@test
def counters_are_a_table_the_largest_first():
    out, err = run("--counters", "log")
    at = [out.index(word) for word in ("counters #4 at 2.000000 s: power-off", "  io ", "70.00%", "  page ", "30.00%",
                                       "cpu0 io", "cpu1 page", "devices", "ahci-00:1f.2-bar5 ", "registers",
                                       "configuration 00:1f.2+0x40 ", "ahci-00:1f.2-bar5 0x00", "offences", "msr",
                                       "10 a second, 20 at most")]
    assert at == sorted(at) and not err, out


@test
def counters_are_one_object_of_json():
    row = json.loads(run("-cj", "log")[0])
    assert row["event_type"] == "counters" and row["whole"] and row["why"] == "power-off" and row["seq"] == 4
    assert row["exits"] == {"io": 70, "page": 30}
    assert row["cpus"] == [{"cpu": 0, "exits": {"io": 70, "page": 10}}, {"cpu": 1, "exits": {"page": 20}}]
    assert row["offences"] == [{"offence": "msr", "count": 1000, "said": 8}]
    assert {"device": "configuration", "register": 0xfa040, "reads": 9, "writes": 0} in row["registers"]


@test
def counters_that_are_not_whole_are_said_to_be():
    data = b"".join(START + [line(4 + n, text) for n, text in enumerate(BLOCK) if n != 3])
    out, err = run("-c", put("cut", data))
    assert "not whole" in err and "not whole" in out
    run("-c", "--strict", "cut", status=1)
    again = LOG + line(16, "counters: begin later") + line(17, "exits: page 1")
    out, err = run("-c", put("again", again))
    assert "power-off" in out and "the last counters are not whole" in err
    assert "no counters" in run("-c", put("none", b"".join(START)), status=1)[1]
    assert "no log of the hypervisor" in run("-c", put("empty", b""), status=1)[1]
    assert run("empty")[0] == ""


@test
def gaps_damage_and_restarts_are_told():
    data = b"half a line\x1b[2J" + line(5, "a") + line(9, "b")[:30] + b"\r\n" + line(10, "c") + line(1, "again")
    out, _ = run(put("gaps", data))
    assert "-- 4 lines missing before #5 --" in out and "-- the hypervisor starts again --" in out
    assert "-- 4 lines missing between #5 and #10, 1 damaged --" in out
    rows = [json.loads(row) for row in run("-j", "gaps")[0].splitlines()]
    assert [row["event_type"] for row in rows] == ["gap", "log", "gap", "log", "restart", "log"]
    assert rows[2] == {"event_type": "gap", "after": 5, "before": 10, "missing": 4, "damaged": 1}
    # noise that took no line's number, and an end that is cut
    put("noise", START[0] + b"sluice: [x\n" + START[1] + START[2][:20])
    assert "-- 1 damaged line --" in run("noise")[0]
    rows = [json.loads(row) for row in run("-j", "noise")[0].splitlines()]
    assert [row["event_type"] for row in rows] == ["log", "damaged", "log", "damaged"]
    assert rows[1] == {"event_type": "damaged", "after": 1, "damaged": 1} and rows[3]["after"] == 2


@test
def counts_of_a_model_are_objects_of_json():
    row = json.loads(run("-j", put("count", line(1, "count: net0 7 drop")))[0])
    assert row["counter"] == {"type": "count", "of": "net0", "what": "drop", "count": 7}, row
    # no more can be missing than there are numbers
    far = line(2 ** 64 - 2, "far", us=2) + line(2 ** 64 - 9, "again", us=1) + line(2 ** 64 - 3, "far", us=2)
    assert "lines missing" in run("-s", put("far", far), status=1)[1]


@test
def strict_is_status_1_when_something_is_missing_or_damaged():
    run("--strict", "log")
    assert "8 lines missing, 1 damaged" in run("--strict", "gaps", status=1)[1]
    assert "0 lines missing, 1 damaged" in run("-s", put("damaged", LOG + b"sluice: [x"), status=1)[1]
    run("gaps")
    run("damaged")


@test
def several_files_are_told_apart():
    out, _ = run("log", "gaps")
    assert out.startswith("==> log <==\n") and "==> gaps <==\n" in out
    rows = [json.loads(row) for row in run("-j", "log", "gaps")[0].splitlines()]
    assert {row["file"] for row in rows} == {"log", "gaps"}
    os.link("log", "a\n\x1b\"\\b")
    out, _ = run("log", "a\n\x1b\"\\b")
    assert "\x1b" not in out
    assert json.loads(run("-j", "log", "a\n\x1b\"\\b")[0].splitlines()[-1])["file"] == "a\\x0A\\x1B\"\\b"


@test
def hostile_bytes_are_never_shown():
    noise = bytes(range(256)) * 50
    evil = b"".join(line(n + 1, text) for n, text in enumerate(["ok", "also ok"]))
    bad = "\x1b]0;owned\x07"
    head = "    1.000000 0 info #3"
    crafted = f"sluice: [{head} {crc16((head + bad).encode()):04x}] {bad}\n".encode()
    out, _ = run(put("hostile", noise + b"\n" + evil + crafted + noise + b"x" * 100000 + line(3, "end")))
    assert [row[29:] for row in out.splitlines() if "#" in row and "--" not in row] == [" ok", " also ok", " end"] or \
        re.findall(r"info  (.*)", out) == ["ok", "also ok", "end"], out


@test
def memory_does_not_grow_with_the_log():
    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (64 << 20, 64 << 20))
    if "asan" in subprocess.run(["ldd", HVLOG], capture_output=True, text=True, check=False).stdout:
        return "the sanitizer's own memory"
    with open("large", "wb") as f:
        for n in range(40):
            f.write(b"".join(line(n * 1000 + i + 1, "x" * 200) for i in range(1000)) + b"noise" * 50000)
    assert run("large", preexec_fn=limit)[0].count("\n") == 40000
    return None


@test
def errors_are_status_2_and_say_why():
    assert "hvlog: nowhere: No such file" in run("nowhere", status=2)[1]
    assert "hvlog: .: Is a directory" in run(".", status=2)[1]
    assert "no such level: loud" in run("-l", "loud", status=2)[1]
    assert "--help lists" in run("-f", "log", "gaps", status=2)[1]
    run("-fc", "log", status=2)
    assert run("--nonsense", status=2)[1].startswith("hvlog: ")
    run("--level", status=2)
    with open("/dev/full", "wb") as full:
        p = subprocess.run([HVLOG, "log"], stdout=full, stderr=subprocess.PIPE, check=False, timeout=60)
    assert p.returncode == 2 and b"standard output" in p.stderr
    # what can be read is shown all the same
    assert "hypervisor at" in run("nowhere", "log", status=2)[0]


@test
def help_and_version_are_told():
    assert run("--help")[0].startswith("usage: hvlog [FILE...]")
    assert re.fullmatch(r"hvlog \(Sluice\) [\d.]+\n", run("--version")[0])


@test
def follow_shows_lines_as_they_come():
    put("grows", START[0])
    with subprocess.Popen([HVLOG, "--follow", "grows"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as p:
        try:
            assert b"#1 " in p.stdout.readline()
            with open("grows", "ab", buffering=0) as f:
                f.write(START[1][:20])
                time.sleep(0.3)
                f.write(START[1][20:])
                assert b"#2 " in p.stdout.readline()
            # begun anew
            put("grows", b"")
            time.sleep(0.5)
            put("grows", START[0])
            assert b"starts again" in p.stdout.readline()
            assert b"#1 " in p.stdout.readline()
            assert p.poll() is None
        finally:
            p.terminate()   # where the tests run in the background, SIGINT is ignored
            try:
                p.wait(20)
            except subprocess.TimeoutExpired:
                p.kill()
                raise
        assert b"became shorter" in p.stderr.read()
    # a pipe ends when its writer does
    assert run("-f", input=LOG)[0].count("\n") == 15


sys.exit(run_all())
