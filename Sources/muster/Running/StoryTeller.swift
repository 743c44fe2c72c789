import MusterCommandLine
import MusterCore
import MusterRuntime
import MusterSimulation

/// Prints the lines of a story as they come: on standard output where people read, else beside the
/// result.
struct StoryTeller: Sendable {
    private let call: Invocation
    private let start: Int64

    init(_ call: Invocation) {
        self.call = call
        start = call.context.now()
    }

    func tell(_ line: StoryLine) {
        let tenths = max(0, line.at.milliseconds - start) / 100
        let time = "\(tenths / 10).\(tenths % 10)"
        let padding = EscapedText(trusted: String(repeating: " ", count: max(0, 5 - time.count)))
        let text: EscapedText =
            line.subject == "story"
            ? "\(padding)\(time) s  -- \(line.text)"
            : "\(padding)\(time) s  \(line.subject): \(line.text)"
        switch call.output.form {
        case .table, .wide:
            // Nobody reads any more: the story goes on to its end all the same.
            try? call.output.print(text)
        case .json, .jsonl, .yaml, .name: call.output.note(text)
        }
    }
}
