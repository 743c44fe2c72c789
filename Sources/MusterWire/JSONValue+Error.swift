// Errors about a value: built only when one is thrown, so never inlined into the readers.

extension JSONValue {
    /// An error of the message's own rules about this value.
    ///
    /// - Parameter sentence: what is wrong, completing "at /a/b: …"; quote untrusted text with
    ///   `JSONExcerpt`.
    @inline(never)
    package func invalid(_ sentence: String) -> JSONReadError {
        JSONReadError(reason: .invalid, sentence: sentence, pointer: pointer)
    }

    /// An error about a word that is none of the known ones.
    ///
    /// - Parameter known: the words that are known, as the sentence shall name them.
    @inline(never)
    package func unknownWord(_ known: String) -> JSONReadError {
        JSONReadError(
            reason: .unknownWord, sentence: "expected \(known), found \(found)", pointer: pointer)
    }

    @inline(never)
    func wrongKind(_ expected: String) -> JSONReadError {
        JSONReadError(
            reason: .wrongKind, sentence: "expected \(expected), found \(found)", pointer: pointer)
    }

    @inline(never)
    func notDigits(max: UInt64) -> JSONReadError {
        switch tag {
        case Tag.signed, Tag.unsigned, Tag.double, Tag.string: break
        default: return wrongKind("a whole number")
        }
        var sentence = "expected a whole number from 0 to \(max), as digits alone, found \(found)"
        let isWhole = tag == Tag.unsigned || (tag == Tag.signed && words[index + 1] >> 63 == 0)
        if isWhole, words[index + 1] > Self.bareNumberMax, words[index + 1] <= max {
            sentence += "; above 2^53 it must be in quotes"
        }
        return JSONReadError(reason: .number, sentence: sentence, pointer: pointer)
    }

    /// What is there, in words that are safe to show.
    @inline(never)
    package var found: String {
        switch tag {
        case Tag.string: return "the text " + JSONExcerpt.quoted(textUnchecked.string)
        case Tag.signed: return "the number \(Int64(bitPattern: words[index + 1]))"
        case Tag.unsigned: return "the number \(words[index + 1])"
        case Tag.double: return "the number \(Double(bitPattern: words[index + 1]))"
        case Tag.true: return "true"
        case Tag.false: return "false"
        case Tag.null: return "null"
        case Tag.object: return "an object"
        case Tag.array: return "an array"
        default: return "nothing"
        }
    }

    /// The place of the value in its document, as a JSON Pointer (RFC 6901): the tape is walked
    /// from its start to here.
    @inline(never)
    package var pointer: String {
        var result = ""
        var container = at(1)
        while container.index != index {
            guard let step = container.step(towards: index) else { return result }
            result += "/" + step.token
            container = step.value
        }
        return result
    }

    /// Which member or element of this container holds the place.
    private func step(towards place: Int) -> (token: String, value: JSONValue)? {
        let isObject = tag == Tag.object
        guard isObject || tag == Tag.array else { return nil }
        var next = index + 1
        var ordinal = 0
        while next < after - 1 {
            let value = at(isObject ? next + 1 : next)
            if place < value.after {
                let token = isObject ? Self.token(at(next).textUnchecked.string) : String(ordinal)
                // A name's own place stands for its member.
                return (token, place == next ? at(place) : value)
            }
            next = value.after
            ordinal += 1
        }
        return nil
    }

    /// A member name as a step of a JSON Pointer.
    static func token(_ name: String) -> String {
        var result = ""
        for scalar in name.unicodeScalars {
            switch scalar {
            case "~": result += "~0"
            case "/": result += "~1"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
