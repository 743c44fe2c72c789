package import MusterCore
internal import MusterWire

// Groups that come and go while the fleet runs: agents list them anew, and one says that a group is
// gone.

extension Fleet {
    /// Founds a group on a node that runs; every agent lists it from now on.
    package mutating func open(
        _ group: GroupID, on node: NodeID, capabilities: Capabilities, commit: UInt64,
        bytes: UInt64
    ) {
        found(group, on: node, capabilities: capabilities, commit: commit, bytes: bytes)
        listAnew()
    }

    /// Deletes a group with its data. The agent that led it says so; who leads none says it
    /// instead.
    package mutating func close(_ group: GroupID) {
        guard let model = groups[group] else { return }
        groups[group] = nil
        for node in nodes.keys {
            nodes.update(node) { known in
                known.servers[group] = nil
                known.copies[group] = nil
                known.told[group] = nil
                known.proposals.removeAll { $0.group == group }
            }
        }
        let members = model.members.keys.filter { nodes[$0]?.isUp == true }
        if let teller = model.leader ?? members.first, let identity = nodes[teller]?.identity {
            say(.fact(.groupDeleted(identity, group: group)))
        }
        listAnew()
    }

    private mutating func listAnew() {
        for (node, known) in nodes where known.isUp {
            nodes.update(node) { $0.groupsVersion += 1 }
            announce(node)
        }
    }
}
