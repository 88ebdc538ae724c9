"""Code under review: findings of a small static analysis, known weaknesses of packages, and posted reviews.

The analysis is plain: each rule of the seed is a pattern, looked for in the lines that a unified diff adds.
"""

import re
from collections.abc import Iterator

from registry.sample.books import Answer, Books
from registry.sample.corpus import collection, record

TEXT = {"type": "string", "minLength": 1, "maxLength": 20_000}
DIFF = {
    "type": "object",
    "required": ["diff"],
    "properties": {"diff": {"type": "string", "minLength": 1, "maxLength": 50_000}},
    "additionalProperties": False,
}
REVIEW = {
    "type": "object",
    "required": ["change", "verdict", "comment"],
    "properties": {
        "change": {"type": "string", "minLength": 1, "maxLength": 64},
        "verdict": {"enum": ["approve", "comment", "request_changes"]},
        "comment": TEXT,
    },
    "additionalProperties": False,
}
HUNK = re.compile(r"@@ -\d+(?:,\d+)? \+(\d+)")


def analyse(asked: dict) -> dict:
    """{findings: [{rule, file, line, says}], added: lines}, in the order of the diff."""
    lines = list(added(asked["diff"]))
    found = [
        {"rule": name, "file": file, "line": number, "says": rule["says"]}
        for file, number, text in lines
        for name, rule in collection("lint_rules").items()
        if re.search(rule["pattern"], text)
    ]
    return {"findings": found, "added": len(lines)}


def added(diff: str) -> Iterator[tuple[str, int, str]]:
    """(file, line in the new file, text) of what a unified diff adds."""
    file, number = "", 0
    for line in diff.splitlines():
        if line.startswith("+++ "):
            file = line[4:].removeprefix("b/")
        elif hunk := HUNK.match(line):
            number = int(hunk[1])
        elif line.startswith("+"):
            yield file, number, line[1:]
            number += 1
        elif not line.startswith("-"):
            number += 1


def post_review(books: Books, asked: dict) -> Answer:
    """A review is posted as often as it is asked for: each is a comment of its own."""
    name = books.next_name("reviews", "rv_", 801)
    return 201, books.put("reviews", name, {"id": name, **asked, "status": "posted"})


ADVISORIES = {"/code/advisories/{name}": record("advisories", "package")}
