#!/usr/bin/env python3
"""Runs hiscmcl on drives that are full, read-only or gone, beside another hiscmcl, and under a clock that jumps.

    sudo python tests/tools/full_disk.py target/release/hiscmcl

Every command either does its work or says in one sentence what is wrong, names the file, and leaves what was there
before. Needs root (it mounts small file systems in memory), Linux, a C compiler for the clock, and Python's standard
library.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from kill_at_random import SETTINGS, Program, prepare_base

# Kilobytes that are left on the drive; the last are enough for all that is written.
LEFT_KB = [0, 4, 12, 40, 100, 200, 400, 800, 1600, 32000]
DRIVE = "96m"

CLOCK = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>
#include <time.h>
/* The wall clock jumps back by an hour, or forth by a year, every other time it is looked at. */
int clock_gettime(clockid_t id, struct timespec *t) {
    static int (*real)(clockid_t, struct timespec *);
    static atomic_uint calls;
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int r = real(id, t);
    if (id == CLOCK_REALTIME) {
        unsigned n = atomic_fetch_add(&calls, 1);
        t->tv_sec += n % 3 == 1 ? -3600 : n % 3 == 2 ? 31536000 : 0;
    }
    return r;
}
"""


class Drive:
    """A small file system in memory."""

    def __init__(self, at, size=DRIVE):
        self.at = at
        at.mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=777", "tmpfs", str(at)], check=True)

    def leave(self, kilobytes):
        """Fills it until so much is free."""
        ballast = self.at / "ballast"
        if ballast.exists():
            ballast.unlink()
        about = os.statvfs(self.at)
        free = about.f_bavail * about.f_frsize
        with ballast.open("wb") as file:
            file.write(b"\0" * max(0, free - kilobytes * 1024))

    def read_only(self):
        subprocess.run(["mount", "-o", "remount,ro", str(self.at)], check=True)

    def gone(self):
        subprocess.run(["umount", "-l", str(self.at)], check=True)


class Checks:
    """What was tried and what was wrong."""

    def __init__(self):
        self.rows, self.problems = [], []

    def add(self, what, tried, done, refused, problems):
        self.rows.append((what, tried, done, refused, len(problems)))
        self.problems += [f"{what}: {p}" for p in problems]
        print(f"{what:44} {tried:5} {done:5} {refused:7} {len(problems):5}", flush=True)
        for problem in problems[:8]:
            print(f"    {problem}", flush=True)


def sentence(err):
    lines = [l for l in err.strip().splitlines() if l.startswith("hiscmcl: ")]
    return lines[-1][len("hiscmcl: "):] if lines else ""


def judge(code, err, reason):
    """Problems of how a command ended; it may succeed, or say one sentence that matches."""
    if "panicked" in err:
        return [f"it panicked: {err[-300:]}"]
    if code == 0:
        return []
    said = sentence(err)
    if code < 0:
        return [f"it died of signal {-code}"]
    if not said:
        return [f"it failed without a sentence: {err[-200:]!r}"]
    if "\n" in said or not re.search(reason, said):
        return [f"it said: {said}"]
    return []


def leftovers(folder):
    return [f"left behind: {p}" for p in folder.rglob(".hiscmcl-*")]


def commands(base, project, out):
    """Every command that writes, by what it writes; `out` is where results go."""
    genes = base / "genes.txt"
    fit = ["--genes", genes, "--seed", "1", "--device", "cpu", *SETTINGS]
    predict = ["predict", project, "--run", "base", "--section"]
    figure = ["figure", project, "--run", "base", "--section", "C1", "--genes", "GENE1,GENE2", "--out"]
    return {
        "new project": ["project", "new", out / "new.hiscmcl", "--her2st", base / "data"],
        "gene list": ["genes", project, "--hvg", "10", "--out", out / "genes.txt"],
        "predictions (csv)": [*predict, "A1", "--out", out / "a.csv"],
        "predictions (h5ad)": [*predict, "A1,B1,C1", "--out", out / "a.h5ad"],
        "figure (png)": [*figure, out / "f.png"],
        "figure (svg)": [*figure, out / "f.svg"],
        "report": ["evaluate", project, *fit, "--split", "section", "--json", out / "e.json", "--csv", out / "e.csv"],
        "demo": ["demo", "--headless", out / "demo"],
    }


