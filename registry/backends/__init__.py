"""Backends: what carries a model call to a model. One file each, joined by one line in BACKENDS."""

from registry.backends.base import Backend, BackendError, ModelReply, ModelRequest, OnDelta, ToolCall
from registry.backends.hosted import HostedBackend
from registry.backends.scripted import ScriptedBackend

__all__ = [
    "BACKENDS",
    "Backend",
    "BackendError",
    "ModelReply",
    "ModelRequest",
    "OnDelta",
    "ToolCall",
    "backend",
]

HOSTED = HostedBackend()
BACKENDS: dict[str, Backend] = {"scripted": ScriptedBackend()}


def backend(provider_type: str) -> Backend:
    """The backend for a provider document's `type`: its own, else LiteLLM, which knows all the others."""
    return BACKENDS.get(provider_type, HOSTED)
