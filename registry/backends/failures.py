"""LiteLLM's many exceptions as the one that callers know: what happened, may it be tried again, and when."""

import re
from collections.abc import Mapping

from registry.backends.base import BackendError
from registry.http_status import is_refusal, is_retryable, retry_after
from registry.untrusted import shorten

TIMEOUTS = frozenset({"Timeout", "APITimeoutError"})  # LiteLLM's and the OpenAI client's
# "litellm.RateLimitError: RateLimitError: OpenAIException - Slow down" → "Slow down"
_DETAILS = re.compile(r" ssl:\S+( object at \w+>)?")
_PREFIXES = re.compile(r"^(?:(?:litellm\.)?\w*(?:Error|Exception|Timeout)\b\s*[:-]?\s*)+")


def failure(error: Exception, name: str, timeout_s: float, *, tried: bool) -> BackendError:
    """The BackendError for what a call to the model `name` raised; `tried`: it got as far as connecting."""
    headers = getattr(error, "litellm_response_headers", None)
    status = getattr(error, "status_code", None)
    if headers is not None and isinstance(status, int):
        return _answered(status, headers, f"{name} answered {status}: {_said(error)}")
    if isinstance(error, TimeoutError) or type(error).__name__ in TIMEOUTS:
        return BackendError("timeout", f"{name} gave no answer in time ({timeout_s:g} s).", retryable=True)
    # Without headers the status is LiteLLM's own: 4xx is a request it would not send, the rest a broken connection.
    broken = tried and (not isinstance(status, int) or status >= 500)
    problem = "could not be reached, or broke off" if broken else "was not called"
    return BackendError("provider_error", f"{name} {problem}: {_said(error)}", retryable=broken)


def _answered(status: int, headers: Mapping[str, str], message: str) -> BackendError:
    return BackendError(
        "provider_error",
        message,
        status=status,
        retryable=is_retryable(status),
        retry_after_s=retry_after(headers),
        refused_by_peer=is_refusal(status),
    )


def _said(error: Exception) -> str:
    text = _PREFIXES.sub("", _DETAILS.sub("", str(error).partition("Traceback (most recent")[0]))
    return shorten(text) or type(error).__name__
