#!/usr/bin/env python3
"""packaging/: what is installed is what the program says, shells and roff and systemd take it, and systemd is told.

  test_packaging.py MUSTER      MUSTER is the built program
"""
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

from etcd_cluster import wait_for

ROOT = pathlib.Path(__file__).resolve().parents[2]
MUSTER = "muster"
UNITS = ["muster-manager.service", "muster-agent@.service"]


def run(*words, **options):
    return subprocess.run(words, capture_output=True, text=True, timeout=60, **options)


class Folder:
    """A folder of a test's own, in which `root` is what was installed."""

    def __enter__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="muster-test-"))
        self.root = self.path / "root"
        done = run(ROOT / "packaging/install", MUSTER, self.root)
        if done.returncode:
            raise AssertionError(done.stderr)
        self.environment = {**os.environ, "MUSTER_LOG": f"sqlite:{self.path}/muster.db",
                            "PATH": f"{self.root}/usr/bin:{os.environ['PATH']}"}
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path)


# What is typed, and some of what is offered for its last word.
OFFERS = [("muster manag", {"manager"}), ("muster agent --etcd-p", {"--etcd-peer", "--etcd-password-file"}),
          ("muster completion ", {"bash", "zsh", "fish"}), ("muster node ", {"n-one"}), ("muster why n-", {"n-one"})]
# A zsh at a terminal: its arguments are the folder of completions, a file for what is offered, and what is typed before Tab.
ZSH = """
zmodload zsh/zpty
# Who asks only for what would match adds nothing.
begin='
fpath=('$1' $fpath)
autoload -Uz compinit; compinit -u -D
compadd () {
    if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\\ * ]]; then builtin compadd "$@"; return; fi
    typeset -a found
    builtin compadd -A found "$@"
    (( $#found )) && print -rl -- $found >>'$2'
    builtin compadd "$@"
}
'
zpty shell zsh -f -i
zpty -w shell $begin
# What is typed before it reads would be lost.
zpty -w shell "print rea''dy"
zpty -r shell shown '*ready*'
zpty -w -n shell $3$'\t'
# What it shows is read until its end, which comes with ours.
while zpty -r shell shown; do :; done
"""


class Known:
    """A log in which one node is known, while the context lasts."""

    def __init__(self, folder):
        self.folder = folder

    def __enter__(self):
        environment = self.folder.environment
        run(MUSTER, "topics", "create", env=environment)
        self.manager = subprocess.Popen([MUSTER, "manager"], env=environment, stderr=subprocess.DEVNULL)
        try:
            said = run(MUSTER, "publish", "node-up", "--cluster", "orders", "--node", "n-one", "--store", "0" * 31 + "1",
                       "--group-on", "id=g1", env=environment)
            if said.returncode:
                raise AssertionError(said.stderr)
            wait_for("the node is known", lambda: run(MUSTER, "nodes", "-o", "name", env=environment).stdout == "n-one\n",
                     seconds=60)
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        self.manager.terminate()
        self.manager.wait(timeout=60)