def full(binary, base, parent, checks):
    """Results onto a full drive; then projects, runs and features on one."""
    ready = base / "ready/it"
    home = parent / "home"
    program = Program(binary, home)
    shutil.copytree(ready / "cache", home / "cache", dirs_exist_ok=True)
    drive = Drive(parent / "full")
    for what, command in commands(base, ready / "p.hiscmcl", drive.at).items():
        if what == "demo":
            continue
        done, refused, problems = 0, 0, []
        for left in LEFT_KB:
            for path in drive.at.iterdir():
                shutil.rmtree(path) if path.is_dir() else path.unlink()
            drive.leave(left)
            code, _, err = program.run(command)
            problems += judge(code, err, r"the disk is full") + leftovers(drive.at)
            done, refused = done + (code == 0), refused + (code != 0)
            kept = [p for p in drive.at.iterdir() if p.name != "ballast"]
            if code != 0 and what != "report" and kept:
                problems.append(f"with {left} KB it failed and left {[p.name for p in kept]}")
        if done == 0:
            problems.append("it never succeeded")
        checks.add(f"full: {what}", len(LEFT_KB), done, refused, problems)
    drive.gone()

    drive = Drive(parent / "full-project")
    genes = base / "genes.txt"
    fit = ["--genes", genes, "--seed", "1", "--device", "cpu", *SETTINGS]
    on_drive = drive.at / "it/p.hiscmcl"
    works = {
        "project edit": ["project", "add", on_drive, base / "data"],
        "training": ["train", on_drive, *fit, "--test", "C1", "--run", "r"],
        "cross-validation": ["evaluate", on_drive, *fit, "--split", "section", "--run", "cv"],
    }
    for what, command in works.items():
        done, refused, problems = 0, 0, []
        for left in LEFT_KB:
            for path in drive.at.iterdir():
                shutil.rmtree(path) if path.is_dir() else path.unlink()
            (drive.at / "it").mkdir()
            program.must(["project", "new", on_drive, "--her2st", base / "data", "--sections",
                          "A1,B1" if what == "project edit" else "A1,B1,C1"])
            before = on_drive.read_bytes()
            drive.leave(left)
            code, _, err = program.run(command)
            problems += judge(code, err, r"the disk is full") + leftovers(drive.at)
            done, refused = done + (code == 0), refused + (code != 0)
            if code != 0 and on_drive.read_bytes() != before:
                problems.append(f"with {left} KB the project was changed although it failed")
            if code != 0:
                # With room again it goes on.
                (drive.at / "ballast").unlink()
                code, _, err = program.run(command)
                if code != 0:
                    problems.append(f"with room again it failed: {sentence(err)}")
        if done == 0:
            problems.append("it never succeeded")
        checks.add(f"full: {what}", len(LEFT_KB), done, refused, problems)
    drive.gone()

    drive = Drive(parent / "full-cache")
    problems = []
    for left in LEFT_KB:
        for path in drive.at.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        drive.leave(left)
        other = Program(binary, home)
        other.env["HISCMCL_CACHE"] = str(drive.at / "cache")
        code, _, err = other.run(["features", ready / "p.hiscmcl"])
        if code != 0 or (left < 40 and "could not be kept for next time" not in err) or "panicked" in err:
            problems.append(f"with {left} KB: {err.strip().splitlines()[-1:]}")
        problems += leftovers(drive.at)
    checks.add("full: image features (only a note)", len(LEFT_KB), len(LEFT_KB), 0, problems)
    drive.gone()


