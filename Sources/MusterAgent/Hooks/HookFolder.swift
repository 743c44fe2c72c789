internal import Glibc
internal import MusterCore
internal import MusterWire

/// The directory of the programs that carry commands out, one named after each kind of command.
///
/// What runs is decided here, on this machine, and never by a topic. Nobody but root and the
/// agent's own user may have been able to change a program: neither it nor a folder above it is
/// writable by others, and no symbolic link leads out of the directory. That is checked before
/// every run.
package struct HookFolder: Sendable {
    /// The directory, without symbolic links.
    package let path: String

    /// - Throws: a sentence that says what is wrong with the directory.
    package init(_ path: String) throws(LocalProblem) {
        guard path.hasPrefix("/") else {
            throw LocalProblem("the directory of hooks \(path) must be an absolute path", .name)
        }
        self.path = try Self.resolve(path)
        try Self.checkFolders(to: self.path)
    }

    /// Where the program of that name is; nil when there is none.
    ///
    /// - Throws: why it may not be run.
    func program(_ name: String) throws(LocalProblem) -> String? {
        let place = path + "/" + name
        if access(place, F_OK) != 0, errno == ENOENT { return nil }
        let real = try Self.resolve(place)
        guard real.hasPrefix(path + "/") else {
            throw LocalProblem("\(place) leads out of the directory, to \(real): it is not run")
        }
        // A link may lead into a folder of the directory: that one counts too.
        try Self.checkFolders(to: real.lastIndex(of: "/").map { String(real[..<$0]) } ?? path)
        let state = try Self.check(real)
        guard state.st_mode & S_IFMT == S_IFREG else {
            throw LocalProblem("\(real) is no file: it is not run")
        }
        guard access(real, X_OK) == 0 else {
            throw LocalProblem("\(real) is not executable: it is not run")
        }
        return real
    }

    /// Names that programs might take for something else.
    ///
    /// - Returns: why the command is not handed to a program; nil when it may be.
    static func refusal(of command: Command) -> String? {
        var names = [command.node.text, command.executor.node.text]
        if let group = command.group { names.append(group.text) }
        switch command.action {
        case .syncGroup(let source, _): names.append(source.text)
        case .transferLeadership(let target): names.append(target.text)
        case .prepareNode, .startMember, .stopMember, .addMember, .promoteMember,
            .demoteMember, .removeMember, .observeGroup:
            break
        }
        let bad = names.first { name in
            name.hasPrefix("-") || name == "." || name.contains("..")
                || name.utf8.contains { $0 < 0x20 || $0 == 0x7F || $0 == UInt8(ascii: "/") }
        }
        return bad.map { "the name \(JSONExcerpt.quoted($0)) is not handed to a program" }
    }

    private static func resolve(_ path: String) throws(LocalProblem) -> String {
        guard let real = realpath(path, nil) else {
            let isMissing = errno == ENOENT || errno == ENOTDIR
            let problem = LocalProblem.last(path)
            throw isMissing ? LocalProblem(problem.description, .name) : problem
        }
        defer { free(real) }
        return String(cString: real)
    }

    private static func checkFolders(to path: String) throws(LocalProblem) {
        var folder = path
        while true {
            let state = try check(folder)
            guard state.st_mode & S_IFMT == S_IFDIR else {
                throw LocalProblem("\(folder) is no directory", .name)
            }
            guard let slash = folder.lastIndex(of: "/"), folder != "/" else { return }
            folder = slash == folder.startIndex ? "/" : String(folder[..<slash])
        }
    }

    /// Nobody else may change it. A folder where only owners may rename and delete (the sticky bit)
    /// keeps what is in it.
    @discardableResult
    private static func check(_ path: String) throws(LocalProblem) -> stat {
        var state = stat()
        guard lstat(path, &state) == 0 else { throw .last(path) }
        guard state.st_uid == 0 || state.st_uid == geteuid() else {
            throw LocalProblem(
                "\(path) belongs to the user \(state.st_uid), not to root or to the agent's own",
                .permission)
        }
        let isSticky = state.st_mode & S_IFMT == S_IFDIR && state.st_mode & S_ISVTX != 0
        if state.st_mode & (S_IWGRP | S_IWOTH) != 0 && !isSticky {
            throw LocalProblem(
                "\(path) is writable by others: nothing in it is run", .permission)
        }
        return state
    }
}
