package import MusterTesting

/// What is fuzzed: one kind of decoder with its promises.
package struct FuzzTarget: Sendable {
    package let name: String
    /// Its part of all inputs, in thousandths.
    package let share: Int
    /// How many records one input holds.
    package var size = 1
    /// Makes what one thread uses.
    package var make: @Sendable (FuzzCorpus) throws -> Body

    /// One thread's inputs and promises.
    package struct Body {
        /// Draws an input; the same for the same numbers.
        package var draw: (inout SeededGenerator) -> [UInt8]
        /// Decodes it and checks what must hold.
        ///
        /// - Throws: `FuzzFailure` for a promise that is broken.
        package var run: ([UInt8]) throws -> Tally
    }

    /// What became of an input, which may be several records.
    package struct Tally: Sendable {
        package var read = 0
        package var refused = 0

        static let read = Tally(read: 1)
        static let refused = Tally(refused: 1)

        package var inputs: Int { read + refused }

        package static func += (sum: inout Tally, more: Tally) {
            sum.read += more.read
            sum.refused += more.refused
        }
    }

    /// Everything that decodes what others wrote.
    package static let all: [FuzzTarget] = [
        inputs, manager, journal, fold, views, commands, localJournal, agentAnswers, configuration,
        words,
        kafka,
    ]
}