class InstallTests(unittest.TestCase):
    def test_everything_lies_where_it_is_looked_for_and_nothing_else(self):
        with Folder() as folder:
            files = {str(path.relative_to(folder.root)) for path in folder.root.rglob("*") if path.is_file()}
            pages = {name for name in files if name.startswith("usr/share/man/")}
            self.assertEqual(files - pages, {
                "usr/bin/muster", "usr/share/bash-completion/completions/muster", "usr/share/zsh/vendor-completions/_muster",
                "usr/share/fish/vendor_completions.d/muster.fish", "usr/lib/sysusers.d/muster.conf",
                *(f"usr/lib/systemd/system/{unit}" for unit in UNITS)})
            for page in ("man1/muster.1", "man1/muster-manager.1", "man1/muster-agent.1", "man5/muster.yaml.5"):
                self.assertIn(f"usr/share/man/{page}", pages)
            commands = re.findall(r"(?m)^### `muster (.*)`$", (ROOT / "docs/reference.md").read_text())
            for command in commands:
                self.assertIn(f"usr/share/man/man1/muster-{command.replace(' ', '-')}.1", pages)
            for path in folder.root.rglob("*"):
                if path.is_file():
                    self.assertEqual(path.stat().st_mode & 0o777, 0o755 if path.name == "muster" and path.parent.name == "bin"
                                     else 0o644, path)

    def test_every_page_is_read_without_a_warning(self):
        with Folder() as folder:
            for page in sorted((folder.root / "usr/share/man").rglob("*.[15]")):
                done = run("groff", "-ww", "-man", "-Tutf8", page)
                self.assertEqual((done.returncode, done.stderr), (0, ""), page.name)
                self.assertIn("muster", done.stdout)

    def test_a_real_bash_completes_from_what_is_installed(self):
        with Folder() as folder, Known(folder):
            script = folder.root / "usr/share/bash-completion/completions/muster"
            self.assertEqual(run("bash", "-n", script).returncode, 0)
            for line, wanted in OFFERS:
                self.assertLessEqual(wanted, self.bash(folder, script, line), line)

    def bash(self, folder, script, line):
        """What bash, which reads the script as it would at a prompt, offers for the last word."""
        words = " ".join(f"'{word}'" for word in line.split(" "))
        driver = f"""
            source {script}
            function_of=$(complete -p muster | sed -n 's/.*-F \\([^ ]*\\) .*/\\1/p')
            COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); COMP_LINE="{line}"; COMP_POINT=${{#COMP_LINE}}
            "$function_of" muster
            printf '%s\\n' "${{COMPREPLY[@]}}"
        """
        done = run("bash", "--noprofile", "--norc", "-c", driver, env=folder.environment)
        self.assertEqual(done.stderr, "")
        return {word.strip() for word in done.stdout.splitlines()}

    @unittest.skipUnless(shutil.which("fish"), "there is no fish here")
    def test_a_real_fish_completes_from_what_is_installed(self):
        with Folder() as folder, Known(folder):
            script = folder.root / "usr/share/fish/vendor_completions.d/muster.fish"
            self.assertEqual(run("fish", "--no-execute", script).returncode, 0)
            for line, wanted in OFFERS:
                done = run("fish", "--no-config", "-c", f"source {script}; complete -C '{line}'", env=folder.environment)
                self.assertEqual(done.stderr, "")
                self.assertLessEqual(wanted, {word.split("\t")[0] for word in done.stdout.splitlines()}, line)

    @unittest.skipUnless(shutil.which("zsh"), "there is no zsh here")
    def test_a_real_zsh_completes_from_what_is_installed(self):
        with Folder() as folder, Known(folder):
            script = folder.root / "usr/share/zsh/vendor-completions/_muster"
            self.assertEqual(run("zsh", "-n", script).returncode, 0)
            driver = folder.path / "driver.zsh"
            driver.write_text(ZSH)
            for number, (line, wanted) in enumerate(OFFERS):
                offers = folder.path / f"offers-{number}"
                offers.touch()
                shell = subprocess.Popen(["zsh", "-f", driver, script.parent, offers, line], env=folder.environment,
                                         stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
                try:
                    wait_for(f"{line}: {wanted}", lambda: wanted <= set(offers.read_text().split("\n")), seconds=60)
                finally:
                    shell.terminate()
                    shell.wait(timeout=60)


class UnitTests(unittest.TestCase):
    def text(self, unit):
        return (ROOT / "packaging/systemd" / unit).read_text()

    def test_systemd_takes_the_units_and_finds_them_hardened(self):
        with Folder() as folder:
            for unit, instance, most in [(UNITS[0], UNITS[0], 20), (UNITS[1], "muster-agent@n1.service", 30)]:
                path = folder.path / instance
                # The program is not installed here.
                path.write_text(self.text(unit).replace("/usr/bin/muster", str(folder.root / "usr/bin/muster")))
                done = run("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", path)
                self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""), unit)
                done = run("systemd-analyze", "security", "--offline=true", f"--threshold={most}", "--no-pager", path)
                self.assertEqual(done.returncode, 0, done.stdout[-400:])

    def test_the_hooks_for_systemd_write_settings_and_call_systemctl_for_their_node_only(self):
        hooks = ROOT / "examples/systemd-hooks"
        with Folder() as folder:
            data, tools = folder.root / "data", folder.root / "tools"
            for place in (data / "etcd", tools):
                place.mkdir(parents=True)
            (data / "muster-node").write_text("mark")
            (tools / "systemctl").write_text(f"#!/bin/sh\necho \"$@\" >>{tools}/called\n")
            (tools / "systemctl").chmod(0o755)
            given = {"PATH": f"{tools}:/usr/bin:/bin", "MUSTER_DATA": str(data), "MUSTER_NODE": "e4", "MUSTER_ETCD_NAME": "e4",
                     "MUSTER_ETCD_CLIENT_URL": "http://10.0.0.4:2379", "MUSTER_ETCD_PEER_URL": "http://10.0.0.4:2380",
                     "MUSTER_ETCD_INITIAL_CLUSTER": "e1=http://10.0.0.1:2380,e4=http://10.0.0.4:2380"}

            def hook(name, **more):
                return subprocess.run([hooks / name], env={**given, **more}, capture_output=True, text=True, timeout=60).returncode

            self.assertEqual([hook(name) for name in ("startMember", "stopMember", "prepareNode")], [0, 0, 0])
            self.assertEqual((tools / "called").read_text(),
                             "start --no-block etcd@e4.service\n" + 2 * "stop etcd@e4.service\n")
            self.assertEqual(sorted(path.name for path in data.iterdir()), ["muster-etcd.env", "muster-node"])
            self.assertIn("ETCD_INITIAL_CLUSTER=e1=http://10.0.0.1:2380,e4=http://10.0.0.4:2380\n", (data / "muster-etcd.env").read_text())
            for name, more in (("startMember", {"MUSTER_NODE": "e4 x"}), ("stopMember", {"MUSTER_NODE": "$(e4)"}),
                               ("startMember", {"MUSTER_ETCD_INITIAL_CLUSTER": "e1=http://10.0.0.1:2380\nETCD_NAME=other"})):
                self.assertEqual(hook(name, **more), 78)
            self.assertEqual((tools / "called").read_text().count("\n"), 3)
            unit = tools / "etcd@.service"
            unit.write_text((hooks / unit.name).read_text().replace("/usr/bin/etcd", str(folder.root / "usr/bin/muster")))
            done = run("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", unit)
            self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))

    def test_every_option_of_a_unit_is_the_programs(self):
        for unit in UNITS:
            (line,) = re.findall(r"(?m)^ExecStart=/usr/bin/muster (.*)$", self.text(unit))
            words = line.split()
            text = run(MUSTER, words[0], "--help").stdout + run(MUSTER, "options").stdout
            for word in words[1:]:
                if word.startswith("--"):
                    self.assertRegex(text, rf"(?m)^ +(-\w, )?{word}\b", unit)

    def test_what_starting_again_would_not_mend_is_not_started_again(self):
        for unit, wanted in zip(UNITS, ({64}, {6, 64})):
            (statuses,) = re.findall(r"(?m)^RestartPreventExitStatus=(.*)$", self.text(unit))
            self.assertEqual({int(status) for status in statuses.split()}, wanted, unit)
            (command,) = re.findall(r"(?m)^ExecStart=/usr/bin/muster (\S+)", self.text(unit))
            # A slip in the settings, which lie where the unit looks for them.
            with Folder() as folder:
                (folder.path / "slip.yaml").write_text("lgo: sqlite:muster.db\n")
                done = run(MUSTER, command, "--config", folder.path / "slip.yaml", env=folder.environment)
                self.assertEqual(done.returncode, 64, done.stderr)
        self.assertRegex(run(MUSTER, "agent", "--help").stdout, r"(?m)^ +6 +refused")


