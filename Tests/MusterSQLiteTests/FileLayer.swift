import CSQLite
import Foundation

/// A SQLite file layer that passes everything to the system's, records it, and can fail on demand.
///
/// The one file of these tests that reaches the C library. Owner of the C structures: this object,
/// which registers them at `init` and lives, by a reference that is never given back, as long as
/// the process, because connections may outlast a test. Thread: any; what changes is guarded by
/// `lock`, hence `@unchecked Sendable`.
final class FileLayer: @unchecked Sendable {
    let name = "muster-test-\(UUID().uuidString)"
    private let lock = NSLock()
    private var trace = FileTrace()
    private var failure: Failure?
    private let system: UnsafeMutablePointer<sqlite3_vfs>
    private let methods = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 1)

    /// What goes wrong from now on.
    enum Failure: Sendable {
        case noSpace
        case syncFails
    }

    /// What SQLite allocates for a file begins with this; the system's own part follows.
    private struct Head {
        var file: sqlite3_file
        var layer: Unmanaged<FileLayer>
        var kind: Int

        static let size = MemoryLayout<Head>.stride
    }

    init?() {
        guard let system = sqlite3_vfs_find(nil) else { return nil }
        self.system = system
        methods.initialize(to: FileLayer.makeMethods())
        let vfs = UnsafeMutablePointer<sqlite3_vfs>.allocate(capacity: 1)
        vfs.initialize(to: system.pointee)
        vfs.pointee.pNext = nil
        vfs.pointee.zName = UnsafePointer(strdup(name))
        vfs.pointee.szOsFile = system.pointee.szOsFile + Int32(Head.size)
        vfs.pointee.pAppData = Unmanaged.passRetained(self).toOpaque()
        vfs.pointee.xOpen = { vfs, name, file, flags, outFlags in
            guard let file, let layer = FileLayer.of(vfs) else { return SQLITE_CANTOPEN }
            return layer.open(name, file, flags, outFlags)
        }
        vfs.pointee.xDelete = { vfs, name, syncsDirectory in
            guard let layer = FileLayer.of(vfs), let name else { return SQLITE_IOERR }
            return layer.delete(name, syncsDirectory)
        }
        sqlite3_vfs_register(vfs, 0)
    }

    /// What was done so far.
    var recorded: FileTrace { lock.withLock { trace } }

    func mark(_ step: FileTrace.Step) {
        lock.withLock { trace.steps.append(step) }
    }

    func fail(with failure: Failure?) {
        lock.withLock { self.failure = failure }
    }

    private func isFailing(_ kind: Failure) -> Bool {
        lock.withLock { failure.map { $0 == kind } ?? false }
    }
}

extension FileLayer {
    private static func of(_ vfs: UnsafeMutablePointer<sqlite3_vfs>?) -> FileLayer? {
        guard let data = vfs?.pointee.pAppData else { return nil }
        return Unmanaged<FileLayer>.fromOpaque(data).takeUnretainedValue()
    }

    private static func head(_ file: UnsafeMutablePointer<sqlite3_file>)
        -> UnsafeMutablePointer<Head>
    {
        UnsafeMutableRawPointer(file).assumingMemoryBound(to: Head.self)
    }

    /// The system's part of the file.
    private static func inner(_ file: UnsafeMutablePointer<sqlite3_file>)
        -> UnsafeMutablePointer<sqlite3_file>
    {
        UnsafeMutableRawPointer(file).advanced(by: Head.size)
            .assumingMemoryBound(to: sqlite3_file.self)
    }

    private func open(
        _ name: UnsafePointer<CChar>?, _ file: UnsafeMutablePointer<sqlite3_file>, _ flags: Int32,
        _ outFlags: UnsafeMutablePointer<Int32>?
    ) -> Int32 {
        let kind: FileTrace.File? =
            if flags & SQLITE_OPEN_MAIN_DB != 0 { .main } else if flags & SQLITE_OPEN_WAL != 0 {
                .wal
            } else if flags & SQLITE_OPEN_MAIN_JOURNAL != 0 { .journal } else { nil }
        let isNew = name.map { access($0, F_OK) != 0 } ?? false
        FileLayer.head(file).initialize(
            to: Head(
                file: sqlite3_file(pMethods: nil), layer: .passUnretained(self),
                kind: kind?.rawValue ?? -1))
        let inner = FileLayer.inner(file)
        let code = system.pointee.xOpen(system, name, inner, flags, outFlags)
        if inner.pointee.pMethods != nil { file.pointee.pMethods = UnsafePointer(methods) }
        if code == SQLITE_OK, let kind, isNew { mark(.create(kind)) }
        return code
    }

    private func delete(_ name: UnsafePointer<CChar>, _ syncsDirectory: Int32) -> Int32 {
        let code = system.pointee.xDelete(system, name, syncsDirectory)
        let path = String(cString: name)
        for kind in [FileTrace.File.wal, .journal] where path.hasSuffix(kind.suffix) {
            if code == SQLITE_OK { mark(.delete(kind, syncsDirectory: syncsDirectory != 0)) }
        }
        return code
    }

