"""LiteLLM's many exceptions as the one that callers know: what happened, may it be tried again, and when.

What went wrong stands in the chain of exceptions below LiteLLM's own: the HTTP answer, the refused connection, the
clock. It is told in our words; of the provider's answer its own message is quoted, of LiteLLM's text nothing.
"""

import ast
import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from registry.backends.base import NO_API, BackendError
from registry.http_status import is_refusal, is_retryable, retry_after
from registry.untrusted import MOST_SAID, shorten

TIMEOUTS = frozenset({"Timeout", "APITimeoutError", "TimeoutException", "ServerTimeoutError"})
NOT_HTTPS = frozenset({"ClientConnectorSSLError", "ClientConnectorCertificateError"})
# "litellm.RateLimitError: RateLimitError: OpenAIException - Slow down" → "Slow down"
_PREFIXES = re.compile(r"^(?:(?:litellm\.)?\w*(?:Error|Exception|Timeout)\b\s*[:-]?\s*)+")
# What LiteLLM adds behind: its advice, the same once more, a traceback.
_BEHIND = re.compile(
    r"\s*(?:Handle with `litellm\.\w+`|Original exception:|Traceback \(most recent).*", re.DOTALL
)
_DEEPEST = 12


def failure(error: Exception, name: str, timeout_s: float, *, tried: bool) -> BackendError:
    """The BackendError for what a call to the model `name` raised; `tried`: it got as far as connecting."""
    chain = list(_chain(error))
    status, headers = _answer(chain)
    if status is not None:
        return _answered(status, headers, name, error)
    if any(isinstance(link, TimeoutError) or type(link).__name__ in TIMEOUTS for link in chain):
        return BackendError("timeout", f"{name} gave no answer in time ({timeout_s:g} s).", retryable=True)
    if any(isinstance(link, socket.gaierror) for link in chain):
        message = f"{name} was not called: the host in its address is not known. Check api_base."
        return BackendError("provider_error", message)
    # Without an answer the status is LiteLLM's own: 4xx is a request it would not send, the rest a broken connection.
    own = getattr(error, "status_code", None)
    if tried and (not isinstance(own, int) or own >= 500):
        return BackendError("provider_error", f"{name} {_broken(chain)}.", retryable=True)
    return BackendError("provider_error", f"{name} was not called: {_unsent(error, chain)}.")


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The exception, and those that it came from."""
    found: BaseException | None = error
    for _ in range(_DEEPEST):
        if found is None:
            return
        yield found
        found = found.__cause__ or found.__context__


def _answer(chain: list[BaseException]) -> tuple[int | None, Mapping[str, str]]:
    """Status and headers of the provider's answer; None where there was none."""
    for link in chain:
        headers, status = getattr(link, "litellm_response_headers", None), getattr(link, "status_code", None)
        if headers is not None and isinstance(status, int):
            return status, headers
    for link in chain:
        if type(link).__name__ == "HTTPStatusError":
            response: Any = getattr(link, "response", None)
            return response.status_code, response.headers
    return None, {}


def _answered(status: int, headers: Mapping[str, str], name: str, error: Exception) -> BackendError:
    said = _said(error)
    message = f"{name} answered {status}" + (f": {said}" if said else ".")
    if status in (404, 405) and not said:
        message = f"{name} answered {status}, and {NO_API}."
    return BackendError(
        "provider_error",
        message,
        status=status,
        retryable=is_retryable(status),
        retry_after_s=retry_after(headers),
        refused_by_peer=is_refusal(status),
    )


def _said(error: Exception) -> str:
    """The provider's own message; empty where it sent none, or a page for people."""
    text = _PREFIXES.sub("", _BEHIND.sub("", str(error))).strip()
    if text.startswith(("b'", 'b"')):  # LiteLLM prints the body as Python does
        try:
            text = ast.literal_eval(text).decode("utf-8", "replace")
        except (ValueError, SyntaxError, AttributeError):
            text = text[2:-1]
    try:
        body = orjson.loads(text)
        text = _message_in(body) or orjson.dumps(body).decode()  # without escapes, behind which values hide
    except orjson.JSONDecodeError:
        pass
    return "" if text.lstrip().startswith("<") else shorten(text, MOST_SAID)


def _message_in(body: Any) -> str:
    """The message of `{"error": {"message": …}}`, `{"message": …}` and their like."""
    for field in ("error", "message", "detail"):
        if isinstance(body, dict) and body.get(field):
            body = body[field]
    return body if isinstance(body, str) else ""


def _broken(chain: list[BaseException]) -> str:
    """Why a connection gave no whole answer."""
    names = {type(link).__name__ for link in chain}
    if names & NOT_HTTPS or any(isinstance(link, ssl.SSLError) for link in chain):
        reason = "it does not speak HTTPS there, or shows a certificate that is not trusted"
        return f"could not be reached: {reason}. Check api_base"
    if any(isinstance(link, ConnectionRefusedError) for link in chain):
        return (
            "could not be reached: nothing listens there. Check api_base, and whether the provider is running"
        )
    if names & {"ClientConnectorError", "ConnectError"}:
        return "could not be reached: there is no way to its address. Check api_base and the network"
    if any("repeating the same" in str(link) for link in chain):
        return "was stopped: its answer went on repeating the same text"
    if "JSONDecodeError" in names:
        return f"broke off: it sent what is no part of an answer, or {NO_API}"
    return "broke off: the connection ended before its answer was whole"


def _unsent(error: Exception, chain: list[BaseException]) -> str:
    """Why a request never left, in words for whoever set the provider up."""
    if any(isinstance(link, ImportError) for link in chain):
        return "this type of provider needs a package that is not installed here"
    kind = type(error).__name__
    if kind in ("AuthenticationError", "PermissionDeniedError") or "NoCredentialsError" in {
        type(link).__name__ for link in chain
    }:
        return "this type of provider asks for more than a key, and that cannot be given here"
    if kind == "NotFoundError":
        return "this type of provider has no such model. Check the model's name"
    return "this type of provider does not take the request. Check the provider's type and the model's name"
