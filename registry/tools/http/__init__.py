"""The http tool: one HTTP request to the host that the document names, and its answer.

Design note. Redirects are followed here and not by aiohttp, so that every hop passes the same checks: the host
stays the document's, the address behind it is judged again, https does not fall back to http. Bodies are
decompressed here, in bounded pieces, so that a small answer cannot unfold into a large one.
"""

import asyncio
import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import aiohttp
import orjson
from yarl import URL

from registry.address import AddressRefused, canonical
from registry.connections import Caller, calling, session
from registry.http_status import is_retryable, retry_after
from registry.tools.base import CallLimits, Fault, ToolError
from registry.tools.http.request import Request, check, is_sample, render
from registry.untrusted import MOST_SAID, scrub, scrubber, shorten, storable_text

DEFAULT_MAX_BYTES = 1_000_000
LARGEST_MAX_BYTES = 10_000_000
MAX_REDIRECTS = 5
MAX_DEPTH = 64
PIECE = 64 * 1024
REDIRECTS = frozenset({301, 302, 303, 307, 308})
WINDOWS = {"gzip": 31, "x-gzip": 31, "deflate": 15}  # zlib's names for these formats
ESCAPED_NUL = "\\u0000"


class HttpTool:
    """Output `{status, body}`, the body parsed if it is JSON, else a text."""

    async def call(
        self, tool: dict, arguments: dict[str, Any], secrets: dict[str, str], limits: CallLimits
    ) -> dict[str, Any]:
        try:
            return await _call(tool, arguments, secrets, limits)
        except ToolError as error:
            error.message = scrub(error.message, secrets.values())
            error.args = (error.message,)
            raise

    def check(self, config: dict[str, Any]) -> list[Fault]:
        faults = check(config)
        max_bytes = config.get("max_bytes", DEFAULT_MAX_BYTES)
        if not isinstance(max_bytes, int) or not 0 < max_bytes <= LARGEST_MAX_BYTES:
            faults.append(("/max_bytes", f"Use a number of bytes up to {LARGEST_MAX_BYTES:,}."))
        return faults


async def _call(tool: dict, arguments: dict, secrets: dict[str, str], limits: CallLimits) -> dict[str, Any]:
    config = tool["config"]
    request = render(config, arguments, secrets)
    # A kept connection may turn out dead with the request half sent: only what may be repeated uses one.
    request = replace(request, reads=tool.get("risk") == "read" and request.method in ("GET", "HEAD"))
    request.headers["Idempotency-Key"] = limits.idempotency_key
    request.headers["Accept-Encoding"] = "gzip, deflate"
    max_bytes = min(config.get("max_bytes", DEFAULT_MAX_BYTES), LARGEST_MAX_BYTES)
    place = f"{request.method} {request.url.host}"
    with calling(limits.guard, limits.project) as caller:
        try:
            async with asyncio.timeout(limits.timeout_s):
                return await _exchange(request, caller, max_bytes, secrets)
        except TimeoutError as error:
            raise ToolError(
                "timeout",
                f"{place} gave no answer within {limits.timeout_s:g} s.",
                retryable=True,
                sent=caller.connected,
            ) from error
        except AddressRefused as refused:
            raise ToolError("address_refused", str(refused), sent=caller.connected) from refused
        except (OSError, aiohttp.ClientError, ValueError) as error:
            problem = (
                f"{place} could not be reached, or broke off: {shorten(str(error) or type(error).__name__)}"
            )
            raise ToolError("step_failed", problem, retryable=True, sent=caller.connected) from error


async def _exchange(
    request: Request, caller: Caller, max_bytes: int, secrets: dict[str, str]
) -> dict[str, Any]:
    for _ in range(MAX_REDIRECTS + 1):
        async with await _send(request, caller) as response:
            location = response.headers.get("Location")
            if response.status in REDIRECTS and location:
                request = _redirected(request, response.status, location)
                continue
            content = await _read(response, max_bytes)
            if response.status < 200:  # nobody can tell what became of the request
                said = (
                    f"{request.method} {request.url.host} answered {response.status:03d}, which is no status."
                )
                raise ToolError("step_failed", said, retryable=True, sent=True)
            if response.status >= 400:
                raise _failed(request, response, content)
            return {"status": response.status, "body": _parsed(_text(response, content), secrets)}
    raise ToolError(
        "step_failed", f"{request.url.host} redirects more than {MAX_REDIRECTS} times.", sent=True
    )


