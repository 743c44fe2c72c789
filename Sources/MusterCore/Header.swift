/// A header of a record: a name and a value, both bytes as they lie in the log.
package struct Header: Hashable, Sendable {
    package var name: [UInt8]
    /// nil is a missing value, which is not the same as an empty one.
    package var value: [UInt8]?

    package init(name: [UInt8], value: [UInt8]?) {
        self.name = name
        self.value = value
    }
}
