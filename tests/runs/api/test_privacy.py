"""Personal data at the API: what is launched, said and shown, and who may see the values."""

import pytest

from governance import documents, ids
from governance.models import Approval, AuditEntry, User, VaultEntry
from governance.privacy import trying
from runs import launch
from runs.engine.rows import loads
from runs.models import Event, Feedback, Run

EMAIL, OTHER = "carla@northwind-mail.com", "otto@contoso-mail.org"


@pytest.fixture
def rules(published):
    """`rules("tokenize")` puts rules on e-mail addresses in force, in all that enters."""

    def publish(action: str, *where: str) -> None:
        rule = {
            "entities": ["EMAIL_ADDRESS"],
            "where": list(where or ("run_input", "approval")),
            "action": action,
        }
        body = {"kind": "privacy", "slug": "default", "name": "Default", "rules": [rule]}
        documents.create_and_publish(published, "privacy", "default", body, None)

    return publish


def launched(caller, message: str, status: int = 201):
    answer = caller.post("projects/demo/runs/", {"flow": "support", "input": {"message": message}})
    assert answer.status_code == status, answer.content
    return answer.json()


def test_a_run_holds_tokens_from_its_first_line_on(rules, ada):
    rules("tokenize")
    run = launched(ada, f"From {EMAIL}, not {OTHER}, but {EMAIL}.")
    assert run["input"] == {
        "message": "From <EMAIL_ADDRESS_1>, not <EMAIL_ADDRESS_2>, but <EMAIL_ADDRESS_1>."
    }
    lines = list(Event.objects.order_by("seq").values_list("type", "data"))
    assert [type for type, _ in lines] == ["run.created", "policy.decided", "privacy.found"]
    assert loads(lines[2][1]) == {
        "call": "launch",
        "where": "run_input",
        "entities": ["EMAIL_ADDRESS"],
        "action": "tokenize",
        "counts": {"EMAIL_ADDRESS": 3},
    }
    assert EMAIL not in "".join(data for _, data in lines)
    assert VaultEntry.objects.count() == 2


def test_what_looks_like_a_token_is_escaped_on_its_way_in(rules, ada):
    rules("tokenize")
    run = launched(ada, f"<EMAIL_ADDRESS_1> is not {EMAIL}")
    assert run["input"] == {"message": "<\\EMAIL_ADDRESS_1> is not <EMAIL_ADDRESS_1>"}


def test_a_blocked_input_is_refused_and_kept_nowhere(rules, ada):
    rules("block")
    refusal = launched(ada, f"From {EMAIL}.", 403)
    assert refusal["code"] == "denied"
    assert refusal["detail"] == (
        "The privacy rules default@1 found EMAIL_ADDRESS in run_input: they are blocked."
    )
    assert not Run.objects.exists()
    assert not VaultEntry.objects.exists()
    (entry,) = AuditEntry.objects.filter(action="run.refuse")
    assert "EMAIL_ADDRESS" in str(entry.data)
    assert EMAIL not in str(entry.data)


@pytest.mark.parametrize("action", ["mask", "tokenize", "approve", "block"])
@pytest.mark.parametrize(
    ("named", "pointer"),
    [
        ({"environment": EMAIL}, "/environment"),
        ({"labels": {"customer": f"of {EMAIL}"}}, "/labels/customer"),
        ({"labels": {EMAIL: "vip"}}, f"/labels/{EMAIL}"),
    ],
)
def test_what_names_a_run_holds_nothing_protected(rules, ada, named, pointer, action):
    rules(action)
    body = {"flow": "support", "input": {"message": "Hello"}, **named}
    answer = ada.post("projects/demo/runs/", body)
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["pointer"] == pointer
    assert error["detail"] == (
        "The privacy rules default@1 protect what is found here (EMAIL_ADDRESS): a name is read by everybody, leave "
        "it out."
    )
    assert not Run.objects.exists() and not AuditEntry.objects.filter(data__contains=EMAIL).exists()
    assert (
        ada.post("projects/demo/runs/", {**body, "environment": "prod", "labels": {"team": "a"}}).status_code
        == 201
    )


def test_what_is_said_of_a_run_holds_its_tokens(rules, ada):
    rules("tokenize")
    run = launched(ada, f"From {EMAIL}.")
    said = {"score": 4, "outcome": f"{EMAIL} is happy", "comment": f"<PASSWORD_1> {OTHER}"}
    answer = ada.post(f"runs/{run['id']}/feedback/", said)
    assert answer.status_code == 201, answer.content
    (made,) = Feedback.objects.all()
    assert made.outcome == "<EMAIL_ADDRESS_1> is happy"
    assert made.comment == "<\\PASSWORD_1> <EMAIL_ADDRESS_2>"
    (entry,) = AuditEntry.objects.filter(action="run.feedback")
    assert EMAIL not in str(entry.data)