async def _send(request: Request, caller: Caller) -> aiohttp.ClientResponse:
    """Checks the address anew, also where a pooled connection would be used, and sends."""
    url, headers = request.url, request.headers
    address, port = (await caller.resolve(url.raw_host or "", url.port or 0))[0]
    if is_sample(url):
        # By address: each project's sample service is a place of its own in the connection pool.
        headers = {**headers, "Host": url.host_port_subcomponent or ""}
        url = url.with_scheme("http").with_host(address).with_port(port)
    return await session("reads" if request.reads else "writes").request(
        request.method, url, headers=headers, data=request.body, allow_redirects=False
    )


def _redirected(request: Request, status: int, location: str) -> Request:
    """The request that follows a redirect; raises ToolError where it leaves the document's host."""
    here = request.url
    there = here.join(URL(location)).with_fragment(None)
    same_host = canonical(there.raw_host or "") == canonical(here.raw_host or "")
    upgrade = (here.scheme, here.port, there.scheme, there.port) == ("http", 80, "https", 443)
    if not same_host or not (upgrade or (here.scheme, here.port) == (there.scheme, there.port)):
        raise ToolError(
            "address_refused",
            f"{here.host} redirects to {shorten(there.host or location, 100)}; a tool stays at its host and port.",
            sent=True,
        )
    there = there.with_user(None)
    if status in (307, 308) or request.method in ("GET", "HEAD"):
        return replace(request, url=there)
    headers = {name: held for name, held in request.headers.items() if name.lower() != "content-type"}
    return replace(request, method="GET", url=there, headers=headers, body=None)


async def _read(response: aiohttp.ClientResponse, max_bytes: int) -> bytes:
    """The decoded body. Raises ToolError over `max_bytes`, before or after decompression."""
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    if encoding and encoding != "identity" and encoding not in WINDOWS:
        raise ToolError(
            "step_failed",
            f"{response.url.host} answered in an unknown encoding, {shorten(encoding, 40)}.",
            sent=True,
        )
    unpack = zlib.decompressobj(WINDOWS[encoding]) if encoding in WINDOWS else None
    body = bytearray()
    async for piece in response.content.iter_chunked(PIECE):
        body += piece if unpack is None else _unpacked(unpack, piece, max_bytes + 1 - len(body))
        if len(body) > max_bytes:
            response.close()
            raise ToolError(
                "step_failed", f"{response.url.host} answered more than {max_bytes:,} bytes.", sent=True
            )
    if unpack is not None and body and not unpack.eof:
        raise ToolError("step_failed", "The answer's compression breaks off.", retryable=True, sent=True)
    return bytes(body)


def _unpacked(unpack: "zlib._Decompress", piece: bytes, limit: int) -> bytes:
    try:
        return unpack.decompress(piece, limit)
    except zlib.error as error:
        raise ToolError(
            "step_failed", "The answer's compression is broken.", retryable=True, sent=True
        ) from error


def _text(response: aiohttp.ClientResponse, content: bytes) -> str:
    try:
        return content.decode(response.charset or "utf-8", "replace")
    except (LookupError, UnicodeError):  # no such encoding, or one that knows no replacement (idna)
        return content.decode("utf-8", "replace")


def _parsed(text: str, secrets: dict[str, str]) -> Any:
    """JSON where it is JSON, else text; a secret that the peer echoes does not come back."""
    scrubbed = scrubber(secrets.values())
    text = scrubbed(text)
    try:
        parsed = orjson.loads(text)
    except orjson.JSONDecodeError:
        return storable_text(text)
    if text.count("[") + text.count("{") > MAX_DEPTH and _depth(parsed) > MAX_DEPTH:
        raise ToolError("step_failed", f"The answer is nested more than {MAX_DEPTH} deep.", sent=True)
    if secrets or ESCAPED_NUL in text:
        return _cleaned(parsed, lambda found: storable_text(scrubbed(found)))
    return parsed


def _depth(parsed: Any) -> int:
    """How many lists and objects lie inside each other; counted without recursion."""
    depth, level = 0, [parsed]
    while level := [item for item in level if isinstance(item, list | dict)]:
        depth += 1
        level = [inner for item in level for inner in (item.values() if isinstance(item, dict) else item)]
    return depth


def _cleaned(value: Any, clean: Callable[[str], str]) -> Any:
    """Every text in it cleaned: only parsed it shows what an escape spelled, such as a secret inside quoted JSON."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [_cleaned(item, clean) for item in value]
    if isinstance(value, dict):
        return {clean(key): _cleaned(item, clean) for key, item in value.items()}
    return value


def _failed(request: Request, response: aiohttp.ClientResponse, content: bytes) -> ToolError:
    said = shorten(_text(response, content), MOST_SAID)
    return ToolError(
        "step_failed",
        f"{request.method} {request.url.host} answered {response.status}"
        + (f": {storable_text(said)}" if said else "."),
        status=response.status,
        retryable=is_retryable(response.status),
        retry_after_s=retry_after(response.headers),
        sent=True,
    )
