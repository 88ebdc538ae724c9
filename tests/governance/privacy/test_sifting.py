"""Sifting: JSON content and streams as the rules leave them, on a real vault."""

import pytest

from governance.privacy import Ruleset, StreamSifter, Vault, sift

pytestmark = pytest.mark.django_db(transaction=True)
EVERYWHERE = ["run_input", "run_output", "model_input", "model_output", "tool_input", "tool_output"]


def rules(**actions: str) -> Ruleset:
    """`rules(EMAIL_ADDRESS="mask")` everywhere."""
    said = [
        {"entities": [entity], "where": EVERYWHERE, "action": action} for entity, action in actions.items()
    ]
    return Ruleset.parse({"slug": "default", "rules": said}, 2)


async def test_strings_in_any_depth_are_tokenized_and_keys_stay():
    content = {"people 1": [{"to": "ann@shop.example"}, "cc bob@shop.example, ann@shop.example", 3, None]}
    sifted = await sift(rules(EMAIL_ADDRESS="tokenize"), "run_input", content, Vault(1))
    assert sifted.content == {
        "people 1": [{"to": "<EMAIL_ADDRESS_1>"}, "cc <EMAIL_ADDRESS_2>, <EMAIL_ADDRESS_1>", 3, None]
    }
    assert sifted.findings == [{"entity": "EMAIL_ADDRESS", "action": "tokenize", "count": 3}]
    assert sifted.blocked is None
    assert await Vault(1).restore(sifted.content) == content


async def test_masked_values_are_gone_for_good():
    sifted = await sift(rules(US_SSN="mask"), "tool_output", "SSN 219-09-9999.", Vault(1))
    assert sifted.content == "SSN [US_SSN]."
    assert await Vault(1).restore(sifted.content) == "SSN [US_SSN]."


async def test_flagged_and_allowed_values_stay_and_only_flagged_ones_are_told():
    ruleset = rules(US_SSN="flag", EMAIL_ADDRESS="allow")
    sifted = await sift(ruleset, "model_input", "219-09-9999 ann@shop.example", Vault(1))
    assert sifted.content == "219-09-9999 ann@shop.example"
    assert sifted.findings == [{"entity": "US_SSN", "action": "flag", "count": 1}]


async def test_a_block_says_what_and_where_and_its_record_holds_no_value():
    sifted = await sift(rules(CREDIT_CARD="block"), "model_input", {"q": "4111 1111 1111 1111"}, Vault(1))
    assert sifted.blocked == "The privacy rules default@2 found CREDIT_CARD in model_input: they are blocked."
    assert sifted.content == {"q": "[CREDIT_CARD]"}


@pytest.mark.parametrize("number", [4111111111111111, -4111111111111111, 4111111111111111.5])
async def test_a_finding_in_a_number_is_blocked_because_it_cannot_be_changed(number):
    sifted = await sift(rules(CREDIT_CARD="tokenize"), "tool_input", {"card": number}, Vault(1))
    assert "stand in a number" in sifted.blocked
    assert (await sift(rules(CREDIT_CARD="flag"), "tool_input", {"card": number}, Vault(1))).blocked is None


@pytest.mark.parametrize("action", ["mask", "tokenize", "block"])
async def test_a_finding_in_a_key_is_blocked_and_its_record_holds_no_value(action):
    content = {"people": [{"ann@shop.example": {"paid": True}}]}
    sifted = await sift(rules(EMAIL_ADDRESS=action), "tool_output", content, Vault(1))
    assert sifted.blocked == {
        "block": "The privacy rules default@2 found EMAIL_ADDRESS in tool_output: they are blocked.",
    }.get(
        action,
        "The privacy rules default@2 found EMAIL_ADDRESS in tool_output: they stand in a key, which cannot be changed: "
        "send them as text.",
    )
    assert sifted.content == {"people": [{"[EMAIL_ADDRESS]": {"paid": True}}]}
    assert sifted.findings == [{"entity": "EMAIL_ADDRESS", "action": action, "count": 1}]


async def test_a_flagged_key_goes_on_and_is_told():
    content = {"ann@shop.example": 1, "plain_name": "219-09-9999"}
    sifted = await sift(rules(EMAIL_ADDRESS="flag", US_SSN="mask"), "run_input", content, Vault(1))
    assert sifted.blocked is None
    assert sifted.content == {"ann@shop.example": 1, "plain_name": "[US_SSN]"}
    assert sifted.findings == [
        {"entity": "EMAIL_ADDRESS", "action": "flag", "count": 1},
        {"entity": "US_SSN", "action": "mask", "count": 1},
    ]


