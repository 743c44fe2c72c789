/// Finds the word that somebody may have meant.
///
/// The distance is Damerau and Levenshtein's in the form with adjacent transpositions (optimal
/// string alignment): insertions, deletions, replacements and swaps of neighbours count one each.
package enum NearestWord {
    /// The nearest word within reach; among equals the one nearest in length, then the first in
    /// byte order. nil when nothing is near.
    package static func find(_ word: String, among words: [String]) -> String? {
        let wanted = Array(word.lowercased().unicodeScalars.prefix(64))
        guard !wanted.isEmpty else { return nil }
        let limit = max(1, wanted.count / 3)
        var best: (distance: (Int, Int), word: String)?
        for candidate in words.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
            let scalars = Array(candidate.lowercased().unicodeScalars)
            // A word cut short, or one with something added, is near whatever its length.
            let isPrefix =
                wanted.count >= 2
                && (scalars.starts(with: wanted) || wanted.starts(with: scalars))
            let edits = isPrefix ? 1 : editDistance(wanted, scalars)
            let distance = (edits, abs(scalars.count - wanted.count))
            if edits <= limit, distance < best?.distance ?? (.max, 0) {
                best = (distance, candidate)
            }
        }
        return best?.word
    }

    private static func editDistance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
        var older: [Int] = []
        var old = Array(0...right.count)
        for i in left.indices {
            var row = [i + 1]
            for j in right.indices {
                var cost = min(
                    old[j] + (left[i] == right[j] ? 0 : 1), old[j + 1] + 1, row[j] + 1)
                if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
                    cost = min(cost, older[j - 1] + 1)
                }
                row.append(cost)
            }
            (older, old) = (old, row)
        }
        return old[right.count]
    }
}
