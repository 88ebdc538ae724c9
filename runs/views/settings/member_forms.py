"""The forms of members and groups."""

from collections.abc import Iterable
from dataclasses import dataclass

from django import forms
from django.http import QueryDict
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from governance import access
from governance.models.projects import ROLES
from governance.people import MAX_NAME, MAX_USERNAME

MAX_EMAIL = 254
ROLE_CHOICES = [(role, role) for role in ROLES]


@dataclass(frozen=True, slots=True)
class Right:
    """A line of the table of roles: what may be done, and for each role whether it may."""

    meaning: str
    held: tuple[tuple[str, bool], ...]


def rights() -> list[Right]:
    """The table of governance.access, as people read it."""
    return [
        Right(capfirst(meaning(right)), tuple((role, role in holders) for role in ROLES))
        for right, holders in access.RIGHTS.items()
    ]


def meaning_of(role: str) -> str:
    """What a role may do besides reading, in words."""
    said = [meaning(right) for right, holders in access.RIGHTS.items() if role in holders]
    return capfirst("; ".join(said[1:] or said))


def meaning(right: str) -> str:
    """What a right allows: where, the page says already."""
    return access.MEANINGS[right].removesuffix(" here")


class RolesForm(forms.Form):
    """What a member may do here: one role or more."""

    roles = forms.MultipleChoiceField(
        choices=ROLE_CHOICES,
        label=gettext_lazy("Roles"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choose at least one role.")},
    )

    @property
    def options(self) -> list[dict[str, object]]:
        """The boxes: {role, meaning, checked}."""
        chosen = self["roles"].value() or ()
        return [{"role": role, "meaning": meaning_of(role), "checked": role in chosen} for role in ROLES]


class NewMemberForm(RolesForm):
    """Somebody who is to be a member. Name and e-mail are for a user who is made with it."""

    username = forms.CharField(max_length=MAX_USERNAME, label=gettext_lazy("Username"))
    name = forms.CharField(max_length=MAX_NAME, required=False, label=gettext_lazy("Name"))
    email = forms.EmailField(max_length=MAX_EMAIL, required=False, label=gettext_lazy("E-mail"))

    def __init__(self, data: QueryDict | None = None, *, makes_users: bool):
        super().__init__(data, initial={"roles": ["viewer"]})
        for name in ("username", "name", "email"):
            self.fields[name].widget.attrs["autocomplete"] = "off"
        if not makes_users:
            del self.fields["name"], self.fields["email"]


class GroupForm(forms.Form):
    """The members of a group; `slug` is asked for a new one only."""

    slug = forms.CharField(
        max_length=64,
        label=gettext_lazy("Slug"),
        help_text=gettext_lazy("Approvals name it so: group:support-leads"),
    )
    members = forms.MultipleChoiceField(
        required=False, label=gettext_lazy("Members"), widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, people: Iterable[str], data: QueryDict | None = None, *, chosen: Iterable[str] = ()):
        super().__init__(data, initial={"members": list(chosen)})
        self.fields["members"].choices = [(username, username) for username in people]
        self.fields["members"].error_messages["invalid_choice"] = _(
            "“%(value)s” is no member of this project: add them first."
        )
        self.fields["slug"].widget.attrs["autocomplete"] = "off"

    @property
    def people(self) -> list[dict[str, object]]:
        """The boxes: {username, checked}."""
        chosen = self["members"].value() or ()
        return [
            {"username": username, "checked": username in chosen}
            for username, _label in self.fields["members"].choices
        ]
