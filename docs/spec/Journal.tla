------------------------------ MODULE Journal ------------------------------
(* The journal protocol of Muster: a log that orders records and knows no conditions is made into
   one on which "append, if nothing came before" can be said, by readers who all void the same
   records.

   What is modelled: the topics of inputs, the journal, the snapshots and commands topics as they
   lie in the log; any number of managers, each with what `ManagerLoop`, its `Worker`s and its
   `JournalReader` hold; what is on its way between them; one agent. Actions are named after the
   functions of Sources/MusterManager and Sources/MusterLog, and the variables of a manager after
   their properties.

   What may go wrong, as often as Budget says: a manager crashes at any point and starts again; it
   pauses at any point for as long as it likes, which is nothing but its not taking a step, so a
   manager that has lost its partitions long ago may wake and write; an append fails and does not
   land, lands late or had landed all the same; it lands twice; appends of one producer overtake
   each other, and what a crash or a replaced producer leaves behind lands in any order, late or
   never; an acknowledgement is late; several managers own the same partition at the same time, and
   partitions change hands.

   What is left out, and does not carry safety: whose turn it is (`isYielding`), how long a failed
   append is waited for, the limits of queues, the reading of a lost tail (a log is taken for one
   that keeps what it has acknowledged), quarantine. A hash is taken for the record that it is made
   of, with everything that this names before it: here a record carries the whole chain that it
   ends. What the loop does in one turn is taken apart into single steps, which allows more, never
   less. *)

EXTENDS Naturals, Sequences, FiniteSets, TLC

(* A world: who there is, what arrives, and what may go wrong how often. The worlds that are
   checked are in Worlds.tla and worlds/. *)
CONSTANTS
    Managers, Clusters, Partitions,
    Home,           \* [Clusters -> Partitions], by the journal's header
    HomeGrown,      \* the same by the number of partitions that the topic has after growing
    Plan,           \* what arrives: a sequence of [p, cluster, kind]
    Begun,          \* how much of it is there from the beginning
    Budget,         \* how often each kind of thing may happen
    Window,         \* decisions of a cluster in flight: ManagerSettings.windowMax
    Prompt,         \* whether an append is acknowledged as it lands
    Shared,         \* whether every manager owns every partition, always
    Old,            \* managers that know no event of a newer version
    Delay,          \* how long a deadline runs
    Limit,          \* how long a command may be begun
    Steady          \* managers that do what they can do: fairness

