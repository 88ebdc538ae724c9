"""A request from a tool document: templates rendered so that arguments fill places in it and never reshape it.

The scheme, host and port are literal in the document. In the path and the query each `{{ … }}` is rendered by
itself and percent-encoded; a part of the path may become neither empty nor `.` nor `..`. Header values hold no
line breaks.
"""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import orjson
from yarl import URL

from governance.expressions import (
    ExpressionError,
    check_text,
    check_value,
    roots_text,
    roots_value,
    text,
    value,
)
from registry.address import SAMPLE_HOST, canonical, literal
from registry.tools.base import Fault, ToolError
from registry.untrusted import shorten

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
ORIGIN = re.compile(r"(https?)://([^/?#]*)(.*)", re.IGNORECASE | re.DOTALL)
PLACE = re.compile(r"\{\{.*?\}\}", re.DOTALL)
HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
HOST = re.compile(r"(?:\[[0-9a-fA-F:.]+\]|[^\s\[\]:@\\{}%]+)(?::(\d{1,5}))?")
BROKEN = re.compile(r"[\x00-\x20\x7f\\]")
NUMERIC_END = re.compile(r"(?:^|\.)(?:[0-9]+|0[xX][0-9a-fA-F]*)$")
KNOWN = {"arguments", "secrets"}
OURS = frozenset(
    "host content-length transfer-encoding connection te trailer upgrade expect idempotency-key "
    "proxy-authorization proxy-connection accept-encoding".split()
)


@dataclass(frozen=True, slots=True)
class Request:
    """What goes out: everything rendered and encoded. `reads`: repeating it does no harm."""

    method: str
    url: URL
    headers: dict[str, str]
    body: bytes | None
    reads: bool = False


def check(config: dict[str, Any]) -> list[Fault]:
    """What is wrong with an http tool's `config`."""
    faults = [("/method", f"Use one of {', '.join(METHODS)}.")] if _method(config) not in METHODS else []
    faults += [("/url", message) for message in _url_faults(config.get("url"))]
    for name in config.get("headers", {}):
        if not HEADER_NAME.fullmatch(name):
            faults.append((f"/headers/{_escaped(name)}", f"{name!r} is not a header's name."))
        elif name.lower() in OURS:
            faults.append((f"/headers/{_escaped(name)}", f"{name} is set by Baton; remove it."))
    return faults + _template_faults(config)


def _template_faults(config: dict[str, Any]) -> list[Fault]:
    """Templates that cannot be rendered, or that ask for more than `arguments` and `secrets`."""
    texts = {f"/headers/{_escaped(name)}": source for name, source in config.get("headers", {}).items()}
    if not _url_faults(config.get("url")):
        texts["/url"] = config["url"]
    found = [(at, flaw.reason) for at, source in texts.items() for flaw in check_text(source)]
    found += [
        (at, _unknown(name)) for at, source in texts.items() for name in sorted(roots_text(source) - KNOWN)
    ]
    for field in ("query", "body"):
        template = config.get(field)
        found += [(f"/{field}{flaw.path}", flaw.reason) for flaw in check_value(template)]
        found += [(f"/{field}", _unknown(name)) for name in sorted(roots_value(template) - KNOWN)]
    return found


def _unknown(name: str) -> str:
    return f"{name} is not known to a tool; use arguments and secrets."


def render(config: dict[str, Any], arguments: dict[str, Any], secrets: dict[str, str]) -> Request:
    """The request. Raises ToolError expression_error or invalid_input."""
    scope = {"arguments": arguments, "secrets": secrets}
    try:
        headers = {
            name: _header(name, text(source, scope)) for name, source in config.get("headers", {}).items()
        }
        body = _body(config["body"], scope, headers) if config.get("body") is not None else None
        return Request(_method(config), _url(config, scope), headers, body)
    except ExpressionError as error:
        raise ToolError("expression_error", str(error)) from error
    except UnicodeEncodeError as error:
        raise ToolError(
            "invalid_input", "An argument holds half of a character (a lone surrogate)."
        ) from error


def _method(config: dict[str, Any]) -> str:
    return str(config.get("method", "GET")).upper()


