#!/usr/bin/env python3
"""Kills hiscmcl at random moments of every kind of work and checks that nothing is half done.

    python tests/tools/kill_at_random.py target/release/hiscmcl --times 100 [--seed 1] [--kinds train,export]

For each kind of work the command is first left to run undisturbed. Then, until it was killed as often as asked, it is begun from the same
state, killed (SIGKILL), and begun again until it is done. After each kill the project must open, and what is there
under its final name must be whole; at the end the files must equal those of the undisturbed run byte for byte (on the
CPU), and no temporary file may be left. Half of the kills come at a moment drawn evenly from the time that the command
takes, half a few milliseconds after a temporary file has appeared. Needs Python's standard library alone, and Linux.
"""

import argparse
import hashlib
import json
import math
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path

SECTIONS = ["A1", "B1", "C1"]
SIDE = 6
GENES = 24
MOST_TRIES = 5
TEMPORARY = ".hiscmcl-"
SETTINGS = ["--set", "epochs=8", "--set", "members=2", "--set", "validate_every=2", "--set", "checkpoint_every=1"]


def write_png(path, width, height, pixel):
    """An RGB image of which `pixel(x, y)` gives the colours."""
    rows = bytearray()
    for y in range(height):
        rows.append(0)
        for x in range(width):
            rows.extend(pixel(x, y))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes(rows), 1)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b""))


def write_section(folder, name, seed):
    """A section of legacy ST in the layout of her2st: spots 60 pixels apart, expression that follows the stain."""
    draw = random.Random(seed)
    side_px = 60 * (SIDE + 1)
    phase = draw.random() * 6

    def dark(x, y):
        return 0.5 + 0.5 * math.sin(x / 70 + phase) * math.cos(y / 90 - phase)

    def pixel(x, y):
        d, n = dark(x, y), draw.randrange(18)
        return (int(235 - 110 * d) - n, int(190 - 120 * d) - n, int(225 - 60 * d) - n)

    for inner in ["ST-cnts", "ST-spotfiles", f"ST-imgs/{name[0]}/{name}"]:
        (folder / inner).mkdir(parents=True, exist_ok=True)
    write_png(folder / f"ST-imgs/{name[0]}/{name}/{name}_he.png", side_px, side_px, pixel)
    genes = [f"GENE{g}" for g in range(GENES)]
    counts = ["\t" + "\t".join(genes)]
    spots = ["x\ty\tnew_x\tnew_y\tpixel_x\tpixel_y\tselected"]
    for i in range(SIDE * SIDE):
        x, y = i % SIDE + 1, i // SIDE + 1
        d = dark(60 * x, 60 * y)
        values = [str(int((4 + g % 5) * (d if g % 2 else 1 - d) * 3 + draw.randrange(4))) for g in range(GENES)]
        counts.append(f"{x}x{y}\t" + "\t".join(values))
        spots.append(f"{x}\t{y}\t{x}.0\t{y}.0\t{60 * x}\t{60 * y}\t1")
    (folder / f"ST-cnts/{name}.tsv").write_text("\n".join(counts) + "\n")
    (folder / f"ST-spotfiles/{name}_selection.tsv").write_text("\n".join(spots) + "\n")