def read_only(binary, base, parent, checks):
    ready = base / "ready/it"
    home = parent / "home-read-only"
    program = Program(binary, home)
    shutil.copytree(ready / "cache", home / "cache", dirs_exist_ok=True)
    drive = Drive(parent / "read-only")
    shutil.copytree(base / "data", drive.at / "data")
    on_drive = drive.at / "ready/it/p.hiscmcl"
    shutil.copytree(ready, on_drive.parent)
    drive.read_only()
    done, refused, problems = 0, 0, []
    for what, command in commands(base, ready / "p.hiscmcl", drive.at).items():
        code, _, err = program.run(command)
        found = judge(code, err, r"Cannot write .*: the drive is read-only")
        problems += [f"{what}: {p}" for p in found] + ([f"{what} succeeded"] if code == 0 else [])
        refused += 1
    for command in [
        ["project", "add", on_drive, base / "data/ST-cnts/A1.tsv"],
        ["train", on_drive, "--genes", base / "genes.txt", *SETTINGS, "--device", "cpu",
         "--run", "new"],
    ]:
        code, _, err = program.run(command)
        problems += judge(code, err, r"read-only|Nothing was added")
        refused += 1
    # Reading goes on.
    for command in [
        ["info", on_drive],
        ["predict", on_drive, "--run", "base", "--section", "A1", "--out", home / "a.csv"],
    ]:
        code, _, err = program.run(command)
        problems += [] if code == 0 else [f"reading failed: {sentence(err)}"]
        done += 1
    checks.add("read-only drive", done + refused, done, refused, problems)
    drive.gone()

    # A folder of someone else's.
    folder = parent / "others"
    folder.mkdir()
    folder.chmod(0o755)
    os.chmod(base, 0o755)
    os.chmod(parent, 0o755)
    problems, refused = [], 0
    for what, command in commands(base, ready / "p.hiscmcl", folder).items():
        if what in ("report", "demo"):
            continue
        words = " ".join(f"'{w}'" for w in [program.binary, *command])
        env = f"HISCMCL_CACHE='{home / 'cache'}' HISCMCL_CONFIG=/nowhere"
        made = subprocess.run(
            ["su", "nobody", "-s", "/bin/bash", "-c", f"{env} {words}"], capture_output=True, text=True
        )
        problems += [f"{what}: {p}" for p in judge(made.returncode, made.stderr, r"permission denied")]
        problems += [f"{what} succeeded"] if made.returncode == 0 else []
        refused += 1
    checks.add("folder of another user", refused, 0, refused, problems)


def vanished(binary, base, parent, checks):
    """The drive goes while a model is trained, and while predictions are made."""
    ready = base / "ready/it"
    home = parent / "home-vanished"
    program = Program(binary, home)
    shutil.copytree(ready / "cache", home / "cache", dirs_exist_ok=True)
    tried, refused, problems = 0, 0, []
    for number, wait in enumerate([0.05, 0.2, 0.5, 1.0, 1.5, 2.0]):
        drive = Drive(parent / f"usb-{number}", "64m")
        shutil.copytree(base / "data", drive.at / "data")
        (drive.at / "it").mkdir()
        project = drive.at / "it/p.hiscmcl"
        program.must(["project", "new", project, "--her2st", drive.at / "data"])
        process = program.start(["train", project, "--genes", base / "genes.txt", "--device", "cpu", "--run", "r",
                                 "--set", "epochs=400", "--set", "patience=400", "--set", "members=1",
                                 "--set", "checkpoint_every=1"])
        time.sleep(wait)
        drive.gone()
        try:
            _, err = process.communicate(timeout=120)
        except subprocess.TimeoutExpired:
            process.kill()
            problems.append("it went on for two minutes")
            continue
        tried += 1
        refused += process.returncode != 0
        problems += judge(process.returncode, err.decode(), r"not there|no longer connected")
        if process.returncode == 0:
            problems.append("it said that it succeeded")
        problems += [f"{p} was made where the drive had been" for p in drive.at.rglob("*")]
    checks.add("drive that vanishes in training", tried, tried - refused, refused, problems)


