#!/usr/bin/env python3
"""The bugs of planted.py are found by `muster simulate`.

  test_planted.py FOLDER [--only NAME] [--schedules N] [--seed N]

Copies the sources into FOLDER, plants all bugs there, each behind a switch that the define MUSTER_PLANTED compiles in and the
variable of that name sets, and builds once; later runs build only what changed. With no bug on, the schedules used must hold; with
each bug on, one of them must fail. Prints a table with the seed, how long it took and the rule that was seen broken. For one of them
what the program prints for people is followed too: the line that runs the reduced schedule again fails by itself, with its story.
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

import planted

ROOT = pathlib.Path(__file__).resolve().parents[2]
SWITCH = """internal import Glibc

/// Which of the planted bugs is on; 0: none.
package enum Planted {
    #if MUSTER_PLANTED
        package static let bug: Int = getenv("MUSTER_PLANTED").flatMap { Int(String(cString: $0)) } ?? 0
    #else
        package static let bug = 0
    #endif
}
"""
def copy(folder):
    """The sources of each file as they are to be, by path."""
    texts = {}
    for path in [ROOT / "Package.swift", *ROOT.glob("Sources/**/*"), *ROOT.glob("Benchmarks/**/*"),
                 *ROOT.glob("Tests/**/*"), *ROOT.glob("examples/**/*"), *ROOT.glob("schemas/**/*")]:
        if path.is_file() and "__pycache__" not in path.parts:
            texts[str(path.relative_to(ROOT))] = path.read_bytes()
    for number, bug in enumerate(planted.BUGS, 1):
        for file, old, new in bug.edits:
            text = texts[file].decode()
            if text.count(old) != 1:
                sys.exit(f"{bug.name}: the text to change occurs {text.count(old)} times in {file}:\n{old}")
            texts[file] = text.replace(old, new.replace("PLANTED", f"(Planted.bug == {number})")).encode()
    texts["Sources/MusterCore/Planted.swift"] = SWITCH.encode()
    for file, text in texts.items():
        path = folder / file
        if path.exists() and path.read_bytes() == text:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text)
    for path in (folder / "Sources").glob("**/*"):
        if path.is_file() and str(path.relative_to(folder)) not in texts:
            path.unlink()


class Simulator:
    """`muster simulate` with the bugs planted, one of them on at a time."""

    def __init__(self, program, jobs=2):
        self.program, self.jobs = program, jobs
        self.without = {}

    def first_failure(self, number, seed, schedules):
        """The first schedule of those that fails: (seed, why); None where all hold."""
        done = subprocess.run(
            [self.program, "simulate", "--rough", "--first", "--jobs", str(self.jobs), "--output", "json",
             "--seed", str(seed), "--schedules", str(schedules)],
            env={**os.environ, "MUSTER_PLANTED": str(number)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=600)
        if done.returncode not in (0, 1) or not done.stdout:
            # A trap ends the process, with what it was about.
            return seed, f"ends with {done.returncode}: {done.stderr.decode(errors='replace')[-200:]}"
        failures = json.loads(done.stdout)["failures"]
        return (int(failures[0]["seed"]), failures[0]["why"]) if failures else None

    def holds(self, seed):
        """Whether the schedule holds with no bug on: only then does its failure show one."""
        if seed not in self.without:
            self.without[seed] = self.first_failure(0, seed, 1) is None
        return self.without[seed]

    def find(self, number, first, schedules):
        """The first schedule that fails with that bug, and holds without: (seed, why); None: none does."""
        seed = first
        while seed < first + schedules:
            failure = self.first_failure(number, seed, first + schedules - seed)
            if failure is None or self.holds(failure[0]):
                return failure
            seed = failure[0] + 1
        return None


def followed(program, number, seed):
    """Why what is printed of a failure leads nowhere; None where it leads to the failure."""
    shown = {**os.environ, "MUSTER_PLANTED": str(number)}

    def run(*words):
        return subprocess.run([program, "simulate", *words], env=shown, capture_output=True, text=True, timeout=600)

    done = run("--rough", "--seed", str(seed), "--commit", "c0ffee")
    lines = [line.strip() for line in done.stdout.splitlines()]
    again = [line.removeprefix("again: muster simulate ") for line in lines if line.startswith("again: muster simulate ")]
    if done.returncode != 1 or len(again) != 1:
        return f"it ends with {done.returncode} and prints {len(again)} lines to run it again"
    for what in (f"seed {seed}: ", "commit: c0ffee", "options: managers "):
        if not any(line.startswith(what) for line in lines):
            return f"{what!r} is not printed"
    story = [line for line in lines if re.match(r"\+\d+\.\d{3}s ", line)]
    broken = [line for line in lines if line.startswith("BROKEN: ")]
    if len(story) < 10 or len(broken) != 1 or not any(" policyConfigured" in line for line in story):
        return "its story is not told"
    once_more = run(*again[0].split())
    if once_more.returncode != 1 or broken[0] not in once_more.stdout:
        return f"`{again[0]}` ends with {once_more.returncode}, not with {broken[0]}"
    if not any(line.startswith("muster: ") or " ms " in line for line in once_more.stderr.splitlines()):
        return f"`{again[0]}` tells no steps"
    faults = [line for line in story if " fault " in line]
    print(f"followed: {again[0]}: {len(faults)} faults, {len(story)} lines of story", flush=True)
    return None


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--follow", default="below-the-floor")
    parser.add_argument("--schedules", type=int, default=800)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    copy(options.folder)
    begun = time.monotonic()
    build = subprocess.run(
        ["swift", "build", "-c", "release", "--product", "muster", "-Xswiftc", "-DMUSTER_PLANTED"], cwd=options.folder)
    if build.returncode:
        sys.exit("the planted sources do not build")
    print(f"built in {time.monotonic() - begun:.0f} s", flush=True)
    simulator = Simulator(options.folder / ".build/release/muster")
    missed, wrong = [], None
    for number, bug in enumerate(planted.BUGS, 1):
        if options.only not in bug.name:
            continue
        begun = time.monotonic()
        found = simulator.find(number, options.seed, options.schedules)
        took = time.monotonic() - begun
        if found is None:
            missed.append(bug.name)
        elif wrong is None and options.follow in (bug.name, "") and "ends with" not in found[1]:
            wrong = followed(options.folder / ".build/release/muster", number, found[0]) or ""
        seed, why = found or ("-", f"NOT FOUND in {options.schedules} schedules")
        print(f"{bug.name:28} {took:6.1f} s  seed {seed:>5}  {why[:140]}", flush=True)
    if wrong:
        sys.exit(f"what is printed of a failure leads nowhere: {wrong}")
    if missed:
        sys.exit(f"not found: {', '.join(missed)}")


main()
