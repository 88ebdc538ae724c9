"""Forms made from a schema: what is drawn, what is read, and what is said where it does not fit."""

import time

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

from governance.refusals import Problem
from runs.views.forms import Choices, Option, SchemaForm, defaults
from tests.runs.views.browser_form import drawn, sent_by, there_and_back

ROUTES = {
    "type": "object",
    "required": ["routes"],
    "properties": {
        "routes": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["port"],
                "properties": {"port": {"type": "string", "maxLength": 9}, "last": {"type": "boolean"}},
            },
        }
    },
}


def of(**properties) -> SchemaForm:
    return SchemaForm({"type": "object", "properties": properties})


def needing(**properties) -> SchemaForm:
    return SchemaForm({"type": "object", "properties": properties, "required": list(properties)})


def post(*pairs: tuple[str, str]) -> QueryDict:
    found = QueryDict(mutable=True)
    for name, value in pairs:
        found.appendlist(name, value)
    return found


def told(problems: list[Problem]) -> list[tuple[str, str]]:
    return [(problem.pointer, problem.message) for problem in problems]


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ({"type": "string"}, "longtext"),
        ({"type": "string", "maxLength": 80}, "text"),
        ({"type": "string", "pattern": "^a"}, "text"),
        ({"type": "string", "format": "file"}, "file"),
        ({"type": "string", "contentMediaType": "text/csv"}, "file"),
        ({"type": "integer"}, "integer"),
        ({"type": ["number", "null"]}, "number"),
        ({"type": ["number", "string"]}, "value"),
        ({"type": "boolean"}, "boolean"),
        ({"enum": ["a", "b"]}, "choice"),
        ({"const": 1}, "choice"),
        ({"oneOf": [{"const": "a", "title": "A"}, {"const": "b"}]}, "choice"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "longtext"),
        ({"anyOf": [{"type": "string"}, {"type": "array"}]}, "json"),
        ({"type": "array", "items": {"type": "string"}}, "list"),
        ({"type": "array", "items": {"enum": ["a"]}, "uniqueItems": True}, "choices"),
        ({"type": "array"}, "json"),
        ({"type": "object", "properties": {"x": {}}}, "object"),
        ({"type": "object"}, "json"),
        ({}, "json"),
        (True, "json"),
        ({"$ref": "#/$defs/name"}, "text"),
        ({"$ref": "#/$defs/nowhere"}, "json"),
        ({"$ref": "https://example.com/x"}, "json"),
        ({"$ref": "#/$defs/round"}, "json"),
    ],
)
def test_a_schema_is_drawn_by_what_it_allows(schema, kind):
    defs = {"name": {"type": "string", "maxLength": 5}, "round": {"$ref": "#/$defs/round"}}
    form = SchemaForm({"type": "object", "properties": {"x": schema}, "$defs": defs}, prefix="in")
    [field] = form.fields({})
    assert (field.name, field.kind) == ("in/x", kind)


@pytest.mark.parametrize(
    ("key", "label", "unit"),
    [
        ("max_cost_usd", "Max cost", "$"),
        ("timeout_s", "Timeout", "s"),
        ("api_base", "API base", ""),
        ("input_usd_per_mtok", "Input per mtok", "$"),
        ("s", "S", ""),
        ("", "?", ""),
    ],
)
def test_a_key_becomes_words_and_a_unit(key, label, unit):
    [field] = of(**{key: {"type": "number"}}).fields({})
    assert (field.label, field.unit) == (label, unit)


def test_title_and_description_come_first():
    [field] = of(x={"type": "string", "title": "Your name", "description": "As on the card"}).fields({})
    assert (field.label, field.help) == ("Your name", "As on the card")


