"""The private-address guard: what is refused, however it is spelled, and what may be reached."""

import socket

import pytest

from registry.address import SAMPLE_HOST, AddressRefused, Guard

REFUSED = [
    "127.0.0.1",
    "127.9.9.9",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.0.8",
    "192.0.2.1",
    "198.18.0.1",
    "203.0.113.7",
    "192.88.99.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "[::]",
    "[::1]",
    "[::127.0.0.1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:8.8.8.8]",
    "[::ffff:0:127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]",
    "[2001:0:7f00:1::]",
    "[fc00::1]",
    "[fd12:3456::1]",
    "[fe80::1]",
    "[fe80::1%eth0]",
    "[fec0::1]",
    "[ff02::1]",
    "[2001:db8::1]",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "017700000001",
    "127.1",
    "127.0.1",
    "0177.0.0.1",
    "127.0.0.0x1",
    "127.0.0.1.",
]


@pytest.mark.parametrize("host", REFUSED)
async def test_what_is_not_a_public_address_is_refused(host):
    with pytest.raises(AddressRefused):
        await Guard().addresses(host, 80)


@pytest.mark.parametrize(
    "host", ["93.184.215.14", "8.8.8.8", "172.32.0.1", "[2606:4700::6810:84e5]", "100.128.0.1"]
)
async def test_a_public_address_may_be_reached(host):
    assert await Guard().addresses(host, 443) == [(host.strip("[]"), 443)]


def names(**known):
    async def lookup(host, port):
        if host not in known:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return known[host]

    return lookup


@pytest.mark.parametrize(
    ("found", "permitted"),
    [(["93.184.215.14"], True), (["10.0.0.1"], False), (["93.184.215.14", "10.0.0.1"], False), ([], False)],
)
async def test_a_name_is_judged_by_every_address_behind_it(found, permitted):
    guard = Guard(lookup=names(peer=found))
    if permitted:
        assert await guard.addresses("peer", 80) == [(found[0], 80)]
    else:
        with pytest.raises(AddressRefused):
            await guard.addresses("peer", 80)


async def test_localhost_is_refused_by_its_real_name():
    with pytest.raises(AddressRefused, match="BATON_HTTP_ALLOW=localhost:80"):
        await Guard().addresses("localhost", 80)


@pytest.mark.parametrize(
    ("allow", "host", "port", "permitted"),
    [
        ("10.0.0.5:8080", "10.0.0.5", 8080, True),
        ("10.0.0.5:8080", "10.0.0.5", 8081, False),
        ("10.0.0.5:8080", "10.0.0.6", 8080, False),
        ("10.0.0.5:8080", "erp", 8080, True),
        ("erp:8080", "erp", 8080, True),
        ("erp:8080", "ERP.", 8080, True),
        ("erp:8080", "10.0.0.5", 8080, False),
        ("erp:8080", "erp", 80, False),
        ("[::1]:8080", "[::1]", 8080, True),
        ("127.0.0.1:80", "2130706433", 80, False),
    ],
)
async def test_only_the_host_and_port_that_are_allowed_open_a_private_address(allow, host, port, permitted):
    guard = Guard(frozenset({allow}), lookup=names(erp=["10.0.0.5"]))
    if permitted:
        assert await guard.addresses(host, port)
    else:
        with pytest.raises(AddressRefused):
            await guard.addresses(host, port)


async def test_a_refusal_does_not_map_the_inner_network():
    with pytest.raises(AddressRefused) as refused:
        await Guard(lookup=names(peer=["10.77.0.1"])).addresses("peer", 80)
    assert "10.77" not in str(refused.value)


async def test_a_name_nobody_knows_is_not_a_refusal():
    with pytest.raises(socket.gaierror):
        await Guard(lookup=names()).addresses("nowhere", 80)


@pytest.mark.parametrize("spelling", [SAMPLE_HOST, "SAMPLE.baton.internal", f"{SAMPLE_HOST}."])
async def test_the_sample_service_is_there_for_its_project_alone(spelling):
    guard = Guard(loopback={"demo": 4711})
    assert await guard.addresses(spelling, 80, "demo") == [("127.0.0.1", 4711)]
    with pytest.raises(AddressRefused, match="demo"):
        await guard.addresses(spelling, 80, "other")
    with pytest.raises(AddressRefused):
        await guard.addresses("127.0.0.1", 4711, "demo")
