/// How a document is read.
package enum JSONStrictness: UInt8, Hashable, Sendable {
    /// Inputs: the whole document is checked before anything is looked at (no member name twice, at
    /// most 256 members in an object, nesting at most 32); members that nobody asks for are
    /// ignored.
    case input
    /// Our own journal and snapshots: a member that nobody asks for is an error, said by
    /// `JSONObject.finish`, which also finds a name used twice; nesting is at most 64.
    case exact
    /// An input as the journal holds it, in CloudEvents' structured form: as `input`, and one level
    /// deeper, since the data of an input in binary mode was the whole document.
    case journaled

    /// The most objects and arrays inside each other, the outermost included.
    package var depthMax: Int {
        switch self {
        case .input: 32
        case .exact: 64
        case .journaled: 33
        }
    }

    /// The most members of one object of an input.
    package static let membersMax = 256
}
