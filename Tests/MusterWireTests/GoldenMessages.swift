import MusterCore
import MusterWire
import Testing

/// A message with the name of its golden files.
struct GoldenMessage: Sendable, CustomTestStringConvertible {
    let name: String
    let type: MessageType
    let record: OutgoingRecord

    var testDescription: String { name }
}

/// Every message once with everything that is optional, and the decisions of every cause.
enum GoldenMessages {
    static let all: [GoldenMessage] = inputs.map(\.golden) + journal + views

    struct Input: Sendable {
        let name: String
        let message: InputMessage

        var golden: GoldenMessage {
            GoldenMessage(name: name, type: message.type, record: message.outgoing(origin))
        }
    }

    static let origin = EventOrigin(
        id: "e-1", source: "/nodes/n3", time: Sample.time(0), correlation: "c-1",
        causation: "e-0", traceParent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        traceState: "vendor=1")

    static let inputs: [Input] = facts + heartbeats + requests

    private static func input(_ name: String, _ content: InputMessage.Content) -> Input {
        Input(name: name, message: InputMessage(Sample.cluster, content))
    }

    private static let facts: [Input] = {
        let identity = Sample.identity
        let opinion = NodeOpinion(node: Sample.n3, observer: Sample.alice, reason: "no route")
        let least = CommandReport(command: Sample.commandID, executor: identity, detail: "")
        let unsupported = CommandFailure(code: .unsupported, retryable: false, leaderHint: nil)
        let facts: [(String, Fact)] = [
            ("nodeUp", .nodeUp(Sample.up)), ("nodeUp.least", .nodeUp(Sample.upLeast)),
            ("nodeStopping", .nodeStopping(identity)),
            ("nodeReportedDown", .nodeReportedDown(opinion)),
            ("nodeReportedUp", .nodeReportedUp(opinion)),
            ("nodeLeaving", .nodeLeaving(identity, reason: "decommissioned")),
            ("groupObserved", .groupObserved(Sample.report)),
            ("groupDeleted", .groupDeleted(identity, group: Sample.g2)),
            ("syncStarted", .syncStarted(identity, group: Sample.g1, source: Sample.n1)),
            ("synced", .synced(identity, group: Sample.g1, index: LogIndex(.max))),
            (
                "syncFailed",
                .syncFailed(identity, group: Sample.g1, reason: "disk full", retryable: false)
            ),
            ("commandSucceeded", .commandSucceeded(Sample.commandReport)),
            ("commandFailed", .commandFailed(Sample.commandReport, Sample.failure)),
            ("commandFailed.least", .commandFailed(least, unsupported)),
            ("commandOutcomeUnknown", .commandOutcomeUnknown(least)),
        ]
        return facts.map { input($0.0, .fact($0.1)) }
    }()

    private static let heartbeats: [Input] = [
        input(
            "heartbeat",
            .heartbeat(
                Heartbeat(
                    identity: Sample.identity, boot: Sample.store(99),
                    copies: [
                        CopyProgress(group: Sample.g1, bytes: 1 << 40, bytesTotal: 1 << 41),
                        CopyProgress(group: Sample.g2, bytes: 0, bytesTotal: nil),
                    ]))),
        input(
            "heartbeat.least",
            .heartbeat(
                Heartbeat(identity: Sample.identity, boot: Sample.store(99), copies: []))),
        input("groupObserved.soft", .report(Sample.report)),
    ]

    private static let requests: [Input] = {
        let requests: [(String, Request.Action, Bool)] = [
            ("configureRequested", .configure(Sample.patch), true),
            ("configureRequested.least", .configure(PolicyPatch()), false),
            (
                "addRequested",
                .add(
                    node: Sample.n3, role: .voter, groups: .list([Sample.g2, Sample.g1]),
                    wipe: Sample.store(2)), true
            ),
            (
                "addRequested.least",
                .add(node: Sample.n3, role: .readonly, groups: .all, wipe: nil), false
            ),
            ("removeRequested", .remove(node: Sample.n3), true),
            ("promoteRequested", .promote(node: Sample.n3), true),
            ("demoteRequested", .demote(node: Sample.n3), true),
            ("transferRequested", .transfer(group: Sample.g1, to: Sample.n3), true),
            ("replaceRequested", .replace(node: Sample.n3, with: Sample.n1), true),
            ("replaceRequested.least", .replace(node: Sample.n3, with: nil), false),
            ("cancelRequested", .cancel(node: Sample.n3), true),
            ("extendRequested", .extend(node: Sample.n3, by: .seconds(90)), true),
            ("holdRequested", .hold(node: Sample.n3, lasting: .seconds(1800)), true),
            ("releaseRequested", .release(node: Sample.n3), true),
            ("pauseRequested", .pause(lasting: .seconds(7200)), true),
            ("resumeRequested", .resume, true),
            ("retryRequested", .retry(node: Sample.n3), true),
            ("approveRequested", .approve(MusterCore.Sequence(1844)), true),
            ("adoptRequested", .adopt(node: Sample.n1), true),
            ("adoptRequested.least", .adopt(node: nil), false),
            ("forgetRequested", .forget(node: Sample.n3), true),
        ]
        return requests.map { input($0.0, .request(Sample.request($0.1, full: $0.2))) }
    }()

