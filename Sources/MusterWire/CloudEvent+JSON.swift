// An event in structured form: of a record in structured mode, or of the journal's `cause.event`.

extension CloudEvent {
    /// Reads the attributes of an event in structured form; its data is `structuredData(of:)`.
    ///
    /// Attributes that are `null` count as missing, as the JSON format of CloudEvents asks;
    /// attributes that Muster does not know are ignored, also in the journal.
    package init(reading value: JSONValue) throws(JSONReadError) {
        var object = try value.object()
        try self.init(mode: .structured) { attribute throws(JSONReadError) -> String? in
            guard let member = object.member(attribute.name), !member.isNull else { return nil }
            return try member.string()
        } refuse: { attribute, trouble in
            JSONReadError(
                reason: trouble == "is missing" ? .missingMember : .invalid,
                sentence: "the attribute \"\(attribute.name)\" \(trouble)",
                pointer: "\(value.pointer)/\(attribute.name)")
        }
    }

    /// The data of an event in structured form.
    ///
    /// - Throws: when there is none, when it is in base64, or when it is said not to be JSON.
    package static func structuredData(of value: JSONValue) throws(JSONReadError) -> JSONValue {
        var object = try value.object()
        if let type = object.member("datacontenttype"), !type.isNull {
            let text = try type.string()
            guard MediaType(text) == .json else {
                throw type.invalid(
                    "the data must be \(dataContentType), found \(JSONExcerpt.quoted(text))")
            }
        }
        if let encoded = object.member("data_base64") {
            throw encoded.invalid("data in base64 is not read; write the JSON as \"data\"")
        }
        return try object.required("data")
    }
}
