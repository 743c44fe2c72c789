------------------------------- MODULE Worlds -------------------------------
(* Worlds small enough to be exhausted: what arrives in each (Plan), and what may go wrong in
   it how often (Budget). The files of worlds/ name them and hold the rest of each world. *)
EXTENDS Journal

Nil == [arrivals |-> 0, crash |-> 0, fail |-> 0, replace |-> 0, duplicate |-> 0, reorder |-> 0,
        timer |-> 0, heard |-> 0, checkpoint |-> 0, snapshot |-> 0, move |-> 0, report |-> 0,
        agent |-> 0, node |-> 0, time |-> 0, grow |-> 0]
In(p, c, kind) == [p |-> p, cluster |-> c, kind |-> kind]
Of(c, kinds) == [i \in 1..Len(kinds) |-> In(1, c, kinds[i])]

OneHome == [c \in Clusters |-> 1]
SecondHome == [c \in Clusters |-> 2]
Symmetric == Permutations(Managers)

RacesPlan == Of("a", <<"whenOn", "whenOff">>)
RacesBudget == [Nil EXCEPT !.heard = 1, !.timer = 1]

LossesPlan == Of("a", <<"whenOff", "toggle">>)
LossesBudget == [Nil EXCEPT !.fail = 1, !.heard = 1, !.reorder = 1]

OrphansPlan == Of("a", <<"toggle", "whenOn", "toggle">>)
OrphansBudget == [Nil EXCEPT !.replace = 1]

CheckpointsPlan == Of("a", <<"whenOn">>)
CheckpointsBudget == [Nil EXCEPT !.checkpoint = 1, !.heard = 1, !.crash = 1]

ResumingPlan == Of("a", <<"whenOff", "toggle">>)
ResumingBudget == [Nil EXCEPT !.checkpoint = 1, !.crash = 1, !.heard = 1]

SnapshotsPlan == Of("b", <<"toggle", "toggle">>) \o Of("a", <<"toggle">>)
SnapshotsBudget == [Nil EXCEPT !.snapshot = 2, !.reorder = 1, !.checkpoint = 1]

PartitionsPlan == <<In(2, "a", "whenOn"), In(1, "a", "toggle")>>
PartitionsBudget == [Nil EXCEPT !.move = 1, !.heard = 1]

CommandsPlan == Of("a", <<"order">>)
CommandsBudget == [Nil EXCEPT !.crash = 1, !.agent = 1, !.node = 1, !.report = 1, !.time = 1]

VersionsPlan == Of("a", <<"toggle">>)
VersionsBudget == [Nil EXCEPT !.heard = 1, !.timer = 1]

ForgettingPlan == Of("a", <<"toggle", "forget">>)
ForgettingBudget == [Nil EXCEPT !.duplicate = 1, !.crash = 1]

ClocksPlan == Of("a", <<"toggle", "toggle">>)
ClocksBudget == [Nil EXCEPT !.time = 3, !.timer = 2]

GrowthPlan == Of("a", <<"toggle", "toggle">>)
GrowthBudget == [Nil EXCEPT !.grow = 1, !.crash = 1]

DecidingPlan == Of("a", <<"toggle", "whenOn">>)
DecidingBudget == [Nil EXCEPT !.fail = 1]

PublishingPlan == Of("a", <<"order">>)
PublishingBudget == [Nil EXCEPT !.move = 1, !.crash = 1]

EverythingPlan ==
    <<In(1, "a", "toggle"), In(1, "b", "whenOff"), In(2, "a", "whenOn"), In(2, "b", "order"),
      In(1, "a", "whenOff"), In(1, "b", "toggle"), In(1, "a", "toggle"), In(2, "b", "whenOn")>>
EverythingHome == [c \in Clusters |-> IF c = "a" THEN 1 ELSE 2]
EverythingBudget ==
    [Nil EXCEPT !.crash = 2, !.fail = 2, !.replace = 2, !.duplicate = 1, !.reorder = 1,
                !.timer = 3, !.heard = 3, !.checkpoint = 4, !.snapshot = 3, !.move = 3,
                !.report = 1, !.agent = 1, !.node = 1, !.time = 2]

LongRacesPlan == Of("a", <<"toggle", "whenOn">>)
LongRacesBudget == [Nil EXCEPT !.fail = 1, !.heard = 1]

LongCheckpointsPlan == Of("a", <<"whenOn", "whenOff">>)
LongCheckpointsBudget == [Nil EXCEPT !.checkpoint = 1, !.heard = 1, !.crash = 1]

LongPartitionsPlan == <<In(2, "a", "whenOn"), In(1, "a", "toggle")>>
LongPartitionsBudget == [Nil EXCEPT !.move = 2, !.heard = 1, !.checkpoint = 1]
=============================================================================
