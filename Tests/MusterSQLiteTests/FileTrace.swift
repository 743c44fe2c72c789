/// What happened to the files of a log, in order: what a program wrote, what it asked the disk to
/// keep, and what it took for kept.
struct FileTrace: Sendable {
    var steps: [Step] = []

    enum Step: Sendable {
        case create(File)
        case write(File, offset: Int, [UInt8])
        case truncate(File, size: Int)
        /// Everything written to the file before is durable; of a side file, the directory too.
        case sync(File)
        case delete(File, syncsDirectory: Bool)
        /// A mark of the program: so many appends were acknowledged.
        case acknowledged(Int)
    }

    /// The files of one log; what only lives in shared memory is none of them.
    enum File: Int, CaseIterable, Sendable {
        case main, wal, journal

        var suffix: String {
            switch self {
            case .main: ""
            case .wal: "-wal"
            case .journal: "-journal"
            }
        }
    }
}