class Program:
    """The program with a cache and settings of its own."""

    def __init__(self, binary, home):
        self.binary, self.home = binary, home
        self.env = {
            **os.environ,
            "HISCMCL_CACHE": str(home / "cache"),
            "HISCMCL_CONFIG": str(home / "config"),
            "TMPDIR": str(home / "tmp"),
        }
        (home / "tmp").mkdir(parents=True, exist_ok=True)

    def start(self, args):
        return subprocess.Popen(
            [self.binary, *map(str, args)], env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def run(self, args):
        process = self.start(args)
        out, err = process.communicate()
        return process.returncode, out.decode(), err.decode()

    def must(self, args):
        code, out, err = self.run(args)
        if code != 0:
            raise AssertionError(f"{' '.join(map(str, args))} failed: {err.strip().splitlines()[-1:]}")
        return out


class Kind:
    """One kind of work: how it begins, its command, and what it must leave."""

    def __init__(self, name, prepare, command, results):
        self.name, self.prepare, self.command, self.results = name, prepare, command, results


def fingerprint(home, results):
    """Files below `home` that match, with their hashes. JSON is compared without what differs between runs."""
    found = {}
    for pattern in results:
        for path in sorted(home.glob(pattern)):
            if path.is_file() and not path.name.startswith(TEMPORARY):
                found[str(path.relative_to(home))] = hashlib.sha256(content(path)).hexdigest()
    return found


def content(path):
    data = path.read_bytes()
    if path.name in ("run.json", "eval.json"):
        value = json.loads(data)
        for varies in ["started", "seconds", "peak_rss_mb"]:
            value.pop(varies, None)
        return json.dumps(value, sort_keys=True).encode()
    if path.name == "log.jsonl":
        # All but the seconds, in any order: networks are trained side by side.
        lines = [json.loads(line) for line in data.decode().splitlines()]
        for line in lines:
            line.get("epoch", {}).pop("seconds", None)
        return "\n".join(sorted(json.dumps(line, sort_keys=True) for line in lines)).encode()
    return data


def temporary_files(home):
    left = [p for p in home.rglob(f"{TEMPORARY}*")]
    left += [p for p in (home / "tmp").iterdir()] if (home / "tmp").is_dir() else []
    return left


def partial_runs(home):
    return list(home.glob("p.runs/.*"))


def kinds(base):
    """All kinds of work, each begun from the folder `base`."""
    project = ["p.hiscmcl"]
    runs = lambda run: [f"p.runs/{run}/*", f"p.runs/{run}/fold-*/*"]

    def at(home):
        return home / "p.hiscmcl"

    def empty(program, home):
        program.must(["project", "new", at(home)])

    def some(program, home):
        program.must(["project", "new", at(home), "--her2st", base / "data", "--sections", "A1,B1"])

    def whole(program, home):
        shutil.copy(base / "ready/it/p.hiscmcl", at(home))
        shutil.copytree(base / "ready/it/cache", home / "cache", dirs_exist_ok=True)

    def unseen(program, home):
        shutil.copy(base / "ready/it/p.hiscmcl", at(home))

    def trained(program, home):
        whole(program, home)
        shutil.copytree(base / "ready/it/p.runs", home / "p.runs")

    genes = base / "genes.txt"
    fit = ["--genes", genes, "--target", "published", "--seed", "1", "--device", "cpu", *SETTINGS]
    return [
        Kind("import", empty, lambda h: ["project", "add", at(h), base / "data"], project),
        Kind("saving", some, lambda h: ["project", "add", at(h), base / "data", "--sections", "C1"], project),
        Kind("features", unseen, lambda h: ["features", at(h)], ["cache/*.features"]),
        Kind("training", whole, lambda h: ["train", at(h), *fit, "--test", "C1", "--run", "r"], runs("r")),
        Kind(
            "cross-validation",
            whole,
            lambda h: ["evaluate", at(h), *fit, "--split", "section", "--run", "cv"],
            runs("cv"),
        ),
        Kind(
            "prediction",
            trained,
            lambda h: ["predict", at(h), "--run", "base", "--section", "A1", "--out", h / "out/a1.csv"],
            ["out/*"],
        ),
        Kind(
            "export (h5ad)",
            trained,
            lambda h: ["predict", at(h), "--run", "base", "--section", "A1,B1,C1", "--out", h / "out/all.h5ad"],
            ["out/*"],
        ),
        Kind(
            "export (figure)",
            trained,
            lambda h: ["figure", at(h), "--run", "base", "--section", "C1", "--genes", "GENE1,GENE2",
                       "--panes", "he,measured,predicted", "--out", h / "out/f.png"],
            ["out/*"],
        ),
    ]


def prepare_base(binary, base):
    """Sections, genes, a project, its features and a trained run."""
    for seed, name in enumerate(SECTIONS):
        write_section(base / "data", name, seed)
    (base / "genes.txt").write_text("\n".join(f"GENE{g}" for g in range(GENES)) + "\n")
    # As deep as where work is done, since paths in projects are relative.
    ready = base / "ready/it"
    program = Program(binary, ready)
    project = ready / "p.hiscmcl"
    program.must(["project", "new", project, "--her2st", base / "data"])
    program.must(["features", project])
    program.must(["train", project, "--genes", base / "genes.txt", "--seed", "1", "--device", "cpu", *SETTINGS,
                  "--test", "C1", "--run", "base"])


def watch_and_kill(process, home, moment, at_writing, draw):
    """Kills the process; says whether it was still running."""
    end = time.monotonic() + moment
    # What an earlier kill left is no sign that this process writes.
    before = set(home.rglob(f"{TEMPORARY}*"))
    while process.poll() is None:
        now = time.monotonic()
        if at_writing and any(p not in before for p in home.rglob(f"{TEMPORARY}*")):
            time.sleep(draw.random() * 0.004)
            break
        if not at_writing and now >= end:
            break
        time.sleep(0 if at_writing else min(0.002, max(0.0, end - now)))
    running = process.poll() is None
    if running:
        process.send_signal(signal.SIGKILL)
    process.communicate()
    return running


def check_whole(kind, program, home, expected):
    """The project opens, and whatever is there under its final name is whole."""
    program.must(["info", home / "p.hiscmcl", "--json"])
    there = fingerprint(home, kind.results)
    problems = []
    if kind.name in ("import", "saving"):
        # Before or after, nothing between; both open, which was checked.
        return problems
    for name, digest in there.items():
        if expected.get(name) != digest:
            problems.append(f"{name} is not what the undisturbed run left")
    runs = {str(Path(n).parts[1]) for n in there if n.startswith("p.runs/")}
    for run in runs:
        missing = [n for n in expected if n.startswith(f"p.runs/{run}/") and n not in there]
        problems += [f"run {run} counts as complete without {n}" for n in missing]
    return problems


def once(kind, binary, parent, expected, seconds, draw, number):
    home = Path(tempfile.mkdtemp(prefix=f"{number}-", dir=parent))
    program = Program(binary, home)
    kind.prepare(program, home)
    kills, problems = 0, []
    for attempt in range(MOST_TRIES):
        process = program.start(kind.command(home))
        # The last time it may end.
        if attempt + 1 < MOST_TRIES and draw.random() < 0.8 ** attempt:
            kills += watch_and_kill(process, home, draw.random() * seconds, draw.random() < 0.5, draw)
            problems += check_whole(kind, program, home, expected)
            if process.returncode == 0:
                break
        else:
            _, err = process.communicate()
            # Work that was done when the kill came says that it is.
            if process.returncode != 0 and b"exists already" not in err:
                problems.append(f"began again, it failed: {err.decode().strip().splitlines()[-1:]}")
            break
    last = fingerprint(home, kind.results)
    if last != expected:
        differ = [n for n in {**expected, **last} if expected.get(n) != last.get(n)]
        problems.append(f"the result differs from the undisturbed one: {', '.join(differ)}")
    # What the last kill left goes with the next work in the same folders.
    if kind.name in ("training", "cross-validation"):
        problems += [f"left behind: {p.relative_to(home)}" for p in partial_runs(home)]
    program.run(kind.command(home))
    problems += [f"left behind: {p.relative_to(home)}" for p in temporary_files(home)]
    if not problems:
        shutil.rmtree(home)
    return kills, [f"{home}: {p}" for p in problems]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary", type=Path)
    parser.add_argument("--times", type=int, default=100, help="how often each kind is killed")
    parser.add_argument("--seed", type=int, default=None, help="repeats the moments of an earlier run")
    parser.add_argument("--kinds", default="", help="only those whose names begin so, separated by commas")
    args = parser.parse_args()
    seed = args.seed if args.seed is not None else random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}", flush=True)
    binary = str(args.binary.resolve())
    base = Path(tempfile.mkdtemp(prefix="killed-"))
    prepare_base(binary, base)
    wanted = [k for k in args.kinds.split(",") if k]
    failed = False
    print(f"{'kind':18} {'seconds':>7} {'begun':>6} {'killed':>6} {'wrong':>6}", flush=True)
    for kind in kinds(base):
        if wanted and not any(kind.name.startswith(w) for w in wanted):
            continue
        draw = random.Random(f"{seed} {kind.name}")
        parent = base / kind.name.replace(" ", "-")
        parent.mkdir()
        home = parent / "undisturbed"
        home.mkdir()
        program = Program(binary, home)
        kind.prepare(program, home)
        began = time.monotonic()
        program.must(kind.command(home))
        seconds = time.monotonic() - began
        expected = fingerprint(home, kind.results)
        if not expected:
            raise AssertionError(f"{kind.name} left nothing")
        # Paths within projects are relative, so that all homes compare.
        kills, begun, wrong = 0, 0, []
        # Short work is often done before the kill comes; it is begun until it was killed as often as asked.
        while kills < args.times and begun < 20 * args.times:
            killed, problems = once(kind, binary, parent, expected, seconds, draw, begun)
            begun += 1
            kills += killed
            wrong += problems
        failed |= bool(wrong)
        print(f"{kind.name:18} {seconds:7.2f} {begun:6} {kills:6} {len(wrong):6}", flush=True)
        for problem in wrong[:10]:
            print(f"  {problem}", flush=True)
    if not failed:
        shutil.rmtree(base)
    sys.exit(failed)


if __name__ == "__main__":
    main()