(* inputs: per partition what lies there, each with the length of its cluster's chain when it was
   appended (`head`) and its append time; an offset is its place, counted from 1, so a position n
   says that n are read. journal: per partition the records, [cluster, chain]. accepted: what a
   reader that reads everything at once has accepted of each cluster: the truth to which managers
   are held. orphans: records that nobody waits for and that may still land. checkpoints,
   snapshots, commands: all that were ever written, since compaction may keep any. agent: what it
   has carried out, and what it wrote down before. grown: whether the journal's topic was given
   more partitions. now: the broker's clock. left: what is left of Budget. *)
VARIABLES
    inputs, journal, accepted, managers, orphans, checkpoints, snapshots, commands, agent,
    grown, now, left

vars == <<inputs, journal, accepted, managers, orphans, checkpoints, snapshots, commands, agent,
          grown, now, left>>

Max(a, b) == IF a > b THEN a ELSE b
Min(a, b) == IF a < b THEN a ELSE b
Least(S) == CHOOSE x \in S : \A y \in S : x <= y
Last(s) == s[Len(s)]
Take(s, n) == SubSeq(s, 1, n)
IsPrefix(s, t) == Len(s) <= Len(t) /\ Take(t, Len(s)) = s
Zero == [p \in Partitions |-> 0]
Upper(a, b) == [p \in Partitions |-> Max(a[p], b[p])]
Without(s, i) == Take(s, i - 1) \o SubSeq(s, i + 1, Len(s))

----------------------------------------------------------------------------
(* THE CORE. A cluster is a switch, which is enough to turn something into nothing and nothing into
   something: `toggle` always says something, `whenOn` and `whenOff` speak in one of its two
   states, `order` asks for a command and `done` reports it, `forget` forgets the cluster. Two
   inputs of a manager's own are no records: `timer` speaks when the switch was on for Delay,
   `heard` (soft evidence, a node that answers again) when it is off. What the state holds beside:
   `next`, per input partition how far it was considered; `at`, the time of the last decision; the
   deadline; the commands outstanding. *)
Nothing == "nothing"

Begin == [on |-> FALSE, next |-> Zero, at |-> 0, due |-> 0, outstanding |-> {}]

(* `ClusterState.evolve`: the state's next is what the decision says was considered, kept per topic
   and partition. *)
NextAfter(next, considered) == Upper(next, considered)

Evolve(state, decision, seq) ==
    [on |-> CASE decision.event = "toggled" -> ~state.on
              [] decision.event \in {"noticed", "novel"} -> TRUE
              [] decision.event \in {"expired", "forgotten"} -> FALSE
              [] OTHER -> state.on,
     next |-> NextAfter(state.next, decision.considered),
     at |-> decision.at,
     due |-> IF decision.event \in {"toggled", "noticed", "novel"}
             THEN decision.at + Delay ELSE state.due,
     outstanding |-> CASE decision.event = "ordered" -> state.outstanding \cup {seq}
                       [] decision.event = "finished" -> state.outstanding \ {decision.arg}
                       [] OTHER -> state.outstanding]

RECURSIVE Fold(_)
Fold(chain) ==
    IF chain = <<>> THEN Begin
    ELSE Evolve(Fold(Take(chain, Len(chain) - 1)), Last(chain), Len(chain))

(* What a reader holds of a cluster is the list of the decisions that it has accepted; its head is
   that list, as the hash of the last record is of all before. A head is never forgotten, not even
   with its cluster. *)
Chain(log) == log

StateOf(log) == Fold(Chain(log))

Says(state, kind, arg, at) ==
    CASE kind = "toggle" -> "toggled"
      [] kind = "whenOn" -> IF state.on THEN "marked" ELSE Nothing
      [] kind = "whenOff" -> IF state.on THEN Nothing ELSE "marked"
      [] kind = "order" -> "ordered"
      [] kind = "done" -> IF arg \in state.outstanding THEN "finished" ELSE Nothing
      [] kind = "forget" -> "forgotten"
      [] kind = "timer" -> IF state.on /\ state.due <= at THEN "expired" ELSE Nothing
      [] kind = "heard" -> IF state.on THEN Nothing ELSE "noticed"
      [] kind = "heardNew" -> IF state.on THEN Nothing ELSE "novel"

(* The guard of `ClusterState.decide`: an input that the state has passed is answered with nothing,
   so that it does not matter who reads it, how often, or from where. *)
IsPassed(state, x) == x.offset <= state.next[x.p]

Decide(state, x, kind, arg, at) ==
    IF x.offset > 0 /\ IsPassed(state, x) THEN Nothing ELSE Says(state, kind, arg, at)

(* `JournalEnvelope.extends`: the compare-and-swap. A record is accepted if it extends the head
   that the reader holds, number and hash; any other is void at that place, for every reader, for
   ever. *)
Extends(record, log) ==
    /\ Len(record.chain) = Len(Chain(log)) + 1
    /\ Take(record.chain, Len(record.chain) - 1) = Chain(log)

(* Acceptance looks at the envelope only. An accepted record with an event that the reader's
   version does not know stops its cluster for that reader (`Reading.stopped`); it is never
   skipped, and nothing of that cluster is read behind it. *)
Understands(m, decision) == ~(m \in Old /\ decision.event = "novel")

Stopped(m, log) == log # <<>> /\ ~Understands(m, Last(log))

ReadAs(m, log, record) ==
    IF ~Stopped(m, log) /\ Extends(record, log) THEN Append(log, Last(record.chain)) ELSE log

(* In which partition of the journal a manager takes a cluster to live: by the number of partitions
   that the journal's header names, whatever the topic has by now. *)
HomeSeen(mgr, c) == Home[c]

RECURSIVE FoldAs(_, _, _, _)
FoldAs(m, c, h, n) ==
    IF n = 0 THEN <<>>
    ELSE LET log == FoldAs(m, c, h, n - 1)
             record == journal[h][n]
         IN IF record.cluster = c THEN ReadAs(m, log, record) ELSE log

Wanted(cluster, h) == Home[cluster] = h

----------------------------------------------------------------------------
(* A MANAGER. Per cluster, as in `Worker`: confirmed (the reader's fold), ahead (the same plus what
   is in flight), places (one for each decision in flight, oldest first, 0 before it was
   acknowledged), waiting (inputs considered and not covered, with the number of the decision that
   each caused and of the last one in `ahead` when it was considered), queue (inputs to be
   considered again), reset (the end of the journal that a reset reads to, 0 without one),
   considered, settled, snapshot (as of where its newest one is). Per partition: owns, catchUp (the
   journal's end when the work on it began), position (of the journal), positions (of inputs).
   pending: commands to be published. sends: appends submitted, in order; isKnown says whether
   anybody still waits for the answer. life counts the processes: ids are never used again. *)
NoCheckpoint == [of |-> {}, positions |-> Zero, ends |-> Zero]

Absent(life) ==
    [isAlive |-> FALSE, life |-> life, grown |-> FALSE, owns |-> {}, catchUp |-> Zero,
     position |-> Zero, positions |-> Zero, checkpointing |-> NoCheckpoint, pending |-> {},
     sends |-> <<>>,
     confirmed |-> [c \in Clusters |-> <<>>], ahead |-> [c \in Clusters |-> <<>>],
     places |-> [c \in Clusters |-> <<>>], waiting |-> [c \in Clusters |-> <<>>],
     queue |-> [c \in Clusters |-> <<>>], reset |-> [c \in Clusters |-> 0],
     considered |-> [c \in Clusters |-> Zero], settled |-> [c \in Clusters |-> Zero],
     snapshot |-> [c \in Clusters |-> 0]]

IsResetting(mgr, c) == mgr.reset[c] > mgr.position[HomeSeen(mgr, c)]
HasRoom(mgr, c) == Len(mgr.places[c]) < Window
IsFree(mgr, c) == mgr.queue[c] = <<>> /\ ~IsResetting(mgr, c)

(* Publishing follows reading: the owner of a journal partition publishes for every accepted
   record, once the journal was read to the end known when it began (`Share.publishes`), and at
   that moment everything that the folded state calls outstanding. An id is a function of the
   record. *)
ID(c, log) == [cluster |-> c, chain |-> Chain(log)]

OutstandingAt(mgr, h) ==
    UNION {{ID(c, Take(mgr.confirmed[c], n)) :
                n \in StateOf(mgr.confirmed[c]).outstanding} :
           c \in {c \in Clusters : HomeSeen(mgr, c) = h}}

Publishes(mgr, h) == h \in mgr.owns /\ mgr.position[h] >= mgr.catchUp[h]

StartPublishing(mgr, h) ==
    [mgr EXCEPT !.pending = @ \cup OutstandingAt(mgr, h)]

(* `assign` and `begin`: the work on a partition begins at a checkpoint's position, below which
   every input was considered, by whom does not matter (`settle`): decisions may say so. *)
BeginShare(mgr, p, from) ==
    LET begun == [mgr EXCEPT !.owns = @ \cup {p}, !.catchUp[p] = Len(journal[p]),
                             !.positions[p] = from,
                             !.settled = [c \in Clusters |-> [@[c] EXCEPT ![p] = Max(@, from)]],
                             !.considered = [c \in Clusters |-> [@[c] EXCEPT ![p] = Max(@, from)]]]
    IN IF begun.position[p] >= begun.catchUp[p] THEN StartPublishing(begun, p) ELSE begun

(* Every checkpoint ever written stays true, and without any, inputs are read from the start: so a
   manager may resume at any of them. *)
ResumeAt(p) == {0} \cup {k.position : k \in {k \in checkpoints : k.p = p}}

Loaded(m, life) ==
    LET mgr == [Absent(life) EXCEPT !.isAlive = TRUE, !.grown = grown,
                    !.position = [h \in Partitions |-> Len(journal[h])]]
        log(c) == FoldAs(m, c, HomeSeen(mgr, c), Len(journal[HomeSeen(mgr, c)]))
        logs == [c \in Clusters |-> log(c)]
    IN [mgr EXCEPT !.confirmed = logs, !.ahead = logs]

RECURSIVE WithShares(_, _, _)
WithShares(mgr, todo, resume) ==
    IF todo = {} THEN mgr
    ELSE LET p == CHOOSE p \in todo : TRUE
         IN WithShares(BeginShare(mgr, p, resume[p]), todo \ {p}, resume)

(* Start. A process begins with the fold of the journal up to the end that it finds, out of
   snapshots where there are any: that every choice of them gives the same fold is SnapshotsAgree,
   so none is chosen here. It remembers nothing of the process before it; records of that one may
   still be on their way. In a world where managers share everything it works on every partition at
   once, each from any checkpoint; else it waits to be assigned some. *)
Start(m) ==
    /\ ~managers[m].isAlive
    /\ \E resume \in [Partitions -> UNION {ResumeAt(p) : p \in Partitions}] :
        /\ \A p \in Partitions : resume[p] \in ResumeAt(p)
        /\ Shared \/ resume = Zero
        /\ managers' = [managers EXCEPT ![m] =
               WithShares(Loaded(m, @.life), IF Shared THEN Partitions ELSE {}, resume)]
    /\ UNCHANGED <<inputs, journal, accepted, orphans, checkpoints, snapshots, commands, agent,
                   grown, now, left>>

----------------------------------------------------------------------------
Spend(what) == left[what] > 0 /\ left' = [left EXCEPT ![what] = @ - 1]

NewInput(c, kind, arg) ==
    [cluster |-> c, kind |-> kind, arg |-> arg, head |-> Len(accepted[c]), appended |-> now]

(* Arrive. Somebody appends the next input of the plan. Its time is the broker's. What the journal
   held at that moment is noted, since no later state may be denied to the input and no earlier one
   counts. *)
Arrive ==
    LET next == Plan[Len(Plan) - left.arrivals + 1]
        arg == IF next.kind = "order" THEN agent.start ELSE 0
    IN /\ Spend("arrivals")
       /\ inputs' = [inputs EXCEPT ![next.p] = Append(@, NewInput(next.cluster, next.kind, arg))]
       /\ UNCHANGED <<journal, accepted, managers, orphans, checkpoints, snapshots, commands, agent,
                      grown, now>>

----------------------------------------------------------------------------
(* `consideredBeyond`: a decision says how far its author had considered each input partition for
   this cluster, and evolve makes that the state's next. So a fact that decided nothing never acts
   after a decision that was made in its knowledge. `knew` is the same for the checks, which no
   reader sees. *)
Considered(mgr, c, state, x) == Upper(state.next, mgr.considered[c])

(* `append` and `send`: the decision is folded ahead and submitted, and nobody waits. *)
AfterAppending(m, mgr, c, x, kind, event, arg, at) ==
    LET state == StateOf(mgr.ahead[c])
        decision == [author |-> <<m, mgr.life>>, p |-> x.p, offset |-> x.offset, kind |-> kind,
                     event |-> event, arg |-> arg, at |-> at,
                     considered |-> Considered(mgr, c, state, x),
                     knew |-> Upper(state.next, mgr.considered[c])]
        record == [cluster |-> c, chain |-> Append(Chain(mgr.ahead[c]), decision)]
    IN [mgr EXCEPT !.ahead[c] = Append(@, decision), !.places[c] = Append(@, 0),
                   !.sends = Append(@, [record |-> record, isKnown |-> TRUE, place |-> 0])]

(* `consider`: decides one input on the state ahead. That it was considered is remembered until an
   accepted record or a checkpoint covers it, also when it decided nothing: what it was decided on
   may be lost. An input that the confirmed state has passed is dropped. *)
AfterConsidering(m, mgr, c, x) ==
    LET input == inputs[x.p][x.offset]
        state == StateOf(mgr.ahead[c])
        at == Max(input.appended, state.at)
        event == Decide(state, x, input.kind, input.arg, at)
        counted == [mgr EXCEPT !.considered[c][x.p] = Max(@, x.offset)]
        basis == Len(mgr.ahead[c])
        own == IF event = Nothing THEN 0 ELSE basis + 1
        entry == [p |-> x.p, offset |-> x.offset, own |-> own, basis |-> basis]
        said == IF event = Nothing THEN counted
                ELSE AfterAppending(m, counted, c, x, input.kind, event, input.arg, at)
    IN IF IsPassed(StateOf(mgr.confirmed[c]), x) THEN mgr
       ELSE [said EXCEPT !.waiting[c] = Append(@, entry)]

(* ReadInput (`readInput`, `take`). The owner of a partition reads its next input and considers it,
   if nothing of that cluster is to be considered before, no reset is under way and the window has
   room. Else the input waits in the queue; that step is only taken where an input of another
   cluster lies behind, as a queued input and one not read yet differ in nothing else. *)
ReadInput(m, p) ==
    LET mgr == managers[m]
        x == [p |-> p, offset |-> mgr.positions[p] + 1]
        c == inputs[p][x.offset].cluster
        read == [mgr EXCEPT !.positions[p] = x.offset]
    IN /\ mgr.isAlive /\ p \in mgr.owns /\ x.offset <= Len(inputs[p])
       /\ IF ~Stopped(m, mgr.confirmed[c]) /\ IsFree(mgr, c) /\ HasRoom(mgr, c)
          THEN managers' = [managers EXCEPT ![m] = AfterConsidering(m, read, c, x)]
          ELSE /\ \E o \in x.offset..Len(inputs[p]) : inputs[p][o].cluster # c
               /\ managers' = [managers EXCEPT ![m] = [read EXCEPT !.queue[c] = Append(@, x)]]
       /\ UNCHANGED <<inputs, journal, accepted, orphans, checkpoints, snapshots, commands, agent,
                      grown, now, left>>

(* ConsiderQueue (`considerQueue`). After a reset, once the journal was read to the end known
   (`finishReset`), what waited is considered again, in order, before anything newer and before the
   clock has its turn. *)
ConsiderQueue(m, c) ==
    LET mgr == managers[m]
        taken == [mgr EXCEPT !.queue[c] = Tail(@)]
    IN /\ mgr.isAlive /\ mgr.queue[c] # <<>> /\ ~IsResetting(mgr, c) /\ HasRoom(mgr, c)
       /\ ~Stopped(m, mgr.confirmed[c])
       /\ managers' = [managers EXCEPT ![m] = AfterConsidering(m, taken, c, mgr.queue[c][1])]
       /\ UNCHANGED <<inputs, journal, accepted, orphans, checkpoints, snapshots, commands, agent,
                      grown, now, left>>

(* `LogClock`: the append time of the newest record read plus the monotonic time since, hence never
   above the broker's clock, and below it by as much as the manager was paused. *)
Clock(m) == 0..now

(* Wake (`lookAround`, `wake`). The clock or new evidence may have something to say, as an input of
   the manager's own without an offset. Only when nothing of the cluster waits to be considered,
   and by the owner who has caught up. A deadline is a field of the state: whoever is awake when it
   has passed may fire it. *)
Wake(m, c, what) ==
    LET mgr == managers[m]
        state == StateOf(mgr.ahead[c])
        kind == IF what = "heard" /\ Old # {} /\ m \notin Old THEN "heardNew" ELSE what
        x == [p |-> HomeSeen(mgr, c), offset |-> 0]
    IN /\ mgr.isAlive /\ IsFree(mgr, c) /\ HasRoom(mgr, c) /\ Publishes(mgr, HomeSeen(mgr, c))
       /\ ~Stopped(m, mgr.confirmed[c])
       /\ Spend(what)
       /\ \E time \in Clock(m) :
           LET at == Max(time, state.at)
               event == Decide(state, x, kind, 0, at)
           IN /\ event # Nothing
              /\ managers' = [managers EXCEPT ![m] =
                                  AfterAppending(m, mgr, c, x, kind, event, 0, at)]
       /\ UNCHANGED <<inputs, journal, accepted, orphans, checkpoints, snapshots, commands, agent,
                      grown, now>>

----------------------------------------------------------------------------
(* `reset`: drops what is ahead, back to what is confirmed. All that waits is to be considered
   again, in order, also what decided nothing; nothing is decided before the journal was read to
   the end that the log names after this. What was submitted stays submitted and may land: nobody
   waits for it now (Disowned), and if it is accepted, it comes like another manager's record.
   `considered` falls back to what is settled. *)
Redo(waiting) == [queue |-> [i \in 1..Len(waiting) |->
                                [p |-> waiting[i].p, offset |-> waiting[i].offset]],
                  waiting |-> <<>>]

Disowned(sends, c) ==
    LET isLeft(s) == s.place = 0 \/ s.record.cluster # c
        kept == SelectSeq(sends, isLeft)
    IN [i \in 1..Len(kept) |-> IF kept[i].record.cluster = c
                               THEN [kept[i] EXCEPT !.isKnown = FALSE] ELSE kept[i]]

AfterReset(mgr, c) ==
    LET redo == Redo(mgr.waiting[c])
        h == HomeSeen(mgr, c)
    IN [mgr EXCEPT !.ahead[c] = mgr.confirmed[c], !.places[c] = <<>>,
                   !.waiting[c] = redo.waiting, !.queue[c] = redo.queue \o @,
                   !.considered[c] = mgr.settled[c], !.sends = Disowned(@, c),
                   !.reset[c] = IF mgr.position[h] < Len(journal[h]) THEN Len(journal[h]) ELSE 0]

(* What is done when a record in flight cannot be accepted any more: also that is a reset. Without
   it every later decision would extend a record that does not exist, and nobody would notice. *)
AfterLoss(mgr, c) == AfterReset(mgr, c)

(* `acknowledge`: the entry in flight learns its place. If the journal was read past that place
   before, the record was not accepted there: it is void. *)
Flying(mgr, record) ==
    {i \in 1..Len(mgr.places[record.cluster]) :
        /\ mgr.places[record.cluster][i] = 0
        /\ Chain(Take(mgr.ahead[record.cluster], Len(mgr.confirmed[record.cluster]) + i))
           = record.chain}

AfterAcknowledging(mgr, record, place) ==
    LET c == record.cluster
        i == Least(Flying(mgr, record))
        noted == [mgr EXCEPT !.places[c][i] = place]
    IN IF Flying(mgr, record) = {} THEN mgr
       ELSE IF place <= mgr.position[HomeSeen(mgr, c)] THEN AfterLoss(noted, c) ELSE noted

Where(mgr, record) == HomeSeen(mgr, record.cluster)

(* The log appends a record. Whether it is accepted is decided here and for ever, by its place: the
   log's order is the only arbiter between managers. *)
AppendToJournal(h, record) ==
    /\ journal' = [journal EXCEPT ![h] = Append(@, record)]
    /\ accepted' = IF Wanted(record.cluster, h) /\ Extends(record, accepted[record.cluster])
                   THEN [accepted EXCEPT ![record.cluster] = Append(@, Last(record.chain))]
                   ELSE accepted

NotLanded(mgr) == {i \in 1..Len(mgr.sends) : mgr.sends[i].place = 0}

(* Land. An append reaches the log: the oldest, or, as often as Budget has `reorder`, one that
   overtakes it. In a world that is not Prompt the acknowledgement is on its way for as long as it
   likes, and the manager may read the record before it comes. *)
Land(m) ==
    LET mgr == managers[m]
        open == NotLanded(mgr)
    IN /\ mgr.isAlive /\ open # {}
       /\ \E i \in open :
           LET send == mgr.sends[i]
               h == Where(mgr, send.record)
               place == Len(journal[h]) + 1
           IN /\ IF i = Least(open) THEN UNCHANGED left ELSE Spend("reorder")
              /\ AppendToJournal(h, send.record)
              /\ managers' = [managers EXCEPT ![m] =
                     IF ~send.isKnown THEN [mgr EXCEPT !.sends = Without(@, i)]
                     ELSE IF Prompt
                     THEN AfterAcknowledging([mgr EXCEPT !.sends = Without(@, i)],
                                             send.record, place)
                     ELSE [mgr EXCEPT !.sends[i].place = place]]
       /\ UNCHANGED <<inputs, orphans, checkpoints, snapshots, commands, agent, grown, now>>

(* Acknowledge (`acknowledge`). The answer to an append arrives, in any order. That of an append
   from before a reset was dropped with its token. *)
Acknowledge(m) ==
    LET mgr == managers[m]
    IN /\ mgr.isAlive
       /\ \E i \in (1..Len(mgr.sends)) \ NotLanded(mgr) :
           managers' = [managers EXCEPT ![m] =
               AfterAcknowledging([mgr EXCEPT !.sends = Without(@, i)], mgr.sends[i].record,
                                  mgr.sends[i].place)]
       /\ UNCHANGED <<inputs, journal, accepted, orphans, checkpoints, snapshots, commands, agent,
                      grown, now, left>>

(* LandTwice. A produce is doubled: the record lands, and the append is still on its way. Nothing
   rests on an idempotent producer: the copy that comes second extends a head that is gone. *)
LandTwice(m) ==
    LET mgr == managers[m]
    IN /\ mgr.isAlive /\ NotLanded(mgr) # {}
       /\ Spend("duplicate")
       /\ LET send == mgr.sends[Least(NotLanded(mgr))]
          IN AppendToJournal(Where(mgr, send.record), send.record)
       /\ UNCHANGED <<inputs, managers, orphans, checkpoints, snapshots, commands, agent, grown,
                      now>>

(* LandLate. A record that a crash, a failed append or a replaced producer left behind lands after
   all. It is accepted if it extends the head of that moment, and rightly so: it was decided on
   exactly that state. *)
LandLate ==
    /\ \E orphan \in orphans :
        /\ AppendToJournal(orphan.home, orphan.record)
        /\ orphans' = orphans \ {orphan}
    /\ UNCHANGED <<inputs, managers, checkpoints, snapshots, commands, agent, grown, now, left>>

LeftBehind(mgr, which) ==
    {[home |-> Where(mgr, mgr.sends[i].record), record |-> mgr.sends[i].record] :
        i \in which \cap NotLanded(mgr)}

(* Fail (`fail`). The manager is told that an append failed. It may have landed all the same, may
   land later, or never: `failed` says nothing about the log. The manager resets. *)
Fail(m) ==
    LET mgr == managers[m]
    IN /\ mgr.isAlive
       /\ Spend("fail")
       /\ \E i \in 1..Len(mgr.sends) :
           LET send == mgr.sends[i]
               told == [mgr EXCEPT !.sends = Without(@, i)]
           IN /\ orphans' = orphans \cup LeftBehind(mgr, {i})
              /\ managers' = [managers EXCEPT ![m] =
                     IF send.isKnown /\ Flying(mgr, send.record) # {}
                     THEN AfterLoss(told, send.record.cluster) ELSE told]
       /\ UNCHANGED <<inputs, journal, accepted, checkpoints, snapshots, commands, agent, grown,
                      now>>

