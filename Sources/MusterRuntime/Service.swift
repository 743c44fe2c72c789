/// Something long-lived: a name and one `run` that works until it is cancelled.
package struct Service: Sendable {
    /// What log lines and errors call it.
    package let name: String

    let run: @Sendable () async throws -> Void

    /// - Parameter run: works until its task is cancelled, then puts its affairs in order and
    ///   returns or throws `CancellationError`. Returning before that asks the whole program to
    ///   stop; throwing does too, and is the program's failure.
    package init(_ name: String, run: @escaping @Sendable () async throws -> Void) {
        self.name = name
        self.run = run
    }
}

/// A service threw: the program stops because of it.
package struct ServiceFailure: Error, CustomStringConvertible {
    /// The service's name.
    package let service: String
    /// What it threw.
    package let error: any Error

    package var description: String { "\(service): \(error)" }
}

/// Why the services were stopped.
package enum StopCause: Hashable, Sendable {
    /// A signal asked for it.
    case signal(StopSignal)
    /// Somebody called `StopRequest.stop()`, or the task was cancelled.
    case asked
    /// The named service had nothing left to do.
    case ended(service: String)
    /// The named service threw.
    case failed(service: String)
}
