"""Secrets of a project: their names, where they are used, a new value. A value is never shown."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from governance import documents, secrets
from governance.models import Document, Project
from governance.refusals import NotFound
from registry import lookups
from runs.views import confirmation, frame
from runs.views.settings import page

USING = ("provider", "tool")
LONGEST_NAME, LONGEST_VALUE = 100, 10_000


@dataclass(slots=True)
class Listed:
    """A secret's name; `stored_at` is None where something names it and no value was stored yet."""

    name: str
    stored_at: datetime | None = None
    users: list[Document] = field(default_factory=list)


class SecretForm(forms.Form):
    """A name, and the value that it gets."""

    prefix = "secret"
    name = forms.CharField(max_length=LONGEST_NAME, label=gettext_lazy("Name"))
    value = forms.CharField(
        max_length=LONGEST_VALUE,
        label=gettext_lazy("Value"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: object):
        super().__init__(*args)
        self.fields["name"].widget.attrs["autocomplete"] = "off"


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def secret_list(request: HttpRequest, project: str) -> HttpResponse:
    """The names; posted, one gets a value, over the one it had."""
    found = frame.project(request, project, "administer" if request.method == "POST" else "read")
    form, status = SecretForm(), 200
    if request.method == "POST":
        form = SecretForm(request.POST)
        status = page.attempt(form, lambda: put(request, found, form), FIELDS) if form.is_valid() else 422
        if status == 200:
            said = _("The secret “%(name)s” is stored; it is never shown again.")
            messages.success(request, said % {"name": form.cleaned_data["name"]})
            return redirect("project-secrets", project)
    return page.shown(
        request,
        found,
        "project-secrets",
        {"secrets": listed(found), "form": form},
        template="settings/secrets.html",
        title=_("Secrets"),
        status=status,
    )


FIELDS = {"name": "name", "value": "value"}


def put(request: HttpRequest, project: Project, form: SecretForm) -> None:
    secrets.put(project, form.cleaned_data["name"], form.cleaned_data["value"], request.user)
    lookups.forget()


@require_POST
def secret_delete(request: HttpRequest, project: str) -> HttpResponse:
    """What uses it fails from now on, and says so."""
    found = frame.project(request, project, "administer")
    name = request.POST.get("name", "")[:LONGEST_NAME].replace("\0", "")
    if name not in secrets.names(found):
        raise NotFound(_("There is no secret “%(name)s” in this project.") % {"name": name})
    if not confirmation.is_given(request):
        return confirmation.asked(
            request,
            _("Delete %(name)s?") % {"name": name},
            _("What uses it fails from now on, until a new value is stored."),
            _("Delete secret"),
            reverse("project-secrets", args=[project]),
            sends={"name": name},
            project=found,
            section="settings",
        )
    secrets.delete(found, name, request.user)
    lookups.forget()
    messages.success(request, _("The secret “%(name)s” is deleted.") % {"name": name})
    return redirect("project-secrets", project)


def listed(project: Project) -> list[Listed]:
    """By name: what is stored, and what active providers and tools name. Two queries."""
    found = {
        name: Listed(name, stored_at) for name, stored_at in project.secrets.values_list("name", "updated_at")
    }
    active = Document.objects.filter(project=project, kind__in=USING, active__isnull=False, archived_at=None)
    for document in active.select_related("active").order_by("kind", "slug"):
        for name in named_by(document):
            found.setdefault(name, Listed(name)).users.append(document)
    return [found[name] for name in sorted(found)]


def named_by(document: Document) -> Iterable[str]:
    """The secrets that the live version of a provider or a tool uses."""
    body = documents.content(document.active)
    if document.kind == "provider":
        return [body["secret"]] if body.get("secret") else []
    return body.get("secrets") or []