    static let envelope = JournalEnvelope(
        cluster: Sample.cluster, sequence: MusterCore.Sequence(1844), previous: Sample.hash(4))

    /// A decision with the event that it answers, where there is one.
    static let decisions: [(name: String, decision: Decision, cause: CloudEvent?)] = {
        let position = Position(TopicPartition(.events, 3), Offset(17))
        let input = InputMessage(Sample.cluster, .fact(.nodeStopping(Sample.identity)))
        let value = input.outgoing(origin).value ?? []
        let event = CloudEvent(
            id: "e-1", source: "/nodes/n3", type: input.type.name, correlation: "c-1",
            traceParent: origin.traceParent, traceState: origin.traceState)
        let cause = Decision.Cause.input(
            position, appended: Sample.time(-2), event: event.structuredForm(value: value))
        let step = Subject.step(Sample.n3, Sample.g1)
        let least: [(String, Decision.Cause)] = [
            ("decision.liveness", .timer(.liveness)),
            ("decision.removal", .timer(.removal(Sample.n3))),
            ("decision.saga", .timer(.saga(Sample.n3))), ("decision.step", .timer(step)),
            ("decision.sight", .timer(.sight(Sample.blindness))),
            ("decision.sight.clear", .timer(.sight(nil))),
            ("decision.unreadable", .manager(.unreadable(position, appended: Sample.time(-2)))),
            (
                "decision.skipped",
                .manager(.skipped(MusterCore.Sequence(1843), Sample.hash(3), reason: "bad disk"))
            ),
            (
                "decision.inputsLost",
                .manager(
                    .inputsLost(
                        position.partition, from: Offset(17), next: Offset(40), reason: "a bad disk"
                    ))
            ),
        ]
        let full = Sample.decision(cause, Sample.events, full: true)
        return [("decision", full, event)]
            + least.map {
                ($0.0, Sample.decision($0.1, [.nodeReturned(Sample.n3)], full: false), nil)
            }
    }()

    private static let journal: [GoldenMessage] =
        decisions.map { name, decision, cause in
            let record = JournalRecord(envelope, decision)
            return GoldenMessage(
                name: name, type: .decision,
                record: record.outgoing(
                    value: record.bytes, hash: Sample.hash(5), cause: cause))
        } + [GoldenMessage(name: "journal", type: .journal, record: header.outgoing(partition: 3))]

    static let header = JournalHeader(log: Sample.store(77), partitions: 12)

    static let commands: [CommandRecord] = Sample.actions.map { action in
        CommandRecord(
            cluster: Sample.cluster, id: Sample.commandID, command: Sample.command(action),
            correlation: "c-1")
    }

    static let snapshots: [(name: String, snapshot: Snapshot)] = [
        (
            "snapshot",
            Snapshot(
                journalOffset: Offset(5000), headOffset: Offset(4990), foldVersion: 1,
                state: Sample.state)
        ),
        (
            "snapshot.least",
            Snapshot(
                journalOffset: Offset(1), headOffset: nil, foldVersion: 1,
                state: ClusterState(id: Sample.cluster, genesis: Sample.hash(1)))
        ),
    ]

    static let checkpoint: Checkpoint = {
        var positions = SortedMap<TopicPartition, Offset>()
        positions[TopicPartition(.events, 3)] = Offset(18)
        positions[TopicPartition(.requests, 3)] = Offset(2)
        return Checkpoint(
            partition: 3, positions: positions, journalFloor: Offset(4000), foldVersion: 1,
            clusters: [ClusterID(unchecked: "bills"), Sample.cluster])
    }()

    static let quarantined: [(name: String, record: QuarantineRecord)] = [
        (
            "quarantined",
            QuarantineRecord(
                UnreadableInput(
                    reason: .json(.number), sentence: "expected digits alone", pointer: "/start"),
                at: Position(TopicPartition(.events, 3), Offset(17)), key: [],
                headers: [
                    Header(name: Array("ce_id".utf8), value: [0xFF]),
                    Header(name: [], value: nil),
                ],
                value: Array(#"{"start":"-1"}"#.utf8), sha256: Sample.hash(9))
        ),
        (
            "quarantined.least",
            QuarantineRecord(
                UnreadableInput(
                    reason: .json(.syntax), sentence: "no JSON begins so", offset: 1),
                at: Position(TopicPartition(.requests, 0), Offset(0)), key: nil, headers: [],
                value: nil, sha256: Sample.hash(9))
        ),
    ]

    private static let views: [GoldenMessage] =
        commands.map {
            GoldenMessage(name: $0.type.shortName, type: $0.type, record: $0.outgoing())
        }
        + [Sample.n1, Sample.n3].compactMap { node in
            MemberRecord(Sample.state, node).map {
                GoldenMessage(
                    name: node == Sample.n3 ? "member" : "member.least", type: .member,
                    record: $0.outgoing(correlation: "c-1"))
            }
        }
        + snapshots.compactMap { name, snapshot in
            snapshot.outgoing().map { GoldenMessage(name: name, type: .snapshot, record: $0) }
        }
        + [
            GoldenMessage(name: "checkpoint", type: .checkpoint, record: checkpoint.outgoing())
        ]
        + quarantined.map {
            GoldenMessage(name: $0.name, type: .quarantined, record: $0.record.outgoing())
        }
}