RECURSIVE AfterLosses(_, _)
AfterLosses(mgr, todo) ==
    IF todo = {} THEN mgr
    ELSE LET c == CHOOSE c \in todo : TRUE
         IN AfterLosses(IF mgr.places[c] = <<>> THEN mgr ELSE AfterLoss(mgr, c), todo \ {c})

(* ReplaceProducer (`resetAllInFlight`). The client of the log is made anew after a fatal error;
   everything submitted has an unknown fate, and every cluster with records in flight is reset. *)
ReplaceProducer(m) ==
    LET mgr == managers[m]
    IN /\ mgr.isAlive /\ mgr.sends # <<>>
       /\ Spend("replace")
       /\ orphans' = orphans \cup LeftBehind(mgr, 1..Len(mgr.sends))
       /\ managers' = [managers EXCEPT ![m] = AfterLosses([mgr EXCEPT !.sends = <<>>], Clusters)]
       /\ UNCHANGED <<inputs, journal, accepted, checkpoints, snapshots, commands, agent, grown,
                      now>>

(* Crash. The process ends at any point. What it held is gone: what it had not read back has not
   happened, what it had not published is published by whoever reads it. *)
Crash(m) ==
    LET mgr == managers[m]
    IN /\ mgr.isAlive
       /\ Spend("crash")
       /\ orphans' = orphans \cup LeftBehind(mgr, 1..Len(mgr.sends))
       /\ managers' = [managers EXCEPT ![m] = Absent(mgr.life + 1)]
       /\ UNCHANGED <<inputs, journal, accepted, checkpoints, snapshots, commands, agent, grown,
                      now>>

