/// How often each fault happens, in a thousand appends or reads.
package struct Faults: Sendable, Hashable {
    /// The append fails and never lands.
    package var failure = 0
    /// The append fails, and has landed.
    package var lostAnswer = 0
    /// The append fails, and lands later, behind appends that came after it.
    package var lateLanding = 0
    /// The append lands twice and completes with the first.
    package var double = 0
    /// The append and what this handle appends after it wait for up to `delayMax`, so that appends
    /// of other handles come before them.
    package var delay = 0
    /// A read waits for up to `delayMax` before it looks.
    package var lateRead = 0
    package var delayMax: Duration = .milliseconds(5)

    package init() {}

    /// A log that behaves.
    package static let none = Faults()

    /// A log that does everything wrong that a log may do.
    package static let many: Faults = {
        var faults = Faults()
        faults.failure = 40
        faults.lostAnswer = 40
        faults.lateLanding = 30
        faults.double = 40
        faults.delay = 60
        faults.lateRead = 100
        return faults
    }()
}
