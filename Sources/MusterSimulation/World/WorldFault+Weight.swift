internal import MusterCore

// Which fault comes is weighted by what was rarely met: a kind that seldom came while something
// went on comes more often when that goes on, and faults follow each other faster while something
// rare does. The weights are fixed figures, of 1,500 schedules and 300 rough ones that were drawn
// without any: a schedule is its seed's, whatever ran before it.

extension WorldFault.Kind {
    /// How often it is drawn while those go on, against others.
    func weight(_ situations: [WorldSituation]) -> Int {
        let digits = Array(weights.utf8)
        let all = WorldSituation.allCases
        return situations.compactMap { situation in
            all.firstIndex(of: situation).map { Int(digits[$0]) - 48 }
        }.max() ?? 1
    }

    /// A digit for each situation, in their order: 1 where it was met 60 times or more, 2 from 25
    /// times on, 4 from 10 times on, 8 where it was met less often.
    private var weights: String {
        switch self {
        case .managerCrash: "11122448221"
        case .managerPause: "11121828421"
        case .managerCut: "11122428421"
        case .journalLag: "11121444221"
        case .ownershipOverlap: "11122818222"
        case .producerReplaced: "11121488412"
        case .nodeCrash: "11111424211"
        case .nodePause: "11121428822"
        case .nodeCut: "11122484221"
        case .partition: "11121824221"
        case .diskLost: "11121814411"
        case .agentCrash: "11121848421"
        case .agentCut: "11111244211"
        case .oldIncarnation: "11222848821"
        case .logAway: "11111428212"
        case .massOutage: "11122888221"
        case .drift: "11122428421"
        case .hostileBytes: "11121448411"
        case .staleObservation: "11122428822"
        case .duplicatedInput: "11222484222"
        case .clockLeap, .logShortened, .clockBack: "00000000000"
        }
    }
}

extension WorldSituation {
    /// Whether few schedules come to it.
    var isRare: Bool {
        switch self {
        case .removing, .replacing, .transferring, .inDoubt, .removalDue: true
        case .quiet, .joining, .copying, .catchingUp, .promoting, .takingOver: false
        }
    }
}