----------------------------------------------------------------------------
(* Own or not is told by the hash, never by the author: a discarded copy of one's own may be
   accepted. *)
IsOwn(m, mgr, c, decision) ==
    mgr.places[c] # <<>> /\ mgr.ahead[c][Len(mgr.confirmed[c]) + 1] = decision

Uncovered(log, waiting) ==
    LET next == StateOf(log).next
        isOpen(w) == w.offset > next[w.p]
    IN SelectSeq(waiting, isOpen)

(* `confirm`: an accepted record that is the front of what is in flight moves the confirmed state
   up to the next one. Any other accepted record was written on the same head by somebody else:
   reset. Inputs that the new state covers are not waited for. *)
Confirm(m, mgr, c, log) ==
    LET moved == [mgr EXCEPT !.confirmed[c] = log]
        after == IF IsOwn(m, mgr, c, Last(log)) THEN [moved EXCEPT !.places[c] = Tail(@)]
                 ELSE IF mgr.places[c] # <<>> \/ mgr.waiting[c] # <<>> THEN AfterReset(moved, c)
                 ELSE [moved EXCEPT !.ahead[c] = log]
    IN [after EXCEPT !.waiting[c] = Uncovered(log, @)]

(* `publish`: of every accepted record, one's own or another's, if its journal partition is one's
   own. *)