@pytest.mark.parametrize(
    ("schema", "typed", "value"),
    [
        ({"type": "string"}, "two\r\nlines", "two\nlines"),
        ({"type": "integer"}, " 12 ", 12),
        ({"type": "integer"}, "12.0", 12),
        ({"type": "number"}, ".5", 0.5),
        ({"type": "number"}, "-1e3", -1000.0),
        ({"type": "number"}, "99999999999999999999", 1e20),
        ({"type": ["number", "string"]}, "12", 12),
        ({"type": ["number", "string"]}, "= input.x", "= input.x"),
        ({"type": ["number", "string"]}, '"12"', "12"),
        ({"enum": [1, "1", None]}, "1", 1),
        ({"enum": [1, "1", None]}, '"1"', "1"),
        ({"type": "boolean"}, "false", False),
    ],
)
def test_what_is_typed_becomes_the_schemas_type(schema, typed, value):
    assert of(x=schema).read(post(("value/x", typed))) == ({"x": value}, [])


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("Order {{ input.id }}", "Order {{ input.id }}"),
        ("{{ input.id }}", "{{ input.id }}"),
        ("= steps.a.output", "= steps.a.output"),
        ("[Draft] {{ x }}", "[Draft] {{ x }}"),
        ('{"a": "= 1"}', {"a": "= 1"}),
        ("[1, 2]", [1, 2]),
        ("true", True),
        ('"true"', "true"),
    ],
)
def test_a_value_field_takes_json_and_texts(typed, value):
    form = SchemaForm({"type": "object", "properties": {"x": {}}}, {"/x": "value"})
    assert form.read(post(("value/x", typed))) == ({"x": value}, [])
    assert there_and_back(form, {"x": value}) == ({"x": value}, [])


def test_an_optional_field_left_empty_is_absent_and_a_needed_one_is_asked_for():
    schema = {
        "type": "object",
        "required": ["a"],
        "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
    }
    value, problems = SchemaForm(schema).read(post(("value/a", ""), ("value/b", "")))
    assert (value, told(problems)) == ({}, [("/a", "Fill this in.")])


def test_an_unset_optional_boolean_is_not_false():
    form = of(sure={"type": "boolean"})
    assert there_and_back(form, {}) == ({}, [])
    assert there_and_back(form, {"sure": False}) == ({"sure": False}, [])
    assert "Not set" in drawn(form, {})


def test_a_boolean_with_a_default_is_a_box_that_stays_absent_until_it_is_changed():
    form = of(jitter={"type": "boolean", "default": True})
    assert 'type="checkbox"' in drawn(form, {})
    assert there_and_back(form, {}) == ({}, [])
    unticked = post(("value/jitter", "false"), ("value/jitter~default", "1"))
    assert form.read(unticked) == ({"jitter": False}, [])


def test_what_cannot_be_read_is_shown_again_as_it_was_typed():
    form = needing(n={"type": "integer"}, j={"type": "object"})
    value, problems = form.read(post(("value/n", "twelve"), ("value/j~json", '{"a": \n  oops}')))
    assert told(problems) == [
        ("/n", "Write a whole number, like 12."),
        ("/j", "Line 2, column 3: Expecting value."),
    ]
    html = drawn(form, value, problems)
    assert 'value="twelve"' in html
    assert "{&quot;a&quot;: \n  oops}" in html
    assert html.count('aria-invalid="true"') == 2
    assert "Write a whole number, like 12." in html


def test_a_value_of_another_type_is_kept_as_json():
    form = of(n={"type": "integer"}, t={"type": "string"})
    value = {"n": {"odd": 1}, "t": ["x"]}
    assert [field.kind for field in form.fields(value)] == ["json", "json"]
    found, problems = there_and_back(form, value)
    assert found == value
    assert told(problems) == [("/n", "This must be a whole number."), ("/t", "This must be text.")]


def test_rows_are_added_by_the_blank_one_and_removed_by_their_box():
    form = SchemaForm(ROUTES)
    sent = sent_by(drawn(form, {"routes": [{"port": "a"}, {"port": "b", "last": True}]}))
    sent["value/routes/2/port"] = "c"
    sent["value/routes/0~remove"] = "1"
    assert form.read(sent) == ({"routes": [{"port": "b", "last": True}, {"port": "c"}]}, [])


def test_rows_made_by_a_script_may_have_gaps_in_their_numbers():
    sent = post(("value/routes~list", "1"), ("value/routes/12/port", "b"), ("value/routes/3/port", "a"))
    assert SchemaForm(ROUTES).read(sent) == ({"routes": [{"port": "a"}, {"port": "b"}]}, [])


