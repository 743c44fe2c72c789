import MusterCore
import Synchronization

extension MemoryStore {
    /// Gives a member these journal partitions, whatever the group's other members have; nil takes
    /// the script back. Without a script the members of a group share all partitions evenly, by
    /// name.
    package func assign(_ partitions: Set<Int32>?, to member: String) {
        state.withLock { state in
            state.script[member] = partitions
            state.share()
        }
    }

    /// A number for a member to come.
    func newMember() -> UInt64 {
        state.withLock { state in
            state.memberNext += 1
            return state.memberNext
        }
    }

    func join(_ member: Member) {
        state.withLock { state in
            state.members.append(member)
            state.share()
        }
    }

    func leave(_ id: UInt64) {
        state.withLock { state in
            state.members.removeAll { $0.id == id }
            state.share()
        }
    }
}

extension MemoryStore.State {
    /// Tells every member whose set has changed.
    mutating func share() {
        let journal = topics.first { $0.topic == .journal }?.partitions ?? 0
        for index in members.indices {
            let member = members[index]
            let names = members.filter { $0.group == member.group }.map(\.name)
            let owned =
                script[member.name]
                ?? PartitionShare.share(of: member.name, among: names, partitions: journal)
            if owned == member.last { continue }
            members[index].last = owned
            member.stream.yield(owned)
        }
    }
}