IsMine(m, mgr, h, decision) == Publishes(mgr, h)

Publish(m, mgr, c, h, log) ==
    IF IsMine(m, mgr, h, Last(log)) /\ Last(log).event = "ordered"
    THEN [mgr EXCEPT !.pending = @ \cup {ID(c, log)}] ELSE mgr

(* `stop`: what was to be considered is kept for others: no checkpoint of this manager passes it. *)
Stop(mgr, c) ==
    [AfterReset(mgr, c) EXCEPT !.ahead[c] = mgr.confirmed[c], !.reset[c] = 0]

(* `noteVoid`: a void record at a place where an append of one's own was acknowledged. Told by the
   place, never by the author: of a discarded append nobody is to take notice, or one lost record
   would cost a reset for each that follows it. *)
IsLost(m, mgr, c, record, place) ==
    \E i \in 1..Len(mgr.places[c]) : mgr.places[c][i] = place

Step(m, mgr, c, h, record, place) ==
    LET log == IF HomeSeen(mgr, c) = h THEN ReadAs(m, mgr.confirmed[c], record)
               ELSE mgr.confirmed[c]
    IN IF log # mgr.confirmed[c]
       THEN LET confirmed == Confirm(m, mgr, c, log)
            IN IF Stopped(m, log) THEN Stop(confirmed, c)
               ELSE Publish(m, confirmed, c, h, log)
       ELSE IF IsLost(m, mgr, c, record, place) THEN AfterLoss(mgr, c) ELSE mgr

(* ReadJournal (`readJournal`). A manager reads the next record of a journal partition, whoever
   owns it: every manager folds all of the journal. Accepted, it is confirmed, and published by the
   owner. Void, it is ignored, unless it stands where one's own was acknowledged. A reset that has
   now read to the end known then is over. The first time that an owner has read to the end known
   at the beginning of its work, it publishes what is outstanding. *)
ReadJournal(m, h) ==
    LET mgr == managers[m]
        place == mgr.position[h] + 1
        record == journal[h][place]
        moved == [mgr EXCEPT !.position[h] = place]
        read == Step(m, moved, record.cluster, h, record, place)
        ended == [read EXCEPT !.reset = [c \in Clusters |->
                     IF IsResetting(read, c) THEN read.reset[c] ELSE 0]]
        isCaughtUp == h \in mgr.owns /\ mgr.position[h] < mgr.catchUp[h]
                      /\ place = mgr.catchUp[h]
    IN /\ mgr.isAlive /\ place <= Len(journal[h])
       /\ managers' = [managers EXCEPT ![m] =
                           IF isCaughtUp THEN StartPublishing(ended, h) ELSE ended]
       /\ UNCHANGED <<inputs, journal, accepted, orphans, checkpoints, snapshots, commands, agent,
                      grown, now, left>>

(* PublishCommand. A command reaches its topic. One manager may do it for another, and twice: ids
   are equal, and the agent sees to the rest. *)
PublishCommand(m) ==
    LET mgr == managers[m]
    IN /\ mgr.isAlive
       /\ \E id \in mgr.pending :
           /\ commands' = commands \cup {id}
           /\ managers' = [managers EXCEPT ![m].pending = @ \ {id}]
       /\ UNCHANGED <<inputs, journal, accepted, orphans, checkpoints, snapshots, agent, grown, now,
                      left>>

----------------------------------------------------------------------------
(* `lower`: a position is lowered to the oldest input of a list. *)
Below(position, entries, p) ==
    LET offsets == {entries[i].offset : i \in {i \in 1..Len(entries) : entries[i].p = p}}
    IN IF offsets = {} THEN position ELSE Min(position, Least(offsets) - 1)

RECURSIVE BelowAll(_, _, _, _)
BelowAll(position, lists, todo, p) ==
    IF todo = {} THEN position
    ELSE LET c == CHOOSE c \in todo : TRUE
         IN BelowAll(Below(position, lists[c], p), lists, todo \ {c}, p)

(* An input is open while the decision that it caused is in flight, or the one that it was decided
   on: also what decided nothing on a state that may never be. *)
IsOpen(mgr, c, w) ==
    \/ w.own > Len(mgr.confirmed[c])
    \/ w.basis > Len(mgr.confirmed[c])

Lowered(mgr, position, p) ==
    LET open == [c \in Clusters |->
                    LET isOpen(w) == IsOpen(mgr, c, w) IN SelectSeq(mgr.waiting[c], isOpen)]
    IN BelowAll(BelowAll(position, mgr.queue, Clusters, p), open, Clusters, p)

(* The end of every journal partition, asked of the log and not of a cache: how far a manager has
   read says nothing about how far there is something to read. *)
Fence == [h \in Partitions |-> Len(journal[h])]

(* CheckpointIfDue (`checkpointIfDue`). Takes the positions of the inputs considered, lowered to
   what a reset has left in the queue, and asks the log for the journal's end. *)
CheckpointIfDue(m) ==
    LET mgr == managers[m]
    IN /\ mgr.isAlive /\ mgr.checkpointing.of = {} /\ mgr.owns # {}
       /\ Spend("checkpoint")
       /\ managers' = [managers EXCEPT ![m].checkpointing =
              [of |-> mgr.owns,
               positions |-> [p \in Partitions |-> IF p \in mgr.owns
                   THEN BelowAll(mgr.positions[p], mgr.queue, Clusters, p) ELSE 0],
               ends |-> Fence]]
       /\ UNCHANGED <<inputs, journal, accepted, orphans, checkpoints, snapshots, commands, agent,
                      grown, now>>

(* `write`: the floor is an offset below which the writer knows every cluster to have a snapshot,
   and it names those clusters. One of them without: no floor. *)
