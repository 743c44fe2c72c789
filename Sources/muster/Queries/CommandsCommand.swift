import MusterCommandLine
import MusterCore

/// `commands`: what agents are to do.
enum CommandsCommand {
    static let command = Command(
        "commands", "list the commands whose outcome is not known yet",
        examples: [
            .init("commands", "what is under way"), .init("commands -o wide", "with deadlines"),
        ],
        options: [CommonOptions.cluster], exitCodes: [.notFound],
        shape: .object([.init("commands", .array(shape), "the commands, by id")]),
        layout: .table(
            "commands", name: "id", empty: "no commands are outstanding",
            [
                .init("COMMAND", "id"), .init("ACTION", "action"), .init("GROUP", "group"),
                .init("NODE", "node"), .init("EXECUTOR", "executor"),
                .init("STATE", "state", tones: ["inDoubt": .warning]),
                .init("ISSUED", "issued"), .init("ATTEMPT", "attempt"),
                .init("BEGIN BEFORE", "notAfter", wide: true),
                .init("REPORTED", "reported", wide: true), .init("SAGA", "saga", wide: true),
                .init("CLUSTER", "cluster", wide: true),
            ])
    ) { call in
        try await Query.run(call) { query in
            let state = try query.cluster()
            var all: [(id: CommandID, value: ResultValue)] = []
            for saga in state.sagas.values {
                let steps = [saga.whole].compactMap { $0 } + saga.steps.values
                for step in steps {
                    guard let outstanding = step.outstanding else { continue }
                    all.append((outstanding.id, value(outstanding, step, saga, state)))
                }
            }
            all.sort { $0.id < $1.id }
            try call.show(.object(["commands": .array(all.map(\.value))]))
            return .ok
        }
    }

    private static let shape: ResultShape = .object([
        .init("cluster", .text, "the cluster's name"),
        .init("id", .text, "the command's id"),
        .init("action", .text, "what is to be done"),
        .init("group", .text, "the group that is changed", isOptional: true),
        .init("node", .text, "the member that is changed"),
        .init("executor", .text, "the node whose agent acts"),
        .init(
            "state", .word(["issued", "reported", "inDoubt"]),
            "reported: done by its agent's word, to be observed"),
        .init("issued", .time, "when it was issued"),
        .init("reported", .time, "when its agent reported it done", isOptional: true),
        .init("notAfter", .time, "the last moment at which the agent may begin"),
        .init("attempt", .number, "which try it is, from 1"),
        .init("saga", .word(Saga.Kind.allCases.map(\.rawValue)), "the change it belongs to"),
    ])

    private static func value(
        _ outstanding: Outstanding, _ step: Step, _ saga: Saga, _ state: ClusterState
    ) -> ResultValue {
        var word = outstanding.succeeded == nil ? "issued" : "reported"
        if case .inDoubt = step.phase { word = "inDoubt" }
        let command = outstanding.command
        return .object([
            "cluster": .name(state.id), "id": .text("\(outstanding.id)"),
            "action": .text(command.action.name), "group": command.group.map { .name($0) },
            "node": .name(command.node), "executor": .name(command.executor.node),
            "state": .text(word), "issued": .time(outstanding.issued),
            "reported": outstanding.succeeded.map { .time($0) },
            "notAfter": .time(command.notAfter), "attempt": .number(Int64(command.attempt)),
            "saga": .text(saga.kind.rawValue),
        ])
    }
}
