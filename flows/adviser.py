"""Which pattern fits: five questions, one answer with its reason, the runner-up, and what would change it. Pure.

The rules stand in `choose`, the first that holds decides. One agent is the advice wherever several bring nothing:
where all tasks are alike, where only a handful of cases come, where an answer must come within a second.
"""

from collections.abc import Iterator, Mapping
from itertools import combinations, product
from typing import NamedTuple

from flows.patterns import PATTERNS, Pattern

Answers = Mapping[str, str]


class Option(NamedTuple):
    """One answer to a question; `said` completes "if …"."""

    name: str
    label: str
    help: str
    said: str


class Question(NamedTuple):
    name: str
    label: str
    options: tuple[Option, ...]

    def option(self, name: str) -> Option:
        return next(option for option in self.options if option.name == name)


class Change(NamedTuple):
    """Other answers than those given, and the pattern that they lead to."""

    answers: tuple[tuple[Question, Option], ...]
    pattern: Pattern

    @property
    def said(self) -> str:
        return " and ".join(option.said for _, option in self.answers)


class Advice(NamedTuple):
    """`also` are sentences on what the answers ask for besides the pattern, `conflicts` on answers that pull apart.

    `runner_up` needs the fewest other answers; `changes` are all single answers that would change the advice.
    """

    pattern: Pattern
    reason: str
    also: tuple[str, ...]
    conflicts: tuple[str, ...]
    runner_up: Change
    changes: tuple[Change, ...]


QUESTIONS: tuple[Question, ...] = (
    Question(
        "work",
        "How different are the tasks?",
        (
            Option("alike", "All alike", "One kind of case, one kind of answer.", "all tasks were alike"),
            Option(
                "items",
                "A list of alike items",
                "Each case holds many of the same: invoices, competitors, files.",
                "each case were a list of alike items",
            ),
            Option(
                "kinds",
                "Several kinds",
                "Each case belongs to one of several specialists.",
                "cases were of several kinds",
            ),
            Option(
                "parts",
                "Several skills in each case",
                "Every case needs different work from different specialists.",
                "every case needed several skills",
            ),
        ),
    ),
    Question(
        "order",
        "Is it known beforehand what has to be done?",
        (
            Option(
                "known",
                "Yes",
                "The same way for every case of a kind.",
                "it were known beforehand what has to be done",
            ),
            Option(
                "open",
                "Only while working",
                "What a case needs, or whose it is, shows on the way.",
                "it only showed on the way what has to be done",
            ),
        ),
    ),
    Question(
        "depend",
        "Do the parts of a case build on each other?",
        (
            Option(
                "chain", "Yes", "Each needs what the one before made.", "each part built on the one before"
            ),
            Option(
                "apart",
                "No",
                "They can be done apart and put together, or there are no parts.",
                "the parts could be done apart",
            ),
        ),
    ),
    Question(
        "agree",
        "Who must agree before the answer counts?",
        (
            Option("nobody", "Nobody", "One good answer is enough.", "nobody had to agree"),
            Option(
                "checker",
                "Somebody who checks it",
                "Against criteria that can be written down.",
                "somebody had to check it against criteria",
            ),
            Option(
                "views",
                "Several views",
                "It is a judgement: different views must be weighed.",
                "several views had to be weighed",
            ),
            Option(
                "person",
                "A person",
                "Something happens that cannot be taken back.",
                "a person had to agree",
            ),
        ),
    ),
    Question(
        "pace",
        "How many cases come, and how fast must an answer be?",
        (
            Option("few", "A handful a day", "Minutes are fine.", "only a handful of cases came a day"),
            Option("many", "Many", "Seconds to minutes are fine.", "many cases came"),
            Option(
                "instant",
                "Within a second",
                "Somebody waits at the screen, or a machine does.",
                "an answer had to come within a second",
            ),
        ),
    ),
)
BY_NAME = {question.name: question for question in QUESTIONS}
# The runner-up is looked for in this order: what may soon be otherwise comes first, what a case is comes last.
LIKELY_TO_CHANGE = ("pace", "agree", "order", "depend", "work")
NEVER_A_RUNNER_UP = ("pace", "instant")  # it would only say that time rules everything else out


def advise(answers: Answers) -> Advice:
    """The advice for an answer to each of the five questions, by their names."""
    name, reason = choose(answers)
    changes = tuple(change for change in others(answers, 1) if change.pattern.name != name)
    return Advice(
        PATTERNS[name],
        reason,
        tuple(also(answers, name)),
        tuple(conflicts(answers)),
        runner_up(answers, name),
        changes,
    )


