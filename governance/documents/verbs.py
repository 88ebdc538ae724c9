"""The verbs of documents: each one transaction, one audit line, and no step left half done.

Publishing writes first and checks then, inside one transaction that an error rolls back: so a set of documents
may name each other in any order, and the checks see exactly what would be active. Verbs that number or activate
take the project's row first: two publishers at once get distinct numbers, and nothing is archived under a
publisher's feet.
"""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from governance import audit, clock, secrets
from governance.documents import changes, closure, lookup
from governance.documents.bodies import (
    body_problems,
    canonical,
    digest,
    take_secret,
    unkeepable_problems,
)
from governance.documents.kinds import kind_named
from governance.models import Activation, AuditEntry, Document, Project, User, Version
from governance.refusals import Conflict, InUse, NotFound, Problem, Refused, refuse_errors

ONE_SITTING_US = 600_000_000  # saves of one person on one draft within it are one line of the audit log

By = User | None


def save_draft(
    project: Project, kind: str, slug: str, body: Any, by: By
) -> tuple[Document, bool, list[Problem]]:
    """Keeps `body` as the draft: (document, whether it is new, the problems that would stop publishing).

    Raises Refused where the body does not fit the schema, UnknownKind. An archived document comes back.
    """
    body, secret = _fitting(kind, slug, body)
    with transaction.atomic():
        document, created = _open(project, kind, slug)
        _keep_draft(document, body, secret, by)
    return document, created, lookup.problems_of(project, kind, body)


def save_working_draft(
    project: Project, kind: str, slug: str, body: Any, by: By, expected_revision: int | None = None
) -> tuple[Document, list[Problem]]:
    """Keeps a draft that may not fit its schema yet, as one draws it: (document, what would stop publishing).

    Raises Refused for what cannot be kept at all: another kind or slug, NUL, too deep, too long, a key that is none.
    Raises Stale where `expected_revision` is given and the draft moved on meanwhile; nothing is kept then.
    """
    document = keep_working_draft(project, kind, slug, body, by, expected_revision)
    found = kind_named(kind)
    kept, _, _ = take_secret(found, body)
    return document, body_problems(found, slug, kept) or lookup.problems_of(project, kind, kept)


def keep_working_draft(
    project: Project, kind: str, slug: str, body: Any, by: By, expected_revision: int | None = None
) -> Document:
    """`save_working_draft` for a caller who looks for problems in a way of its own."""
    found = kind_named(kind)
    body, secret, problems = take_secret(found, body)
    if problems := [*problems, *unkeepable_problems(found, slug, body)]:
        raise Refused(problems)
    with transaction.atomic():
        document, _ = _open(project, kind, slug)
        if expected_revision not in (None, document.revision):
            raise Stale(document)
        _keep_draft(document, body, secret, by)
    return document


class Stale(Conflict):
    """The draft was saved again meanwhile: `document` is what is there now, with its revision and whose it is."""

    def __init__(self, document: Document):
        self.document = document
        who = document.drafted_by.username if document.drafted_by else "somebody"
        super().__init__(
            f"The draft of {document.kind} {document.slug!r} was changed by {who} meanwhile "
            f"(revision {document.revision}): load it again, then change it."
        )


def publish(document: Document, body: Any | None, by: By, activate: bool = True) -> tuple[Version, bool]:
    """Makes a version of `body`, or of the draft: (version, whether it is new). Equal to the newest: that one.

    Raises Refused with every problem where one of them is an error.
    """
    if body is None:
        body = lookup.draft(document)
        if body is None:
            raise Refused([Problem("", "There is no draft: save one, or send the document.", "no_draft")])
    body, secret = _fitting(document.kind, document.slug, body)
    with transaction.atomic():
        _lock(document.project)
        _keep_secret(document.project, secret, by)
        version, created = write(document, body, by, activate)
        refuse_errors(lookup.problems_of(document.project, document.kind, body))
    return version, created


def create_and_publish(
    project: Project, kind: str, slug: str, body: Any, by: By, activate: bool = True
) -> tuple[Version, bool]:
    """`publish` for a document that may not be there yet; where it is refused, none is left behind."""
    with transaction.atomic():
        version, created = write_body(project, kind, slug, body, by, activate)
        refuse_errors(lookup.problems_of(project, kind, lookup.content(version)))
    return version, created


def activate(document: Document, number: int, by: By) -> Activation:
    """Makes version `number` the active one: forward or back. Raises NotFound, Refused for dead references
    and for a flow that would call itself."""
    with transaction.atomic():
        _lock(document.project)
        version = document.versions.filter(number=number).first()
        if version is None:
            raise NotFound(f"The {document.kind} {document.slug!r} has no version {number}.")
        made, before = _make_active(document, version, by)
        kind = kind_named(document.kind)
        refuse_errors(lookup.dead_references(document.project, kind, lookup.content(version)))
        if document.kind == "flow":
            closure.refuse_circles(document.project, version)
        _record("activate", document, by, before=before, after=number)
    return made


def archive(document: Document, by: By) -> None:
    """Takes the document out of use; its versions stay for the runs that pinned them.

    Raises InUse with the names of the active flows that refer to it, directly or through what they use.
    """
    with transaction.atomic():
        _lock(document.project)
        document.refresh_from_db()
        users = closure.users_of(document)
        if users:
            named = ", ".join(repr(slug) for slug in users[:10])
            raise InUse(f"Active flows refer to this {document.kind}: {named}. Change or archive them first.")
        before = document.active.number if document.active else None
        if document.active_id:
            Activation.objects.create(document=document, version=None, at=timezone.now(), by=by)
        document.active, document.archived_at = None, timezone.now()
        document.save(update_fields=["active", "archived_at", "updated_at"])
        changes.tell(document)
        _record("archive", document, by, before=before, after=None)


