import Dispatch
import Glibc
import Synchronization

/// A signal that asks the program to stop.
package enum StopSignal: String, CaseIterable, Sendable {
    /// SIGINT, a person's Ctrl-C.
    case interrupt
    /// SIGTERM, a supervisor's stop.
    case terminate

    var number: Int32 {
        switch self {
        case .interrupt: SIGINT
        case .terminate: SIGTERM
        }
    }

    /// The exit code that shells give to a program which this signal ended: 130 or 143.
    package var exitCode: Int32 { 128 + number }
}

/// Turns signals into calls, for as long as the value lives.
///
/// The handler writes the signal's number into a pipe, which is all that a signal handler may
/// safely do; a dispatch source reads the pipe on a queue of its own, so that signals are heard
/// even while every thread of the cooperative pool is busy. The second signal ends the process at
/// once. One watch at a time in a process.
final class StopSignalWatch {
    // Owned by this value: closed by the source's cancel handler, which runs after the last event.
    private let source: any DispatchSourceRead
    private let signals: [StopSignal]

    /// The pipe's writing end, for the handler, which can be given nothing; −1: no watch.
    private static let pipe = Atomic<Int32>(-1)

    /// - Parameter onSignal: called for the first signal, on a queue of the watch.
    init(_ signals: [StopSignal], onSignal: @escaping @Sendable (StopSignal) -> Void) {
        self.signals = signals
        var ends: [Int32] = [-1, -1]
        let made = Glibc.pipe(&ends)
        precondition(made == 0, "pipe failed: no file descriptor is left for signals")
        let (reading, writing) = (ends[0], ends[1])
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        let exchanged = Self.pipe.compareExchange(
            expected: -1, desired: writing, ordering: .sequentiallyConsistent)
        precondition(exchanged.exchanged, "two watches for signals in one process")
        let queue = DispatchQueue(label: "muster.signals", qos: .userInteractive)
        source = DispatchSource.makeReadSource(fileDescriptor: reading, queue: queue)
        let first = FirstSignal()
        source.setEventHandler {
            var number: UInt8 = 0
            while read(reading, &number, 1) == 1 {
                guard let signal = signals.first(where: { $0.number == Int32(number) }) else {
                    continue
                }
                if first.take() { onSignal(signal) } else { _exit(signal.exitCode) }
            }
        }
        source.setCancelHandler {
            close(reading)
            close(writing)
        }
        source.activate()
        for signal in signals { Self.handle(signal.number, with: Self.handler) }
    }

    /// Gives the signals back to their default, which ends the process.
    func end() {
        for signal in signals { Self.handle(signal.number, with: SIG_DFL) }
        Self.pipe.store(-1, ordering: .sequentiallyConsistent)
        source.cancel()
    }

    private static let handler: @convention(c) (Int32) -> Void = { number in
        let saved = errno
        var byte = UInt8(truncatingIfNeeded: number)
        write(StopSignalWatch.pipe.load(ordering: .sequentiallyConsistent), &byte, 1)
        errno = saved
    }

    private static func handle(_ number: Int32, with handler: __sighandler_t?) {
        var action = sigaction()
        action.__sigaction_handler.sa_handler = handler
        action.sa_flags = SA_RESTART
        sigaction(number, &action, nil)
    }

    /// Says yes once.
    private final class FirstSignal: Sendable {
        private let isTaken = Atomic<Bool>(false)
        func take() -> Bool { !isTaken.exchange(true, ordering: .sequentiallyConsistent) }
    }
}
