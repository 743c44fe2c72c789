#!/usr/bin/env python3
"""Files of a log with bytes changed, cut and shuffled: the program says what is wrong and ends, or reads what is right.

  test_damage.py MUSTER [--variants N] [--seed N] [--keep FOLDER]
  test_damage.py MUSTER --again FOLDER

MUSTER is the built program. What is done to a log follows from the seed and the variant's number; the log itself is made anew
each time, so a log with which something went wrong is kept, and can be tried again. Of each: no command ends by a signal or
stands still; each ends with a documented code, says why when it is not the one for success, and moves no terminal; and
`muster verify` with the heads of the whole log is content only where every record of the journal still lies there.
"""
import argparse
import collections
import concurrent.futures
import os
import pathlib
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile

LIMIT = 60
KINDS = ["flips", "renamed", "header", "cut", "swap", "zero", "noise", "doubled", "wal", "shm", "tail", "renamed", "doubled", "flips"]
CODES = {0, 1, 3, 4, 5, 7, 9}
LOOKS = [["status"], ["log"], ["nodes", "-o", "json"], ["quarantine", "list"], ["why", "n1"], ["topics", "check"]]


class Bench:
    """The program on copies of one log, each in a folder of its own."""

    def __init__(self, muster, seed, keep=None):
        self.muster, self.seed, self.keep = muster, seed, keep
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="muster-damage-"))
        self.whole = self.root / "whole"
        self.whole.mkdir()
        self.codes, self.journal = collections.Counter(), None

    def run(self, folder, *words, text=None, seconds=LIMIT):
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "TMPDIR": str(folder), "LC_ALL": "C.UTF-8", "USER": "lia"}
        return subprocess.run([self.muster, *words], cwd=folder, env=environment, input=text, timeout=seconds,
                              capture_output=True, encoding="utf-8", errors="surrogateescape", check=False)

    def make(self):
        """A log with decisions, a quarantined input and a manager that ended in order."""
        self.must("topics", "create", "--partitions", "1")
        lines = []
        for number in range(1, 4):
            store = f"{number:032x}"
            lines.append(f'{{"specversion":"1.0","id":"u{number}","source":"/t","type":"muster.nodeUp.v1","data":{{"cluster":"orders",'
                         f'"node":"n{number}","store":"{store}","start":"1","boot":"{store}","role":"voter","blank":false,'
                         f'"groupsVersion":"1","groups":[{{"group":"g1","capabilities":{{}}}}]}}}}')
        self.must("publish", "lines", "-", text="\n".join(lines) + "\n")
        environment = {**os.environ, "HOME": str(self.whole)}
        manager = subprocess.Popen([self.muster, "manager"], cwd=self.whole, env=environment, stderr=subprocess.DEVNULL)
        try:
            self.must("configure", "--cluster", "orders", "--reason", "x" * 3000)
            for number in range(1, 4):
                self.must("pause", "--cluster", "orders", "--for", f"{number}m", "--reason", "y" * 2000)
            self.must("wait", "--for", "node/n3=up")
        finally:
            manager.send_signal(signal.SIGTERM)
            if manager.wait(timeout=LIMIT) != 0:
                raise AssertionError(f"the manager ended with {manager.returncode}")
        (self.root / "heads.txt").write_text(self.must("verify", "-o", "name").stdout)
        with sqlite3.connect(self.whole / "muster.db") as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        self.bytes = (self.whole / "muster.db").read_bytes()
        self.journal = journal(self.whole / "muster.db")
        if len(self.journal) < 6 or len(self.bytes) < 40_000:
            raise AssertionError("the log is too small to be worth it")

    def must(self, *words, text=None):
        run = self.run(self.whole, *words, text=text)
        if run.returncode != 0:
            raise AssertionError(f"{words} ended with {run.returncode}: {run.stderr}")
        return run

    def check(self, number):
        """What is wrong with what the program makes of a variant."""
        chance = random.Random(f"{self.seed}/{number}")
        folder = self.root / str(number)
        folder.mkdir()
        what = damage(chance, KINDS[number] if number < len(KINDS) else chance.choice(KINDS), self.bytes, folder)
        if self.keep:
            shutil.copytree(folder, self.keep / str(number), dirs_exist_ok=True)
        try:
            looks = [["verify", "--expect-from", str(self.root / "heads.txt")], *chance.sample(LOOKS, 2)]
            # What lies there now, before any command of ours opens it: on a copy, for reading may change what lies beside it.
            copy = folder / "copy"
            copy.mkdir()
            for file in folder.iterdir():
                if file.is_file():
                    shutil.copy(file, copy / file.name)
            left = journal(copy / "muster.db")
            found = []
            for words in looks:
                found += self.look(folder, words, left)
            if chance.random() < 0.15:
                found += self.manage(folder)
            if self.keep and not found:
                shutil.rmtree(self.keep / str(number))
            return [f"variant {number} ({what}): {text}" for text in found]
        finally:
            shutil.rmtree(folder)

    def look(self, folder, words, left):
        try:
            run = self.run(folder, *words)
        except subprocess.TimeoutExpired:
            return [f"{words[0]} stands still"]
        self.codes[words[0], run.returncode] += 1
        found = complaints(words[0], run)
        if words[0] == "verify" and run.returncode == 0 and (left is None or any(row not in left for row in self.journal or [])):
            found.append("verify is content, and the journal is not what it was")
        return found

    def manage(self, folder):
        """A manager on it ends with a reason, or works until it is asked to end."""
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder)}
        with (folder / "said").open("w+") as said:
            manager = subprocess.Popen([self.muster, "manager"], cwd=folder, env=environment, stderr=said, stdout=said)
            try:
                manager.wait(timeout=2)
            except subprocess.TimeoutExpired:
                manager.send_signal(signal.SIGTERM)
            try:
                code = manager.wait(timeout=LIMIT)
            except subprocess.TimeoutExpired:
                manager.kill()
                return ["a manager does not end"]
            said.seek(0)
            text = said.read()
        self.codes["manager", code] += 1
        if code < 0:
            return [f"a manager ended by signal {-code}: {text[-2000:]}"]
        return [] if code == 0 or text else [f"a manager ended with {code} and said nothing"]


