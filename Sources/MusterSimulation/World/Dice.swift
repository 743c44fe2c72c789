/// Random numbers that a seed makes the same in every process: SplitMix64 (Steele, Lea, Flood
/// 2014).
package struct Dice: Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }

    /// A number below `count`; 0 when there is none.
    package mutating func pick(_ count: Int) -> Int { Int(next() % UInt64(max(count, 1))) }

    /// One of those.
    package mutating func one<Element>(of all: [Element]) -> Element { all[pick(all.count)] }

    /// True in so many of a thousand cases.
    package mutating func happens(perMille: Int) -> Bool { perMille > 0 && pick(1000) < perMille }

    /// A time between two, in whole milliseconds.
    package mutating func time(_ low: Int64, _ high: Int64) -> Duration {
        .milliseconds(low + Int64(pick(Int(high - low + 1))))
    }
}
