// A writer that tests start as a process of its own and kill: it appends numbered records without a
// pause, many in flight, and says on standard output which were acknowledged.
//
//     muster-log-torture PATH WRITER FIRST
//
// Each acknowledged record is one line, "NUMBER OFFSET". The record lies in the topic events,
// partition 0; its key is WRITER, its value "WRITER NUMBER " and padding that the number decides.
// Every hundredth number is also written, as a key of few, to the compacted topic of members, and
// upkeep and leases are at work, so that a kill may hit those too.

import Dispatch
import Glibc
import MusterCore
import MusterLog
import MusterSQLite

/// Says it at once: a line that is only in a buffer dies with the process.
@Sendable func say(_ line: String, to descriptor: Int32 = STDOUT_FILENO) {
    let bytes = Array((line + "\n").utf8)
    _ = write(descriptor, bytes, bytes.count)
}

let arguments = CommandLine.arguments
guard arguments.count == 4, let first = Int(arguments[3]) else {
    say("usage: muster-log-torture PATH WRITER FIRST", to: STDERR_FILENO)
    exit(2)
}
let (path, writer) = (arguments[1], arguments[2])

do {
    var options = SQLiteLog.Options()
    options.upkeepInterval = .milliseconds(30)
    options.lease = .milliseconds(500)
    options.checkpointPages = 50
    let log = try await SQLiteLog.open(path: path, options: options)
    let owned = log.assignments(group: "torture", member: writer)
    let flight = DispatchSemaphore(value: 64)
    let events = TopicPartition(.events, 0)
    DispatchQueue.global().async {
        // Bounded, though no run gets there: the optimiser of Swift 6.3 never finishes with a
        // closure that cannot return.
        for number in first..<Int.max {
            flight.wait()
            let (current, size) = (number, number * 7919 % 3000)
            let value = "\(writer) \(current) " + String(repeating: "x", count: size)
            log.submit(NewRecord(events, key: Array(writer.utf8), value: Array(value.utf8))) {
                result in
                switch result {
                case .success(let appended): say("\(current) \(appended.offset)")
                case .failure(let error):
                    say("\(error)\n", to: STDERR_FILENO)
                    exit(1)
                }
                flight.signal()
            }
            if current % 100 == 0 {
                let key = Array("\(writer)\(current / 100 % 3)".utf8)
                log.submit(
                    NewRecord(
                        TopicPartition(.members, 0), key: key, value: Array("\(current)".utf8))
                ) { _ in }
            }
        }
    }
    for await _ in owned {}
} catch {
    say("\(error)\n", to: STDERR_FILENO)
    exit(1)
}
