------------------------------ MODULE Mistakes ------------------------------
(* Mistakes that a good engineer could make in the protocol, each in place of one definition of
   Journal.tla. The files of mistakes/ say which, in which world, and which invariant breaks. *)
EXTENDS Worlds

WaitsOn(mgr, c) == mgr

RedoesVoidedOnly(waiting) ==
    LET isVoided(w) == w.own # 0
        isSilent(w) == w.own = 0
        voided == SelectSeq(waiting, isVoided)
    IN [queue |-> [i \in 1..Len(voided) |-> [p |-> voided[i].p, offset |-> voided[i].offset]],
        waiting |-> SelectSeq(waiting, isSilent)]

AsksNobody == Zero

IgnoresTheBasis(mgr, c, w) == w.own > Len(mgr.confirmed[c])

ReadingPosition(mgr, position, p) == position

AsFarAsRead(mgr, c, state, x) == Upper(state.next, mgr.positions)

RedoesBackwards(waiting) ==
    [queue |-> [i \in 1..Len(waiting) |->
                   LET w == waiting[Len(waiting) + 1 - i] IN [p |-> w.p, offset |-> w.offset]],
     waiting |-> <<>>]

NewerFirst(mgr, c) == TRUE

OwnByAuthor(m, mgr, c, decision) ==
    mgr.places[c] # <<>> /\ decision.author = <<m, mgr.life>>

ExtendsBySeq(record, log) == Len(record.chain) = Len(Chain(log)) + 1

NeverPassed(state, x) == FALSE

TheCauseOnly(mgr, c, state, x) ==
    IF x.offset = 0 THEN state.next ELSE [state.next EXCEPT ![x.p] = Max(@, x.offset)]

ReadsBelowSnapshot(place, from) == FALSE

StartsAtNewest(found, checkpoint) ==
    LET marks == {found[c].from : c \in Clusters}
    IN CHOOSE x \in marks : \A y \in marks : y <= x

StartsAtLowest(found, checkpoint) ==
    LET marks == {found[c].from : c \in {c \in Clusters : found[c].from > 0}}
    IN IF marks = {} THEN 0 ELSE Least(marks)

OnlyTheAuthor(m, mgr, h, decision) == decision.author = <<m, mgr.life>>

NothingAtTheStart(mgr, h) == {}

InMemoryOnly(began) == {}

WallClock(m) == {now + 1}

ByTheTopic(mgr, c) == IF mgr.grown THEN HomeGrown[c] ELSE Home[c]

LostWhenOwnIsVoid(m, mgr, c, record, place) == Last(record.chain).author = <<m, mgr.life>>

SkipsUnknown(m, log, record) ==
    IF Extends(record, log) /\ Understands(m, Last(record.chain))
    THEN Append(log, Last(record.chain)) ELSE log
NeverStops(m, log) == FALSE

PerTopic(next, considered) ==
    LET all == {next[p] : p \in Partitions} \cup {considered[p] : p \in Partitions}
    IN [p \in Partitions |-> CHOOSE x \in all : \A y \in all : y <= x]

RECURSIVE ForgetsHead(_)
ForgetsHead(log) ==
    IF log = <<>> THEN <<>>
    ELSE IF Last(log).event = "forgotten" THEN <<>>
    ELSE Append(ForgetsHead(Take(log, Len(log) - 1)), Last(log))

KeepsConsidered(mgr, c, p) == mgr.considered[c][p]

=============================================================================