def two_programs(binary, base, parent, checks):
    home = parent / "home-two"
    program = Program(binary, home)
    shutil.copytree(base / "ready/it/cache", home / "cache", dirs_exist_ok=True)
    problems, both, told = [], 0, 0
    times = 30
    for number in range(times):
        folder = parent / f"two-{number}"
        folder.mkdir()
        project = folder / "p.hiscmcl"
        program.must(["project", "new", project, "--her2st", base / "data", "--sections", "A1"])
        ends = {}

        def add(name):
            process = program.start(["project", "add", project, base / "data", "--sections", name])
            ends[name] = process, process.communicate()[1].decode()

        threads = [threading.Thread(target=add, args=(name,)) for name in ["B1", "C1"]]
        [t.start() for t in threads]
        [t.join() for t in threads]
        known = program.must(["info", project, "--json"])
        for name, (process, err) in ends.items():
            if process.returncode == 0 and f'"{name}"' not in known:
                problems.append(f"{name} was said to be added and is not there")
            problems += judge(process.returncode, err, r"was changed by another program")
            told += process.returncode != 0
        both += all(f'"{n}"' in known for n in ["B1", "C1"])
    checks.add("two programs add to one project", times, both, told, problems)

    problems = []
    project = parent / "two-runs/p.hiscmcl"
    project.parent.mkdir()
    program.must(["project", "new", project, "--her2st", base / "data"])
    train = ["train", project, "--genes", base / "genes.txt", "--device", "cpu", "--run", "r", *SETTINGS]
    both = [program.start(train) for _ in range(2)]
    ends = [(p, p.communicate()[1].decode()) for p in both]
    for process, err in ends:
        problems += judge(process.returncode, err, r"is being trained by another HisCMCL|exists already")
    if sorted(p.returncode for p, _ in ends) != [0, 1]:
        problems.append(f"they ended with {[p.returncode for p, _ in ends]}")
    checks.add("two programs train one run", 2, 1, 1, problems)


def jumping_clock(binary, base, parent, checks):
    home = parent / "home-clock"
    source, library = parent / "clock.c", parent / "clock.so"
    source.write_text(CLOCK)
    if subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source, "-ldl"]).returncode != 0:
        print("no C compiler: the clock was not tried")
        return
    ready = base / "ready/it"
    program = Program(binary, home)
    program.env["LD_PRELOAD"] = str(library)
    out = home / "out"
    out.mkdir()
    (home / "it").mkdir()
    shutil.copy(ready / "p.hiscmcl", home / "it/p.hiscmcl")
    problems, done = [], 0
    works = list(commands(base, ready / "p.hiscmcl", out).items())
    project = parent / "clock/it/p.hiscmcl"
    project.parent.mkdir(parents=True)
    program.must(["project", "new", project, "--her2st", base / "data"])
    works.append(("features", ["features", project]))
    works.append(("train", ["train", project, "--genes", base / "genes.txt", "--device", "cpu", *SETTINGS,
                            "--run", "r", "--test", "C1"]))
    for what, command in works:
        if what == "demo":
            continue
        code, _, err = program.run(command)
        problems += [f"{what}: {p}" for p in judge(code, err, "nothing is wrong")]
        done += code == 0
    checks.add("a clock that jumps", len(works) - 1, done, 0, problems)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary", type=Path)
    parser.add_argument("--only", default="", help="full, read_only, vanished, two_programs, jumping_clock")
    args = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("This mounts file systems, so it must be run as root.")
    binary = str(args.binary.resolve())
    base = Path(tempfile.mkdtemp(prefix="full-disk-"))
    checks = Checks()
    parts = [full, read_only, vanished, two_programs, jumping_clock]
    wanted = [w for w in args.only.split(",") if w]
    try:
        prepare_base(binary, base)
        print(f"{'':44} {'tried':>5} {'done':>5} {'refused':>7} {'wrong':>5}", flush=True)
        for part in parts:
            if wanted and part.__name__ not in wanted:
                continue
            parent = base / part.__name__
            parent.mkdir()
            part(binary, base, parent, checks)
    finally:
        for line in Path("/proc/mounts").read_text().splitlines():
            at = line.split()[1]
            if at.startswith(str(base)):
                subprocess.run(["umount", "-l", at])
        shutil.rmtree(base, ignore_errors=True)
    sys.exit(bool(checks.problems))


if __name__ == "__main__":
    main()
