"""What agents look up in the sample service: companies, law, help articles and studies. It never changes."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from registry import sample
from registry.address import SAMPLE_HOST
from registry.sample.corpus import collection, words


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder: Path = tmp_path_factory.mktemp("sample")
    service = sample.start(folder)
    address = f"http://127.0.0.1:{service.port}"
    with httpx.Client(base_url=address, headers={"Host": SAMPLE_HOST}, trust_env=False) as made:
        yield made
    service.stop()


@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        ("/markets/companies", "Nordwind Turbines", ["NWT"]),
        ("/markets/companies", "turbines nordwind", ["NWT"]),
        ("/markets/companies", "hlg", ["HLG"]),
        ("/markets/companies", "Acme Rockets", []),
        ("/markets/companies", "the", []),
        ("/law/cases", "late kitchen", ["ALD-2018-CA-9"]),
        ("/law/cases", "drone flying garden", []),
        ("/law/statutes", "non-compete", ["EA-41"]),
        ("/support/articles", "My payment failed but I was charged anyway", ["KB-101"]),
        ("/studies", "Does rereading help?", ["ST-01"]),
    ],
)
def test_a_search_finds_the_best_first(client: httpx.Client, path: str, text: str, found: list[str]):
    body = client.get(path, params={"q": text}).json()
    assert body["query"] == text
    assert [one.get("id", one.get("ticker")) for one in body["results"]][: len(found) or 9] == found


def test_a_word_of_the_title_counts_more_than_one_of_the_text(client: httpx.Client):
    found = client.get("/law/cases", params={"q": "overruled kitchen"}).json()["results"]
    assert [case["id"] for case in found] == ["ALD-2018-CA-9", "ALD-2023-SC-2"]


@pytest.mark.parametrize("text", ["", "   ", "x" * 501])
def test_a_search_for_nothing_or_too_much_is_refused(client: httpx.Client, text: str):
    answer = client.get("/studies", params={"q": text})
    assert (answer.status_code, answer.json()["error"]) == (
        422,
        "Say in `q` what to search for, in 1 to 500 characters.",
    )


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/markets/companies/XYZ/news", "There is no company with the ticker XYZ."),
        ("/markets/economies/mars", "There is no economy called mars."),
        ("/law/cases/ALD-1", "There is no case ALD-1."),
        ("/law/cases/ALD-1/citing", "There is no case ALD-1."),
        ("/law/statutes/X-1", "There is no section X-1."),
        ("/studies/ST-99", "There is no study ST-99."),
    ],
)
def test_what_is_not_there_is_a_404_with_a_sentence(client: httpx.Client, path: str, said: str):
    answer = client.get(path)
    assert (answer.status_code, answer.json()["error"]) == (404, said)


def test_the_parts_of_a_company_come_one_by_one(client: httpx.Client):
    assert client.get("/markets/companies/BWA/news").json() == {"ticker": "BWA", "news": []}
    statements = client.get("/markets/companies/NWT/statements").json()["statements"]
    assert [year["id"] for year in statements] == ["NWT-FY2023", "NWT-FY2024", "NWT-FY2025"]
    assert client.get("/markets/economies/europe").json()["policy_rate_pct"] == 1.75


def test_who_cites_a_case_comes_with_how_oldest_first(client: httpx.Client):
    cited = client.get("/law/cases/ALD-2011-SC-14/citing").json()["cited_by"]
    assert [(case["id"], case["treatment"]) for case in cited] == [
        ("ALD-2016-CA-88", "followed"),
        ("ALD-2019-CA-31", "distinguished"),
        ("ALD-2023-SC-2", "followed"),
    ]
    assert client.get("/law/cases/ALD-2023-SC-2/citing").json()["cited_by"] == []


def test_citations_are_sorted_into_known_and_unknown(client: httpx.Client):
    answer = client.get("/law/citations", params={"ids": "TDA-12, ALD-2011-SC-14,,ALD-2017-CA-64"})
    assert answer.json() == {"known": ["TDA-12", "ALD-2011-SC-14"], "unknown": ["ALD-2017-CA-64"]}
    assert client.get("/law/citations").json() == {"known": [], "unknown": []}
    assert client.get("/law/citations", params={"ids": ",".join("x" * 51)}).status_code == 422


def test_what_the_corpus_cites_is_in_the_corpus():
    cases = collection("cases")
    assert [
        cited["id"] for case in cases.values() for cited in case["cites"] if cited["id"] not in cases
    ] == []
    sections = {section for case in cases.values() for section in case["statutes"]}
    assert sections <= collection("statutes").keys()
    assert {company["region"] for company in collection("companies").values()} <= collection(
        "economies"
    ).keys()


@pytest.mark.parametrize("name", ["cases", "statutes", "articles", "studies"])
def test_every_record_knows_its_own_id(name: str):
    assert [key for key, record in collection(name).items() if record["id"] != key] == []


def test_words_are_small_without_their_plural_and_without_what_says_nothing():
    assert words("The landlords' Deposits, of a TENANT!") == {"landlord", "deposit", "tenant"}
