import MusterCommandLine
import MusterEngines
import MusterLog
import MusterManager
import MusterRuntime

/// `manager`: works until it is stopped.
enum ManagerCommand {
    static let command = Command(
        "manager", "run a manager: fold facts, decide, issue commands",
        discussion: """
            Any number of managers may run on one log; each is a standby of the others. Where the \
            log does not exist it is made. SIGTERM and SIGINT stop it in order: what is in flight \
            is read back and a checkpoint is written; a second one ends it at once.
            """,
        examples: [.init("manager --log sqlite:muster.db", "on a file in this folder")],
        options: [
            CommonOptions.partitions, CommonOptions.replication,
            CommandOption(
                "manager-group", value: "NAME", .text,
                "managers of one group share the partitions", default: "muster",
                isSetting: true),
            CommandOption(
                "checkpoint-interval", value: "TIME", .duration,
                "how often positions and snapshots are written", default: "5s", isSetting: true),
            CommandOption(
                flag: "allow-short-removal-delay",
                summary: "accept removal delays under 60 s, for tests and demonstrations",
                isSetting: true),
        ],
        exitCodes: [.notPermitted, .interrupted, .terminated]
    ) { call in
        var options = ManagerOptions()
        options.partitions = Int32(clamping: call.number("partitions") ?? 4)
        options.replication = try call.replication()
        options.group = call.text("manager-group") ?? options.group
        options.checkpointInterval =
            call.duration("checkpoint-interval") ?? options.checkpointInterval
        options.allowsShortRemovalDelay = call.flag("allow-short-removal-delay")
        options.version = call.program.version
        let supervisor = Supervisor(environment: call.context.environment)
        options.onReady = { _ = supervisor?.tell(.ready) }
        return try await call.withLog(for: .write) { log in
            let manager = Manager(log: log, options: options, logger: call.logger)
            do {
                try await ServiceRun(
                    [Service("manager") { try await manager.run() }], logger: call.logger
                ).run(stoppingOn: StopRequest(telling: supervisor))
            } catch let failure as ServiceFailure {
                throw failure.error
            }
            return .ok
        }
    }
}
