internal import MusterCore
internal import MusterLog

/// Why something could not be said, asked or read. `description` is a sentence.
///
/// That a request is refused is no error: see `Answer`.
public enum ClientError: Error, Hashable, Sendable {
    /// A name or a value that was given cannot be one. Mend the caller.
    case invalid(String)
    /// The log does not answer now, or has no room. What was to be appended may have landed: a
    /// request that is repeated with its id has no second effect.
    case unavailable(String)
    /// The log cannot be used, or says what this version cannot read. A person must look.
    case unusable(String)
    /// The node's data directory cannot be used: it is another node's, in use, or damaged.
    case folder(String)
    /// The lease is gone: a newer process of the node is up, or its log failed for good. Stop the
    /// service; the node is another's.
    case leaseLost(String)
}

extension ClientError: CustomStringConvertible {
    /// A sentence for people.
    public var description: String {
        switch self {
        case .invalid(let text), .unavailable(let text), .unusable(let text), .folder(let text),
            .leaseLost(let text):
            text
        }
    }
}

extension ClientError {
    /// A name that came from the program.
    static func name<Value: Name>(
        _ text: String, _ what: String, as type: Value.Type = Value.self
    ) throws(ClientError) -> Value {
        do {
            return try Value(text)
        } catch {
            throw .invalid("the name of a \(what) \(error.description)")
        }
    }

    /// Throws what `body` throws, in the client's words.
    static func translating<Result>(
        isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> Result
    ) async throws -> Result {
        do {
            return try await body()
        } catch let error as LogError {
            throw error.isTransient
                ? ClientError.unavailable("\(error)") : ClientError.unusable("\(error)")
        } catch let error as ProjectionError {
            throw ClientError.unusable("\(error)")
        } catch let error as JournalReader.Failure {
            throw ClientError.unusable("\(error)")
        }
    }
}
