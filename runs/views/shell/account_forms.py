"""The forms of the account page: who one is, the password, a new token, how pages look."""

from datetime import UTC, datetime, timedelta

from django import forms
from django.contrib.auth.forms import PasswordChangeForm, SetPasswordForm
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from governance import access
from governance.models import Project, User

LIFETIMES = (
    ("30", _("30 days")),
    ("90", _("90 days")),
    ("365", _("A year")),
    ("", _("Does not expire")),
    ("date", _("Until a day")),
)
THEMES = (("system", _("As the system")), ("light", _("Light")), ("dark", _("Dark")))


class ProfileForm(forms.Form):
    """What others see of a person."""

    prefix = "profile"
    name = forms.CharField(max_length=200, required=False, label=_("Name"))
    email = forms.EmailField(max_length=254, required=False, label=_("E-mail"))

    def __init__(self, user: User, data: QueryDict | None = None):
        super().__init__(data, initial={"name": user.name, "email": user.email})
        self.fields["name"].widget.attrs["autocomplete"] = "name"
        self.fields["email"].widget.attrs["autocomplete"] = "email"


def password_form(user: User, data: QueryDict | None = None) -> SetPasswordForm:
    """Asks for the password of now where there is one; who came by a link has none yet."""
    kind = PasswordChangeForm if user.has_usable_password() else SetPasswordForm
    form = kind(user, data, prefix="password")
    for field in form.fields.values():
        field.widget.attrs.pop("autofocus", None)
        field.help_text = ""  # the rules stand above the form, once
    return form


class TokenForm(forms.Form):
    """A new API token: what it is for, which project it opens, how long."""

    prefix = "token"
    name = forms.CharField(max_length=200, label=_("Name"), help_text=_("What it is for, such as ci-tests."))
    project = forms.ChoiceField(required=False, label=_("Opens"))
    lifetime = forms.ChoiceField(choices=LIFETIMES, required=False, label=_("Expires"), initial="90")
    day = forms.DateField(
        required=False, label=_("Last day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    def __init__(self, user: User, data: QueryDict | None = None):
        super().__init__(data)
        self.projects: dict[str, Project] = {found.slug: found for found, roles in access.projects_of(user)}
        every = [("", _("All my projects"))]
        self.fields["project"].choices = [
            *((slug, found.name) for slug, found in self.projects.items()),
            *every,
        ]
        self.fields["project"].initial = next(iter(self.projects), "")
        self.fields["name"].widget.attrs["autocomplete"] = "off"

    def clean(self) -> dict:
        asked = super().clean()
        if asked.get("lifetime") == "date" and not self.errors.get("day"):
            if asked.get("day") is None:
                self.add_error("day", _("Name the last day on which the token works."))
            elif asked["day"] < timezone.now().date():
                self.add_error("day", _("This day is over: name a later one."))
        return asked

    @property
    def chosen_project(self) -> Project | None:
        return self.projects.get(self.cleaned_data["project"])

    @property
    def expires_at(self) -> datetime | None:
        """The end of the last day (UTC)."""
        match self.cleaned_data["lifetime"]:
            case "":
                return None
            case "date":
                day = self.cleaned_data["day"]
                return datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=UTC)
            case days:
                return timezone.now() + timedelta(days=int(days))


class AppearanceForm(forms.Form):
    """What this browser keeps: the theme, and whether single letters are shortcuts."""

    prefix = "appearance"
    theme = forms.ChoiceField(choices=THEMES, label=_("Theme"), widget=forms.RadioSelect)
    shortcuts = forms.BooleanField(required=False, label=_("Single letters are shortcuts"))
