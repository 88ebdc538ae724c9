"""The adviser: five questions in the address, and the pattern that comes of the answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from flows import gallery
from flows.adviser import QUESTIONS, Advice, Change, Question, advise, answers_of
from flows.gallery import Starter
from flows.patterns import COSTS, GRADES, Pattern, shown_by
from runs.views import frame
from runs.views.frame import Crumb


@dataclass(frozen=True, slots=True)
class Asked:
    """One question with the answer that was given ("" for none yet)."""

    question: Question
    answer: str
    is_missing: bool


@dataclass(frozen=True, slots=True)
class Cost:
    """What a pattern costs in one respect: `grade` of 5 in a word, and why."""

    label: str
    grade: int
    word: str
    why: str

    @property
    def marks(self) -> list[tuple[int, bool]]:
        """(x, whether it is full) of five marks."""
        return [(place * 10, place < self.grade) for place in range(5)]


@dataclass(frozen=True, slots=True)
class Way:
    """Another answer with the address that gives it."""

    change: Change
    query: str


@require_safe
def adviser_show(request: HttpRequest, project: str) -> HttpResponse:
    found = frame.project(request, project, "read")
    answers = answers_of(request.GET)
    was_sent = any(question.name in request.GET for question in QUESTIONS)
    asked = [
        Asked(question, answers.get(question.name, ""), was_sent and question.name not in answers)
        for question in QUESTIONS
    ]
    advice = advise(answers) if len(answers) == len(QUESTIONS) else None
    context = {
        "asked": asked,
        "missing": [one.question for one in asked if one.is_missing],
        **(shown(advice, answers) if advice else {}),
    }
    crumbs = [Crumb(_("Flows"), reverse("flow-list", args=[found.slug])), Crumb(_("Which pattern?"))]
    return frame.shown(
        request,
        "flows/adviser.html",
        context,
        title=_("Which pattern fits?"),
        project=found,
        section="flows",
        crumbs=crumbs,
    )


def shown(advice: Advice, answers: Mapping[str, str]) -> dict[str, object]:
    return {
        "advice": advice,
        "costs": costs_of(advice.pattern),
        "runner_up": way(advice.runner_up, answers),
        "changes": [way(change, answers) for change in advice.changes if change != advice.runner_up],
        "starters": starters_of(advice.pattern),
    }


def costs_of(pattern: Pattern) -> list[Cost]:
    return [
        Cost(label, price.grade, GRADES[respect][price.grade - 1], price.why)
        for respect, label in COSTS.items()
        for price in [getattr(pattern, respect)]
    ]


def way(change: Change, answers: Mapping[str, str]) -> Way:
    other = {question.name: option.name for question, option in change.answers}
    return Way(change, "?" + urlencode({**answers, **other}) + "#advice")


def starters_of(pattern: Pattern) -> list[Starter]:
    """The starters in the gallery that show the pattern."""
    starters = [gallery.starter(slug) for slug in gallery.starters()]
    return [starter for starter in starters if pattern.name in shown_by(starter.flow)]
