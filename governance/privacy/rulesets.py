"""The privacy rules in force in a project: at most a second old, closed where they cannot be read."""

from governance.detection import ENTITIES
from governance.documents.lookup import content
from governance.freshness import InForce
from governance.models import Document
from governance.privacy.rules import BLOCK, DEFAULT, WHERE, Ruleset

KIND = "privacy"


class Rulesets(dict[str, Ruleset]):
    """The active rules by slug. Not `readable`: the store could not be asked, so that everything found is blocked."""

    readable = True

    def chosen(self, slug: str | None = None) -> Ruleset | None:
        """The rules named `slug`, else the default ones, else None: nothing is scanned.

        Where only others are active, rules that speak of nothing: text that looks like a token is escaped all the
        same, or it would stand for what an agent's own rules tokenized. Rules that are named but not in force are
        closed: whatever is found is blocked.
        """
        if not self.readable:
            return closed(f"{slug or DEFAULT}, which cannot be read just now,")
        if slug:
            return self.get(slug) or closed(f"{slug}, which are not active,")
        return self.get(DEFAULT) or (Ruleset("", {}) if self else None)

    def together(self) -> Ruleset:
        """All of them at once, the stricter action for each finding: what the scan endpoint shows."""
        joined = Ruleset("", {})
        for slug in sorted(self):
            joined = joined.joined(self[slug])
        return joined


def closed(name: str) -> Ruleset:
    """Rules that block every finding everywhere."""
    everything = dict.fromkeys(ENTITIES, BLOCK)
    return Ruleset(name, dict.fromkeys(WHERE, everything))


def _load(project_id: int) -> Rulesets:
    active = Document.objects.filter(project_id=project_id, kind=KIND, archived_at=None, active__isnull=False)
    return Rulesets((document.slug, _ruleset(document)) for document in active.select_related("active"))


def _ruleset(document: Document) -> Ruleset:
    try:
        return Ruleset.parse(content(document.active), document.active.number)
    except (KeyError, TypeError, ValueError, AttributeError):
        return closed(f"{document.slug}@{document.active.number}, which cannot be read: publish them again,")


def _unreadable(error: Exception | None) -> Rulesets:
    nothing = Rulesets()
    nothing.readable = False
    return nothing


_in_force: InForce[Rulesets] = InForce(KIND, _load, _unreadable)

read = _in_force.read
young = _in_force.young
fresh = _in_force.fresh
current = _in_force.current
forget = _in_force.forget