def complaints(name, run):
    """What no run may do, whatever it reads."""
    found = []
    said = run.stdout + run.stderr
    if run.returncode < 0:
        found.append(f"{name} ended by signal {-run.returncode}: {run.stderr[-2000:]}")
    elif run.returncode not in CODES:
        found.append(f"{name} ended with {run.returncode}: {run.stderr[-500:]}")
    elif run.returncode != 0 and not said.strip():
        found.append(f"{name} ended with {run.returncode} and said nothing")
    if re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", said):
        found.append(f"{name} moves the terminal: {said[:500]!r}")
    if re.search("[\udc80-\udcff]", said):
        found.append(f"{name} prints what is no UTF-8")
    return found


def journal(file):
    """The journal's records as SQLite reads them; None when it cannot."""
    try:
        connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
        connection.text_factory = bytes
        try:
            rows = connection.execute("SELECT partition, offset, value FROM records WHERE topic = 'journal'").fetchall()
        finally:
            connection.close()
        return {(partition, offset, bytes(value) if isinstance(value, (bytes, str)) else value) for partition, offset, value in rows}
    except (sqlite3.Error, OverflowError, TypeError, UnicodeDecodeError):
        return None


def damage(chance, kind, whole, folder):
    """Writes a damaged log and says what was done to it."""
    data = bytearray(whole)
    page = int.from_bytes(whole[16:18], "big") or 65536
    pages = len(data) // page
    if kind == "flips":
        for _ in range(chance.choice([1, 1, 2, 8, 64])):
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    elif kind == "header":
        for _ in range(chance.choice([1, 2, 4])):
            data[chance.randrange(100)] = chance.randrange(256)
    elif kind == "cut":
        del data[chance.choice([0, 1, 15, 16, 99, 100, 512, page - 1, page, page * 2 + 7, chance.randrange(len(data))]):]
    elif kind in ("swap", "zero", "noise", "doubled"):
        first, second = chance.randrange(pages), chance.randrange(pages)
        a, b = slice(first * page, first * page + page), slice(second * page, second * page + page)
        if kind == "swap":
            data[a], data[b] = data[b], data[a]
        elif kind == "doubled":
            data[a] = data[b]
        else:
            data[a] = bytes(page) if kind == "zero" else chance.randbytes(page)
    elif kind == "renamed":
        # A row of the table under another key than its place in the tree says.
        places = [found.start() for found in re.finditer(b"journal", whole)]
        data[chance.choice(places) + 5] = ord("i")
    elif kind == "tail":
        data += chance.randbytes(chance.choice([1, page, page * 3]))
    (folder / "muster.db").write_bytes(data)
    if kind in ("wal", "shm"):
        head = bytes.fromhex("377f0682002de218") + page.to_bytes(4, "big") if chance.random() < 0.5 else b""
        (folder / f"muster.db-{kind}").write_bytes(head + chance.randbytes(chance.choice([0, 20, 32, 5000, 32768])))
    return kind


def again(muster, folder):
    """Every command on a log that was kept."""
    bench = Bench(os.path.abspath(muster), 0)
    try:
        shutil.copytree(folder, bench.whole, dirs_exist_ok=True)
        found = []
        for words in [["verify"], *LOOKS]:
            found += bench.look(bench.whole, words, set())
        print("\n".join(found) or "all is as it should be")
        return 1 if found else 0
    finally:
        shutil.rmtree(bench.root)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("muster")
    parser.add_argument("--variants", type=int, default=150)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=pathlib.Path, default=pathlib.Path(".build/damaged"))
    parser.add_argument("--again", type=pathlib.Path)
    options = parser.parse_args()
    if options.again:
        return again(options.muster, options.again)
    shutil.rmtree(options.keep, ignore_errors=True)
    bench = Bench(os.path.abspath(options.muster), options.seed, options.keep)
    try:
        bench.make()
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            found = [text for texts in pool.map(bench.check, range(options.variants)) for text in texts]
        for (name, code), count in sorted(bench.codes.items()):
            print(f"{name:12} ended with {code:3} {count:5} times")
        if not {0, 4, 9} <= {code for _, code in bench.codes}:
            found.append("variant - the variants reach too little: some must be read, some refused, some be found out by verify")
        for text in found:
            print(f"error: {text}\nagain: test_damage.py {options.muster} --again {options.keep}/{text.split()[1]}")
        print(f"{options.variants} damaged logs with seed {options.seed}: {'FAILED' if found else 'all is as it should be'}")
        return 1 if found else 0
    finally:
        shutil.rmtree(bench.root)


if __name__ == "__main__":
    sys.exit(main())
