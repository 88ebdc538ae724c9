"""An item with the values behind its tokens: asked for on purpose, shown once, on the audit log each time."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from runs.revealing import revealed
from runs.views import frame
from runs.views.approvals import page


@never_cache
@require_POST
def reveal_create(request: HttpRequest, project: str, approval_id: int) -> HttpResponse:
    """What goes on holds the tokens as before: only what is shown changes."""
    found = frame.project(request, project, "reveal")
    view = page.view_of(request, page.load(found, approval_id))
    if view.is_protected:
        (view.revealed,) = revealed(view.run, [view.payload], request.user, f"approval/{view.public_id}")
    return page.answered(request, found, view)
