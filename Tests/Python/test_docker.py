#!/usr/bin/env python3
"""docker/ held against the program and the tree, without an engine that could run it.

  test_docker.py MUSTER      MUSTER is the built program
"""
import pathlib
import re
import subprocess
import sys
import unittest

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
MUSTER = "muster"


def help_of(*words):
    done = subprocess.run([MUSTER, *words, "--help"], capture_output=True, text=True, timeout=20)
    return done.stdout if done.returncode == 0 else None


class DockerTests(unittest.TestCase):
    def setUp(self):
        text = (ROOT / "docker/Dockerfile").read_text()
        self.lines = re.sub(r"\\\n", " ", text).splitlines()
        self.compose = yaml.safe_load((ROOT / "docker/compose.yaml").read_text())

    def words(self, instruction):
        return [line.split()[1:] for line in self.lines if line.startswith(instruction + " ")]

    def installed(self):
        """The packages of each stage."""
        return [set(re.search(r"--no-install-recommends +(.*?) +&&", line)[1].split())
                for line in self.lines if "apt-get install" in line]

    def test_what_is_copied_exists_and_is_all_that_the_package_names(self):
        copied = {words[0] for words in self.words("COPY") if not words[0].startswith("--from")}
        for path in copied:
            self.assertTrue((ROOT / path).exists(), path)
        package = (ROOT / "Package.swift").read_text()
        tops = {path.split("/")[0] for path in re.findall(r'path: "([^"]+)"', package)} | {"Sources", "Tests"}
        self.assertEqual(set(), tops - copied)

    def test_the_builder_has_what_setup_installs(self):
        setup = re.search(r"^packages=\((.*)\)$", (ROOT / "scripts/setup").read_text(), re.M)[1].split()
        self.assertEqual(self.installed()[0], set(setup))

    def test_the_image_has_every_library_that_the_program_links(self):
        linked = subprocess.run(["ldd", MUSTER], capture_output=True, text=True, check=True, timeout=20).stdout
        direct = subprocess.run(["readelf", "-d", MUSTER], capture_output=True, text=True, check=True, timeout=20).stdout
        for name in re.findall(r"NEEDED.*\[(.*)\]", direct):
            # Swift's own are linked statically in the image; the rest of the list is in every Debian.
            if re.match(r"lib(swift|Foundation|_Foundation|dispatch|Blocks)|lib(c|m|gcc_s)\.so|ld-linux", name):
                continue
            (path,) = re.findall(rf"{re.escape(name)} => (\S+)", linked)
            owner = subprocess.run(["dpkg", "-S", pathlib.Path(path).resolve()], capture_output=True, text=True, timeout=20)
            self.assertEqual(owner.returncode, 0, path)
            self.assertIn(owner.stdout.split(":")[0], self.installed()[1], name)

    def test_the_image_is_small_and_not_roots(self):
        stages = self.words("FROM")
        self.assertIn("slim", stages[1][0])
        # What comes behind is made from it, and what is built by default is it.
        self.assertEqual({words[0] for words in stages[2:]}, {stages[1][-1]})
        self.assertEqual(stages[-1], [stages[1][-1]])
        self.assertEqual([words[0] for words in self.words("USER")], ["10001", "root", "10001"])

    def test_every_command_and_flag_is_the_programs(self):
        settings = subprocess.run([MUSTER, "config", "show", "--origin", "-o", "json"], capture_output=True, text=True,
                                  timeout=20).stdout + (ROOT / "docs/reference.md").read_text()
        commands = [service["command"] for service in self.compose["services"].values() if "build" in service]
        commands.append(eval(self.words("CMD")[0][0]))
        for command in commands:
            words = command[:1] if command[0] != "demo" else command[:2]
            text = help_of(*words)
            self.assertIsNotNone(text, command)
            for word in command[1:]:
                if word.startswith("--"):
                    self.assertRegex(text, rf"(?m)^ +(-\w, )?{word}\b")
        for name, service in self.compose["services"].items():
            for variable in service.get("environment", {}):
                if variable.startswith("MUSTER_"):
                    self.assertIn(variable, settings, name)

    def test_the_services_fit_together(self):
        services = self.compose["services"]
        self.assertEqual({profile for service in services.values() for profile in service["profiles"]},
                         {"embedded", "kafka", "demo", "etcd"})
        stages = {words[-1] for words in self.words("FROM")}
        for name, service in services.items():
            if target := service.get("build", {}).get("target"):
                self.assertIn(target, stages, name)
        for name, service in services.items():
            if "build" in service:
                folder = ROOT / "docker" / service["build"]["context"]
                self.assertTrue((folder / service["build"]["dockerfile"]).is_file(), name)
            for volume in service.get("volumes", []):
                self.assertIn(volume.split(":")[0], self.compose["volumes"])
            for other in service.get("depends_on", {}):
                self.assertIn("healthcheck", services[other])
            for port in service.get("ports", []):
                self.assertTrue(port.startswith("127.0.0.1:"), "open to the network")
        (server,) = re.findall(r"kafka://([^/]+)/", services["manager"]["environment"]["MUSTER_LOG"])
        self.assertIn(f"INSIDE://{server}", services["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"])


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    MUSTER = pathlib.Path(sys.argv.pop()).resolve()
    unittest.main()
