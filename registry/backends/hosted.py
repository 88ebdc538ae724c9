"""Hosted models: every provider that LiteLLM knows and every OpenAI-compatible endpoint. The only import of litellm.

Design note. Always a stream: deltas are shown as they come, and a provider that has gone silent is noticed
between two chunks and not at the end of the deadline. LiteLLM's own retries, time-outs, price look-ups and token
counters are off: the engine owns retries, `prices.py` the prices, and a count that the provider did not send is
our upper bound and marked as estimated.

LiteLLM connects through the guard of `registry/connections.py`, so default addresses (Ollama's localhost),
redirects and names that change are checked too, and `api_base` is checked before. Residual: what a provider's
own SDK opens beside LiteLLM's client (SageMaker's boto3, Google's sign-in) is seen by `api_base` alone.
"""

import asyncio
import importlib
import json
import logging
import os
import threading
from collections.abc import AsyncIterator
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

from registry.address import AddressRefused
from registry.backends.assembly import Assembly
from registry.backends.base import BackendError, ModelReply, ModelRequest, OnDelta, request_bytes
from registry.backends.failures import failure
from registry.connections import Caller, calling, guarded_connector, session
from registry.prices import price
from registry.untrusted import scrub

IDLE_S = 60.0  # between two chunks; the first one may take the whole deadline
# One number for all calls: LiteLLM caches a client per time-out. The real deadlines are kept here, below.
SOCKET_TIMEOUT_S = 600.0
SCHEMA_INSTRUCTION = "Answer with nothing but JSON that fits this JSON Schema:\n"
NO_KEY = "none"  # never empty: LiteLLM would take a key from the process's environment
TUNING = frozenset(
    "temperature top_p stop seed presence_penalty frequency_penalty reasoning_effort logit_bias "
    "parallel_tool_calls verbosity user service_tier".split()
)

_loading = threading.Lock()
_module: ModuleType | None = None


def load() -> ModuleType:
    """LiteLLM, imported and set up once. The first call costs 4–5 s of CPU."""
    global _module
    with _loading:
        if _module is None:
            os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
            os.environ["LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS"] = "True"
            os.environ["LITELLM_LOCAL_BLOG_POSTS"] = "True"
            os.environ["LITELLM_MODE"] = "PRODUCTION"  # else it reads a .env file
            import litellm

            litellm.suppress_debug_info = True
            litellm.telemetry = False
            litellm.disable_token_counter = True
            litellm.disable_streaming_logging = True
            _guard_connections()
            logging.getLogger("LiteLLM").setLevel(logging.CRITICAL)  # it would log prompts
            _module = litellm
        return _module


def _guard_connections() -> None:
    """Every connection that LiteLLM opens over aiohttp goes through the guard.

    `shared_session` alone is not enough: in 1.106 only the OpenAI client heeds it when streaming.
    """
    transports = importlib.import_module("litellm.llms.custom_httpx.http_handler")
    transports.TCPConnector = guarded_connector


async def warm() -> None:
    """Loads LiteLLM in a thread, so that the first call does not wait for it."""
    await asyncio.to_thread(load)


class HostedBackend:
    """Calls through LiteLLM. `idle_s`: the longest silence between two pieces of an answer."""

    def __init__(self, idle_s: float = IDLE_S) -> None:
        self.idle_s = idle_s

    async def complete(self, request: ModelRequest, on_delta: OnDelta | None) -> ModelReply:
        if _module is None:
            await warm()
        assembly = Assembly(on_delta, [request.api_key or ""])
        with calling(request.allowed_addresses, request.where.get("project", "")) as caller:
            try:
                async with asyncio.timeout(request.timeout_s):
                    await _check_base(request, caller)
                    await _stream(request, assembly, self.idle_s)
            except Exception as error:
                raise _failed(error, request, caller, assembly) from error
        return _reply(request, assembly)

    def estimate(self, request: ModelRequest) -> tuple[int, int]:
        """The bytes of the request, and `max_tokens`."""
        instruction = len(SCHEMA_INSTRUCTION) if request.response_schema is not None else 0
        return request_bytes(request) + instruction, request.params.get("max_tokens", 0)


async def _check_base(request: ModelRequest, caller: Caller) -> None:
    base = request.provider.get("api_base")
    if not base:
        return
    try:
        parts = urlsplit(base)
        host, port = parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        host, port = None, 0
    if not host or parts.scheme not in ("http", "https"):
        raise BackendError(
            "provider_error", f"api_base {base!r} is not an http(s) address; correct the provider."
        )
    await caller.resolve(host, port)


