import Foundation
import MusterTesting

/// A disk that is about to lose its power: what is durable, and what may be.
///
/// What a file system owes after a cut, and no more: everything before the last synchronisation of
/// a file is there; of what was written to it since, any sectors of 512 bytes are and any are not,
/// in no order; the file may have grown without its data; a file made or deleted since the
/// directory was last synchronised is there or not.
struct Disk {
    private var contents: [Content] = FileTrace.File.allCases.map { _ in Content() }
    /// A disk that says yes to a synchronisation and does nothing: with it the test must fail.
    var liesAboutSyncs: Bool

    fileprivate struct Content {
        /// What a cut cannot take back.
        var durable: [UInt8] = []
        var pending: [FileTrace.Step] = []
        var exists = false
        var existsDurably = false
        /// What stood in it when it was deleted, as long as the deletion may be undone.
        var deleted: [UInt8]?
    }

    static let sector = 512

    init(liesAboutSyncs: Bool) { self.liesAboutSyncs = liesAboutSyncs }

    mutating func apply(_ step: FileTrace.Step) {
        switch step {
        case .create(let file):
            contents[file.rawValue] = Content(
                exists: true, existsDurably: contents[file.rawValue].existsDurably)
        case .write(let file, _, _), .truncate(let file, _):
            contents[file.rawValue].pending.append(step)
        case .sync(let file):
            if liesAboutSyncs { return }
            contents[file.rawValue].settle()
            if file != .main { syncDirectory() }
        case .delete(let file, let syncsDirectory):
            var content = contents[file.rawValue]
            content.settle()
            contents[file.rawValue] = Content(
                existsDurably: content.existsDurably, deleted: content.durable)
            if syncsDirectory && !liesAboutSyncs { syncDirectory() }
        case .acknowledged:
            break
        }
    }

    /// One of the states that a cut now could leave.
    func cut(_ generator: inout SeededGenerator) -> [FileTrace.File: [UInt8]] {
        let manner = Manner(rawValue: Int(generator.next() % 4)) ?? .sectors
        var files: [FileTrace.File: [UInt8]] = [:]
        for file in FileTrace.File.allCases {
            let content = contents[file.rawValue]
            let isCertain = content.exists == content.existsDurably
            let isThere = isCertain ? content.exists : generator.next() % 2 == 0
            if !isThere { continue }
            files[file] =
                content.exists
                ? content.bytes(manner, &generator) : content.deleted ?? content.durable
        }
        return files
    }

    /// How much of what is pending a cut leaves.
    fileprivate enum Manner: Int {
        case nothing, everything, first, sectors
    }

    private mutating func syncDirectory() {
        for index in contents.indices {
            contents[index].existsDurably = contents[index].exists
            contents[index].deleted = nil
        }
    }
}

extension Disk.Content {
    fileprivate mutating func settle() {
        for step in pending { Disk.apply(step, to: &durable) }
        pending = []
    }

    fileprivate func bytes(_ manner: Disk.Manner, _ generator: inout SeededGenerator) -> [UInt8] {
        var bytes = durable
        switch manner {
        case .nothing: break
        case .everything: for step in pending { Disk.apply(step, to: &bytes) }
        case .first:
            let count = pending.isEmpty ? 0 : Int(generator.next() % UInt64(pending.count + 1))
            for step in pending.prefix(count) { Disk.apply(step, to: &bytes) }
            if count < pending.count { Disk.tear(pending[count], into: &bytes, &generator) }
        case .sectors:
            if generator.next() % 2 == 0 { Disk.grow(&bytes, for: pending) }
            for step in pending { Disk.tear(step, into: &bytes, &generator) }
        }
        return bytes
    }
}

extension Disk {
    fileprivate static func apply(_ step: FileTrace.Step, to bytes: inout [UInt8]) {
        switch step {
        case .write(_, let offset, let written):
            put(written[...], at: offset, into: &bytes)
        case .truncate(_, let size):
            if size < bytes.count {
                bytes.removeLast(bytes.count - size)
            } else {
                bytes += Array(repeating: 0, count: size - bytes.count)
            }
        case .create, .sync, .delete, .acknowledged: break
        }
    }

    /// Some sectors of a write, or a truncation or none.
    fileprivate static func tear(
        _ step: FileTrace.Step, into bytes: inout [UInt8], _ generator: inout SeededGenerator
    ) {
        guard case .write(_, let offset, let written) = step else {
            if generator.next() % 2 == 0 { apply(step, to: &bytes) }
            return
        }
        var place = 0
        while place < written.count {
            let length = min(sector - (offset + place) % sector, written.count - place)
            if generator.next() % 2 == 0 {
                put(written[place..<place + length], at: offset + place, into: &bytes)
            }
            place += length
        }
    }

    /// The size of a file may be written before its data.
    fileprivate static func grow(_ bytes: inout [UInt8], for pending: [FileTrace.Step]) {
        for case .write(_, let offset, let written) in pending
        where offset + written.count > bytes.count {
            bytes += Array(repeating: 0, count: offset + written.count - bytes.count)
        }
    }

    private static func put(_ piece: ArraySlice<UInt8>, at offset: Int, into bytes: inout [UInt8]) {
        let end = offset + piece.count
        if end > bytes.count { bytes += Array(repeating: 0, count: end - bytes.count) }
        bytes.replaceSubrange(offset..<end, with: piece)
    }
}
