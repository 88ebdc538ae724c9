"""Owns what holds of every team, whatever its participants say: bounds, tallies, and one result for one talk."""

import asyncio
from collections import Counter
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from flows.nodes.base import StepFailed
from flows.tally import counted
from flows.teams.deciding import alike, consensus, majority, plain, shown, weighed
from tests.environment import scaled
from tests.flows.context import World, run
from tests.flows.teams import hands, team

NAMES = ["ann", "bob", "cy", "dan", "eve"]
OPTIONS = ["A", "B", "C"]
POSITIONS = st.sampled_from(["tea", " TEA", "coffee", "Coffee ", "milk", "ﬁne", "ß", "SS"])
WEIGHTS = st.one_of(st.integers(1, 9), st.sampled_from([0.1, 0.2, 0.3, 0.7, 1.1, 2.5, 1e-05, 999_999.5]))
BROKEN = st.sampled_from(["provider_error", "timeout", "denied", "invalid_output"]).map(
    lambda code: StepFailed(code, "No.")
)
GUARD = st.sampled_from(["limit_time", "budget_exceeded"]).map(lambda code: StepFailed(code, "Enough."))
NONSENSE = st.sampled_from([{}, {"text": 7}, "words", {"position": "tea"}, {"next": "nobody"}, {"vote": "Z"}])
ANSWERS = st.one_of(
    st.fixed_dictionaries(
        {
            "text": st.text(max_size=20),
            "position": POSITIONS,
            "vote": st.sampled_from(OPTIONS),
            "next": st.sampled_from([*NAMES, "done"]),
            "winner": st.sampled_from(OPTIONS),
        }
    ),
    st.builds(hands, st.sampled_from(NAMES), st.text(min_size=1, max_size=3)),
    NONSENSE,
    BROKEN,
    GUARD,
)
CONFIGS = {
    "round_robin": {},
    "moderated": {"moderator": "mo"},
    "debate": {},
    "swarm": {},
    "vote": {"options": OPTIONS},
}


class Cast:
    """Everybody says what was drawn, one after the other, cut to the shape that is asked for: more than what a schema
    allows is wrong, and what is missing is too."""

    def __init__(self, drawn):
        self.drawn, self.said = drawn, 0

    def __getitem__(self, name):
        return self.answer

    def answer(self, text):
        self.said += 1
        found = self.drawn[self.said % len(self.drawn)]
        return cut(found, text) if isinstance(found, dict) else found


def cut(found: dict, text: str) -> dict:
    """The fields that the sentence at the end of `text` asks for."""
    asked = text.rsplit("\n\n", 1)[-1]
    wanted = (
        ("vote",)
        if "Vote for" in asked
        else ("next",)
        if "the moderator of" in asked
        else ("text", "winner")
        if "the judge" in asked
        else ("text", "position")
        if "in a debate" in asked
        else ("text",)
    )
    return (
        {key: value for key, value in found.items() if key in wanted} if set(wanted) <= set(found) else found
    )


def talk(item, drawn, **world) -> dict:
    """{port?, error?, output or partial, asked} of one step; nothing else may come out of it."""
    around = World(agents=Cast(drawn), most_hops=50, **world)

    async def play():
        async with asyncio.timeout(20):
            return await run(item, around)

    try:
        finished = asyncio.run(play())
    except StepFailed as failure:
        return {"error": failure.code, "output": failure.partial, "world": around}
    return {"port": finished.ports[0], "output": finished.output, "world": around}