def _keep_draft(document: Document, body: dict, secret: tuple[str, str] | None, by: By) -> None:
    """For a holder of the project's lock: two who save at once get two revisions."""
    before = document.draft and digest(lookup.draft(document))
    _keep_secret(document.project, secret, by)
    document.draft, document.name = canonical(body), _name_of(body)
    document.revision += 1
    document.drafted_by, document.drafted_at = by, timezone.now()
    document.save(
        update_fields=[
            "draft",
            "name",
            "revision",
            "drafted_by",
            "drafted_at",
            "archived_at",
            "updated_at",
        ]
    )
    if not _is_on_record(document, by):
        _record("draft", document, by, before=before, after=digest(body), revision=document.revision)


def _is_on_record(document: Document, by: By) -> bool:
    """Who draws saves every few seconds: the first save of a person says that they work on the draft, others within
    some minutes say nothing new, unless somebody else did something to it meanwhile. What came of it is on record
    with its hash when it is published."""
    entries = AuditEntry.objects.filter(project=document.project, object=_object(document))
    newest = entries.order_by("-id").values_list("action", "actor", "at").first()
    same = (f"{document.kind}.draft", audit.name_of(by))
    return newest is not None and newest[:2] == same and newest[2] > clock.now() - ONE_SITTING_US


def refuse_unfit(kind: str, slug: str, body: Any) -> None:
    """Raises Refused with every error where `body` cannot be kept as `kind` `slug`; UnknownKind."""
    _fitting(kind, slug, body)


def write_body(
    project: Project,
    kind: str,
    slug: str,
    body: Any,
    by: By,
    activate: bool = True,
    keep_active: bool = False,
) -> tuple[Version, bool]:
    """`write` with the document made where it is missing, unchecked: for a transaction that checks afterwards.

    `keep_active`: a body equal to the active version changes nothing, also where a newer version is there.
    """
    body, secret = _fitting(kind, slug, body)
    document, _ = _open(project, kind, slug)
    if keep_active and secret is None and document.active and document.active.hash == digest(body):
        return document.active, False
    document.save(update_fields=["archived_at", "updated_at"])
    _keep_secret(project, secret, by)
    return write(document, body, by, activate)


def write(document: Document, body: Mapping[str, Any], by: By, activate: bool) -> tuple[Version, bool]:
    """Numbers a fitting body and activates it, with its audit line. For a holder of the project's lock."""
    document.refresh_from_db(fields=["active", "archived_at"])
    before = document.active.number if document.active else None
    version, mark = document.versions.order_by("-number").first(), digest(body)
    created = version is None or version.hash != mark
    if created:
        version = _add(document, version.number + 1 if version else 1, body, mark, by)
    activated = activate and before != version.number
    if activated:
        _make_active(document, version, by)
    if created or activated:
        _record("publish", document, by, before=before, after=version.number, hash=mark, active=activate)
    return version, created


def _add(document: Document, number: int, body: Mapping[str, Any], mark: str, by: By) -> Version:
    document.name = _name_of(body)
    document.save(update_fields=["name", "updated_at"])
    return Version.objects.create(
        document=document, number=number, content=canonical(body), hash=mark, created_by=by
    )


def _make_active(document: Document, version: Version, by: By) -> tuple[Activation, int | None]:
    """The activation and the number that was active before; where it is active already, the one in force."""
    document.refresh_from_db(fields=["active", "archived_at"])
    before = document.active.number if document.active else None
    if document.active_id == version.pk:
        return document.activations.order_by("-id").first(), before
    made = Activation.objects.create(document=document, version=version, at=timezone.now(), by=by)
    document.active, document.archived_at = version, None
    document.save(update_fields=["active", "archived_at", "updated_at"])
    changes.tell(document)
    return made, before


def _fitting(kind: str, slug: str, body: Any) -> tuple[dict, tuple[str, str] | None]:
    """The body without its secret, and the secret. Raises Refused with every error."""
    found = kind_named(kind)
    kept, secret, problems = take_secret(found, body)
    problems = [*problems, *body_problems(found, slug, kept)]
    if problems:
        raise Refused(problems)
    return kept, secret


def _open(project: Project, kind: str, slug: str) -> tuple[Document, bool]:
    _lock(project)
    name = kind_named(kind).name
    document, created = Document.objects.select_related("project", "active", "drafted_by").get_or_create(
        project=project, kind=name, slug=slug
    )
    back = document.archived_at is not None
    document.archived_at = None
    return document, created or back


def _lock(project: Project) -> None:
    # NO KEY: launching a run, which refers to the project, need not wait. SQLite's transactions exclude each other.
    Project.objects.select_for_update(no_key=True).only("pk").get(pk=project.pk)


def _keep_secret(project: Project, secret: tuple[str, str] | None, by: By) -> None:
    if secret is not None:
        secrets.put(project, *secret, by)


def _name_of(body: Mapping[str, Any]) -> str:
    name = body.get("name")
    return name[:200] if isinstance(name, str) else ""


def _record(verb: str, document: Document, by: By, **data: Any) -> None:
    audit.record(f"{document.kind}.{verb}", _object(document), by, document.project, data)


def _object(document: Document) -> str:
    return f"{document.kind}/{document.slug}"
