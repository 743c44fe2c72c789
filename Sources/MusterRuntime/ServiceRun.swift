import Dispatch
import Glibc
import Synchronization

/// Runs services together and stops them in reverse.
///
/// The array's order is the order of dependency: a service may use those before it. Each service is
/// a child task inside the scope of the one before it, so that leaving the scopes from the inside
/// out *is* the order of stopping, and no task is left without an owner:
///
/// ```
/// run A { run B { run C { wait for a stop } cancel C, await it } cancel B, await it } …
/// ```
package struct ServiceRun: Sendable {
    private let services: [Service]
    private let signals: [StopSignal]
    private let stopLimit: Duration?
    private let logger: Logger

    /// - Parameters:
    ///   - services: in the order of dependency.
    ///   - signals: which signals stop them. Empty for a program that has its own handling; only
    ///     one run at a time in a process may watch signals.
    ///   - stopLimit: how long stopping may take; then the process ends with exit code 1. nil: as
    ///     long as it takes.
    package init(
        _ services: [Service], signals: [StopSignal] = [.interrupt, .terminate],
        stopLimit: Duration? = .seconds(30), logger: Logger = Logger()
    ) {
        self.services = services
        self.signals = signals
        self.stopLimit = stopLimit
        self.logger = logger
    }

    /// Runs all services until a signal, `request`, the end of one of them or a failure, then stops
    /// them. A second signal ends the process at once, with exit code 130 or 143.
    ///
    /// Cancelling the task stops all services at once instead of one after the other.
    ///
    /// - Returns: why they were stopped.
    /// - Throws: `ServiceFailure`, for the service that threw first.
    @discardableResult
    package func run(stoppingOn request: StopRequest = StopRequest()) async throws -> StopCause {
        let watch =
            signals.isEmpty
            ? nil
            : StopSignalWatch(signals) { signal in
                logger.notice("stopping", ["signal": .text(signal.rawValue)])
                request.request(.signal(signal))
            }
        defer { watch?.end() }
        let progress = RunProgress(services.map(\.name))
        limitStopping(of: progress, on: request)
        await run(from: 0, request, progress)
        progress.end()
        let cause = request.cause ?? .asked
        if let failure = progress.failure { throw failure }
        return cause
    }

    private func run(
        from index: Int, _ request: StopRequest, _ progress: RunProgress
    ) async {
        guard index < services.count else {
            _ = await request.wait()
            return
        }
        let service = services[index]
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await run(service, request, progress) }
            await run(from: index + 1, request, progress)
            logger.debug("stopping a service", ["service": .text(service.name)])
            group.cancelAll()
            await group.waitForAll()
        }
    }

    private func run(
        _ service: Service, _ request: StopRequest, _ progress: RunProgress
    ) async {
        do {
            try await service.run()
            request.request(.ended(service: service.name))
        } catch is CancellationError where request.cause != nil {
            // It was asked to stop and says that it did.
        } catch {
            // Whoever runs the services is told of it too, and says it.
            logger.info(
                "a service failed", ["service": .text(service.name), "error": .of(error)])
            progress.fail(ServiceFailure(service: service.name, error: error))
            request.request(.failed(service: service.name))
        }
        progress.stopped(service.name)
    }

    private func limitStopping(of progress: RunProgress, on request: StopRequest) {
        guard let stopLimit else { return }
        let logger = logger
        request.observe { _ in
            let (seconds, attoseconds) = stopLimit.components
            let time =
                DispatchTime.now() + .seconds(Int(seconds))
                + .nanoseconds(Int(attoseconds / 1_000_000_000))
            // A queue of its own: what does not stop may be what holds all other threads.
            DispatchQueue(label: "muster.stop").asyncAfter(deadline: time) {
                guard let names = progress.unfinished else { return }
                logger.error(
                    "services did not stop in time; the process ends",
                    ["services": .text(names.joined(separator: ", ")), "limit": .of(stopLimit)])
                _exit(1)
            }
        }
    }
}

/// Which services still run, and the first failure.
private final class RunProgress: Sendable {
    private let state: Mutex<State>

    private struct State {
        var running: [String]
        var failure: ServiceFailure?
        var isOver = false
    }

    init(_ names: [String]) { state = Mutex(State(running: names)) }

    var failure: ServiceFailure? { state.withLock { $0.failure } }

    /// The names of the services that still run; nil when the run is over.
    var unfinished: [String]? { state.withLock { $0.isOver ? nil : $0.running } }

    func fail(_ failure: ServiceFailure) {
        state.withLock { if $0.failure == nil { $0.failure = failure } }
    }

    func stopped(_ name: String) {
        state.withLock { state in
            if let index = state.running.firstIndex(of: name) { state.running.remove(at: index) }
        }
    }

    func end() { state.withLock { $0.isOver = true } }
}