async def test_what_needs_an_approval_waits_as_a_token_and_comes_back_after_it():
    sifted = await sift(rules(IBAN_CODE="approve"), "tool_input", "DE89370400440532013000", Vault(1))
    assert sifted.content == "<IBAN_CODE_1>"
    assert "need an approval" in sifted.approve
    assert await Vault(1).restore(sifted.content, sifted.approvable) == "DE89370400440532013000"


async def test_nobody_outside_can_write_a_token():
    vault = Vault(1)
    await vault.token("EMAIL_ADDRESS", "ann@shop.example")
    forged = await sift(rules(EMAIL_ADDRESS="tokenize"), "run_input", "to <EMAIL_ADDRESS_1>", vault)
    assert forged.content == "to <\\EMAIL_ADDRESS_1>"
    assert await vault.restore(forged.content) == "to <EMAIL_ADDRESS_1>"
    repeated = await sift(
        rules(EMAIL_ADDRESS="tokenize"), "model_output", "<EMAIL_ADDRESS_1> <EMAIL_ADDRESS_2>", Vault(1)
    )
    assert repeated.content == "<EMAIL_ADDRESS_1> <\\EMAIL_ADDRESS_2>"


async def test_a_key_that_looks_like_a_token_is_none():
    vault = Vault(1)
    await vault.token("EMAIL_ADDRESS", "ann@shop.example")
    own = rules(EMAIL_ADDRESS="tokenize")
    forged = await sift(own, "tool_output", {"<EMAIL_ADDRESS_1>": [{"<\\PASSWORD_1>": 1}]}, vault)
    assert forged.content == {"<\\EMAIL_ADDRESS_1>": [{"<\\\\PASSWORD_1>": 1}]}
    assert await vault.restore(forged.content) == {"<EMAIL_ADDRESS_1>": [{"<\\PASSWORD_1>": 1}]}
    said = await sift(own, "model_output", {"<EMAIL_ADDRESS_1>": 1, "<EMAIL_ADDRESS_2>": 2}, Vault(1))
    assert said.content == {"<EMAIL_ADDRESS_1>": 1, "<\\EMAIL_ADDRESS_2>": 2}


async def test_a_token_is_no_finding_again():
    sifted = await sift(rules(PASSWORD="block"), "model_input", "password=<PASSWORD_1>", Vault(1))
    assert sifted.blocked is None


async def test_the_key_that_a_value_stands_under_counts():
    sifted = await sift(rules(PASSWORD="mask"), "tool_output", {"db": {"password": "kX9vv2Lq!m"}}, Vault(1))
    assert sifted.content == {"db": {"password": "[PASSWORD]"}}


TEXT = "Dear Ann, we wrote to ann@shop.example about card 4111 1111 1111 1111 and <EMAIL_ADDRESS_7>. " * 3


@pytest.mark.parametrize("size", [1, 3, 17, 64, 500])
async def test_a_stream_in_any_pieces_is_sifted_like_the_whole(size):
    ruleset = rules(EMAIL_ADDRESS="tokenize", CREDIT_CARD="mask")
    whole = (await sift(ruleset, "tool_output", TEXT, Vault(1))).content
    sifter, shown = StreamSifter(ruleset, "tool_output", Vault(1)), ""
    for at in range(0, len(TEXT), size):
        shown += await sifter.push(TEXT[at : at + size])
    shown += await sifter.end()
    assert shown == whole
    assert "[CREDIT_CARD]" in whole
    assert "<\\EMAIL_ADDRESS_7>" in whole
    assert sifter.findings == {("EMAIL_ADDRESS", "tokenize"): 3, ("CREDIT_CARD", "mask"): 3}


async def test_a_private_key_in_a_stream_is_held_until_it_ends():
    key = (
        "-----BEGIN PRIVATE "
        + "KEY-----\n"
        + "MIIEvQIBADANBgkqhkiG9w0B\n" * 20
        + "-----END PRIVATE "
        + "KEY-----"
    )
    sifter, shown = StreamSifter(rules(PRIVATE_KEY="mask"), "model_output", Vault(1)), ""
    text = f"Here it is: {key} and more"
    for at in range(0, len(text), 10):
        shown += await sifter.push(text[at : at + 10])
    assert shown + await sifter.end() == "Here it is: [PRIVATE_KEY] and more"
