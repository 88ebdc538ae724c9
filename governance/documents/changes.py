"""The news that a document is in force or out of it: for who keeps what is in force in memory."""

from functools import partial

from django.db import transaction
from django.dispatch import Signal

from governance.models import Document

changed = Signal()  # sent with kind (singular) and project_id once the transaction of the change is committed


def tell(document: Document) -> None:
    """Called within the transaction that activates or archives `document`."""
    news = {"kind": document.kind, "project_id": document.project_id}
    # Robust: what is committed is not undone by somebody who cannot read it just now.
    transaction.on_commit(partial(changed.send_robust, sender=Document, **news))