    private func write(
        _ file: UnsafeMutablePointer<sqlite3_file>, _ bytes: UnsafeRawPointer?, _ count: Int32,
        _ offset: Int64
    ) -> Int32 {
        if isFailing(.noSpace) { return SQLITE_FULL }
        let inner = FileLayer.inner(file)
        let code = inner.pointee.pMethods.pointee.xWrite(inner, bytes, count, offset)
        if code == SQLITE_OK, let kind = FileTrace.File(rawValue: FileLayer.head(file).pointee.kind)
        {
            let copy = [UInt8](UnsafeRawBufferPointer(start: bytes, count: Int(count)))
            mark(.write(kind, offset: Int(offset), copy))
        }
        return code
    }

    private func sync(_ file: UnsafeMutablePointer<sqlite3_file>, _ flags: Int32) -> Int32 {
        if isFailing(.syncFails) { return SQLITE_IOERR | (4 << 8) }
        let inner = FileLayer.inner(file)
        let code = inner.pointee.pMethods.pointee.xSync(inner, flags)
        if code == SQLITE_OK, let kind = FileTrace.File(rawValue: FileLayer.head(file).pointee.kind)
        {
            mark(.sync(kind))
        }
        return code
    }

    private func truncate(_ file: UnsafeMutablePointer<sqlite3_file>, _ size: Int64) -> Int32 {
        let inner = FileLayer.inner(file)
        let code = inner.pointee.pMethods.pointee.xTruncate(inner, size)
        if code == SQLITE_OK, let kind = FileTrace.File(rawValue: FileLayer.head(file).pointee.kind)
        {
            mark(.truncate(kind, size: Int(size)))
        }
        return code
    }

    private static func layer(_ file: UnsafeMutablePointer<sqlite3_file>) -> FileLayer {
        head(file).pointee.layer.takeUnretainedValue()
    }

    private static func makeMethods() -> sqlite3_io_methods {
        var methods = sqlite3_io_methods()
        methods.iVersion = 2
        methods.xClose = { file in
            guard let file else { return SQLITE_IOERR }
            let inner = FileLayer.inner(file)
            return inner.pointee.pMethods.pointee.xClose(inner)
        }
        methods.xRead = { file, bytes, count, offset in
            guard let file else { return SQLITE_IOERR }
            let inner = FileLayer.inner(file)
            return inner.pointee.pMethods.pointee.xRead(inner, bytes, count, offset)
        }
        methods.xWrite = { file, bytes, count, offset in
            guard let file else { return SQLITE_IOERR }
            return FileLayer.layer(file).write(file, bytes, count, offset)
        }
        methods.xTruncate = { file, size in
            guard let file else { return SQLITE_IOERR }
            return FileLayer.layer(file).truncate(file, size)
        }
        methods.xSync = { file, flags in
            guard let file else { return SQLITE_IOERR }
            return FileLayer.layer(file).sync(file, flags)
        }
        addPlainMethods(to: &methods)
        return methods
    }

    /// Those that are only passed on.
    private static func addPlainMethods(to methods: inout sqlite3_io_methods) {
        methods.xFileSize = { file, size in
            guard let file else { return SQLITE_IOERR }
            let inner = FileLayer.inner(file)
            return inner.pointee.pMethods.pointee.xFileSize(inner, size)
        }
        methods.xLock = { file, level in
            guard let file else { return SQLITE_IOERR }
            let inner = FileLayer.inner(file)
            return inner.pointee.pMethods.pointee.xLock(inner, level)
        }
        methods.xUnlock = { file, level in
            guard let file else { return SQLITE_IOERR }
            let inner = FileLayer.inner(file)
            return inner.pointee.pMethods.pointee.xUnlock(inner, level)
        }
        methods.xCheckReservedLock = { file, answer in
            guard let file else { return SQLITE_IOERR }
            let inner = FileLayer.inner(file)
            return inner.pointee.pMethods.pointee.xCheckReservedLock(inner, answer)
        }
        methods.xFileControl = { file, operation, argument in
            guard let file else { return SQLITE_IOERR }
            let inner = FileLayer.inner(file)
            return inner.pointee.pMethods.pointee.xFileControl(inner, operation, argument)
        }
        methods.xSectorSize = { file in
            guard let file else { return 512 }
            let inner = FileLayer.inner(file)
            return inner.pointee.pMethods.pointee.xSectorSize(inner)
        }
        methods.xDeviceCharacteristics = { file in
            guard let file else { return 0 }
            let inner = FileLayer.inner(file)
            return inner.pointee.pMethods.pointee.xDeviceCharacteristics(inner)
        }
        addSharedMemory(to: &methods)
    }

    private static func addSharedMemory(to methods: inout sqlite3_io_methods) {
        methods.xShmMap = { file, page, size, extends, memory in
            guard let file else { return SQLITE_IOERR }
            let inner = FileLayer.inner(file)
            return inner.pointee.pMethods.pointee.xShmMap(inner, page, size, extends, memory)
        }
        methods.xShmLock = { file, offset, count, flags in
            guard let file else { return SQLITE_IOERR }
            let inner = FileLayer.inner(file)
            return inner.pointee.pMethods.pointee.xShmLock(inner, offset, count, flags)
        }
        methods.xShmBarrier = { file in
            guard let file else { return }
            let inner = FileLayer.inner(file)
            inner.pointee.pMethods.pointee.xShmBarrier(inner)
        }
        methods.xShmUnmap = { file, deletes in
            guard let file else { return SQLITE_IOERR }
            let inner = FileLayer.inner(file)
            return inner.pointee.pMethods.pointee.xShmUnmap(inner, deletes)
        }
    }
}