def choose(answers: Answers) -> tuple[str, str]:
    """(the pattern's name, the reason)."""
    if answers["pace"] == "instant":
        return (
            "single",
            "Within a second there is time for one model call. Every further agent adds at least one.",
        )
    if answers["agree"] == "views":
        return "team", VIEWS
    base, reason = by_work(answers)
    if base == "single" and answers["agree"] == "checker":
        return "controller", f"{CHECKED} {reason}"
    return base, reason


VIEWS = (
    "Where a judgement is asked for, one agent gives one view with confidence. Several that answer each other "
    "show where they differ, and a vote or a judge ends it."
)
CHECKED = (
    "Who made it overlooks its faults: a second agent that only checks finds them. The work itself needs one."
)
WORK = {
    "items": ("map", "The items are alike and do not need each other: one agent on each, many at once."),
    ("kinds", "known"): (
        "router",
        "Each case belongs to one specialist, and that can be told from the start: short instructions and few tools "
        "for each, at the price of one short call.",
    ),
    ("kinds", "open"): (
        "handoff",
        "Whose case it is shows only while somebody works on it: so whoever has it must be able to pass it on.",
    ),
    ("parts", "open"): (
        "supervisor",
        "Which parts a case needs shows only on the way: so somebody has to plan, look at what comes, and ask again.",
    ),
    ("parts", "known", "chain"): (
        "pipeline",
        "The steps are known and build on each other: a drawn row is cheaper and easier to follow than an agent "
        "that plans.",
    ),
    ("parts", "known", "apart"): (
        "parallel",
        "The parts are known and do not need each other: side by side they take no longer than the slowest.",
    ),
}


def by_work(answers: Answers) -> tuple[str, str]:
    if answers["work"] == "alike":
        return "single", "All tasks are alike: several agents would do the same with the same instructions."
    if answers["pace"] == "few":
        return "single", (
            "For a handful of cases a day one agent with all the tools is easier to build, to watch and to change than "
            "several. Take it apart when it shows where it fails."
        )
    work, order, depend = answers["work"], answers["order"], answers["depend"]
    return next(WORK[key] for key in (work, (work, order), (work, order, depend)) if key in WORK)


def also(answers: Answers, name: str) -> Iterator[str]:
    if answers["agree"] == "person":
        yield "Put an approval before what cannot be taken back, and a policy on the tool itself."
    if answers["agree"] == "checker" and name not in ("controller", "single"):
        yield "Put a checker behind it: a second agent or a condition, with a loop edge back and a maximum."
    if name == "team" and answers["work"] != "alike" and answers["pace"] == "many":
        base = PATTERNS[by_work(answers)[0]].title
        yield f"What the team judges may be prepared before it: for this work by “{base}”."
    if answers["pace"] == "instant" and answers["work"] == "kinds":
        yield "Several kinds can still go separate ways: a condition or a router with rules costs no time."


def conflicts(answers: Answers) -> Iterator[str]:
    if answers["pace"] == "instant" and answers["agree"] != "nobody":
        words = {"person": "A person", "checker": "A second agent", "views": "Several agents"}
        yield (
            f"{words[answers['agree']]} cannot answer within a second. Answer first and look afterwards, "
            "or give it time."
        )


def runner_up(answers: Answers, name: str) -> Change:
    """The first other pattern that the fewest other answers lead to."""
    return next(
        change
        for count in range(1, len(QUESTIONS) + 1)
        for change in others(answers, count)
        if change.pattern.name != name and not rules_out(change)
    )


def rules_out(change: Change) -> bool:
    return any((question.name, option.name) == NEVER_A_RUNNER_UP for question, option in change.answers)


def others(answers: Answers, count: int) -> Iterator[Change]:
    """Every way to answer `count` of the questions otherwise."""
    for names in combinations(LIKELY_TO_CHANGE, count):
        given = [
            [option for option in BY_NAME[name].options if option.name != answers[name]] for name in names
        ]
        for options in product(*given):
            changed = {name: option.name for name, option in zip(names, options, strict=True)}
            pattern = PATTERNS[choose({**answers, **changed})[0]]
            asked = tuple((BY_NAME[name], option) for name, option in zip(names, options, strict=True))
            yield Change(asked, pattern)


def answers_of(given: Mapping[str, str]) -> dict[str, str]:
    """Those of the given answers that there are."""
    return {
        question.name: found
        for question in QUESTIONS
        if (found := given.get(question.name, "")) in {option.name for option in question.options}
    }
