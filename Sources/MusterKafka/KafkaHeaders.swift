import CLibrdkafka
import Glibc
import MusterCore

/// Keys, values and headers as librdkafka takes and gives them.
enum KafkaHeaders {
    /// librdkafka's list; nil for none. Owner: the caller, until a message takes it.
    static func make(_ headers: [Header]) -> OpaquePointer? {
        if headers.isEmpty { return nil }
        let list = rd_kafka_headers_new(headers.count)
        for header in headers {
            header.name.withUnsafeBytes { name in
                withBytes(header.value) { value, size in
                    let start = name.baseAddress?.assumingMemoryBound(to: CChar.self)
                    // A length of 0 would be taken for "up to the first NUL".
                    if let start, !name.isEmpty {
                        _ = rd_kafka_header_add(list, start, name.count, value, size)
                    } else {
                        _ = rd_kafka_header_add(list, "", 0, value, size)
                    }
                }
            }
        }
        return list
    }

    /// Calls with the bytes: nil stays a null pointer, and an empty array is a pointer to no bytes.
    static func withBytes<Answer>(
        _ bytes: [UInt8]?, _ body: (UnsafeRawPointer?, Int) -> Answer
    ) -> Answer {
        guard let bytes else { return body(nil, 0) }
        if bytes.isEmpty {
            return withUnsafeBytes(of: UInt8(0)) { body($0.baseAddress, 0) }
        }
        return bytes.withUnsafeBytes { body($0.baseAddress, $0.count) }
    }

    /// The headers of a message, in order.
    static func read(_ message: UnsafeMutablePointer<rd_kafka_message_t>) -> [Header] {
        var list: OpaquePointer?
        guard rd_kafka_message_headers(message, &list) == RD_KAFKA_RESP_ERR_NO_ERROR, let list
        else { return [] }
        var headers: [Header] = []
        var (name, value, size): (UnsafePointer<CChar>?, UnsafeRawPointer?, Int) = (nil, nil, 0)
        while rd_kafka_header_get_all(list, headers.count, &name, &value, &size)
            == RD_KAFKA_RESP_ERR_NO_ERROR
        {
            let text = name.map { name in
                [UInt8](
                    UnsafeBufferPointer(start: name, count: strlen(name)).map(
                        UInt8.init(bitPattern:)))
            }
            headers.append(
                Header(
                    name: text ?? [],
                    value: value.map { [UInt8](UnsafeRawBufferPointer(start: $0, count: size)) }))
        }
        return headers
    }

    /// Calls with each header of a message, in order; name and value are borrowed for the call.
    static func walk(
        _ message: UnsafeMutablePointer<rd_kafka_message_t>,
        _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer?) -> Void
    ) {
        var list: OpaquePointer?
        guard rd_kafka_message_headers(message, &list) == RD_KAFKA_RESP_ERR_NO_ERROR, let list
        else { return }
        var (name, value, size): (UnsafePointer<CChar>?, UnsafeRawPointer?, Int) = (nil, nil, 0)
        var index = 0
        while rd_kafka_header_get_all(list, index, &name, &value, &size)
            == RD_KAFKA_RESP_ERR_NO_ERROR
        {
            let text = UnsafeRawBufferPointer(start: name, count: name.map { strlen($0) } ?? 0)
            body(text, value.map { UnsafeRawBufferPointer(start: $0, count: size) })
            index += 1
        }
    }
}
