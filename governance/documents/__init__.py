"""Configured things: the same verbs for every kind of document.

register_kind(...)                     an upper layer brings a kind: its schema, its checks, what it refers to
load, all_of, find, content, pinned    reading; `find` takes "slug" (the active version) or "slug@3"
save_draft, publish, activate, archive each one transaction, one audit line; save_working_draft
                                       keeps what does not fit its schema yet, and refuses a stale revision
problems_of, pins, users_of            checks and the exact versions that a flow would run with
apply, export_documents                the same documents as YAML files
"""

from governance.documents.bodies import canonical, digest
from governance.documents.closure import pins, users_of
from governance.documents.files import Applied, apply, export_documents
from governance.documents.kinds import KINDS, Kind, UnknownKind, kind_named, register_kind
from governance.documents.lookup import (
    all_of,
    as_of,
    content,
    draft,
    find,
    load,
    pinned,
    problems_of,
)
from governance.documents.verbs import (
    Stale,
    activate,
    archive,
    create_and_publish,
    keep_working_draft,
    publish,
    save_draft,
    save_working_draft,
)
from governance.refusals import Conflict, InUse, NotFound, Problem, Refused

__all__ = [
    "KINDS",
    "Applied",
    "Conflict",
    "InUse",
    "Kind",
    "NotFound",
    "Problem",
    "Refused",
    "Stale",
    "UnknownKind",
    "activate",
    "all_of",
    "apply",
    "archive",
    "as_of",
    "canonical",
    "content",
    "create_and_publish",
    "digest",
    "draft",
    "export_documents",
    "find",
    "keep_working_draft",
    "kind_named",
    "load",
    "pinned",
    "pins",
    "problems_of",
    "publish",
    "register_kind",
    "save_draft",
    "save_working_draft",
    "users_of",
]
