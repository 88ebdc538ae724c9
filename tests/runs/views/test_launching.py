"""Launching a flow by hand: the form, its problems, the launch, and the same as a command."""

import json
import re
import shlex

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance import clock, documents, ids
from governance.models import ApiToken, User
from runs.launch import LaunchRefused, input_of
from runs.models import Run
from runs.views.launching import page as launching
from runs.views.launching.given import Given
from runs.views.launching.offer import offered
from tests.runs.views.browser_form import sent_by
from tests.runs.views.history import store_run
from tests.runs.views.people import fragment, signed_in

SUPPORT = "/projects/demo/flows/customer-support/launch/"


def html_of(answer) -> str:
    return answer.content.decode()


def words(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def form_on(page: str) -> dict[str, str]:
    """What the form of the page sends, one value a name."""
    page = page[page.index('<form id="launch-form"') :]
    page = page[: page.index("</form>")]
    return {name: values[-1] for name, values in sent_by(page).lists() if name != "csrfmiddlewaretoken"}


def publish(project, schema, slug="typed", **more) -> str:
    body = {
        "kind": "flow",
        "slug": slug,
        "nodes": [{"id": "start", "type": "start"}, {"id": "done", "type": "end"}],
        "edges": [{"from": "start", "to": "done"}],
        **({"input_schema": schema} if schema else {}),
        **more,
    }
    documents.create_and_publish(project, "flow", slug, body, None)
    return f"/projects/demo/flows/{slug}/launch/"


@pytest.mark.parametrize(
    ("who", "seen", "posted"), [("ada", 200, 302), ("ben", 200, 403), ("rita", 200, 403), ("sam", 404, 404)]
)
def test_who_may_launch(demo_with_flows, who, seen, posted):
    client = signed_in(who)
    assert client.get(SUPPORT).status_code == seen
    sent = client.post(SUPPORT, {"input/message": "Hello", "key": "k1"})
    assert sent.status_code == posted
    assert Run.objects.count() == (1 if posted == 302 else 0)


def test_a_visitor_signs_in_first(demo_with_flows, client):
    answer = client.get(SUPPORT)
    assert (answer.status_code, answer["Location"]) == (
        302,
        "/sign-in/?next=%2Fprojects%2Fdemo%2Fflows%2Fcustomer-support%2Flaunch%2F",
    )


def test_a_reader_sees_why_he_cannot_launch(demo_with_flows):
    page = html_of(signed_in("ben").get(SUPPORT))
    assert "You may look but not launch." in words(page)
    assert "one of the roles admin, author, operator; here you are viewer" in words(page)
    assert "Launch run" not in words(page)
    assert '<fieldset class="stack" disabled>' in page


@pytest.mark.parametrize(
    "address", ["/projects/demo/flows/nothing/launch/", SUPPORT + "?version=9", SUPPORT + "?version=x"]
)
def test_what_is_not_there_is_a_404(demo_with_flows, address):
    assert signed_in("ada").get(address).status_code == 404


def test_a_launch_makes_the_run_with_what_was_entered(demo_with_flows):
    ada = signed_in("ada")
    sent = {
        **form_on(html_of(ada.get(SUPPORT))),
        "input/message": "Where is\r\nmy hub?",
        "options/environment": "test",
        "options/labels/0/name": "ticket",
        "options/labels/0/value": "1042",
    }
    answer = ada.post(SUPPORT, sent)
    run = Run.objects.get()
    assert answer["Location"] == f"/runs/{run.public_id}/"
    assert input_of(run) == {"message": "Where is\nmy hub?"}
    assert (run.flow, run.version, run.environment, run.trigger) == ("customer-support", 1, "test", "page")
    assert (run.user.username, json.loads(run.labels)) == ("ada", {"ticket": "1042"})


def test_a_second_click_launches_nothing_new_but_a_change_does(demo_with_flows):
    ada = signed_in("ada")
    sent = {**form_on(html_of(ada.get(SUPPORT))), "input/message": "Hello"}
    first, second = ada.post(SUPPORT, sent), ada.post(SUPPORT, sent)
    assert first["Location"] == second["Location"]
    assert Run.objects.count() == 1
    changed = ada.post(SUPPORT, {**sent, "input/message": "Hello again"})
    assert changed["Location"] != first["Location"]
    fresh = form_on(html_of(ada.get(SUPPORT)))
    assert ada.post(SUPPORT, {**fresh, "input/message": "Hello"})["Location"] != first["Location"]
    assert Run.objects.count() == 3


def test_what_is_wrong_stands_at_its_field_and_nothing_is_launched(demo):
    address = publish(
        demo,
        {
            "type": "object",
            "required": ["amount"],
            "properties": {
                "amount": {"type": "number", "maximum": 10},
                "when": {"type": "string", "minLength": 3},
            },
        },
    )
    answer = signed_in("ada").post(
        address,
        {
            "input/amount": "eleven",
            "input/when": "no",
            "options/labels/0/name": "a",
            "options/labels/1/name": "a",
        },
    )
    page = html_of(answer)
    assert answer.status_code == 422
    assert Run.objects.count() == 0
    assert "Nothing was launched." in page
    assert "Write a number, like 12 or 0.5." in page
    assert 'value="eleven"' in page
    assert "This must have at least 3 characters." in page
    assert "This label is given twice: keep one." in page


def test_a_file_is_the_input(demo):
    address = publish(
        demo,
        {"type": "object", "required": ["csv"], "properties": {"csv": {"type": "string", "format": "file"}}},
    )
    file = SimpleUploadedFile("data.csv", b"a;b\n1;2\n")
    assert signed_in("ada").post(address, {"input/csv": "", "input/csv~file": file}).status_code == 302
    assert input_of(Run.objects.get()) == {"csv": "a;b\n1;2\n"}


def test_a_flow_without_a_schema_takes_any_json(demo):
    address = publish(demo, None)
    ada = signed_in("ada")
    assert "it takes any JSON" in html_of(ada.get(address))
    broken = ada.post(address, {"input~json": '{"a": }', "mode": "json"})
    assert broken.status_code == 422
    assert "Line 1, column 7" in html_of(broken)
    assert ada.post(address, {"input~json": '{"a": [1]}', "mode": "json"}).status_code == 302
    assert input_of(Run.objects.get()) == {"a": [1]}


def test_form_and_json_show_the_same_input(demo_with_flows):
    ada = signed_in("ada")
    sent = {**form_on(html_of(ada.get(SUPPORT))), "input/message": "Hello"}
    as_json = form_on(html_of(ada.post(SUPPORT, {**sent, "do": "json"})))
    assert json.loads(as_json["input~json"]) == {"message": "Hello"}
    assert as_json["key"] == sent["key"]
    as_form = form_on(html_of(ada.post(SUPPORT, {**as_json, "do": "form"})))
    assert as_form["input/message"].strip() == "Hello"
    half = html_of(ada.post(SUPPORT, {**as_json, "input~json": "{", "do": "form"}))
    assert form_on(half)["input~json"] == "{"
    assert Run.objects.count() == 0


def test_json_that_does_not_fit_says_where(demo_with_flows):
    answer = signed_in("ada").post(SUPPORT, {"mode": "json", "input~json": '{"message": 5}'})
    assert answer.status_code == 422
    assert "message: This must be text." in html_of(answer)


def test_samples_and_recent_runs_fill_the_form(demo_with_flows):
    ada = signed_in("ada")
    run = store_run(
        demo_with_flows,
        User.objects.get(username="ada"),
        clock.now(),
        input={"message": "Old"},
        environment="test",
    )
    page = html_of(ada.get(SUPPORT))
    assert {"?sample=refund", "?sample=delivery", f"?run={run.public_id}"} <= set(
        re.findall(r'href="(\?[^"]+)"', page)
    )
    refund = form_on(html_of(ada.get(SUPPORT + "?sample=refund")))
    assert refund["input/message"].startswith("I was charged twice for order 1042")
    old = form_on(html_of(ada.get(f"{SUPPORT}?run={run.public_id}")))
    assert (old["input/message"], old["options/environment"]) == ("Old", "test")
    assert form_on(html_of(ada.get(SUPPORT + "?sample=nothing")))["input/message"] == ""


def test_protected_values_of_a_past_run_are_left_empty_and_no_token_is_sent(demo):
    texts = {name: {"type": "string"} for name in ("to", "note", "kept")}
    address = publish(demo, {"type": "object", "properties": {**texts, "more": {}}})
    held = {
        "to": "<EMAIL_ADDRESS_1>",
        "note": "Ask <PHONE_NUMBER_2>.",
        "kept": "as <\\EMAIL_ADDRESS_1> was written",
        "more": {"<\\PASSWORD_1>": ["<EMAIL_ADDRESS_1>", 7]},
    }
    ada, user = signed_in("ada"), User.objects.get(username="ada")
    run = store_run(demo, user, clock.now(), input=held, flow="typed")
    page = html_of(ada.get(f"{address}?run={run.public_id}"))
    sent = form_on(page)
    assert (sent["input/to"], sent["input/note"]) == ("", "")
    assert sent["input/kept"] == "as <EMAIL_ADDRESS_1> was written"
    assert json.loads(sent["input/more~json"]) == {"<PASSWORD_1>": ["", 7]}
    assert "Some fields are left empty:" in page and f'href="/runs/{run.public_id}/retries/"' in page
    plain = store_run(demo, user, clock.now(), input={"to": "all"}, flow="typed")
    assert "left empty" not in html_of(ada.get(f"{address}?run={plain.public_id}"))


def test_a_label_that_holds_what_is_protected_is_refused_at_its_row(demo_with_flows):
    rule = {"entities": ["EMAIL_ADDRESS"], "where": ["run_input"], "action": "mask"}
    body = {"kind": "privacy", "slug": "default", "name": "Default", "rules": [rule]}
    documents.create_and_publish(demo_with_flows, "privacy", "default", body, None)
    labels = {"options/labels/0/name": "customer", "options/labels/0/value": "ann@northwind-mail.com"}
    answer = signed_in("ada").post(SUPPORT, {"input/message": "Hello", "key": "k1", **labels})
    assert answer.status_code == 422
    said = words(html_of(answer))
    assert "protect what is found here (EMAIL_ADDRESS): a name is read by everybody, leave it out." in said
    assert not Run.objects.exists()


def test_defaults_of_the_schema_stand_in_a_fresh_form(demo):
    address = publish(demo, {"type": "object", "properties": {"tone": {"type": "string", "default": "dry"}}})
    assert form_on(html_of(signed_in("ada").get(address)))["input/tone"] == "dry"


def test_the_page_says_what_the_run_may_cost(demo_with_flows):
    said = words(html_of(signed_in("ada").get(SUPPORT)))
    assert "Expected $0.016" in said
    assert "At worst $0.50" in said


def test_another_version_is_launched_by_its_number(demo):
    publish(demo, {"type": "object", "properties": {"old": {"type": "string"}}})
    address = publish(demo, {"type": "object", "properties": {"new": {"type": "string"}}})
    ada = signed_in("ada")
    assert ada.post(address + "?version=1", {"input/old": "x"}).status_code == 302
    run = Run.objects.get()
    assert (run.version, input_of(run)) == (1, {"old": "x"})


def test_a_flow_that_was_never_published_says_so(demo):
    documents.save_draft(
        demo, "flow", "draft", {"kind": "flow", "slug": "draft", "nodes": [], "edges": []}, None
    )
    page = html_of(signed_in("ada").get("/projects/demo/flows/draft/launch/"))
    assert "There is nothing to launch yet" in page
    assert "Launch run" not in page


def command_on(page: str) -> list[str]:
    text = re.search(r'<pre[^>]*id="launch-curl"[^>]*>(.*?)</pre>', page, re.DOTALL)[1]
    for entity, sign in (("&#x27;", "'"), ("&quot;", '"'), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        text = text.replace(entity, sign)
    return shlex.split(text)


def test_the_command_says_the_same_and_survives_a_shell(demo_with_flows):
    hostile = 'it\'s `rm -rf /` $HOME "quoted" \\ <b>'
    page = html_of(signed_in("ada").post(SUPPORT, {"input/message": hostile, "do": "command"}))
    found = command_on(page)
    assert found[:4] == ["curl", "-X", "POST", "http://testserver/api/v1/projects/demo/runs/"]
    assert json.loads(found[-1]) == {"flow": "customer-support", "input": {"message": hostile}}
    assert "Authorization: Bearer $BATON_TOKEN" in found


def test_a_token_for_the_command_opens_this_project_alone_and_is_shown_once(demo_with_flows, client):
    ada = signed_in("ada")
    page = html_of(ada.post(SUPPORT, {"input/message": "Hi", "do": "token"}))
    header = next(part for part in command_on(page) if part.startswith("Authorization"))
    token = ApiToken.objects.get()
    assert (token.user.username, token.project.slug, token.name) == (
        "ada",
        "demo",
        "curl for customer-support",
    )
    assert "This token is shown once." in page
    answer = client.post(
        "/api/v1/projects/demo/runs/",
        {"flow": "customer-support", "input": {"message": "Hi"}},
        content_type="application/json",
        headers={"Authorization": header.removeprefix("Authorization: ")},
    )
    assert answer.status_code == 201
    assert header not in html_of(ada.get(SUPPORT))


def test_a_reader_gets_no_token_here(demo_with_flows):
    assert signed_in("ben").post(SUPPORT, {"do": "token"}).status_code == 403
    assert ApiToken.objects.count() == 0


def test_htmx_gets_the_command_alone(demo_with_flows):
    ada = signed_in("ada")
    answer = ada.post(SUPPORT, {"input/message": "Hi", "do": "command"}, headers={"HX-Request": "true"})
    assert html_of(answer).lstrip().startswith('<section class="card" id="launch-command"')


def test_a_denied_launch_says_which_policy_and_why(demo_with_flows, rf):
    request = rf.post(SUPPORT)
    request.user = User.objects.get(username="ada")
    offer = offered(demo_with_flows, "customer-support")
    error = LaunchRefused(
        "denied", "Nobody launches on Sundays.", decision={"effect": "deny", "policies": ["sundays@2"]}
    )
    request._messages = ()
    answer = launching.refused(request, offer, Given({"message": "Hi"}), error)
    said = words(html_of(answer))
    assert answer.status_code == 403
    assert "Blocked by policy. Nobody launches on Sundays." in said
    assert "Decided by sundays@2" in said
    assert "Hi" in said


@pytest.mark.parametrize(
    "sent",
    [
        {"input/message": "a\0b"},
        {"input/message": "Hi", "key": "é" * 300},
        {"input~json": '"\\ud800"', "mode": "json"},
        {"input~json": "[" * 10_000, "mode": "json"},
        {"input/message": "Hi", "options/environment": "x" * 65},
        {"input/message": "Hi", "options/labels/0/value": "no name"},
        {"do": "nonsense"},
    ],
)
def test_hostile_forms_are_answered(demo_with_flows, sent):
    answer = signed_in("ada").post(SUPPORT, sent)
    assert answer.status_code in (302, 422)
    assert (answer.status_code == 302) == (Run.objects.count() == 1)


def test_a_form_of_two_megabytes_is_refused(demo_with_flows):
    answer = signed_in("ada").post(SUPPORT, {"input/message": "x" * 2_100_000})
    assert answer.status_code in (400, 413)
    assert Run.objects.count() == 0


def test_the_page_asks_the_database_a_fixed_number_of_times(demo_with_flows):
    ada, user = signed_in("ada"), User.objects.get(username="ada")
    store_run(demo_with_flows, user, clock.now())
    ada.get(SUPPORT)
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as captured:
            assert ada.get(SUPPORT).status_code == 200
        counts.append(len(captured))
        for age in range(20):
            store_run(demo_with_flows, user, clock.now() - age)
    assert counts[0] == counts[1]
    assert counts[0] == 13


def test_a_part_of_the_form_is_no_page(demo_with_flows):
    assert "<html" in html_of(fragment(signed_in("ada"), SUPPORT))


def test_ids_of_runs_elsewhere_fill_nothing(demo_with_flows):
    foreign = ids.encode(ids.new_id())
    assert form_on(html_of(signed_in("ada").get(f"{SUPPORT}?run={foreign}")))["input/message"] == ""