def test_a_problem_in_a_row_is_told_in_the_row_that_it_became():
    sent = post(("value/routes/0/port", ""), ("value/routes/1/port", "far too long"))
    value, problems = SchemaForm(ROUTES).read(sent)
    assert value == {"routes": [{"port": "far too long"}]}
    assert told(problems) == [("/routes/0/port", "This must have at most 9 characters.")]
    [routes] = SchemaForm(ROUTES).fields(value, problems)
    assert routes.children[0].children[0].errors == ["This must have at most 9 characters."]
    assert routes.errors == []


def test_an_emptied_needed_list_says_how_many_it_needs():
    value, problems = SchemaForm(ROUTES).read(post(("value/routes~list", "1"), ("value/routes/0/port", "")))
    assert (value, told(problems)) == ({"routes": []}, [("/routes", "This needs at least 1 entry.")])


def test_widgets_are_found_by_the_pattern_of_a_row():
    form = SchemaForm(ROUTES, {"/routes/*/port": "condition"}, complete_url="/complete/")
    html = drawn(form, {"routes": [{"port": "a"}]})
    # The row that is there, the blank one, and the one for the script.
    assert html.count('data-kind="condition" data-complete-url="/complete/">') == 3


def test_choices_offer_what_is_there_and_keep_what_is_not():
    options = Choices([Option("lookup", "Look up", "read"), ("refund", "Refund")])
    form = SchemaForm(
        {
            "type": "object",
            "properties": {
                "tools": {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
                "agent": {"type": "string"},
            },
        },
        {"/tools": options, "/agent": Choices(["writer"])},
    )
    value = {"tools": ["gone@2", "refund"], "agent": "old"}
    tools, agent = form.fields(value)
    assert [(option.key, option.label) for option in tools.options] == [
        ("gone@2", "gone@2"),
        ("refund", "Refund"),
        ("lookup", "Look up"),
    ]
    assert (agent.kind, agent.value) == ("choice", "old")
    assert there_and_back(form, value) == (value, [])


def test_a_missing_field_that_only_the_server_missed_is_told_at_the_field():
    form = of(by={"enum": ["agent", "rules"]}, agent={"type": "string"})
    missing = Problem("", "The field 'agent' is missing: add it.", "missing_field")
    by, agent = form.fields({"by": "agent"}, [missing])
    assert (by.errors, agent.errors) == ([], ["Fill this in."])


def test_a_problem_without_a_field_stands_above_the_form():
    top, field = of(a={"type": "string"}).fields({}, [Problem("", "Nobody may do this.")])
    assert (top.kind, top.errors, field.errors) == ("problems", ["Nobody may do this."], [])


def test_a_root_that_is_no_object_is_one_field():
    form = SchemaForm({"type": "string", "maxLength": 9}, prefix="input")
    [field] = form.fields("hello")
    assert (field.name, field.label, field.value) == ("input", "Input", "hello")
    assert form.read(post(("input", "bye"))) == ("bye", [])


def test_defaults_fill_a_form_for_the_first_time():
    schema = {
        "type": "object",
        "properties": {
            "tone": {"enum": ["dry", "warm"], "default": "warm"},
            "size": {"type": "object", "properties": {"w": {"type": "integer", "default": 3}, "h": {}}},
            "note": {"type": "string"},
        },
    }
    assert defaults(schema) == {"tone": "warm", "size": {"w": 3}}


def uploaded(form: SchemaForm, name: str, content: bytes):
    files = MultiValueDict({name: [SimpleUploadedFile("data.csv", content)]})
    return form.read(post(("value/x", "typed before")), files)


def test_a_file_wins_over_what_was_typed():
    form = needing(x={"type": "string", "format": "file"})
    value, problems = uploaded(form, "value/x~file", b"\xef\xbb\xbfa;b\r\n1;2\r\n")
    assert (value, problems) == ({"x": "a;b\n1;2\n"}, [])


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"\xff\xfe", "“data.csv” is not text in UTF-8 (byte 0): save it as UTF-8."),
        (b"a\0b", "“data.csv” holds the NUL character: it is no text file."),
        (b"x" * 1_000_001, "“data.csv” has 1,000,001 bytes; a file may have 1,000,000."),
    ],
)
def test_a_file_that_is_no_small_text_is_refused(content, sentence):
    form = needing(x={"type": "string", "format": "file"})
    value, problems = uploaded(form, "value/x~file", content)
    assert (value, told(problems)) == ({"x": "typed before"}, [("/x", sentence)])


