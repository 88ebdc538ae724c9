"""Times, people and documents as the API shows them."""

from datetime import UTC, datetime

from governance.models import Document, User, Version
from runs.api.rendering import stored


def show_time(moment: datetime | None) -> str | None:
    """RFC 3339 in UTC with `Z` and milliseconds."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def username(user: User | None) -> str | None:
    return user.username if user else None


def show_document(document: Document) -> dict:
    active = document.active
    return {
        "kind": document.kind,
        "slug": document.slug,
        "name": document.name,
        "draft": stored(document.draft),
        "revision": document.revision,
        "active": active.number if active else None,
        "document": stored(active.content) if active else None,
        "updated_at": show_time(document.updated_at),
    }


def show_version(version: Version, active: bool) -> dict:
    return {
        "version": version.number,
        "hash": version.hash,
        "document": stored(version.content),
        "created_at": show_time(version.created_at),
        "created_by": username(version.created_by),
        "active": active,
    }
