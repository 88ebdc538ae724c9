"""The rulebook of a project: its active policies, parsed, at most a second old.

A project without policies has an empty book. A store that cannot be read, or a version in it that is no policy any
more, closes the door: everything is denied, and the decision says why.
"""

from governance.documents.lookup import content
from governance.freshness import InForce
from governance.models import Document
from governance.rules import ACTIONS, DENY, Rule, Rulebook

KIND = "policy"
NOT_READ = "The policies of this project were not read yet, so everything is denied. Try again."
AWAY = "The policies of this project cannot be read, so everything is denied: look after the database."


def _load(project_id: int) -> Rulebook:
    active = Document.objects.filter(
        project_id=project_id, kind=KIND, archived_at=None, active__isnull=False
    ).select_related("active")
    rules = [_rule(document) for document in active]
    return Rulebook(tuple(sorted(rules, key=lambda rule: rule.name.partition("@")[0])))


def _rule(document: Document) -> Rule:
    try:
        return Rule.parse(content(document.active), document.active.number)
    except (KeyError, TypeError, ValueError, AttributeError):
        name = f"{document.slug}@{document.active.number}"
        reason = f"The policy {name} cannot be read, which counts as deny: publish it again."
        return Rule(name, DENY, frozenset(ACTIONS), reason=reason)


def _unreadable(error: Exception | None) -> Rulebook:
    return Rulebook.closed(NOT_READ if error is None else AWAY)


_books: InForce[Rulebook] = InForce(KIND, _load, _unreadable)

read = _books.read
young = _books.young
fresh = _books.fresh
current = _books.current
forget = _books.forget
