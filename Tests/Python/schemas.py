"""The schemas of this project for Python's validators."""
import json
import pathlib

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "schemas"
TYPES = json.loads((FOLDER / "types.json").read_text())


def schema(name):
    """The schema of a message, by its CloudEvents type."""
    return json.loads((FOLDER / f"{name}.json").read_text())


def names():
    """The CloudEvents types of all messages."""
    return sorted(path.name[: -len(".json")] for path in FOLDER.glob("muster.*.json"))


def closed(node):
    """The schema with every object closed: what Muster writes has no member that it does not describe."""
    if isinstance(node, list):
        return [closed(each) for each in node]
    if not isinstance(node, dict):
        return node
    result = {key: closed(value) for key, value in node.items()}
    if result.get("type") == "object" and "properties" in result:
        result["additionalProperties"] = False
    return result


def bundled(name, change=lambda node: node):
    """The schema of a message as one document, its shared shapes beside it in `$defs`."""
    def local(node):
        if isinstance(node, list):
            return [local(each) for each in node]
        if not isinstance(node, dict):
            return node
        return {key: value.removeprefix("types.json") if key == "$ref" else local(value)
                for key, value in node.items()}
    needed, shapes = [local(schema(name))], {}
    while needed:
        for reference in references(needed.pop()):
            shape = reference.removeprefix("#/$defs/")
            if shape not in shapes:
                shapes[shape] = local(TYPES["$defs"][shape])
                needed.append(shapes[shape])
    return change({**local(schema(name)), "$defs": shapes})


def references(node):
    """Every `$ref` in a schema."""
    if isinstance(node, list):
        for each in node:
            yield from references(each)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value
            else:
                yield from references(value)


def validator(name, exact=True):
    """A validator of a message's data."""
    change = closed if exact else lambda node: node
    registry = Registry().with_resource("types.json", Resource.from_contents(change(TYPES)))
    return Draft202012Validator(change(schema(name)), registry=registry)


def trouble(name, document):
    """What is wrong with a message's data, as text; nothing when it is valid."""
    errors = sorted(validator(name).iter_errors(document), key=lambda error: error.json_path)
    return "; ".join(f"{error.json_path}: {error.message[:300]}" for error in errors[:5])


def out_of_order(name, document):
    """The first object whose members are not in the order of its schema's `properties`; None when all are."""
    def walk(value, node, path):
        while "$ref" in node:
            node = TYPES["$defs"][node["$ref"].rsplit("/", 1)[1]]
        if "anyOf" in node and isinstance(value, dict):
            node = next(each for each in node["anyOf"] if fits(value, each))
        if isinstance(value, dict) and "properties" in node:
            if list(value) != [key for key in node["properties"] if key in value]:
                return path or "/"
            found = (walk(value[key], node["properties"][key], f"{path}/{key}") for key in value)
        elif isinstance(value, list) and "items" in node:
            found = (walk(each, node["items"], f"{path}/{index}") for index, each in enumerate(value))
        else:
            return None
        return next(filter(None, found), None)

    def fits(value, node):
        constants = {key: each["const"] for key, each in node["properties"].items() if "const" in each}
        return (all(value.get(key) == each for key, each in constants.items())
                and set(node.get("required", [])) <= set(value))

    return walk(document, schema(name), "")
