package import MusterRuntime
import Synchronization

/// Lines on standard error that are painted anew as what they say changes: what is under way, a
/// line for each part of it. On a terminal only; elsewhere nothing is said.
package final class LiveLines: Sendable {
    /// One line, and how it is coloured where colour is wanted.
    package struct Line: Sendable {
        package let text: EscapedText
        package let tone: Tone

        package init(_ text: EscapedText, _ tone: Tone = .plain) {
            self.text = text
            self.tone = tone
        }
    }

    /// Whether anything is ever painted.
    package let isShown: Bool
    private let context: ProcessContext
    private let hasColor: Bool
    /// How many lines stand on the terminal.
    private let painted = Mutex(0)

    /// More lines than that would push what was said before off a small terminal.
    private static let countMax = 12

    package init(_ context: ProcessContext) {
        self.context = context
        isShown = context.errorIsTerminal && context.environment["TERM"] != "dumb"
        hasColor = Output.decideColor(
            nil, environment: context.environment, isTerminal: context.errorIsTerminal)
    }

    /// Paints the lines in the place of those that stand there.
    package func show(_ lines: [Line]) {
        guard isShown, !lines.isEmpty else { return }
        var shown = lines
        if lines.count > Self.countMax {
            let rest = lines.count - Self.countMax + 1
            shown = lines.prefix(Self.countMax - 1) + [Line("… and \(rest) more")]
        }
        painted.withLock { count in
            let text = shown.map { line in
                let cut = TerminalCells.cut(line.text.text, to: context.width - 1)
                return (hasColor ? line.tone.paint(cut) : cut) + "\u{1B}[K"
            }.joined(separator: "\n")
            context.writeError(Self.home(count) + text + "\u{1B}[J")
            count = shown.count
        }
    }

    /// Takes the lines away.
    package func end() {
        painted.withLock { count in
            if count > 0 { context.writeError(Self.home(count) + "\u{1B}[J") }
            count = 0
        }
    }

    /// To the first of the painted lines.
    private static func home(_ count: Int) -> String {
        count > 1 ? "\r\u{1B}[\(count - 1)A" : "\r"
    }
}
