"""Where the http tool refuses to go: private addresses, by name, by redirect and by pooled connection."""

import pytest

from registry.address import SAMPLE_HOST, AddressRefused, Guard, forget_sample, register_sample
from registry.connections import calling, session
from tests.registry.http_peer import call, failed


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "10.0.0.1", "169.254.169.254", "0.0.0.0"],
)
async def test_a_private_address_is_refused_before_a_byte_is_sent(peer, host):
    error = await failed(peer, f"http://{host}:{peer.port}/", guard=Guard())
    assert (error.code, error.retryable, error.sent) == ("address_refused", False, False)
    assert peer.asked == []


async def test_a_pooled_connection_opens_no_way_for_another_guard(peer):
    await call(peer, peer.url)
    assert (await failed(peer, peer.url, guard=Guard())).code == "address_refused"
    assert len(peer.asked) == 1


async def test_a_name_is_resolved_once_and_the_checked_address_is_used(peer):
    lookups = []

    async def lookup(host, port):
        lookups.append(host)
        return ["127.0.0.1"]

    guard = Guard(frozenset({f"orders.example:{peer.port}"}), lookup=lookup)
    await call(peer, f"http://orders.example:{peer.port}/x", guard=guard)
    assert peer.asked[0].headers["Host"] == f"orders.example:{peer.port}"
    assert lookups == ["orders.example"]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_no_connection_goes_past_the_guard_whoever_asks_for_it(peer, host):
    with calling(Guard(), "demo") as caller, pytest.raises(AddressRefused):
        await session("reads").get(f"http://{host}:{peer.port}/")
    assert caller.refused is not None
    assert not caller.connected
    assert peer.asked == []


async def test_a_connection_outside_of_a_call_is_refused(peer):
    with pytest.raises(AddressRefused):
        await session("reads").get(peer.url)


async def test_an_unknown_name_can_be_tried_again(peer):
    async def nobody(host, port):
        raise OSError("Name or service not known")

    error = await failed(peer, "http://nowhere.example/", guard=Guard(lookup=nobody))
    assert (error.code, error.retryable, error.sent) == ("step_failed", True, False)


@pytest.mark.parametrize("location", ["/landed", "landed", "http://127.0.0.1:{port}/landed"])
async def test_a_redirect_on_the_same_host_is_followed(peer, location):
    output = await call(peer, f"{peer.url}/to", query={"at": location.format(port=peer.port)})
    assert output["body"] == {"path": "/landed"}


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/meta-data",
        "http://localhost:{port}/",
        "http://127.0.0.1:1/",
        "http://example.com/",
        "//example.com/",
        "https://127.0.0.1:{port}/",
        "http://2130706433:{port}/",
        "ftp://127.0.0.1:{port}/",
        "file:///etc/passwd",
        "http://127.0.0.1:{port}@example.com/",
    ],
)
async def test_a_redirect_that_leaves_the_host_is_refused(peer, location):
    error = await failed(
        peer,
        f"{peer.url}/to",
        query={"at": location.format(port=peer.port)},
        headers={"Authorization": "{{ secrets.key }}"},
    )
    assert (error.code, error.retryable, error.sent) == ("address_refused", False, True)
    assert len(peer.asked) == 1


async def test_redirects_end(peer):
    error = await failed(peer, f"{peer.url}/loop")
    assert (error.code, error.retryable) == ("step_failed", False)
    assert len(peer.asked) == 6


@pytest.mark.parametrize(
    ("status", "method"), [(301, "GET"), (302, "GET"), (303, "GET"), (307, "POST"), (308, "POST")]
)
async def test_a_redirected_write_is_repeated_only_where_the_peer_says_so(peer, status, method):
    await call(
        peer, f"{peer.url}/to", method="POST", body={"a": 1}, query={"at": "/landed", "status": f"{status}"}
    )
    assert [asked.method for asked in peer.asked] == ["POST", method]
    assert peer.bodies[1] == (b'{"a":1}' if method == "POST" else b"")


async def test_the_sample_service_is_reached_by_its_project_alone(peer):
    register_sample("demo", peer.port)
    try:
        output = await call(peer, f"http://{SAMPLE_HOST}/payments", guard=Guard())
        assert output["body"] == {"path": "/payments"}
        assert peer.asked[0].headers["Host"] == SAMPLE_HOST
        error = await failed(peer, f"http://{SAMPLE_HOST}/payments", guard=Guard(), project="other")
        assert (error.code, error.sent) == ("address_refused", False)
        assert len(peer.asked) == 1
    finally:
        forget_sample("demo")