Floor(mgr, h) ==
    LET known == {c \in Clusters : HomeSeen(mgr, c) = h /\ mgr.confirmed[c] # <<>>}
        marks == {mgr.snapshot[c] : c \in known}
    IN IF known = {} \/ 0 \in marks THEN [floor |-> 0, known |-> {}]
       ELSE [floor |-> Least(marks), known |-> known]

(* `forget`: what a checkpoint has passed is not waited for any more, but stays considered. *)
Forget(mgr, positions, of) ==
    LET isPassed(w) == w.p \in of /\ w.offset <= positions[w.p]
        isLeft(w) == ~isPassed(w)
        passed(c, p) == {w.offset : w \in {mgr.waiting[c][i] : i \in
                            {i \in 1..Len(mgr.waiting[c]) :
                                isPassed(mgr.waiting[c][i]) /\ mgr.waiting[c][i].p = p}}}
        most(s) == CHOOSE x \in s : \A y \in s : y <= x
    IN [mgr EXCEPT
            !.waiting = [c \in Clusters |-> SelectSeq(mgr.waiting[c], isLeft)],
            !.settled = [c \in Clusters |-> [p \in Partitions |->
                IF passed(c, p) = {} THEN @[c][p] ELSE Max(@[c][p], most(passed(c, p)))]]]

(* FinishCheckpointIfRead (`finishCheckpointIfRead`). Once the journal is read to the ends asked
   for, writes the positions, lowered to what is still open. Whatever was read on the way and
   changed something has reset the cluster, so its inputs were considered again or are in the
   queue. So every input below the position is covered by an accepted record, or decided nothing on
   an accepted state that was current when it was appended or later; and that stays true. *)
FinishCheckpointIfRead(m) ==
    LET mgr == managers[m]
        current == mgr.checkpointing
        positions == [p \in Partitions |-> Lowered(mgr, current.positions[p], p)]
    IN /\ mgr.isAlive /\ current.of # {}
       /\ \A h \in Partitions : mgr.position[h] >= current.ends[h]
       /\ checkpoints' = checkpoints \cup
              {[p |-> p, position |-> positions[p], floor |-> Floor(mgr, p).floor,
                known |-> Floor(mgr, p).known] : p \in current.of}
       /\ managers' = [managers EXCEPT ![m] =
              [Forget(mgr, positions, current.of) EXCEPT !.checkpointing = NoCheckpoint]]
       /\ UNCHANGED <<inputs, journal, accepted, orphans, snapshots, commands, agent, grown, now,
                      left>>

(* WriteSnapshot (`writeSnapshots`). The state of a cluster, "as of journal offset J": J is how far
   the journal was read, not where the head lies. *)
WriteSnapshot(m, c) ==
    LET mgr == managers[m]
        h == HomeSeen(mgr, c)
    IN /\ mgr.isAlive /\ mgr.confirmed[c] # <<>> /\ ~Stopped(m, mgr.confirmed[c])
       /\ mgr.snapshot[c] < mgr.position[h]
       /\ Spend("snapshot")
       /\ snapshots' = snapshots \cup
              {[cluster |-> c, from |-> mgr.position[h], log |-> mgr.confirmed[c]]}
       /\ managers' = [managers EXCEPT ![m].snapshot[c] = mgr.position[h]]
       /\ UNCHANGED <<inputs, journal, accepted, orphans, checkpoints, commands, agent, grown, now>>

(* `ProjectionLoader.readSnapshots` and `use`: of what compaction has left, snapshots are used if
   every cluster that the floor names has one; the journal is read from the lowest J, not above the
   floor; and of each cluster what lies below its own J is ignored, since it was accepted or void
   there before its snapshot was made. (A cluster without a snapshot has one here as of 0.) *)
Usable(found, checkpoint) ==
    \A c \in checkpoint.known : found[c].from > 0

StartOffset(found, checkpoint) ==
    LET marks == {found[c].from : c \in {c \in Clusters : found[c].from > 0}}
    IN IF marks = {} THEN 0 ELSE Min(Least(marks), checkpoint.floor)

IsBelowSnapshot(place, from) == place <= from

RECURSIVE FoldFrom(_, _, _, _, _)
FoldFrom(c, h, found, start, n) ==
    IF n <= start THEN found[c].log
    ELSE LET log == FoldFrom(c, h, found, start, n - 1)
             record == journal[h][n]
         IN IF record.cluster # c \/ IsBelowSnapshot(n, found[c].from) THEN log
            ELSE IF Extends(record, log) THEN Append(log, Last(record.chain)) ELSE log

LoadedFrom(c, found, checkpoint) ==
    LET h == Home[c]
        none == [d \in Clusters |-> [cluster |-> d, from |-> 0, log |-> <<>>]]
        here == [d \in Clusters |-> IF Home[d] = h THEN found[d] ELSE none[d]]
    IN IF Usable(found, checkpoint)
       THEN FoldFrom(c, h, here, StartOffset(here, checkpoint), Len(journal[h]))
       ELSE FoldFrom(c, h, none, 0, Len(journal[h]))

----------------------------------------------------------------------------
(* Assign (`assign`, `begin`). A manager is given a partition, whoever else works on it: ownership
   only has to be mostly right. It resumes at any checkpoint, with whatever it has read of the
   journal. *)
Assign(m, p) ==
    LET mgr == managers[m]
    IN /\ mgr.isAlive /\ p \notin mgr.owns
       /\ m \in Steady \/ left.move > 0
       /\ left' = IF m \in Steady THEN left ELSE [left EXCEPT !.move = @ - 1]
       /\ \E from \in ResumeAt(p) : managers' = [managers EXCEPT ![m] = BeginShare(mgr, p, from)]
       /\ UNCHANGED <<inputs, journal, accepted, orphans, checkpoints, snapshots, commands, agent,
                      grown, now>>

(* What a manager no longer waits for it must not call considered, unless a checkpoint has passed
   it: when the state on which it was nothing is lost, nobody here considers it again. *)
ConsideredAfterRelease(mgr, c, p) == mgr.settled[c][p]

Released(mgr, p) ==
    LET isLeft(x) == x.p # p
    IN [mgr EXCEPT !.owns = @ \ {p}, !.positions[p] = 0, !.catchUp[p] = 0,
                   !.checkpointing = IF @.of \subseteq {p} THEN NoCheckpoint
                                     ELSE [@ EXCEPT !.of = @ \ {p}, !.positions[p] = 0],
                   !.queue = [c \in Clusters |-> SelectSeq(@[c], isLeft)],
                   !.waiting = [c \in Clusters |-> SelectSeq(@[c], isLeft)],
                   !.considered = [c \in Clusters |->
                                      [@[c] EXCEPT ![p] = ConsideredAfterRelease(mgr, c, p)]]]

(* Release (`release`). A partition is taken away. Its inputs are not waited for; what they have in
   flight goes on, and is published by whoever owns the journal partition. *)
Release(m, p) ==
    LET mgr == managers[m]
    IN /\ mgr.isAlive /\ p \in mgr.owns
       /\ Spend("move")
       /\ managers' = [managers EXCEPT ![m] = Released(mgr, p)]
       /\ UNCHANGED <<inputs, journal, accepted, orphans, checkpoints, snapshots, commands, agent,
                      grown, now>>

----------------------------------------------------------------------------
(* AgentBegins. The agent takes a published command: not one whose id it has begun, not one for
   another start of its node, not one after its last moment. It writes the id down, then acts. Each
   of the three is needed: a command may come late, twice, and after a restart of the agent or of
   the node. *)
