internal import CLibssl
internal import Glibc

// The one file of this module that reaches OpenSSL.

/// What TLS needs to know: whom to trust, and who the agent is. Made once, used by any thread.
///
/// Owner of OpenSSL's context: this object, which frees it with its last reference; sessions hold
/// their own. OpenSSL counts references by itself and locks what it shares; the context is not
/// changed any more once `init` has returned, which is why `@unchecked Sendable` is right.
package final class TLSContext: @unchecked Sendable {
    fileprivate let context: OpaquePointer

    /// - Parameters:
    ///   - authority: a file of the authorities to trust; nil: those of the system.
    ///   - certificate: the agent's own, and its key, for services that ask.
    /// - Throws: which file cannot be used.
    package init(
        authority: String?, certificate: String?, key: String?
    ) throws(LocalProblem) {
        guard let context = SSL_CTX_new(TLS_client_method()) else {
            throw LocalProblem("OpenSSL gives no context")
        }
        self.context = context
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
        SSL_CTX_ctrl(context, SSL_CTRL_SET_MIN_PROTO_VERSION, Int(TLS1_2_VERSION), nil)
        if let authority {
            guard SSL_CTX_load_verify_locations(context, authority, nil) == 1 else {
                throw LocalProblem("\(authority) holds no certificate of an authority")
            }
        } else {
            SSL_CTX_set_default_verify_paths(context)
        }
        if let certificate {
            guard SSL_CTX_use_certificate_chain_file(context, certificate) == 1 else {
                throw LocalProblem("\(certificate) holds no certificate")
            }
            let place = key ?? certificate
            guard SSL_CTX_use_PrivateKey_file(context, place, SSL_FILETYPE_PEM) == 1,
                SSL_CTX_check_private_key(context) == 1
            else { throw LocalProblem("\(place) holds no key that belongs to \(certificate)") }
        }
    }

    deinit { SSL_CTX_free(context) }
}

/// TLS on one connected socket that does not block. One thread at a time.
///
/// Owner of OpenSSL's session: this object. The socket is its user's, and outlives it.
final class TLSSession {
    private let session: OpaquePointer

    enum Step {
        case done(Int)
        /// The socket must be ready for this first: `POLLIN` or `POLLOUT`.
        case waits(Int32)
        case over
    }

    /// - Parameter host: whose certificate is expected.
    init(
        _ context: TLSContext, _ socket: Int32, host: String
    ) throws(NetConnection.Failure) {
        guard let session = SSL_new(context.context) else {
            throw NetConnection.Failure("OpenSSL gives no session")
        }
        self.session = session
        SSL_set_fd(session, socket)
        SSL_set_connect_state(session)
        // An address is looked for among addresses, a name among names.
        let isAddress =
            X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host) == 1
        if !isAddress {
            SSL_set1_host(session, host)
            // Copied by OpenSSL in the call.
            let name = strdup(host)
            SSL_ctrl(
                session, SSL_CTRL_SET_TLSEXT_HOSTNAME, Int(TLSEXT_NAMETYPE_host_name), name)
            free(name)
        }
        ERR_clear_error()
    }

    deinit { SSL_free(session) }

    /// - Returns: what the socket must be ready for first; nil: it is done.
    func shakeHands() throws(NetConnection.Failure) -> Int32? {
        switch try step(SSL_do_handshake(session)) {
        case .done: return nil
        case .waits(let wish): return wish
        case .over: throw NetConnection.Failure("it speaks no TLS")
        }
    }

    func write(_ bytes: [UInt8]) throws(NetConnection.Failure) -> Step {
        try step(SSL_write(session, bytes, Int32(bytes.count)))
    }

    func read(_ bytes: inout [UInt8]) throws(NetConnection.Failure) -> Step {
        try step(SSL_read(session, &bytes, Int32(bytes.count)))
    }

    private func step(_ result: Int32) throws(NetConnection.Failure) -> Step {
        if result > 0 { return .done(Int(result)) }
        switch SSL_get_error(session, result) {
        case SSL_ERROR_WANT_READ: return .waits(POLLIN)
        case SSL_ERROR_WANT_WRITE: return .waits(POLLOUT)
        case SSL_ERROR_ZERO_RETURN: return .over
        default:
            let verdict = SSL_get_verify_result(session)
            if verdict != Int(X509_V_OK) {
                let reason = String(cString: X509_verify_cert_error_string(verdict))
                throw NetConnection.Failure("its certificate is not trusted: \(reason)")
            }
            let code = ERR_get_error()
            if code == 0 { throw NetConnection.Failure("it closed the connection") }
            let reason = ERR_reason_error_string(code).map { String(cString: $0) } ?? "\(code)"
            throw NetConnection.Failure("TLS: \(reason)")
        }
    }
}
