"""What every template may use: icons, statuses, money, durations, moments. Built in, so nothing is loaded."""

from datetime import UTC, datetime
from functools import lru_cache

from django import template
from django.forms import BoundField
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

register = template.Library()

# status: its icon, and the word that says it (a status is never told by colour alone).
STATUSES = {
    "pending": ("circle", gettext_lazy("Pending")),
    "queued": ("clock", gettext_lazy("Queued")),
    "running": ("loader-circle", gettext_lazy("Running")),
    "waiting": ("hand", gettext_lazy("Waiting")),
    "succeeded": ("circle-check", gettext_lazy("Succeeded")),
    "failed": ("circle-x", gettext_lazy("Failed")),
    "cancelled": ("circle-slash", gettext_lazy("Cancelled")),
    "skipped": ("circle-minus", gettext_lazy("Skipped")),
    "blocked": ("shield-x", gettext_lazy("Blocked by policy")),
}
MICROS, NANO = 1_000_000, 1_000_000_000
MINUTE, HOUR, DAY = 60, 3600, 86_400


@register.simple_tag
@lru_cache(maxsize=512)
def icon(name: str, classes: str = "") -> str:
    """`{% icon "bot" %}`: a symbol of static/icons.svg, hidden from screen readers."""
    return format_html(
        '<svg class="{}" aria-hidden="true"><use href="{}#i-{}"/></svg>',
        f"i {classes}".strip(),
        static("icons.svg"),
        name,
    )


@register.simple_tag
def status(name: str, label: str = "", pill: bool = False) -> str:
    """`{% status run.status %}`: icon and word; `pill=True` draws it as in headers."""
    picture, word = STATUSES.get(name, ("circle", name))
    return format_html(
        '<span class="{}" data-status="{}">{}{}</span>',
        "status status--pill" if pill else "status",
        name,
        icon(picture, "i--spin" if name == "running" else ""),
        label or word,
    )


@register.simple_tag
def status_pill(name: str, label: str = "") -> str:
    return status(name, label, pill=True)


@register.simple_tag
def control(field: BoundField) -> str:
    """`{% control form.name %}`: the input of a Django form's field, in the design language."""
    return field.as_widget(attrs={**field.field.widget.attrs, "class": "input"})


@register.filter
def status_word(name: str) -> str:
    """The word of a status, for names that are read aloud."""
    return str(STATUSES.get(name, ("", name))[1])


@register.filter
def usd(nanos: int | None) -> str:
    """Dollars with enough digits to be true: $42.18, $0.0031, $0 for nothing."""
    if nanos is None:
        return "—"
    return dollars(nanos / NANO)


@register.filter
def dollars(amount: float | int | None) -> str:
    """As `usd`, from dollars: two digits from a dollar on, else three that count."""
    if amount is None:
        return "—"
    if amount == 0:
        return "$0"
    if amount >= 1:
        return f"${amount:,.2f}"
    digits = next(places for places in range(2, 10) if places == 9 or amount * 10**places >= 10)
    shown = f"{amount:.{max(digits, 3)}f}".rstrip("0")
    return "$" + (shown if len(shown.partition(".")[2]) >= 2 else f"{amount:.2f}")


@register.filter
def exact_usd(nanos: int | None) -> str:
    """All digits, to the billionth of a dollar: what sums are checked with."""
    return "—" if nanos is None else f"${nanos // NANO:,}.{nanos % NANO:09d}"


@register.filter
def duration(micros: int | None) -> str:
    """0.3s, 9.2s, 1m 06s, 2h 05m, 3d 4h."""
    if micros is None:
        return "—"
    seconds = max(0, micros) / MICROS
    if seconds < MINUTE:
        return f"{seconds:.1f}s" if seconds >= 0.1 or seconds == 0 else f"{seconds * 1000:.0f}ms"
    whole = int(seconds)
    if whole < HOUR:
        return f"{whole // MINUTE}m {whole % MINUTE:02d}s"
    if whole < DAY:
        return f"{whole // HOUR}h {whole % HOUR // MINUTE:02d}m"
    return f"{whole // DAY}d {whole % DAY // HOUR}h"


@register.filter
def seconds(amount: float | int | None) -> str:
    """As `duration`, from seconds."""
    return duration(None if amount is None else round(amount * MICROS))


@register.filter
def moment(micros: int | datetime | None) -> datetime | None:
    """A time of the engine, in microseconds, as a datetime in UTC."""
    if micros is None or isinstance(micros, datetime):
        return micros
    return datetime.fromtimestamp(micros / MICROS, UTC)


@register.simple_tag
def time_ago(micros: int | datetime | None) -> str:
    """`{% time_ago run.created_at %}`: the moment in UTC; static/js/time-ago.js says how long ago that is."""
    at = moment(micros)
    if at is None:
        return _("never")
    machine = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return format_html(
        '<time-ago><time datetime="{}" title="{}">{}</time></time-ago>',
        machine,
        f"{at:%Y-%m-%d %H:%M:%S} UTC",
        f"{at:%d %b %H:%M}",
    )
