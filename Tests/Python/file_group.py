"""A Raft group that is a file: what hooks look at and change, where a test is about agents and hooks and not about Raft."""
import json
import os

PROGRAM = r'''#!/usr/bin/python3
"""observe and every change of the group in ../group.json, by the name under which it runs."""
import json, os, sys
node = os.path.basename(os.environ["MUSTER_DATA"].rstrip("/"))
place = os.path.join(os.path.dirname(os.environ["MUSTER_DATA"].rstrip("/")), "group.json")
group = json.load(open(place))
name = os.path.basename(sys.argv[0])
if name == "observe":
    members = group["members"]
    listed = [{"group": "g1", "applied": "100", "capabilities": group["capabilities"]}]
    if node not in members:
        if node not in group["copies"]:
            print(json.dumps({"blank": True}))
        else:
            state = "learner" if node in group["running"] else "stopped"
            print(json.dumps({"blank": False, "list": listed,
                              "groups": [{"group": "g1", "state": state, "term": "1", "applied": "100"}]}))
        sys.exit()
    leads = node == group["leader"]
    entry = {"group": "g1", "state": "leader" if leads else "follower" if members[node] == "voter" else "learner",
             "term": "1", "leader": group["leader"], "applied": "100"}
    if leads:
        entry["view"] = {
            "confirmed": True, "changePermitted": True, "pending": False, "version": {"term": "1", "index": str(group["index"])},
            "commit": "100", "members": [{"node": each, "role": role, "match": "100", "contactAge": "0"}
                                         for each, role in sorted(members.items(), key=lambda pair: pair[0].encode())]}
    print(json.dumps({"blank": False, "groups": [entry], "list": listed}))
else:
    target = os.environ["MUSTER_NODE"]
    if name == "removeMember":
        group["members"].pop(target, None)
    elif name in ("addMember", "promoteMember", "demoteMember"):
        group["members"][target] = "voter" if name == "promoteMember" else "learner"
    elif name == "transferLeadership":
        group["leader"] = json.load(sys.stdin).get("to", target)
    elif name in ("syncGroup", "startMember"):
        which = group["copies" if name == "syncGroup" else "running"]
        which.extend({target}.difference(which))
        group["index"] -= 1
    if name == "syncGroup":
        print('{"index":"100"}')
    group["index"] += 1
    group["log"].append([name, target])
    with open(place + ".new", "w") as file:
        json.dump(group, file)
    os.replace(place + ".new", place)
'''
KINDS = ["observe", "syncGroup", "startMember", "addMember", "promoteMember", "demoteMember", "removeMember", "transferLeadership"]


class FileGroup:
    """The group, with a directory of hooks for it."""

    def __init__(self, folder, voters):
        self.place = folder / "group.json"
        self.hooks = folder / "hooks"
        self.write({"leader": voters[0], "index": 1, "log": [], "members": {name: "voter" for name in voters}, "copies": [],
                    "running": [], "capabilities": {"seed": "external", "learnersMax": 1, "demote": True, "transfer": True}})
        self.hooks.mkdir(mode=0o755)
        for kind in KINDS:
            self.hook(kind, PROGRAM)
        # A server that is no member has nothing to stop here.
        self.hook("stopMember", "#!/bin/sh\nexit 0\n")

    def hook(self, kind, text, mode=0o755):
        """Puts a program in the place of another one, whole, also while that one runs."""
        path = self.hooks / kind
        new = path.with_name(f".{kind}")
        new.write_text(text)
        new.chmod(mode)
        new.rename(path)

    def write(self, group):
        new = self.place.with_suffix(".new")
        new.write_text(json.dumps(group))
        os.replace(new, self.place)

    def read(self):
        return json.loads(self.place.read_text())

    @property
    def members(self):
        return self.read()["members"]

    @property
    def log(self):
        return self.read()["log"]
