internal import Glibc

// The one file of this module that reads and writes the disk by the C library's calls.

/// A file or folder of the node that cannot be used, as a sentence.
package struct LocalProblem: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
    package let kind: Kind

    /// What helps.
    package enum Kind: Hashable, Sendable {
        /// It is another's, or whose it is cannot be known: only a person can say.
        case identity
        /// Other rights of this user.
        case permission
        /// Another path: what was named does not exist, or is not what is meant.
        case name
        /// Room, a whole disk, or time.
        case fault
    }

    package init(_ description: String, _ kind: Kind = .fault) {
        self.description = description
        self.kind = kind
    }

    /// What the last call of the C library met with.
    static func last(_ path: String) -> LocalProblem {
        let code = errno
        return LocalProblem(
            "\(path): \(String(cString: strerror(code)))",
            code == EACCES || code == EPERM ? .permission : .fault)
    }
}

/// An open file, closed with its last reference. One thread at a time.
package final class LocalFile: Sendable {
    package let path: String
    package let descriptor: Int32

    private init(_ path: String, _ descriptor: Int32) {
        self.path = path
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// Opens for reading and writing; a file that is not there is made, for its owner only.
    static func open(_ path: String) throws(LocalProblem) -> LocalFile {
        LocalFile(path, try descriptor(of: path, O_RDWR | O_CREAT))
    }

    private static func descriptor(of path: String, _ flags: Int32) throws(LocalProblem) -> Int32 {
        let descriptor = Glibc.open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .last(path) }
        return descriptor
    }

    /// The whole file.
    static func read(_ path: String, max: Int) throws(LocalProblem) -> [UInt8]? {
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw .last(path)
        }
        return try LocalFile(path, descriptor).readAll(max: max)
    }

    func readAll(max: Int) throws(LocalProblem) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = pread(descriptor, &chunk, chunk.count, off_t(bytes.count))
            if count < 0 {
                if errno == EINTR { continue }
                throw .last(path)
            }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
            if bytes.count > max { throw LocalProblem("\(path) is larger than \(max) bytes") }
        }
    }

    /// Writes all of it at that place and makes it durable.
    func write(_ bytes: [UInt8], at offset: Int) throws(LocalProblem) {
        var done = 0
        while done < bytes.count {
            let rest = Array(bytes[done...])
            let count = pwrite(descriptor, rest, rest.count, off_t(offset + done))
            if count < 0 {
                if errno == EINTR { continue }
                throw .last(path)
            }
            done += count
        }
        if fdatasync(descriptor) != 0 { throw .last(path) }
    }

    func cut(to length: Int) throws(LocalProblem) {
        if ftruncate(descriptor, off_t(length)) != 0 { throw .last(path) }
    }

    /// Takes the file for this process.
    ///
    /// - Returns: false when another process has it.
    func lock() -> Bool { flock(descriptor, LOCK_EX | LOCK_NB) == 0 }

    /// Gives it back, whoever still has the file open: also a program that is just being started.
    func unlock() { _ = flock(descriptor, LOCK_UN) }

    /// Puts a file in the place of another one: after a crash it is the one or the other, whole.
    /// The new one for sure once `keepNames` has succeeded.
    ///
    /// - Returns: the new one.
    static func replace(_ path: String, with bytes: [UInt8]) throws(LocalProblem) -> LocalFile {
        let new = path + ".new"
        let file = LocalFile(path, try descriptor(of: new, O_RDWR | O_CREAT | O_TRUNC))
        try file.write(bytes, at: 0)
        if rename(new, path) != 0 { throw .last(path) }
        return file
    }

    /// Makes durable which files a folder has.
    static func keepNames(of path: String) throws(LocalProblem) {
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        let descriptor = Glibc.open(
            folder.isEmpty ? "/" : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .last(folder) }
        defer { close(descriptor) }
        if fsync(descriptor) != 0 { throw .last(folder) }
    }

    /// The names in a folder, in order, without `.` and `..`.
    static func names(in folder: String) throws(LocalProblem) -> [String] {
        guard let stream = opendir(folder) else { throw .last(folder) }
        defer { closedir(stream) }
        var names: [String] = []
        // An entry belongs to the stream, and is valid until the next one is read.
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Makes the folder and those above it.
    static func makeFolder(_ path: String) throws(LocalProblem) {
        var folder = path.hasPrefix("/") ? "/" : ""
        for name in path.split(separator: "/") {
            folder += name + "/"
            if mkdir(folder, 0o700) != 0, errno != EEXIST { throw .last(folder) }
        }
    }
}
