"""Files in a form: small ones, with text in them."""

from typing import Any

from django.utils.translation import gettext as _

from runs.views.forms.json_text import NotJson
from runs.views.forms.scalars import plain

MOST_BYTES = 1_000_000


def text_of(file: Any) -> str:
    """The text of an uploaded file, with plain line ends. Raises NotJson with what is wrong with the file."""
    name = file.name[:80]
    if file.size > MOST_BYTES:
        raise NotJson(
            _("“%(name)s” has %(size)s bytes; a file may have %(most)s.")
            % {"name": name, "size": f"{file.size:,}", "most": f"{MOST_BYTES:,}"}
        )
    try:
        text = file.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotJson(
            _("“%(name)s” is not text in UTF-8 (byte %(byte)s): save it as UTF-8.")
            % {"name": name, "byte": error.start}
        ) from error
    if "\0" in text:
        raise NotJson(_("“%(name)s” holds the NUL character: it is no text file.") % {"name": name})
    return plain(text)
