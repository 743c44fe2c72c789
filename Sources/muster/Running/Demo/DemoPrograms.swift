import Glibc
import MusterCommandLine
import MusterRuntime

/// The programs that a demonstration runs, and what they get from the environment.
struct DemoPrograms: Sendable {
    /// This one.
    let muster: String
    let etcd: String
    /// Ours, without what would be taken for options of theirs.
    let environment: [String: String]

    /// - Throws: what is missing, and where it comes from.
    init(_ context: ProcessContext) throws(CommandError) {
        muster = try Self.resolve("/proc/self/exe")
        environment = context.environment.filter { name, _ in
            !name.hasPrefix("MUSTER_") && !name.hasPrefix("ETCD")
        }
        etcd = try Self.find("etcd", package: "etcd-server", context.environment)
    }

    /// - Throws: where it is missing.
    func etcdctl() throws(CommandError) -> String {
        try Self.find("etcdctl", package: "etcd-client", environment)
    }

    private static func find(
        _ program: String, package: String, _ environment: [String: String]
    ) throws(CommandError) -> String {
        let folders = (environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":")
        let paths = folders.map { "\($0)/\(program)" }
        guard let path = paths.first(where: { access($0, X_OK) == 0 }) else {
            throw CommandError(
                .failed, "there is no program \(program)",
                advice: "install it, on Debian with: apt-get install \(package)")
        }
        return try resolve(path)
    }

    /// The path without symbolic links.
    static func resolve(_ path: String) throws(CommandError) -> String {
        // The C library's copy, freed here.
        guard let real = realpath(path, nil) else {
            throw FileProblem.failed(String(cString: strerror(errno))).commandError(path)
        }
        defer { free(real) }
        return String(cString: real)
    }
}
