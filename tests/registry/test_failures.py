"""What a failed model call says: what is wrong, in words, and nothing of what LiteLLM says itself."""

import asyncio

import pytest
import pytest_asyncio
from aiohttp import web

from registry import trial
from registry.address import Guard
from registry.backends import BackendError, ModelRequest, backend
from registry.backends.hosted import warm
from registry.connections import close_sessions
from registry.model_attempt import failure_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

RAW = ("litellm", "Exception", "Errno", "ssl:", "b'", "Traceback", "BadRequestError", "Connection error")
REFUSED_KEY = {"error": {"message": "Incorrect key given", "code": "invalid_api_key"}}
NO_MODEL = {"error": {"message": "The model `tiny` does not exist", "code": "model_not_found"}}


async def play(request: web.Request) -> web.StreamResponse:
    """What the first word of the path asks for."""
    match request.path.split("/")[1]:
        case "key":
            return web.json_response(REFUSED_KEY, status=401)
        case "model":
            return web.json_response(NO_MODEL, status=404)
        case "elsewhere":
            return web.Response(status=404, text="<html>Nothing here</html>", content_type="text/html")
        case "page":
            return web.Response(text="<html>Welcome</html>", content_type="text/html")
        case "limits":
            return web.json_response({"error": {"message": "Slow down"}}, status=429)
        case "slow":
            await asyncio.sleep(5)
        case "hang-up":
            request.transport.close()
    return web.Response(status=500, text="boom")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def port():
    await warm()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", play)
    runner = web.AppRunner(application, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield runner.addresses[0][1]
    await close_sessions()
    await runner.cleanup()


async def failed(provider: dict, *allowed: str, timeout_s: float = 10.0) -> BackendError:
    request = ModelRequest(
        provider={"slug": "main", **provider},
        api_key="sk-very-secret",
        model="tiny",
        messages=[{"role": "user", "content": "hello"}],
        tools=[],
        response_schema=None,
        params={"max_tokens": 5},
        timeout_s=timeout_s,
        where={"project": "demo"},
        allowed_addresses=Guard(frozenset(allowed)),
    )
    with pytest.raises(BackendError) as error:
        await backend(provider["type"]).complete(request, None)
    return error.value


def told(error: BackendError) -> str:
    """What the test of a provider shows."""
    return trial.in_words(failure_of(error))


@pytest.mark.parametrize("kind", ["openai", "anthropic", "gemini", "ollama", "mistral", "cohere"])
@pytest.mark.parametrize(
    ("path", "status", "sentence", "quoted"),
    [
        ("key", 401, "The provider refused the key: check the secret.", "Incorrect key given"),
        ("model", 404, "The provider has no such model: check its name.", "The model `tiny` does not exist"),
        ("elsewhere", 404, "The address is wrong: main/tiny answered 404, and no model's API answers", ""),
        ("limits", 429, "The provider is there, and refuses for now because of its limits.", "Slow down"),
        ("page", None, "no model's API answers at this address: check api_base", ""),
        ("hang-up", None, "main/tiny broke off: the connection ended before its answer was whole.", ""),
    ],
)
async def test_whatever_the_type_the_same_fault_is_told_in_the_same_words(
    port, kind, path, status, sentence, quoted
):
    error = await failed({"type": kind, "api_base": f"http://127.0.0.1:{port}/{path}"}, f"127.0.0.1:{port}")
    assert error.status == status
    assert sentence in told(error) and quoted in told(error)
    assert not [word for word in (*RAW, "<html>") if word in told(error)]


@pytest.mark.parametrize(
    ("base", "sentence"),
    [
        ("http://127.0.0.1:9/v1", "main/tiny could not be reached: nothing listens there."),
        ("http://nowhere.invalid/v1", "main/tiny was not called: the host in its address is not known."),
    ],
)
async def test_an_address_where_nothing_is_says_so(port, base, sentence):
    error = await failed({"type": "openai", "api_base": base}, "127.0.0.1:9")
    assert told(error).startswith(sentence) and "Check api_base" in told(error)
    assert not [word for word in RAW if word in told(error)]


async def test_an_address_that_does_not_speak_https_says_so(port):
    base = f"https://127.0.0.1:{port}/key"
    error = await failed({"type": "openai", "api_base": base}, f"127.0.0.1:{port}")
    assert told(error).startswith("main/tiny could not be reached: it does not speak HTTPS there")


async def test_a_provider_that_takes_too_long_says_how_long_was_waited(port):
    base = f"http://127.0.0.1:{port}/slow"
    error = await failed({"type": "openai", "api_base": base}, f"127.0.0.1:{port}", timeout_s=0.5)
    assert (error.code, told(error)) == ("timeout", "main/tiny gave no answer in time (0.5 s).")


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("no-such-provider", "this type of provider does not take the request."),
        ("bedrock", "this type of provider has no such model."),
        ("vertex_ai", "this type of provider needs a package that is not installed here"),
        ("watsonx", "this type of provider asks for more than a key"),
    ],
)
async def test_a_request_that_never_left_says_why(port, kind, sentence):
    error = await failed({"type": kind})
    assert (error.status, error.retryable) == (None, False)
    assert told(error).startswith(f"main/tiny was not called: {sentence}")
