/// Puts events together into nodes, within the limits.
struct YAMLBuilder {
    private let limits: YAMLReader.Limits
    private var open: [Frame] = []
    private var anchors: [String: YAMLNode] = [:]
    private var documents = 0
    private var nodes = 0
    private var aliases = 0

    /// The document's node, once it is read.
    private(set) var document: YAMLNode?
    /// Whether the text is at its end.
    private(set) var isDone = false

    /// A sequence or mapping whose end has not come.
    private struct Frame {
        let isMapping: Bool
        let line: Int
        let anchor: String?
        var elements: [YAMLNode] = []
        var members: [YAMLNode.Member] = []
        var keys: Set<[UInt8]> = []
        var key: (text: String, line: Int)?
    }

    init(limits: YAMLReader.Limits) { self.limits = limits }

    mutating func take(_ event: YAMLEvent) throws(YAMLError) {
        switch event.kind {
        case .scalar(let text, let isPlain):
            let node = YAMLNode(content: .scalar(text, isPlain: isPlain), line: event.line)
            try add(node, anchor: event.anchor)
        case .sequenceStart: try begin(isMapping: false, event)
        case .mappingStart: try begin(isMapping: true, event)
        case .end:
            guard let frame = open.popLast() else { return }
            let content: YAMLNode.Content =
                frame.isMapping ? .mapping(frame.members) : .sequence(frame.elements)
            try add(YAMLNode(content: content, line: frame.line), anchor: frame.anchor)
        case .alias(let name): try addAlias(name, at: event.line)
        case .documentStart:
            documents += 1
            if documents > 1 {
                throw YAMLError(line: event.line, problem: "a second document begins here")
            }
        case .streamEnd: isDone = true
        case .other: break
        }
    }

    private mutating func begin(isMapping: Bool, _ event: YAMLEvent) throws(YAMLError) {
        try checkKeyIsNot(event)
        guard open.count < limits.depth else {
            throw YAMLError(line: event.line, problem: "nested deeper than \(limits.depth)")
        }
        open.append(Frame(isMapping: isMapping, line: event.line, anchor: event.anchor))
    }

    /// A key must be a scalar: a list or mapping may only stand where a value is due.
    private func checkKeyIsNot(_ event: YAMLEvent) throws(YAMLError) {
        guard let last = open.last, last.isMapping, last.key == nil else { return }
        throw YAMLError(line: event.line, problem: "a key must be a single word")
    }

    private mutating func addAlias(_ name: String, at line: Int) throws(YAMLError) {
        aliases += 1
        guard aliases <= limits.aliases else {
            throw YAMLError(line: line, problem: "more than \(limits.aliases) aliases")
        }
        guard let node = anchors[name] else {
            throw YAMLError(line: line, problem: "the alias stands for nothing complete before it")
        }
        nodes += node.size - 1
        try add(node, anchor: nil)
    }

    private mutating func add(_ node: YAMLNode, anchor: String?) throws(YAMLError) {
        nodes += 1
        guard nodes <= limits.nodes else {
            throw YAMLError(line: node.line, problem: "more than \(limits.nodes) values")
        }
        if let anchor { anchors[anchor] = node }
        guard var frame = open.popLast() else {
            document = node
            return
        }
        if !frame.isMapping {
            frame.elements.append(node)
        } else if let key = frame.key {
            frame.members.append(YAMLNode.Member(key: key.text, line: key.line, value: node))
            frame.key = nil
        } else {
            guard case .scalar(let text, _) = node.content else {
                throw YAMLError(line: node.line, problem: "a key must be a single word")
            }
            guard frame.keys.insert(Array(text.utf8)).inserted else {
                throw YAMLError(line: node.line, problem: "the key \"\(text)\" stands here twice")
            }
            frame.key = (text, node.line)
        }
        open.append(frame)
    }
}
