import Glibc

/// Threads of the engines: blocking C calls run on these and never on the cooperative pool.
package enum EngineThread {
    /// Runs `body` on a thread of its own, which ends with it.
    ///
    /// A write to a pipe or a socket that nobody reads any more fails there with `EPIPE`: SIGPIPE,
    /// which would end a program that embeds us, is held back on these threads, and ends with them.
    package static func start(_ body: @escaping @Sendable () -> Void) {
        // Owner of the box: the thread that starts, which takes it and lets it go when `body` is
        // done.
        let box = Unmanaged.passRetained(Body(body))
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        var thread = pthread_t()
        let code = pthread_create(
            &thread, &attributes,
            { argument in
                EngineThread.holdBackBrokenPipes()
                if let argument {
                    Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
                }
                return nil
            }, box.toOpaque())
        precondition(code == 0, "no thread could be made: error \(code)")
    }

    private static func holdBackBrokenPipes() {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
    }

    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }
}
