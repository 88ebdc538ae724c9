"""The tabs above the flows, the gallery and the archive, with how many are in each."""

from django.db.models import Count, Q

from flows import gallery
from governance.models import Document, Project


def tab_counts(project: Project) -> dict[str, int]:
    """{flows, gallery, archived}. One query."""
    here = Document.objects.filter(project=project, kind="flow")
    counted = here.aggregate(
        flows=Count("id", filter=Q(archived_at=None)),
        archived=Count("id", filter=Q(archived_at__isnull=False)),
    )
    return {**counted, "gallery": len(gallery.starters())}
