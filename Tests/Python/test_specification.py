#!/usr/bin/env python3
"""docs/spec/Journal.tla, checked by TLC: every world holds, and every mistake is found.

  test_specification.py TLC [--long] [--only NAME] [--workers N]

TLC is the program `tlc` that runs the model checker. Each file of docs/spec/worlds is checked whole, or by random walks where it
says so; each file of docs/spec/mistakes names the world that it is made in and what it must violate, and nothing else is looked
for there. Prints a table with what was explored; fails when a world does not hold or a mistake passes.
"""
import argparse
import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import tempfile

SPEC = pathlib.Path(__file__).resolve().parents[2] / "docs/spec"
HEAP = "-Xmx3g"
# For runs of seconds, where compiling well does not pay.
QUICK = "-XX:TieredStopAtLevel=1"
# Random walks through the world that is too large to be exhausted.
WALKS, LONG_WALKS, WALK_DEPTH = 100, 100_000, 120


def said(text, what):
    """What a configuration says of itself in its comments; None where it says nothing of that."""
    found = re.search(rf"^\\\* {what}: (.+)$", text, re.M)
    return found[1] if found else None


def without_claims(text):
    """A world's configuration up to what is to be checked in it."""
    return text[:text.index("INVARIANTS")]


class Run:
    """One run of TLC, with what it said."""

    def __init__(self, tlc, module, configuration, workers, *options, java=""):
        with tempfile.TemporaryDirectory() as folder:
            for file in SPEC.glob("*.tla"):
                shutil.copy(file, folder)
            (pathlib.Path(folder) / "checked.cfg").write_text(configuration)
            java = f"{HEAP} -Xss16m -Djava.io.tmpdir={folder} {java}"
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            done = subprocess.run(
                [tlc, "-workers", str(workers), "-metadir", folder, "-config", "checked.cfg", *options,
                 module],
                cwd=folder, env={**os.environ, "JAVA_TOOL_OPTIONS": java}, text=True,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.status = done.returncode
        self.output = done.stdout
        self.seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    def number(self, pattern):
        found = re.findall(pattern, self.output)
        return int(found[-1].replace(",", "")) if found else None

    @property
    def states(self):
        return self.number(r"([\d,]+) distinct states found") \
            or self.number(r"([\d,]+) states checked") or 0

    @property
    def depth(self):
        # The steps of the counterexample, or the depth of the graph.
        steps = re.findall(r"^State (\d+):", self.output, re.M)
        return int(steps[-1]) if steps else self.number(r"search is (\d+)") or 0

    @property
    def violated(self):
        """What does not hold; empty where all does, None where TLC could not say."""
        if self.status == 0:
            return ""
        found = re.search(r"Invariant (\w+) is violated", self.output)
        if found:
            return found[1]
        return "a property" if "Temporal properties were violated" in self.output else None


def row(*columns):
    print("{:36} {:24} {:>10} {:>6} {:>8}".format(*columns), flush=True)


def check_world(path, options):
    text = path.read_text()
    mode = said(text, "mode")
    extra = ()
    if mode == "random":
        walks = LONG_WALKS if options.long else WALKS
        extra = ("-simulate", f"num={walks}", "-depth", str(WALK_DEPTH), "-seed", "7")
    run = Run(options.tlc, "Worlds", text, options.workers, *extra)
    holds = run.violated == "" and run.states > 0
    verdict = "holds" if holds else f"BREAKS {run.violated}"
    depth = f"≤ {WALK_DEPTH}" if mode == "random" else run.depth
    row(path.stem, verdict, f"{run.states:,}", depth, f"{run.seconds:.0f} s")
    return [] if holds else [(path.stem, run)]


def check_mistake(path, options):
    text = path.read_text()
    world = (SPEC / "worlds" / f"{said(text, 'world')}.cfg").read_text()
    wanted = said(text, "violates")
    is_property = wanted.startswith("Every")
    claim = f"{'PROPERTY' if is_property else 'INVARIANT'} {wanted}\n"
    run = Run(options.tlc, "Mistakes", without_claims(world) + text + claim, options.workers,
              java=QUICK)
    found = run.violated == ("a property" if is_property else wanted)
    row(path.stem, wanted if found else f"MISSED {wanted}", f"{run.states:,}", run.depth,
        f"{run.seconds:.0f} s")
    return [] if found else [(path.stem, run)]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tlc")
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    wrong = []
    row("world", "", "distinct", "depth", "CPU")
    for path in sorted((SPEC / "worlds").glob("*.cfg")):
        if options.only in path.stem and (options.long or said(path.read_text(), "mode") != "long"):
            wrong += check_world(path, options)
    print()
    row("mistake", "violates", "distinct", "steps", "CPU")
    for path in sorted((SPEC / "mistakes").glob("*.cfg")):
        if options.only in path.stem:
            wrong += check_mistake(path, options)
    for name, run in wrong:
        print(f"\nerror: {name}\n{run.output[-6000:]}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