AgentBegins ==
    /\ \E id \in commands :
        LET order == Last(id.chain)
        IN /\ id \notin agent.began
           /\ order.arg = agent.start
           /\ now <= order.at + Limit
           /\ agent' = [agent EXCEPT !.began = @ \cup {id},
                  !.carried = Append(@, [id |-> id, start |-> agent.start, at |-> now])]
    /\ UNCHANGED <<inputs, journal, accepted, managers, orphans, checkpoints, snapshots, commands,
                   grown, now, left>>

(* AgentReports. What became of a command is an input like any other. *)
AgentReports ==
    /\ Spend("report")
    /\ \E i \in 1..Len(agent.carried) :
        LET c == agent.carried[i].id.cluster
        IN inputs' = [inputs EXCEPT ![Home[c]] =
               Append(@, NewInput(c, "done", Len(agent.carried[i].id.chain)))]
    /\ UNCHANGED <<journal, accepted, managers, orphans, checkpoints, snapshots, commands, agent,
                   grown, now>>

(* What the agent still knows after its restart: all that it has begun, as that lies on its disk. *)
Remembered(began) == began

(* AgentRestarts. The agent's process begins again beside the same node. *)
AgentRestarts ==
    /\ Spend("agent")
    /\ agent' = [agent EXCEPT !.began = Remembered(@)]
    /\ UNCHANGED <<inputs, journal, accepted, managers, orphans, checkpoints, snapshots, commands,
                   grown, now>>

(* NodeRestarts. The node begins again, with the next start: what was commanded to the one before
   is void. *)
NodeRestarts ==
    /\ Spend("node")
    /\ agent' = [agent EXCEPT !.start = @ + 1]
    /\ UNCHANGED <<inputs, journal, accepted, managers, orphans, checkpoints, snapshots, commands,
                   grown, now>>

(* TimePasses. The broker's clock goes on. *)
TimePasses ==
    /\ Spend("time")
    /\ now' = now + 1
    /\ UNCHANGED <<inputs, journal, accepted, managers, orphans, checkpoints, snapshots, commands,
                   agent, grown>>

(* TopicGrows. Somebody gives the journal's topic more partitions. Nothing follows from that. *)
TopicGrows ==
    /\ Spend("grow")
    /\ grown' = TRUE
    /\ UNCHANGED <<inputs, journal, accepted, managers, orphans, checkpoints, snapshots, commands,
                   agent, now>>

----------------------------------------------------------------------------
There(p) ==
    LET isHere(next) == next.p = p
        here == SelectSeq(Take(Plan, Begun), isHere)
    IN [i \in 1..Len(here) |->
           [cluster |-> here[i].cluster, kind |-> here[i].kind,
            arg |-> IF here[i].kind = "order" THEN 1 ELSE 0, head |-> 0, appended |-> 0]]

Init ==
    /\ inputs = [p \in Partitions |-> There(p)]
    /\ journal = [h \in Partitions |-> <<>>]
    /\ accepted = [c \in Clusters |-> <<>>]
    /\ managers = [m \in Managers |-> Absent(0)]
    /\ orphans = {} /\ checkpoints = {} /\ snapshots = {} /\ commands = {}
    /\ agent = [start |-> 1, began |-> {}, carried |-> <<>>]
    /\ grown = FALSE /\ now = 0
    /\ left = [Budget EXCEPT !.arrivals = Len(Plan) - Begun]

(* What a manager does by itself. Steady ones do it if they can, for ever, and come back after a
   crash: that is all the fairness there is. Others may pause for ever at any point, and neither
   orphans nor faults owe anything. *)
Works(m) ==
    \/ \E p \in Partitions : ReadInput(m, p)
    \/ \E c \in Clusters : ConsiderQueue(m, c)
    \/ Land(m)
    \/ Acknowledge(m)
    \/ \E h \in Partitions : ReadJournal(m, h)
    \/ FinishCheckpointIfRead(m)
    \/ PublishCommand(m)
    \/ Start(m)
    \/ m \in Steady /\ \E p \in Partitions : Assign(m, p)

Next ==
    \/ Arrive \/ LandLate \/ TimePasses \/ TopicGrows
    \/ AgentBegins \/ AgentReports \/ AgentRestarts \/ NodeRestarts
    \/ \E m \in Managers :
        \/ Works(m)
        \/ \E c \in Clusters, what \in {"timer", "heard"} : Wake(m, c, what)
        \/ LandTwice(m) \/ Fail(m) \/ ReplaceProducer(m) \/ Crash(m)
        \/ CheckpointIfDue(m)
        \/ \E c \in Clusters : WriteSnapshot(m, c)
        \/ \E p \in Partitions : Assign(m, p) \/ Release(m, p)

Spec == Init /\ [][Next]_vars /\ WF_vars(Arrive) /\ \A m \in Steady : WF_vars(Works(m))

----------------------------------------------------------------------------
(* WHAT MUST HOLD. The names are those of docs/spec/README.md, which says where else each is
   checked. *)
Silent(state, input) == Says(state, input.kind, input.arg, 0) = Nothing

Caused(c, p, o) == {k \in 1..Len(accepted[c]) : accepted[c][k].p = p /\ accepted[c][k].offset = o}

Covering(c, p, o) ==
    {k \in 1..Len(accepted[c]) : StateOf(Take(accepted[c], k)).next[p] >= o}

(* From input o on every input of the cluster is accounted for, the states on which it was decided
   not before `from`; with isFinal also those that nothing covers yet. *)
RECURSIVE Accounts(_, _, _, _, _)
Accounts(c, p, o, from, isFinal) ==
    IF o > Len(inputs[p]) THEN TRUE
    ELSE LET input == inputs[p][o]
             caused == Caused(c, p, o)
             covering == Covering(c, p, o)
             last == IF covering = {} THEN Len(accepted[c]) ELSE Least(covering) - 1
             silent == {k \in Max(from, input.head)..last :
                           Silent(StateOf(Take(accepted[c], k)), input)}
         IN IF input.cluster # c THEN Accounts(c, p, o + 1, from, isFinal)
            ELSE IF caused # {}
            THEN from < Least(caused) /\ Accounts(c, p, o + 1, Least(caused), isFinal)
            ELSE IF covering = {} /\ ~isFinal THEN Accounts(c, p, o + 1, from, isFinal)
            ELSE silent # {} /\ Accounts(c, p, o + 1, Least(silent), isFinal)

(* I1. No cause occurs twice among the accepted records of a cluster. *)
NoInputTwice ==
    \A c \in Clusters : \A j, k \in 1..Len(accepted[c]) :
        j < k /\ accepted[c][j].offset > 0 /\ accepted[c][j].p = accepted[c][k].p
            => accepted[c][j].offset # accepted[c][k].offset

(* I4. The causes of a partition increase. *)
InputsInOrder ==
    \A c \in Clusters : \A j, k \in 1..Len(accepted[c]) :
        j < k /\ accepted[c][j].offset > 0 /\ accepted[c][k].offset > 0
              /\ accepted[c][j].p = accepted[c][k].p
            => accepted[c][j].offset <= accepted[c][k].offset

(* I2, the nothing rule: an input that was covered and caused nothing decided nothing on an
   accepted state, not older than its append and before the record that covers it; the states of a
   partition's inputs do not go back. *)
NoInputSkipped == \A c \in Clusters, p \in Partitions : Accounts(c, p, 1, 0, FALSE)

(* I10. Decided again on the state that it extends, each accepted record says the same; neither its
   time nor what was considered goes back. *)
DecidedOnWhatItExtends ==
    \A c \in Clusters : \A k \in 1..Len(accepted[c]) :
        LET d == accepted[c][k]
            before == StateOf(Take(accepted[c], k - 1))
        IN /\ Says(before, d.kind, d.arg, d.at) = d.event
           /\ d.at >= before.at
           /\ \A p \in Partitions : d.considered[p] >= before.next[p]

(* I11. An input that the author of an accepted decision had considered never acts after it. *)
NoStaleInput ==
    \A c \in Clusters : \A j, k \in 1..Len(accepted[c]) :
        j < k /\ accepted[c][k].offset > 0
            => accepted[c][k].offset > accepted[c][j].knew[accepted[c][k].p]

(* I3. What a manager has confirmed is what was accepted up to where it has read, for every
   manager, however it came there. *)
Known(m, c) ==
    LET h == Home[c]
        RECURSIVE Read(_)
        Read(n) == IF n = 0 THEN <<>>
                   ELSE LET log == Read(n - 1)
                            record == journal[h][n]
                        IN IF record.cluster = c /\ Extends(record, log)
                           THEN Append(log, Last(record.chain)) ELSE log
    IN Read(managers[m].position[h])

ReadersAgree ==
    \A m \in Managers, c \in Clusters :
        managers[m].isAlive =>
            \/ managers[m].confirmed[c] = Known(m, c)
            \/ /\ Stopped(m, managers[m].confirmed[c])
               /\ IsPrefix(managers[m].confirmed[c], Known(m, c))

(* I9. Ahead is confirmed plus what is in flight; what waits is uncovered, was considered, and is
   in order. *)
BooksAreRight ==
    \A m \in Managers, c \in Clusters :
        LET mgr == managers[m]
            w == mgr.waiting[c]
            next == StateOf(mgr.confirmed[c]).next
        IN mgr.isAlive =>
            /\ IsPrefix(mgr.confirmed[c], mgr.ahead[c])
            /\ Len(mgr.ahead[c]) = Len(mgr.confirmed[c]) + Len(mgr.places[c])
            /\ \A i \in 1..Len(w) : /\ w[i].offset > next[w[i].p]
                                    /\ w[i].offset <= mgr.considered[c][w[i].p]
            /\ \A i, j \in 1..Len(w) : i < j /\ w[i].p = w[j].p => w[i].offset < w[j].offset
            /\ \A p \in Partitions : mgr.settled[c][p] <= mgr.considered[c][p]

(* L1. For the front of what is in flight something can still be read, acknowledged or failed. *)
NobodyWaitsForNothing ==
    \A m \in Managers, c \in Clusters :
        LET mgr == managers[m]
            front == Chain(Take(mgr.ahead[c], Len(mgr.confirmed[c]) + 1))
        IN mgr.isAlive /\ mgr.places[c] # <<>> =>
            \/ mgr.places[c][1] > mgr.position[HomeSeen(mgr, c)]
            \/ mgr.places[c][1] = 0 /\ \E i \in 1..Len(mgr.sends) :
                   mgr.sends[i].isKnown /\ mgr.sends[i].record = [cluster |-> c, chain |-> front]

(* I6. Every checkpoint ever written: whatever it has passed is covered, or decided nothing on an
   accepted state not older than its append. *)
CheckpointsAreTrue ==
    \A k \in checkpoints : \A o \in 1..k.position :
        LET input == inputs[k.p][o]
            c == input.cluster
        IN \/ StateOf(accepted[c]).next[k.p] >= o
           \/ \E n \in input.head..Len(accepted[c]) : Silent(StateOf(Take(accepted[c], n)), input)

(* I3. Whatever compaction leaves of all snapshots and checkpoints ever written, the fold that
   begins with it is the whole fold. *)
SnapshotsAgree ==
    LET of(c) == {s \in snapshots : s.cluster = c}
                     \cup {[cluster |-> c, from |-> 0, log |-> <<>>]}
        none == {[p |-> 0, position |-> 0, floor |-> 0, known |-> {}]}
    IN snapshots # {} =>
        \A found \in {f \in [Clusters -> UNION {of(c) : c \in Clusters}] :
                         \A c \in Clusters : f[c] \in of(c)} :
            \A c \in Clusters : \A k \in {k \in checkpoints : k.p = Home[c]} \cup none :
                LoadedFrom(c, found, k) = accepted[c]

(* I5. Only commands of accepted decisions are published. *)
OnlyAcceptedCommands ==
    \A id \in commands : \E k \in 1..Len(accepted[id.cluster]) :
        /\ accepted[id.cluster][k].event = "ordered"
        /\ Chain(Take(accepted[id.cluster], k)) = id.chain

(* I5. No command is carried out twice, after its last moment, or by another start. *)
NoCommandTwice ==
    /\ \A i, j \in 1..Len(agent.carried) : i < j => agent.carried[i].id # agent.carried[j].id
    /\ \A i \in 1..Len(agent.carried) :
        LET order == Last(agent.carried[i].id.chain)
        IN agent.carried[i].start = order.arg /\ agent.carried[i].at <= order.at + Limit

(* I7. No decision is later than the broker's clock; with I10, no deadline fires early. *)
NoDeadlineEarly ==
    /\ \A c \in Clusters : \A k \in 1..Len(accepted[c]) : accepted[c][k].at <= now
    /\ \A m \in Managers, c \in Clusters : \A k \in 1..Len(managers[m].ahead[c]) :
        managers[m].ahead[c][k].at <= now

RECURSIVE Total(_, _)
Total(lists, todo) ==
    IF todo = {} THEN 0
    ELSE LET x == CHOOSE x \in todo : TRUE IN Len(lists[x]) + Total(lists, todo \ {x})

FaultsMade == LET names == {"crash", "fail", "replace", "duplicate", "reorder", "move"}
                  RECURSIVE Sum(_)
                  Sum(todo) == IF todo = {} THEN 0
                               ELSE LET x == CHOOSE x \in todo : TRUE
                                    IN Budget[x] - left[x] + Sum(todo \ {x})
              IN Sum(names)

(* I12. A fault voids at most two windows (what it loses, and what is voided by what it leaves
   behind), another process's accepted record at most one of each other process. *)
NoStorm ==
    LET taken == Total(accepted, Clusters)
        void == Total(journal, Partitions) - taken
        processes == Cardinality(Managers) + Budget.crash - left.crash
    IN void <= Window * (2 * FaultsMade + (processes - 1) * taken)

(* I12, under fairness: every input that arrives is decided in the end, and stays so. (Compared
   with TRUE, as TLC would take a recursive definition apart without end.) *)
AllAreDecided ==
    left.arrivals = 0 /\ \A c \in Clusters, p \in Partitions : Accounts(c, p, 1, 0, TRUE)

EveryInputIsDecided == <>[](AllAreDecided = TRUE)

(* I12, under fairness: every command that the state calls outstanding is published in the end. *)
AllArePublished ==
    \A c \in Clusters : \A n \in StateOf(accepted[c]).outstanding :
        ID(c, Take(accepted[c], n)) \in commands

EveryCommandIsPublished == <>[](AllArePublished = TRUE)
=============================================================================