async def _stream(request: ModelRequest, assembly: Assembly, idle_s: float) -> None:
    stream = await _open(request)
    try:
        while (chunk := await _next(stream, idle_s if assembly.chunks else None)) is not None:
            assembly.add(chunk)
            if stream.sent_stream_usage:
                break  # all is read; what would follow is LiteLLM's logging, a quarter of the call's CPU
    finally:
        assembly.note_end(stream)
        await stream.aclose()
    assembly.require_whole()


async def _open(request: ModelRequest) -> Any:
    """The stream. What a model does not take, such as a temperature, is left out.

    LiteLLM's own `drop_params` is no help: with it, a 422 is tried twice and then answered with nothing.
    """
    litellm = load()
    arguments = _arguments(request, litellm)
    try:
        return await litellm.acompletion(**arguments)
    except litellm.UnsupportedParamsError:  # raised before anything is sent
        if not TUNING.intersection(arguments):
            raise
    return await litellm.acompletion(**{name: held for name, held in arguments.items() if name not in TUNING})


async def _next(stream: AsyncIterator, idle_s: float | None) -> Any | None:
    """The next chunk, None after the last."""
    try:
        async with asyncio.timeout(idle_s) as idle:
            return await anext(stream)
    except StopAsyncIteration:
        return None
    except TimeoutError as error:
        if idle.expired():
            raise BackendError(
                "timeout", f"The answer fell silent for {idle_s:g} s.", retryable=True
            ) from error
        raise


def _arguments(request: ModelRequest, litellm: ModuleType) -> dict:
    kind = request.provider["type"]
    taken = litellm.get_supported_openai_params(model=request.model, custom_llm_provider=kind) or ()
    arguments = {
        **{name: held for name, held in request.params.items() if name in TUNING and name in taken},
        "model": f"{kind}/{request.model}",
        "messages": request.messages,
        "max_tokens": request.params.get("max_tokens"),
        "api_key": request.api_key or NO_KEY,
        "api_base": request.provider.get("api_base"),
        "stream": True,
        "timeout": SOCKET_TIMEOUT_S,
        "max_retries": 0,
        "num_retries": 0,
        "shared_session": session("models"),
    }
    if "stream_options" in taken:
        arguments["stream_options"] = {"include_usage": True}
    if request.tools:
        arguments["tools"] = request.tools
        if "tool_choice" in request.params:
            arguments["tool_choice"] = request.params["tool_choice"]
    if request.response_schema is not None and "response_format" in taken:
        form = {"name": "output", "schema": request.response_schema}
        arguments["response_format"] = {"type": "json_schema", "json_schema": form}
    elif request.response_schema is not None:
        arguments["messages"] = [*request.messages, _schema_message(request.response_schema)]
    return arguments


def _schema_message(schema: dict) -> dict:
    text = json.dumps(schema, ensure_ascii=False)
    return {"role": "user", "content": SCHEMA_INSTRUCTION + text}


def _reply(request: ModelRequest, assembly: Assembly) -> ModelReply:
    spent_in, spent_out, cached = assembly.tokens(request_bytes(request))
    model_price = price(request.provider, request.model)
    return ModelReply(
        text=assembly.text(),
        tool_calls=assembly.tool_calls(),
        input_tokens=spent_in,
        output_tokens=spent_out,
        usage_estimated=not assembly.is_counted,
        finish_reason=assembly.finish_reason or "stop",
        model=request.model,
        cost_nano=None if model_price is None else model_price.cost_nano(spent_in, spent_out, cached),
    )


def _failed(error: Exception, request: ModelRequest, caller: Caller, assembly: Assembly) -> BackendError:
    """The error as callers know it, with what the attempt used up."""
    name = f"{request.provider.get('slug', request.provider['type'])}/{request.model}"
    if caller.refused is not None or isinstance(error, AddressRefused):
        failed = BackendError("address_refused", f"{name}: {caller.refused or error}")
    elif isinstance(error, BackendError):
        failed = error
        failed.message = f"{name}: {error.message}"
    else:
        failed = failure(error, name, request.timeout_s, tried=caller.tried)
    failed.message = scrub(failed.message, [request.api_key or ""])
    failed.args = (failed.message,)
    if assembly.chunks:
        spent_in, spent_out, cached = assembly.tokens(request_bytes(request))
        model_price = price(request.provider, request.model)
        failed.input_tokens, failed.output_tokens = spent_in, spent_out
        failed.usage_estimated = not assembly.is_counted
        failed.cost_nano = None if model_price is None else model_price.cost_nano(spent_in, spent_out, cached)
    return failed
