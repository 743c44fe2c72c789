import MusterCommandLine
import MusterCore
import MusterEngines
import MusterLog
import MusterRuntime

/// The checks of `doctor`, one after another, and what they saw.
struct Checkup {
    let call: Invocation
    private(set) var findings: [Finding] = []
    private var failure: ExitCode?

    init(call: Invocation) { self.call = call }

    struct Finding {
        let check: String
        let verdict: Verdict
        let sentence: String

        var value: ResultValue {
            .object([
                "check": .text(check), "verdict": .text(verdict.rawValue),
                "sentence": .text(sentence),
            ])
        }
    }

    enum Verdict: String, CaseIterable {
        case ok
        /// It works, and something should be done.
        case warning
        case failed
        /// It could not be looked at.
        case skipped
    }

    var isWell: Bool { !findings.contains { $0.verdict == .failed } }

    /// That of a log that does not answer, or 3 when anything failed.
    var exitCode: ExitCode { failure ?? (isWell ? .ok : .unhealthy) }

    mutating func run() async {
        let start = ContinuousClock.now
        do {
            let look = { (log: any EventLog) async throws -> Checkup in
                let took = ContinuousClock.now - start
                var inner = self
                inner.note(
                    "log", .ok,
                    "\(log.url) answers, in \(DurationText.text(milliseconds: took.milliseconds))")
                await inner.look(at: log)
                return inner
            }
            let found =
                call.flag("write")
                ? try await call.withExistingLog(look) : try await call.withLog(for: .read, look)
            self = found
        } catch {
            fail("log", error)
            failure = (error as? CommandError)?.exitCode ?? .failed
            for rest in ["versions", "topics", "rights", "clock", "journal", "lag", "quarantine"] {
                note(rest, .skipped, "the log does not answer")
            }
        }
    }

    private mutating func look(at log: any EventLog) async {
        await lookAtTopics(log)
        await lookAtRights(log)
        await lookAtClock(log)
        await lookAtJournal(log)
        await lookAtQuarantine(log)
    }

    private mutating func note(_ check: String, _ verdict: Verdict, _ sentence: String) {
        findings.append(Finding(check: check, verdict: verdict, sentence: sentence))
    }

    private mutating func fail(_ check: String, _ error: any Error) {
        let error = CommandError.of(error)
        let text = (error as? CommandError)?.message.text ?? String(describing: error)
        note(check, .failed, text)
    }

    // MARK: Topics

    private mutating func lookAtTopics(_ log: any EventLog) async {
        do {
            let report = try await log.inspect()
            let brokers =
                report.brokers.isEmpty ? "" : ", brokers " + report.brokers.joined(separator: ", ")
            note(
                "versions", .ok,
                "\(call.program.name) \(call.program.version), \(log.library)\(brokers)")
            noteTopics(report)
            if report.findings.isEmpty { note("topics", .ok, "all eight are as they should be") }
        } catch {
            note(
                "versions", .ok, "\(call.program.name) \(call.program.version), \(log.library)")
            fail("topics", error)
        }
    }

    private mutating func noteTopics(_ report: LogReport) {
        if report.topics.isEmpty {
            note("topics", .failed, "none exists; `muster topics create` or a manager makes them")
            return
        }
        for finding in report.findings {
            let name = finding.topic.name
            switch finding.severity {
            case .missing: note("topics", .failed, "\(name) does not exist: \(finding.cost)")
            case .blocking, .advice:
                note(
                    "topics", finding.severity == .blocking ? .failed : .warning,
                    "\(name) has \(finding.found), wanted is \(finding.wanted): \(finding.cost)")
            }
        }
    }

    /// Reads one record of each topic; writes where that was asked for.
    private mutating func lookAtRights(_ log: any EventLog) async {
        var readable: [String] = []
        for topic in Topic.allCases {
            do {
                let place = TopicPartition(topic, 0)
                let range = try await log.range(of: place)
                if !range.isEmpty {
                    _ = try await log.readOne(Position(place, range.lowerBound))
                }
                readable.append(topic.name)
            } catch LogError.topicMissing {
                continue
            } catch {
                fail("rights", error)
            }
        }
        if !readable.isEmpty {
            note("rights", .ok, "may read \(readable.joined(separator: ", "))")
        }
        if !call.flag("write") {
            note("rights", .skipped, "whether it may write is seen with --write")
        }
    }

