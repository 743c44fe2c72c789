import Glibc
import MusterAgent
import MusterCommandLine
import MusterRuntime

/// The programs by which the agents of the demonstration start and stop their servers.
enum EtcdHooks {
    /// A file that a story puts in the way: it is read once, as a part of the program that starts a
    /// server.
    static let meeting = "muster-meeting"
    /// An etcd that elects within a second.
    static let pace = ["--heartbeat-interval", "50", "--election-timeout", "500"]

    /// Writes them into a folder, which is made.
    ///
    /// - Parameter etcd: the path of the program.
    static func write(
        to path: String, etcd: String, _ context: ProcessContext
    ) throws(CommandError) -> HookFolder {
        guard mkdir(path, 0o755) == 0 || errno == EEXIST else {
            throw FileProblem.failed(String(cString: strerror(errno))).commandError(path)
        }
        for (name, text) in [("startMember", startMember(etcd)), ("stopMember", stopMember)] {
            do throws(FileProblem) {
                try context.writeFile(path + "/" + name, text)
            } catch {
                throw error.commandError(path + "/" + name)
            }
            chmod(path + "/" + name, 0o755)
        }
        do throws(LocalProblem) {
            return try HookFolder(path)
        } catch {
            throw CommandError(error, "the hooks cannot be used")
        }
    }

    private static func startMember(_ etcd: String) -> String {
        let quoted = etcd.split(separator: "'", omittingEmptySubsequences: false)
            .joined(separator: "'\\''")
        return """
            #!/bin/sh
            # Starts the node's etcd, in a session of its own, so that it outlives the agent.
            set -eu
            # What the story puts in the way, once.
            meeting="$MUSTER_DATA/\(meeting)"
            if mv "$meeting" "$meeting.met" 2>/dev/null; then . "$meeting.met"; fi
            setsid '\(quoted)' --name "$MUSTER_ETCD_NAME" --data-dir "$MUSTER_DATA/etcd" \\
                --log-level warn --listen-client-urls "$MUSTER_ETCD_CLIENT_URL" \\
                --advertise-client-urls "$MUSTER_ETCD_CLIENT_URL" \\
                --listen-peer-urls "$MUSTER_ETCD_PEER_URL" \\
                --initial-advertise-peer-urls "$MUSTER_ETCD_PEER_URL" \\
                --initial-cluster "$MUSTER_ETCD_INITIAL_CLUSTER" \\
                --initial-cluster-state existing \(pace.joined(separator: " ")) \\
                >>"$MUSTER_DATA/muster-etcd.txt" 2>&1 </dev/null &
            echo $! >"$MUSTER_DATA/muster-etcd.pid"

            """
    }

    private static let stopMember = """
        #!/bin/sh
        set -eu
        if [ -e "$MUSTER_DATA/muster-etcd.pid" ]; then
            kill "$(cat "$MUSTER_DATA/muster-etcd.pid")" 2>/dev/null || true
            rm "$MUSTER_DATA/muster-etcd.pid"
        fi

        """
}