def test_what_is_said_of_a_run_is_refused_where_rules_block_it(rules, ada):
    run = launched(ada, "Hello")
    rules("block")
    answer = ada.post(f"runs/{run['id']}/feedback/", {"score": 4, "comment": f"ask {EMAIL}"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/comment")
    assert not Feedback.objects.exists()


def test_a_model_to_try_holds_nothing_protected(rules, ada):
    rules("tokenize", "model_input")
    answer = ada.post("projects/demo/providers/house/test/", {"model": f"of-{EMAIL}"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/model")
    assert not AuditEntry.objects.filter(action="provider.test").exists()


def test_keys_that_look_like_tokens_are_escaped_and_mean_what_was_written(rules, ada):
    rules("tokenize")
    given = {"message": "Hello", "<EMAIL_ADDRESS_1>": {"<PASSWORD_2>": EMAIL}}
    run = ada.post("projects/demo/runs/", {"flow": "support", "input": given}).json()
    held = {"message": "Hello", "<\\EMAIL_ADDRESS_1>": {"<\\PASSWORD_2>": "<EMAIL_ADDRESS_1>"}}
    assert run["input"] == held
    source = Run.objects.get(id=loads_id(run))
    assert launch.meant_of(source, launch.input_of(source)) == given
    forked = launch.fork(source, "start", by=source.user)
    changed = launch.fork(source, "start", input={**held, "<PASSWORD_3>": OTHER}, by=source.user)
    assert launch.input_of(forked) == held
    assert launch.input_of(changed) == {**held, "<\\PASSWORD_3>": "<EMAIL_ADDRESS_2>"}


def test_an_input_that_needs_an_approval_is_refused(rules, ada):
    rules("approve")
    assert "Nobody can be asked before a run is there" in launched(ada, f"From {EMAIL}.", 403)["detail"]


def test_a_fork_and_a_retry_mean_the_same_values(rules, ada):
    rules("tokenize")
    source = Run.objects.get(id=loads_id(launched(ada, f"From {EMAIL}.")))
    forked = launch.fork(source, "start", by=source.user)
    changed = launch.fork(
        source, "start", input={"message": f"From {OTHER}, <EMAIL_ADDRESS_9>"}, by=source.user
    )
    again, _ = launch.launch(source.project, "support", launch.input_of(source), user=source.user, of=source)
    for run in (forked, again):
        assert launch.input_of(run) == {"message": "From <EMAIL_ADDRESS_1>."}
        assert launch.meant_of(run, launch.input_of(run)) == {"message": f"From {EMAIL}."}
    assert launch.input_of(changed) == {"message": "From <EMAIL_ADDRESS_2>, <\\EMAIL_ADDRESS_9>"}


def loads_id(run: dict) -> int:
    return ids.decode(run["id"])


def test_reviewers_and_admins_see_the_values_and_are_on_the_audit_log(rules, ada, caller):
    rules("tokenize")
    run = launched(ada, f"From {EMAIL}.")
    for path in (f"runs/{run['id']}/", f"runs/{run['id']}/events/", "projects/demo/runs/"):
        refused = caller("ben").get(f"{path}?reveal=true")
        assert refused.status_code == 403, path
        assert EMAIL not in refused.content.decode()
        assert EMAIL not in caller("rita").get(path).content.decode()
    assert not AuditEntry.objects.filter(action="run.reveal").exists()
    shown = caller("rita").get(f"runs/{run['id']}/?reveal=true").json()
    assert shown["input"] == {"message": f"From {EMAIL}."}
    assert EMAIL in caller("rita").get("projects/demo/runs/?reveal=true").content.decode()
    assert EMAIL in ada.get(f"runs/{run['id']}/events/?reveal=true").content.decode()
    entries = AuditEntry.objects.filter(action="run.reveal").order_by("id")
    assert [(entry.actor, entry.object, entry.data["what"]) for entry in entries] == [
        ("rita", f"runs/{run['id']}", "run"),
        ("rita", f"runs/{run['id']}", "run"),
        ("ada", f"runs/{run['id']}", "events"),
    ]
    assert entries[0].data["values"] == {"EMAIL_ADDRESS": 1}


def test_what_people_say_is_looked_through_and_keeps_the_tokens_that_they_were_shown(
    rules, ada, caller, make_approval
):
    rules("tokenize")
    run = Run.objects.get(id=loads_id(launched(ada, f"From {EMAIL}.")))
    schema = {"type": "object", "properties": {"to": {"type": "string", "pattern": "^[^<]+$"}}}
    item = make_approval(
        run=run, editable=True, payload={"to": "<EMAIL_ADDRESS_1>"}, schema=schema, title="Write?"
    )
    said = {"to": "<EMAIL_ADDRESS_1>", "cc": OTHER, "note": "<EMAIL_ADDRESS_2>"}
    body = {
        "decision": "approve",
        "payload": said,
        "fingerprint": item.fingerprint,
        "reason": f"As {OTHER} says.",
    }
    answer = caller("rita").post(f"approvals/{shown_id(item)}/decision/", body)
    assert answer.status_code == 201, answer.content
    outcome = Approval.objects.get(id=item.id).outcome
    assert outcome["payload"] == {
        "to": "<EMAIL_ADDRESS_1>",
        "cc": "<EMAIL_ADDRESS_2>",
        "note": "<\\EMAIL_ADDRESS_2>",
    }
    assert outcome["reason"] == "As <EMAIL_ADDRESS_2> says."
    revealed = ada.get(f"approvals/{shown_id(item)}/?reveal=true").json()
    assert revealed["decisions"][0]["payload"]["cc"] == OTHER
    assert revealed["payload"] == {"to": EMAIL}


def shown_id(item: Approval) -> str:
    return ids.encode(item.id)


def test_a_text_to_try_has_two_hundred_thousand_characters_at_most(rules, ada):
    answer = ada.post("projects/demo/privacy/scan/", {"text": "a" * 200_001})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/text"
    assert answer.json()["errors"][0]["detail"] == "This must have at most 200000 characters."


def test_of_one_person_one_long_text_is_scanned_at_a_time(rules, ada, ben):
    long = {"text": "plain words " * 3000}
    with trying.one_at_a_time(User.objects.get(username="ada").pk):
        refused = ada.post("projects/demo/privacy/scan/", long)
        assert (refused.status_code, refused["Retry-After"]) == (429, "2")
        assert "Try again in 2 s" in refused.json()["detail"]
        assert ada.post("projects/demo/privacy/scan/", {"text": "short"}).status_code == 200
        assert ben.post("projects/demo/privacy/scan/", long).status_code == 200
    assert ada.post("projects/demo/privacy/scan/", long).status_code == 200