class NotifyTests(unittest.TestCase):
    def notified(self, folder, name, words, expected_end=0):
        """Starts it with a socket of that name, and checks what it says there."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
            ear.bind("\0" + name[1:] if name.startswith("@") else name)
            ear.settimeout(60)
            process = subprocess.Popen([MUSTER, *words], env={**folder.environment, "NOTIFY_SOCKET": name},
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                self.assertIn("READY=1", ear.recv(4096).decode().splitlines())
                process.send_signal(signal.SIGTERM)
                said = []
                while "STOPPING=1" not in said:
                    said = ear.recv(4096).decode().splitlines()
                self.assertEqual(process.wait(timeout=60), expected_end)
                ear.setblocking(False)
                self.assertRaises(BlockingIOError, ear.recv, 4096)
            finally:
                process.kill()
                process.wait()

    def test_manager_agent_and_observer_say_when_they_are_ready_and_when_they_stop(self):
        with Folder() as folder:
            hooks = folder.path / "hooks"
            hooks.mkdir(mode=0o755)
            self.notified(folder, str(folder.path / "notify"), ["manager"])
            self.notified(folder, f"@muster-test-{os.getpid()}", ["manager"])
            self.notified(folder, str(folder.path / "agent"), [
                "agent", "--cluster", "orders", "--node", "n1", "--data", folder.path / "n1", "--hooks", hooks])
            self.notified(folder, str(folder.path / "watch"), [
                "agent", "--cluster", "orders", "--watch", "n1=tcp://127.0.0.1:1"])

    def test_a_socket_that_nobody_reads_changes_nothing(self):
        with Folder() as folder:
            done = subprocess.Popen([MUSTER, "manager"], stderr=subprocess.DEVNULL,
                                    env={**folder.environment, "NOTIFY_SOCKET": str(folder.path / "nobody")})
            try:
                wait_for("it works", lambda: "journal" in run(MUSTER, "topics", "list", env=folder.environment).stdout)
            finally:
                done.terminate()
                self.assertEqual(done.wait(timeout=60), 0)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    MUSTER = pathlib.Path(sys.argv.pop()).resolve()
    unittest.main()
