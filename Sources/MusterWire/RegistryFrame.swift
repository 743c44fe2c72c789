/// The five bytes that serialisers of a schema registry put before JSON: a zero and the schema's
/// id.
package enum RegistryFrame {
    /// How many bytes of a value are a frame: 5 or 0. No JSON begins with a zero byte.
    package static func size(of value: UnsafeRawBufferPointer) -> Int {
        value.count >= 5 && value[0] == 0 ? 5 : 0
    }
}
