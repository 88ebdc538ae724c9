"""Where things are used: which active flows and agents name an agent, a tool or a provider."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from governance import documents
from governance.documents.closure import references
from governance.models import Document, Project

NAMING = ("flow", "agent")
Name = tuple[str, str]


@dataclass(slots=True)
class Uses:
    """What active flows and agents name. `named` maps (kind, slug) to who names it, each (kind, slug)."""

    named: dict[Name, set[Name]] = field(default_factory=dict)
    labels: dict[Name, str] = field(default_factory=dict)

    @classmethod
    def of(cls, project: Project) -> "Uses":
        """One query, whatever is there."""
        found = cls()
        active = Document.objects.filter(project=project, kind__in=NAMING, active__isnull=False)
        for document in active.select_related("active").order_by("kind", "slug"):
            found.add(document)
        return found

    def add(self, document: Document) -> None:
        name = document.kind, document.slug
        self.labels[name] = document.name or document.slug
        targets = {
            (kind, ref.partition("@")[0]) for kind, ref, _ in references(document.kind, document.active)
        }
        if document.kind == "agent":
            handovers = documents.content(document.active).get("delegation", {}).get("to", ())
            targets |= {("agent", ref.partition("@")[0]) for ref in handovers}
        for target in targets - {name}:
            self.named.setdefault(target, set()).add(name)

    def by(self, user: str, kind: str, slug: str) -> list[dict]:
        """The `user`s ("flow", "agent") that name it themselves, by slug: [{slug, name}]."""
        return self._shown(name for name in self.named.get((kind, slug), ()) if name[0] == user)

    def flows_behind(self, kind: str, slug: str) -> list[dict]:
        """The flows that reach it only through agents or other flows, by slug: [{slug, name}]."""
        reached, pending = set(), [(kind, slug)]
        while pending:
            for name in self.named.get(pending.pop(), set()) - reached:
                reached.add(name)
                pending.append(name)
        direct = self.named.get((kind, slug), set())
        return self._shown(name for name in reached - direct if name[0] == "flow")

    def _shown(self, names: Iterable[Name]) -> list[dict]:
        return [{"slug": name[1], "name": self.labels[name]} for name in sorted(names)]
