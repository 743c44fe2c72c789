package import MusterCore
internal import MusterWire

/// The agent's local journal: what it has begun, one summed line a note, in a file of the node's
/// data directory.
///
/// A note counts once it is durable. What a crash or a full disk left half written at the end is
/// cut off; a line in the middle that is not whole is left out and counted (its command belongs to
/// an earlier start, which no command is valid for any more). When the file has grown it is written
/// anew with what still matters. One thread at a time.
package struct LocalJournal {
    /// What the notes add up to.
    package private(set) var memory = AgentMemory()
    /// Lines in the middle that were not whole when it was opened.
    package private(set) var damaged = 0
    package private(set) var file: LocalFile
    /// The end of the last whole line.
    package private(set) var length = 0
    private var compactAt: Int
    /// Whether the folder is known to have the file for good.
    private var isKept = false
    private let keepNames: (@Sendable (String) throws(LocalProblem) -> Void)?

    /// - Parameters:
    ///   - compactAt: the bytes from which on it is written anew.
    ///   - keepNames: makes durable which files the folder of that path has; nil: by the disk.
    package init(
        _ path: String, compactAt: Int = 256 * 1024,
        keepNames: (@Sendable (String) throws(LocalProblem) -> Void)? = nil
    ) throws(LocalProblem) {
        self.compactAt = compactAt
        self.keepNames = keepNames
        file = try LocalFile.open(path)
        try keep()
        let bytes = try file.readAll(max: 64 << 20)
        fold(bytes)
        if length < bytes.count { try file.cut(to: length) }
    }

    private mutating func fold(_ bytes: [UInt8]) {
        let reader = JSONReader()
        var start = 0
        var unreadable = 0
        while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
            if let json = SummedLine.decode(bytes[start..<end]),
                // A whole line of an unknown kind is one of a newer program: left out like damage.
                let note = try? reader.read(json, .input, AgentNote.init(reading:))
            {
                memory.fold(note)
                damaged += unreadable
                unreadable = 0
                length = end + 1
            } else {
                unreadable += 1
            }
            start = end + 1
        }
    }

    /// Writes notes and makes them durable, all or none.
    ///
    /// - Throws: when there is no room, or the disk fails; then nothing was written, and the next
    ///   call tries again.
    package mutating func append(_ notes: [AgentNote]) throws(LocalProblem) {
        let bytes = notes.flatMap { SummedLine.encode($0.json) }
        try keep()
        do {
            try file.write(bytes, at: length)
        } catch {
            // What is there of it is no whole line, or was not promised: the next write begins at
            // the same place, and an opening cuts it off.
            try? file.cut(to: length)
            throw error
        }
        length += bytes.count
        for note in notes { memory.fold(note) }
    }

    /// Writes the file anew when it has grown.
    ///
    /// - Parameter moment: the broker's time, as far as it is known.
    /// - Throws: when that failed; the old file goes on as it was, or the new one does.
    package mutating func compact(at moment: Timestamp?) throws(LocalProblem) {
        guard length > compactAt else { return }
        if let moment { memory.forget(before: moment) }
        let bytes = memory.notes.flatMap { SummedLine.encode($0.json) }
        // Whatever happens now, the next try waits until the file has grown again.
        compactAt = max(compactAt, 2 * bytes.count)
        file = try LocalFile.replace(file.path, with: bytes)
        length = bytes.count
        isKept = false
        try keep()
    }

    /// Makes durable that the folder has this file. Until it is, a crash may bring the old file
    /// back, so that nothing may be promised that is in the new one only.
    private mutating func keep() throws(LocalProblem) {
        if isKept { return }
        if let keepNames {
            try keepNames(file.path)
        } else {
            try LocalFile.keepNames(of: file.path)
        }
        isKept = true
    }
}
