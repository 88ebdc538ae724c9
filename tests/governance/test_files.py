"""Documents as YAML: out, in again, and what is refused on the way in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance import documents
from governance.documents import Refused, yaml_text
from governance.models import AuditEntry, Version

AWKWARD = [
    "", " ", "\n", "a\nb", "a\nb\n", " a\nb", "a \nb", "a\n\nb\n\n", "yes", "on", "No", "null", "~", "1", "1.0",
    "1e3", ".5", "0x1f", "1_000", "1:20", "2026-01-31", "2026-01-31T12:00:00Z", "=", "<<", "*a", "&a", "!t", "%a",
    "@a", "`a", "- a", "? a", "a: b", "a #b", "#a", "{a", "[a", "'", '"', "\\", "\t", "a\tb\nc", "\x85", "\u2028a\nb",
    "\ufeffa\nb", "\x7f", "𝄞 ü 中", "---", "...", "a\r\nb", "---\na", "{{ input.message }}", "= steps.a.output",
]  # fmt: skip
texts = st.one_of(
    st.sampled_from(AWKWARD), st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"))
)
numbers = st.one_of(
    st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.integers(min_value=2**70)
)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, texts),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=15,
)


def exactly(value):
    """Tells 1 from 1.0 and true."""
    return repr(value)


@given(values)
def test_every_value_comes_back_and_makes_the_same_bytes(value):
    text = yaml_text.dump(value)
    (again,) = yaml_text.load_all(text)
    assert exactly(again) == exactly(value)
    assert yaml_text.dump(again) == text


@pytest.mark.parametrize("text", AWKWARD)
def test_awkward_texts_come_back_as_keys_and_values(text):
    value = {text: [text, {"a": text}]}
    assert list(yaml_text.load_all(yaml_text.dump(value))) == [value]


def test_the_text_reads_as_people_write_it():
    value = {
        "kind": "agent",
        "name": "Größe",
        "instructions": "You are kind.\n\n  Answer {{ input.message }}.\n",
        "tools": ["lookup", "refund@2"],
        "version": "1.0",
        "params": {"temperature": 0.2, "on": True, "stop": None},
        "empty": [[], {}],
    }
    assert yaml_text.dump(value) == (
        "kind: agent\n"
        "name: Größe\n"
        "instructions: |\n"
        "  You are kind.\n"
        "\n"
        "    Answer {{ input.message }}.\n"
        "tools:\n"
        "  - lookup\n"
        "  - refund@2\n"
        "version: '1.0'\n"
        "params:\n"
        "  temperature: 0.2\n"
        "  'on': true\n"
        "  stop: null\n"
        "empty:\n"
        "  - []\n"
        "  - {}\n"
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{on: yes, at: 2026-01-31, n: 0o17}", {"on": "yes", "at": "2026-01-31", "n": "0o17"}),
        ("a: 1e3", {"a": 1000.0}),
        ("a: +.5", {"a": 0.5}),
        ("a:", {"a": None}),
        ("- TRUE\n- ~", [True, None]),
        ("a: '1'\nb: \"2\"", {"a": "1", "b": "2"}),
    ],
)
def test_plain_words_are_read_by_the_core_types_of_yaml_1_2(text, value):
    (read,) = yaml_text.load_all(text)
    assert exactly(read) == exactly(value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a: &x [1]\nb: *x", "line 2: aliases (*name) are not read: write the value out"),
        (
            "a: !!python/object:os.system x",
            "line 1: the tag tag:yaml.org,2002:python/object:os.system is not read",
        ),
        ("a: !!binary aaaa", "line 1: the tag tag:yaml.org,2002:binary is not read: leave it out"),
        ("a: 1\na: 2", "line 2: the field 'a' is given twice"),
        ("1: a", "line 1: a field's name must be text: put it in quotes"),
        ("[a]: b", "line 1: a field's name must be text: put it in quotes"),
        ("[" * 65 + "]" * 65, "line 1: this is nested deeper than 64 levels"),
        ("[" * 50_000, "line 1: this is nested deeper than 64 levels"),
        ("a: [", "line 2: did not find expected node content"),
        ("a: b: c", "line 1: mapping values are not allowed in this context"),
        ("a: \x00", "this is not YAML text"),
    ],
)
def test_what_is_no_plain_yaml_is_refused_with_its_line(text, sentence):
    with pytest.raises(yaml_text.NotYaml) as refused:
        list(yaml_text.load_all(text))
    assert sentence in str(refused.value)


FLOW = "slug: triage\nkind: flow\nnote: |\n  two\n  lines\nagents:\n  - writer\n"
WRITER = "kind: agent\nslug: writer\ntools: [lookup@1]\n"
LOOKUP = "kind: tool\nslug: lookup\nname: 'on'\n"


@pytest.mark.django_db
def test_documents_of_one_apply_may_name_each_other_in_any_order(project, ada):
    texts = {"flow.yaml": FLOW, "agent.yaml": WRITER, "tool.yaml": LOOKUP}
    applied = documents.apply(project, texts, ada)
    assert [(one.file, one.kind, one.slug, one.version, one.created) for one in applied] == [
        ("flow.yaml", "flow", "triage", 1, True),
        ("agent.yaml", "agent", "writer", 1, True),
        ("tool.yaml", "tool", "lookup", 1, True),
    ]


@pytest.mark.django_db
def test_export_apply_export_gives_the_same_bytes_and_no_new_version(project, ada, sam):
    from governance import people

    documents.apply(project, {"all.yaml": "---\n".join([FLOW, WRITER, LOOKUP])}, ada)
    exported = documents.export_documents(project)
    assert list(exported) == ["agents/writer.yaml", "flows/triage.yaml", "tools/lookup.yaml"]
    assert exported["flows/triage.yaml"] == (
        "kind: flow\nslug: triage\nnote: |\n  two\n  lines\nagents:\n  - writer\n"
    )
    lines = AuditEntry.objects.count()
    assert {one.created for one in documents.apply(project, exported, ada)} == {False}
    assert (Version.objects.count(), AuditEntry.objects.count()) == (3, lines)
    assert documents.export_documents(project) == exported
    other = people.create_project("copy", "Copy", sam)
    documents.apply(other, exported, sam)
    assert documents.export_documents(other) == exported


@pytest.mark.django_db
def test_every_problem_of_every_file_is_told_and_nothing_is_published(project, ada):
    texts = {
        "good.yaml": LOOKUP,
        "broken.yaml": "a: [",
        "empty.yaml": "\n",
        "kindless.yaml": "slug: x\n",
        "unknown.yaml": "kind: policy\nslug: x\n",
        "wrong.yaml": "kind: tool\nslug: other\ncolour: red\nname: 3\n",
        "dead.yaml": "kind: flow\nslug: triage\nagents: [writer]\nnote: unsound\n",
        "twice.yaml": LOOKUP,
    }
    with pytest.raises(Refused) as refused:
        documents.apply(project, texts, ada)
    assert [(problem.file, problem.pointer, problem.code) for problem in refused.value.problems] == [
        ("broken.yaml", "", "not_yaml"),
        ("empty.yaml", "", "not_yaml"),
        ("kindless.yaml", "", "missing_field"),
        ("unknown.yaml", "/kind", "unknown_kind"),
        ("wrong.yaml", "/name", "type"),
        ("wrong.yaml", "/colour", "unknown_field"),
        ("twice.yaml", "/slug", "given_twice"),
        ("dead.yaml", "/note", "unsound"),
        ("dead.yaml", "/agents/0", "dead_reference"),
    ]
    assert not Version.objects.exists()


@pytest.mark.django_db
def test_an_applied_provider_keeps_its_key_out_of_the_export(project, ada):
    text = "kind: provider\nslug: openai\napi_key: sk-secret\n"
    documents.apply(project, {"p.yaml": text}, ada)
    assert documents.export_documents(project) == {
        "providers/openai.yaml": "kind: provider\nslug: openai\nsecret: provider-openai\n"
    }


@pytest.mark.django_db
def test_applying_what_is_active_changes_nothing_also_after_a_rollback(project, ada):
    first, second = ("kind: agent\nslug: writer\nname: " + name for name in ("One", "Two"))
    documents.apply(project, {"a": first}, ada)
    documents.apply(project, {"a": second}, ada)
    documents.activate(documents.load(project, "agents", "writer"), 1, ada)
    (same,) = documents.apply(project, {"a": first}, ada)
    assert (same.version, same.created, same.was) == (1, False, 1)
    (moved,) = documents.apply(project, {"a": second}, ada)
    assert (moved.version, moved.created, moved.was) == (2, False, 1)
    assert documents.load(project, "agents", "writer").active.number == 2
