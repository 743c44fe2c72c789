#!/usr/bin/env python3
"""Holds schemas and records against validators that are not ours.

  validate.py                      schemas, golden files, asyncapi.yaml
  validate.py --log FILE           every record of a SQLite log too, the journal's events inside of decisions
                                   included; events are held against CloudEvents' own schema as well
  --specs FOLDER                   asyncapi-3.0.0.schema.json and cloudevents.schema.json, as their owners
                                   publish them; without it what needs them is said not to have run
"""
import argparse
import json
import pathlib
import sqlite3
import sys

import yaml
from jsonschema import Draft7Validator, Draft202012Validator

import schemas

GOLDEN = schemas.ROOT / "Tests" / "MusterWireTests" / "golden"
problems = []
counts = {}


def check(kind, name, problem):
    counts[kind] = counts.get(kind, 0) + 1
    if problem:
        problems.append(f"{kind} {name}: {problem}")


def check_schemas():
    for path in sorted(schemas.FOLDER.glob("*.json")):
        document = json.loads(path.read_text())
        if "$schema" in document:
            try:
                Draft202012Validator.check_schema(document)
                check("schema", path.name, None)
            except Exception as error:  # whatever it is, it is said
                check("schema", path.name, str(error)[:300])
    for name in schemas.names():
        missing = [each for each in schemas.references(schemas.schema(name))
                   if each.removeprefix("types.json#/$defs/") not in schemas.TYPES["$defs"]]
        check("references", name, missing and f"there is no {missing[0]}")


def check_data(kind, label, name, document):
    if not (schemas.FOLDER / f"{name}.json").exists():
        check(kind, label, f"there is no schema of {name}")
        return
    problem = schemas.trouble(name, document)
    place = None if problem else schemas.out_of_order(name, document)
    check(kind, label, problem or (place and f"the members of {place} are not in the schema's order"))


def check_golden():
    for path in sorted(GOLDEN.glob("*.json")):
        lines = path.with_suffix(".headers").read_text().split("\n\n", 1)[1].splitlines()
        headers = dict(line.split(": ", 1) for line in lines)
        check_data("golden", path.name, headers["ce_type"], json.loads(path.read_text()))


def check_asyncapi(specs):
    document = yaml.safe_load((schemas.FOLDER / "asyncapi.yaml").read_text())
    specification = json.loads((specs / "asyncapi-3.0.0.schema.json").read_text())
    errors = list(Draft7Validator(specification).iter_errors(document))
    check("asyncapi", "asyncapi.yaml", errors and f"{errors[0].json_path}: {errors[0].message[:300]}")


def check_log(path, specs):
    events = specs and Draft7Validator(json.loads((specs / "cloudevents.schema.json").read_text()))
    log = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    for topic, partition, offset, headers, value in log.execute(
            "SELECT topic, partition, offset, headers, value FROM records ORDER BY topic, partition, offset"):
        label = f"{topic}/{partition}/{offset}"
        if value is None:
            check("record", label, None if topic in ("members", "snapshots") else "there is no value")
            continue
        headers, value = json.loads(headers or "{}"), json.loads(value)
        if headers.get("content-type", "").startswith("application/cloudevents+json"):
            if events:
                errors = list(events.iter_errors(value))
                check("event", label, errors and errors[0].message[:300])
            check_data("record", label, value["type"], value["data"])
        else:
            check_data("record", label, headers.get("ce_type"), value)
            if events:
                event = {name[3:]: text for name, text in headers.items() if name.startswith("ce_")}
                event |= {"datacontenttype": headers.get("content-type"), "data": value}
                errors = list(events.iter_errors(event))
                check("event", label, errors and errors[0].message[:300])
        cause = value.get("decision", {}).get("cause", {}).get("event")
        if cause and events:
            errors = list(events.iter_errors(cause))
            check("event", f"{label} cause.event", errors and errors[0].message[:300])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--log", type=pathlib.Path)
    parser.add_argument("--specs", type=pathlib.Path)
    arguments = parser.parse_args()
    check_schemas()
    check_golden()
    if arguments.specs:
        check_asyncapi(arguments.specs)
    else:
        print("validate: not run: AsyncAPI's and CloudEvents' own schemas (--specs)", file=sys.stderr)
    if arguments.log:
        check_log(arguments.log, arguments.specs)
        if not counts.get("record"):
            check("log", arguments.log, "there is no record in it")
    for problem in problems[:50]:
        print(f"validate: {problem}", file=sys.stderr)
    print("validate: " + ", ".join(f"{count} {kind}" for kind, count in counts.items()))
    sys.exit(1 if problems else 0)


main()