@settings(max_examples=scaled(150, 3_000), deadline=None)
@given(
    protocol=st.sampled_from(list(CONFIGS)),
    participants=st.integers(2, 5).map(lambda number: NAMES[:number]),
    most=st.integers(1, 9),
    decides=st.booleans(),
    drawn=st.lists(ANSWERS, min_size=1, max_size=30),
)
def test_every_talk_ends_within_its_messages_and_its_turns(protocol, participants, most, decides, drawn):
    config = {**CONFIGS[protocol], **({} if protocol == "vote" else {"max_turns": most})}
    if decides and protocol != "swarm":
        config |= {"decide": "judge", "judge": "jill"}
    ended = talk(team(protocol, participants, **config), drawn)
    transcript, turns = ended["output"]["transcript"], ended["world"].turns
    bound = len(participants) if protocol == "vote" else most
    assert len(transcript) <= bound
    assert len(turns) <= (2 * bound if protocol == "moderated" else bound) + 1
    share = -(-most // len(participants)) if protocol in ("round_robin", "debate") else bound
    spoken = Counter(turn.task["agent"] for turn in turns.values() if "role" not in turn.task)
    assert max(spoken.values(), default=0) <= share
    left_at = {entry["agent"]: place for place, entry in enumerate(transcript) if "error" in entry}
    for place, entry in enumerate(transcript):
        assert entry["agent"] in participants
        assert place <= left_at.get(entry["agent"], place), "somebody spoke after dropping out"
    assert ended.get("port") in (
        (None, "out", "no_consensus") if protocol in ("debate", "vote") else (None, "out")
    )


@settings(max_examples=scaled(100, 2_000), deadline=None)
@given(
    protocol=st.sampled_from(list(CONFIGS)),
    drawn=st.lists(ANSWERS, min_size=1, max_size=30),
    lost=st.integers(1, 4),
)
def test_what_is_known_is_not_asked_again_and_comes_to_the_same(protocol, drawn, lost):
    """All but the last turns are known, as a crash leaves them, and those that are not say something else now."""
    item = team(protocol, NAMES[:3], **CONFIGS[protocol])
    turns = talk(item, drawn)["world"].turns
    known = dict(list(turns.items())[: max(0, len(turns) - lost)])
    again = talk(item, [StepFailed("limit_time", "Enough.")], turns=dict(known))
    assert list(again["world"].turns)[: len(known)] == list(known)
    assert all(again["world"].turns[name] is turn for name, turn in known.items())
    whole = talk(item, drawn, turns=dict(turns))
    assert whole["world"].agents.said == 0
    assert whole["output"] == talk(item, drawn)["output"]


WEIGHTED = st.lists(
    st.tuples(POSITIONS, WEIGHTS.map(lambda weight: Fraction(str(weight)))), min_size=1, max_size=12
)


@given(votes=WEIGHTED, seed=st.randoms(use_true_random=False))
def test_the_counts_are_the_same_in_whatever_order_the_votes_come(votes, seed):
    mixed = list(votes)
    seed.shuffle(mixed)
    same = [{alike(entry["value"]): entry["count"] for entry in weighed(each)} for each in (votes, mixed)]
    assert same[0] == same[1]
    assert sum(same[0].values()) == sum(weight for _, weight in votes)
    assert [alike(entry["value"]) for entry in weighed(votes)] == list(
        dict.fromkeys(alike(vote) for vote, _ in votes)
    )


@given(votes=WEIGHTED)
def test_a_winner_has_more_than_half_and_there_is_at_most_one(votes):
    counts = weighed(votes)
    of = sum((weight for _, weight in votes), Fraction(0))
    over = [entry["value"] for entry in counts if 2 * entry["count"] > of]
    assert majority(counts, of).winner == (over[0] if over else None)
    assert len(over) <= 1
    assert (consensus(counts).winner is not None) == (len({alike(vote) for vote, _ in votes}) == 1)


@given(votes=WEIGHTED, times=st.integers(2, 7))
def test_a_tie_is_no_majority_however_it_is_weighed(votes, times):
    both = [("yes", weight * times) for _, weight in votes] + [("no", weight * times) for _, weight in votes]
    assert majority(weighed(both), sum(weight for _, weight in both)).winner is None


@given(votes=WEIGHTED)
def test_counts_are_shown_as_numbers_near_what_they_are(votes):
    counts = weighed(votes)
    for entry, found in zip(counts, shown(counts), strict=True):
        assert isinstance(found["count"], int | float)
        assert abs(Fraction(found["count"]) - entry["count"]) <= abs(entry["count"]) / 10**15
    assert plain(Fraction(3, 1)) == 3 and isinstance(plain(Fraction(3, 1)), int)


@given(
    votes=st.lists(st.sampled_from([1, 1.0, True, "1", None, [1], [1.0], {"a": 1}]), min_size=1, max_size=9)
)
def test_every_vote_is_counted_once(votes):
    assert sum(entry["count"] for entry in counted((vote, 1) for vote in votes)) == len(votes)