def test_a_json_file_becomes_its_value_or_says_where_it_is_wrong():
    form = needing(x={"type": "array", "format": "file"})
    sent = post(("value/x~json", ""))
    good = MultiValueDict({"value/x~file": [SimpleUploadedFile("x.json", b"[1, 2]")]})
    assert form.read(sent, good) == ({"x": [1, 2]}, [])
    bad = MultiValueDict({"value/x~file": [SimpleUploadedFile("x.json", b"[1,\n]")]})
    value, problems = form.read(sent, bad)
    assert told(problems) == [("/x", "Line 2, column 1: Expecting value.")]
    assert "[1,\n]" in drawn(form, value, problems)


def test_hostile_names_and_values_are_text():
    form = of(**{'<b>"x"': {"type": "string", "title": "<script>alert(1)</script>"}})
    html = drawn(form, {'<b>"x"': "</textarea><script>"})
    assert "<script>" not in html and "</textarea><script" not in html


@pytest.mark.parametrize(
    "pairs",
    [
        [("value/x", "a\0b")],
        [("value/x", "\ud800")],
        [("value/x~json", '"\\ud800"')],
        [("value/x~json", '{"\\ud800": {"\\ud800": 1, "\\ud800": 2}}')],
        [("value/x~json", "[" * 100_000)],
        [("value/x~json", "[" * 70 + "]" * 70)],
        [("value/x~json", "NaN")],
        [("value/x~json", "1e999")],
        [("value/x~more", "[]")],
        [("value~more", "[]")],
        [("value~json", "7")],
        [("value/n", "9" * 5000)],
        [("value/n", "١٢")],
        [("value/l/0/0/0/0", "deep")],
    ],
)
def test_hostile_posts_give_problems_and_can_be_shown_again(pairs):
    form = SchemaForm(
        {
            "type": "object",
            "required": ["x"],
            "properties": {
                "x": {"type": "string"},
                "n": {"type": "integer"},
                "l": {"type": "array", "items": {"type": "string"}},
            },
        }
    )
    value, problems = form.read(post(*pairs))
    assert problems
    drawn(form, value, problems).encode()


def test_large_posts_take_no_time():
    schema = {
        "type": "object",
        "properties": {"l": {"type": "array", "items": {"type": "string"}}, "t": {"type": "string"}},
    }
    form = SchemaForm(schema)
    started = time.monotonic()
    value, problems = form.read(
        post(
            *((f"value/l/{row}", "x") for row in range(10_000)),
            ("value/t", "y" * 2_000_000),
            ("value/" + "a/" * 9000, "z"),
        )
    )
    assert told(problems) == [("/l", "There are 10000 rows; a form may have 1000.")]
    assert (len(value["l"]), len(value["t"])) == (1000, 2_000_000)
    drawn(form, value, problems)
    assert time.monotonic() - started < 3


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": 7, "required": 5},
        {"type": "object", "properties": {"a": 7, "b": None, "c": {"type": 7}, "d": {"enum": 7}}},
        {"type": "object", "properties": {"a": {"type": "array", "items": [7]}, "b": {"oneOf": [7]}}},
        {
            "type": "object",
            "properties": {"a": {"title": 7, "description": [], "default": {"x": 1}, "maxLength": "9"}},
        },
        {"type": [], "properties": {"a": {"type": ["null"]}}},
        {"$ref": 7},
        7,
    ],
)
def test_a_broken_schema_is_drawn_as_json(schema):
    form = SchemaForm(schema)
    assert drawn(form, {})
    assert isinstance(form.read(post(("value~json", "{}")))[1], list)


def test_a_schema_that_holds_itself_many_times_is_drawn_once():
    level = {
        f"d{n}": {"type": "object", "properties": dict.fromkeys("abcd", {"$ref": f"#/$defs/d{n + 1}"})}
        for n in range(20)
    }
    tree = {"type": "object", "properties": {"children": {"type": "array", "items": {"$ref": "#"}}}}
    started = time.monotonic()
    html = drawn(SchemaForm({"$ref": "#/$defs/d0", "$defs": level}), {})
    assert len(drawn(SchemaForm(tree), {})) < 9_000
    assert html.count("name=") < 1000
    assert time.monotonic() - started < 5
