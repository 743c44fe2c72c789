/// One part of the story of `muster demo etcd`. Each can be told alone: what it needs is made
/// first.
struct EtcdPart: Sendable {
    /// What `--part` calls it.
    let name: String
    /// What happens, in one sentence.
    let sentence: String
    /// How many voters there must be before it.
    let voters: Int
    let play: @Sendable (EtcdStory) async throws -> EtcdStory.End

    private init(
        _ name: String, voters: Int = 3, _ sentence: String,
        _ play: @escaping @Sendable (EtcdStory) async throws -> EtcdStory.End
    ) {
        self.name = name
        self.sentence = sentence
        self.voters = voters
        self.play = play
    }

    /// What every story begins with.
    static let first = EtcdPart(
        "form", voters: 0,
        "three etcd servers start, and an agent beside each: Muster finds them, and does nothing"
    ) { try await $0.form() }

    /// All parts, in the order of the story, in which few machines have to be added between them.
    static let all = [
        first,
        EtcdPart(
            "join",
            "a fourth and a fifth are asked for at once: each a learner first, then its server, "
                + "then a vote when it has caught up"
        ) { try await $0.join() },
        EtcdPart(
            "restart",
            "all restart, one after the other, each within the removal delay: nothing changes"
        ) { try await $0.restart() },
        EtcdPart(
            "return", voters: 4,
            "the machine of one is lost, and returns within the delay: its removal is cancelled"
        ) { try await $0.returnInTime() },
        EtcdPart(
            "lose", voters: 4,
            "kill -9 of one, server and agent: removed when its deadline has passed, not before"
        ) { try await $0.lose() },
        EtcdPart(
            "leader", voters: 4,
            "a person removes the leader: its leadership is moved first"
        ) { try await $0.removeLeader() },
        EtcdPart(
            "replace",
            "a machine is lost and comes back under its name with an empty disk: the old disk's "
                + "member is removed, the new disk joins"
        ) { try await $0.replace() },
        EtcdPart(
            "manager",
            "the manager is killed in the middle of a step of a join: the next one goes on"
        ) { try await $0.killManager() },
        EtcdPart(
            "agent",
            "an agent is killed in the middle of a command: started again, it begins none twice"
        ) { try await $0.killAgent() },
        EtcdPart(
            "two", voters: 5,
            "two machines are lost at once, the leader among them: both are removed after the "
                + "delay, one after the other"
        ) { try await $0.loseTwo() },
        EtcdPart(
            "drift", voters: 4,
            "somebody removes a member and adds another with etcdctl, behind Muster's back: it is "
                + "adopted and told, and nobody is added again"
        ) { try await $0.drift() },
        EtcdPart(
            "silence",
            "the log stands still for longer than every deadline: nobody is removed when it is back"
        ) { try await $0.silence() },
    ]
}
