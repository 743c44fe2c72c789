#!/usr/bin/env python3
"""Makes documents from the schemas of the inputs, valid ones and broken ones, for the reader's test.

  generate.py [--each N] [--seed N] > FILE      then MUSTER_GENERATED=FILE swift test --filter GeneratedDocument

One object a line: message (without "muster." and ".v1"), valid, document, and of a broken one how it was broken.
"""
import argparse
import copy
import json
import re
import warnings

from hypothesis import HealthCheck, given, seed, settings, strategies
from hypothesis.configuration import set_hypothesis_home_dir
from hypothesis_jsonschema import from_schema

import schemas

set_hypothesis_home_dir(schemas.ROOT / ".build" / "hypothesis")

INPUTS = ["nodeUp", "nodeStopping", "nodeReportedDown", "nodeReportedUp", "nodeLeaving", "groupObserved",
          "groupDeleted", "syncStarted", "synced", "syncFailed", "commandSucceeded", "commandFailed",
          "commandOutcomeUnknown", "heartbeat", "configureRequested", "addRequested", "removeRequested",
          "promoteRequested", "demoteRequested", "transferRequested", "replaceRequested", "cancelRequested",
          "extendRequested", "holdRequested", "releaseRequested", "pauseRequested", "resumeRequested",
          "retryRequested", "approveRequested", "adoptRequested", "forgetRequested"]
FORBIDDEN = [(int(each["from"], 16), int(each["to"], 16))
             for each in json.loads((schemas.FOLDER / "names.json").read_text())["forbidden"]]


def is_name(text):
    return 0 < len(text.encode()) <= 255 and not any(
        low <= ord(character) <= high for character in text for low, high in FORBIDDEN)


NAMES = strategies.text(
    strategies.characters(codec="utf-8", exclude_categories=["Cc", "Cf", "Cs"], exclude_characters="/"),
    min_size=1, max_size=40).filter(is_name)


def generable(node):
    """The schema as the generator needs it: closed objects, names by their format, and patterns whose end is the
    text's end (in Python `$` also matches before a last line break)."""
    if isinstance(node, list):
        return [generable(each) for each in node]
    if not isinstance(node, dict):
        return node
    if node.get("format") == "muster-name":
        return {"type": "string", "format": "muster-name"}
    result = {key: generable(value) for key, value in node.items() if key not in ("description", "x-uniqueBy")}
    if result.get("type") == "object" and "properties" in result:
        result["additionalProperties"] = False
    if "pattern" in result:
        result["pattern"] = result["pattern"].removesuffix("$") + r"\Z"
    if result.get("type") == "array" and "maxItems" not in result:
        result["maxItems"] = 4
    return result


def unique_by(document, node):
    """Whether no list holds a name twice, where the schema says x-uniqueBy."""
    while "$ref" in node:
        node = schemas.TYPES["$defs"][node["$ref"].rsplit("/", 1)[1]]
    if isinstance(document, dict):
        properties = node.get("properties", {})
        return all(unique_by(value, properties[key]) for key, value in document.items() if key in properties)
    if isinstance(document, list) and "items" in node:
        key = node.get("x-uniqueBy")
        keys = [each[key] for each in document] if key else []
        return len(set(keys)) == len(keys) and all(unique_by(each, node["items"]) for each in document)
    return True


def places(document, path=()):
    """The path of every value below the document."""
    pairs = document.items() if isinstance(document, dict) else enumerate(document)
    for key, value in pairs:
        yield path + (key,)
        if isinstance(value, (dict, list)):
            yield from places(value, path + (key,))


WRONG = [None, 1.5, -1, "", "\u202e", {}, [], [[]], {"x": 1}, "x" * 300, 2 ** 63, "18446744073709551616"]


def broken(document, validator, random):
    """One variant of a valid document that the schema refuses, with how it was made; None when none was found."""
    for _ in range(20):
        variant = copy.deepcopy(document)
        path = random.choice(list(places(variant)))
        owner = variant
        for key in path[:-1]:
            owner = owner[key]
        if isinstance(owner, dict) and random.random() < 0.3:
            del owner[path[-1]]
            how = "without "
        else:
            owner[path[-1]] = random.choice(WRONG)
            how = "another value at "
        if not validator.is_valid(variant):
            return variant, how + "/" + "/".join(map(str, path))
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--each", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    for message in INPUTS:
        name = f"muster.{message}.v1"
        validator = schemas.validator(name, exact=False)
        strategy = from_schema(schemas.bundled(name, generable), custom_formats={"muster-name": NAMES})

        @seed(arguments.seed)
        @settings(max_examples=arguments.each, database=None, deadline=None,
                  suppress_health_check=list(HealthCheck))
        @given(strategy, strategies.randoms(use_true_random=False))
        def emit(document, random):
            if not unique_by(document, schemas.schema(name)):
                return
            lines = [{"message": message, "valid": True, "document": document}]
            variant = broken(document, validator, random)
            if variant:
                lines.append({"message": message, "valid": False, "document": variant[0], "how": variant[1]})
            for line in lines:
                print(re.sub("[\ud800-\udfff]", "", json.dumps(line, ensure_ascii=False)))

        emit()


main()