def _url_faults(url: Any) -> list[str]:
    match = ORIGIN.fullmatch(url) if isinstance(url, str) else None
    if match is None:
        return ["Write an address that starts with http:// or https://; the host is fixed by the document."]
    authority, rest = match[2], match[3]
    host = HOST.fullmatch(authority)
    if "{" in authority:
        return ["The host is part of the document: it cannot hold a template."]
    if "@" in authority:
        return ["Leave out the user name and password; use a header with a secret."]
    if not authority.isascii():
        return [f"Write {authority!r} in its ASCII form (xn--…)."]
    if host is None or (host[1] is not None and not 0 < int(host[1]) < 65536):
        return [f"{authority!r} is not a host, or a host and a port."]
    name = canonical(authority.rsplit(":", 1)[0] if host[1] else authority)
    faults = []
    if literal(name) is None and NUMERIC_END.search(name):
        faults.append(f"{name} is not a usual way to write an address; write four decimal numbers.")
    if "{%" in rest or "{#" in rest:
        faults.append("Use only {{ … }} in the address.")
    elif BROKEN.search(PLACE.sub("", rest)):
        faults.append(
            "The address holds a space, a backslash or a control character; write it percent-encoded."
        )
    if "#" in PLACE.sub("", rest):
        faults.append("Leave out the part after #: it is never sent.")
    return faults


def _url(config: dict[str, Any], scope: dict[str, Any]) -> URL:
    faults = _url_faults(config.get("url"))
    if faults:
        raise ToolError("invalid_input", f"The tool's url: {faults[0]}")
    scheme, authority, rest = ORIGIN.fullmatch(config["url"]).groups()
    path, _, query = _split_query(rest)
    pairs = [query] if query else []
    for name, source in config.get("query", {}).items():
        pairs.append(f"{quote(name, safe='')}={quote(_query_text(source, scope), safe='')}")
    pairs = [_rendered(pairs[0], scope), *pairs[1:]] if query else pairs
    address = f"{scheme.lower()}://{authority}{_path(path, scope) or '/'}" + (
        f"?{'&'.join(pairs)}" if pairs else ""
    )
    return URL(address, encoded=True)


def _split_query(rest: str) -> tuple[str, str, str]:
    """Path and query, at the first question mark that is not inside a template."""
    masked = PLACE.sub(lambda place: "\0" * len(place[0]), rest)
    at = masked.find("?")
    return (rest, "", "") if at < 0 else (rest[:at], "?", rest[at + 1 :])


def _path(source: str, scope: dict[str, Any]) -> str:
    """The path, each of its parts rendered by itself."""
    masked = PLACE.sub(lambda place: place[0].replace("/", "\0"), source)
    parts = [part.replace("\0", "/") for part in masked.split("/")]
    return "/".join(_path_part(part, scope) for part in parts)


def _path_part(source: str, scope: dict[str, Any]) -> str:
    if "{{" not in source:
        return quote(source, safe="%~!$&'()*+,;=:@")
    rendered = _rendered(source, scope)
    if rendered in ("", ".", ".."):
        raise ToolError(
            "invalid_input",
            f"The arguments make the path's part {shorten(source, 80)} into {rendered!r}; give it a value.",
        )
    return rendered


def _rendered(source: str, scope: dict[str, Any]) -> str:
    """Literal text as it stands, and every template's result percent-encoded."""
    pieces, at = [], 0
    for place in PLACE.finditer(source):
        pieces.append(quote(source[at : place.start()], safe="%~!$&'()*+,;=:@/?"))
        pieces.append(quote(text(place[0], scope), safe=""))
        at = place.end()
    return "".join(pieces) + quote(source[at:], safe="%~!$&'()*+,;=:@/?")


def _query_text(source: Any, scope: dict[str, Any]) -> str:
    return _as_text(value(source, scope))


def _header(name: str, rendered: str) -> str:
    if name.lower() in OURS or not HEADER_NAME.fullmatch(name):
        raise ToolError("invalid_input", f"The tool may not set the header {shorten(name, 80)!r}.")
    if any(mark in rendered for mark in "\r\n\0"):
        raise ToolError(
            "invalid_input", f"The header {name} would hold a line break; arguments may not add one."
        )
    return rendered.strip()


def _body(template: Any, scope: dict[str, Any], headers: dict[str, str]) -> bytes:
    """Text as it is rendered, anything else as JSON; says which in `headers` where the document does not."""
    result = value(template, scope)
    is_text = isinstance(result, str)
    if not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = "text/plain; charset=utf-8" if is_text else "application/json"
    return result.encode() if is_text else _json(result)


def _as_text(result: Any) -> str:
    return result if isinstance(result, str) else _json(result).decode()


def _json(result: Any) -> bytes:
    try:
        return orjson.dumps(result)
    except TypeError as error:
        raise ToolError(
            "invalid_input", "The arguments hold a number beyond 64 bit or a broken character."
        ) from error


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def is_sample(url: URL) -> bool:
    """Whether the address is the demo's sample service."""
    return canonical(url.raw_host or "") == SAMPLE_HOST