    // MARK: Clock

    private static let clockMax: Duration = .seconds(5)

    private mutating func lookAtClock(_ log: any EventLog) async {
        if call.flag("write") { return await lookAtClockByWriting(log) }
        do {
            guard let newest = try await newest(log) else {
                return note("clock", .skipped, "the log holds no record to compare with")
            }
            let now = Timestamp(milliseconds: call.context.now())
            let ahead = newest - now
            if ahead > Self.clockMax {
                note(
                    "clock", .failed,
                    "the newest record lies \(DurationText.text(milliseconds: ahead.milliseconds)) "
                        + "ahead of this machine's clock; set the clocks by NTP")
            } else {
                note("clock", .ok, "no record lies ahead of this machine's clock")
            }
        } catch {
            fail("clock", error)
        }
    }

    private mutating func lookAtClockByWriting(_ log: any EventLog) async {
        for topic in [Topic.members, .snapshots] {
            do {
                let before = call.context.now()
                let record = NewRecord(
                    TopicPartition(topic, 0), key: Array("doctor".utf8), headers: [], value: nil)
                let place = try await log.append(record)
                let after = call.context.now()
                note("rights", .ok, "may write \(topic.name)")
                // Between before and after lies no difference.
                let stamp = place.appended.milliseconds
                let off = stamp < before ? before - stamp : max(0, stamp - after)
                let text = DurationText.text(milliseconds: off)
                if topic == .snapshots { continue }
                if .milliseconds(off) > Self.clockMax {
                    note(
                        "clock", .failed,
                        "this machine's clock is \(text) from the log's; set the clocks by NTP")
                } else {
                    note("clock", .ok, "this machine's clock is \(text) from the log's, at most")
                }
            } catch {
                fail("rights", error)
            }
        }
    }

    /// The newest record of the topics in which something is written all the time.
    private func newest(_ log: any EventLog) async throws -> Timestamp? {
        var newest: Timestamp?
        let counts = try await log.partitionCounts()
        for topic in [Topic.journal, .heartbeats, .events] {
            for number in 0..<(counts[topic] ?? 0) {
                let place = TopicPartition(topic, number)
                let range = try await log.range(of: place)
                guard !range.isEmpty else { continue }
                let last = Position(place, Offset(range.upperBound.value - 1))
                guard let record = try await log.readOne(last) else { continue }
                newest = max(newest ?? record.appended, record.appended)
            }
        }
        return newest
    }

    // MARK: The journal, and who works on it

    private mutating func lookAtJournal(_ log: any EventLog) async {
        do {
            let query = Query(
                call: call, log: log, projection: try await ProjectionLoader().load(log))
            let troubles = JournalTrouble.all(in: query.projection)
            for trouble in troubles { note("journal", .failed, trouble.sentence.text) }
            if troubles.isEmpty {
                note(
                    "journal", .ok,
                    "\(query.projection.clusters.count) clusters, each chain unbroken as far as it "
                        + "was read")
            }
            let backlog = try await Backlog.measure(query)
            let problems = backlog.problems(now: Timestamp(milliseconds: call.context.now()))
            for problem in problems { note("lag", .failed, problem.sentence) }
            if problems.isEmpty {
                note("lag", .ok, "\(backlog.count) inputs wait for a manager")
            }
        } catch {
            fail("journal", error)
            note("lag", .skipped, "without a journal nothing is known of it")
        }
    }

    private mutating func lookAtQuarantine(_ log: any EventLog) async {
        do {
            var count: UInt64 = 0
            for number in 0..<(try await log.partitionCounts()[.quarantine] ?? 0) {
                let range = try await log.range(of: TopicPartition(.quarantine, number))
                count += range.upperBound.value - range.lowerBound.value
            }
            if count == 0 {
                note("quarantine", .ok, "it is empty")
            } else {
                note(
                    "quarantine", .warning,
                    "\(count) records; `muster quarantine list` says why each is there")
            }
        } catch {
            fail("quarantine", error)
        }
    }
}
