"""Owns the tags of texts: Jinja's, as far as they read plain data and end.

Left out on purpose, refused by name: macro, call, include, import, extends, block, do, autoescape, namespace().
"""

import re

from .errors import Invalid
from .limits import MAX_DEPTH, MAX_TEXT_SOURCE, MAX_TEXT_TOKENS
from .reader import Token
from .syntax import Assign, Block, For, If, Member, Name, Node, Output, Plain, check_depth
from .text_grammar import TOKEN, Tag, token

OPENING = re.compile(r"\{([{%#])([-+]?)")
PATH = re.compile(
    r"\s*(?!(?:true|false|none|null|not)\s*[-}])([a-z_]\w*(?:\.[a-z_]\w*)*)\s*(-?)\}\}", re.ASCII
)
RAW = re.compile(r"\{%([-+]?)\s*raw\s*([-+]?)%\}(.*?)\{%([-+]?)\s*endraw\s*([-+]?)%\}", re.DOTALL)
TAG = 2  # what a tag counts besides its words and signs
LEFT_OUT = frozenset("macro call include import from extends block do autoescape filter with".split())
ENDINGS = ("elif", "else", "endif", "endfor", "endset", "endraw")


def parse(source: str) -> Block:
    """The syntax tree of a text; raises `Invalid`."""
    if len(source) > MAX_TEXT_SOURCE:
        raise Invalid(f"is {len(source):,} characters long; {MAX_TEXT_SOURCE:,} are allowed")
    tree = Template(source).whole()
    check_depth(tree)
    return tree


class Template:
    """Cuts a source into plain text and tags, and nests what the tags enclose."""

    def __init__(self, source: str):
        self.source = source
        self.at = 0
        self.count = 0
        self.depth = 0
        self.trim = False  # the tag before ended with `-`

    def whole(self) -> Block:
        block, end, pos = self.block(())
        if end is not None:
            raise Invalid(f"`{end.token.value}` has nothing to end here", pos)
        return block

    def block(self, ends: tuple[str, ...]) -> tuple[Block, "Tag | None", int]:
        """Everything up to a tag that starts with one of `ends`, or any word that only ends or continues."""
        parts: list[Node] = []
        start = self.at
        while (found := OPENING.search(self.source, self.at)) is not None:
            self.plain(parts, found.start(), found[2] == "-")
            if found[1] == "#":
                self.comment(found.start())
            elif found[1] == "%" and (raw := RAW.match(self.source, found.start())):
                self.raw(parts, raw)
            elif found[1] == "{" and (path := PATH.match(self.source, found.end())):
                self.path(parts, path)
            else:
                tag = self.tag(found.end(), found[1])
                if found[1] == "{":
                    parts.append(Output(found.start(), tag.only()))
                elif tag.sees(*ENDINGS):
                    if ends and not tag.sees(*ends):
                        tag.fail(f"expected `{ends[-1]}`")
                    return Block(start, parts), tag, found.start()
                else:
                    parts.append(self.statement(tag, found.start()))
        if ends:
            raise Invalid(f"the text ends before `{ends[-1]}`", len(self.source))
        self.plain(parts, len(self.source), False)
        self.at = len(self.source)
        return Block(start, parts), None, self.at

    def plain(self, parts: list[Node], end: int, trim: bool) -> None:
        text = self.source[self.at : end]
        text = text.lstrip() if self.trim else text
        text = text.rstrip() if trim else text
        self.trim = False
        if text:
            parts.append(Plain(self.at, text))

    def comment(self, start: int) -> None:
        end = self.source.find("#}", start + 2)
        if end < 0:
            raise Invalid("a comment that starts here does not end with `#}`", start)
        self.trim = self.source[end - 1] == "-" and end - 1 > start + 1
        self.at = end + 2

    def raw(self, parts: list[Node], raw: re.Match[str]) -> None:
        text = raw[3].lstrip() if raw[2] == "-" else raw[3]
        text = text.rstrip() if raw[4] == "-" else text
        parts.append(Plain(raw.start(3), text))
        self.trim = raw[5] == "-"
        self.at = raw.end()

    def path(self, parts: list[Node], path: re.Match[str]) -> None:
        """`{{ a.b.c }}`, which most tags are, without the grammar."""
        self.spend(1 + TAG, path.start())
        root, *keys = path[1].split(".")
        node: Node = Name(path.start(1), root)
        for key in keys:
            node = Member(path.start(1), node, key)
        parts.append(Output(path.start(), node))
        self.trim, self.at = path[2] == "-", path.end()

    def spend(self, tokens: int, pos: int) -> None:
        self.count += tokens
        if self.count > MAX_TEXT_TOKENS:
            raise Invalid(f"has more than {MAX_TEXT_TOKENS:,} words and signs inside its tags", pos)

    def tag(self, at: int, mark: str) -> "Tag":
        """The tokens from `at` to the end of the tag that `mark` opened."""
        wanted = "}}" if mark == "{" else "%}"
        self.spend(TAG, at)
        found: list[Token] = []
        braces = 0
        while match := TOKEN.match(self.source, at):
            kind, text, pos = match.lastgroup, match[0], match.start()
            if kind == "close" and braces and text.endswith("}}"):
                kind, text = "op", text[0]
            at = pos + len(text)
            if kind == "close":
                if not text.endswith(wanted):
                    raise Invalid(f"expected `{wanted}`, found `{text}`", pos)
                self.trim, self.at = text[0] == "-", at
                return Tag([*found, Token("end", None, pos)])
            if kind != "space":
                braces += (text == "{") - (text == "}")
                found.append(token(kind, text, pos))
                self.spend(1, pos)
        if at >= len(self.source):
            raise Invalid(f"the text ends before `{wanted}`", at)
        if self.source[at] in "\"'":
            raise Invalid("a string that starts here does not end", at)
        raise Invalid(f"`{self.source[at]}` has no meaning here", at)

    def statement(self, tag: "Tag", pos: int) -> Node:
        word = tag.name()
        readers = {"if": self.branch, "for": self.loop, "set": self.assignment}
        if word.value not in readers:
            known = "is left out of texts" if word.value in LEFT_OUT else "is not a tag"
            raise Invalid(f"`{word.value}` {known}; there are if, for, set and raw", word.pos)
        self.depth += 1
        if self.depth > MAX_DEPTH // 3:
            raise Invalid(f"nests more than {MAX_DEPTH // 3} tags", pos)
        node = readers[word.value](tag, pos)
        self.depth -= 1
        return node

    def branch(self, tag: "Tag", pos: int) -> Node:
        tests, blocks, otherwise = [tag.only()], [], None
        block, end, _ = self.block(("elif", "else", "endif"))
        blocks.append(block)
        while end.accepts("elif"):
            tests.append(end.only())
            block, end, _ = self.block(("elif", "else", "endif"))
            blocks.append(block)
        if end.accepts("else"):
            end.done()
            otherwise, end, _ = self.block(("endif",))
        end.expect("endif")
        end.done()
        return If(pos, tests, blocks, otherwise)

    def loop(self, tag: "Tag", pos: int) -> Node:
        variables = [tag.variable()]
        while tag.accepts(","):
            variables.append(tag.variable())
        tag.expect("in")
        items = tag.alternative()
        keep = tag.expression() if tag.accepts("if") else None
        tag.done()
        body, end, _ = self.block(("else", "endfor"))
        otherwise = None
        if end.accepts("else"):
            end.done()
            otherwise, end, _ = self.block(("endfor",))
        end.expect("endfor")
        end.done()
        return For(pos, variables, items, keep, body, otherwise)

    def assignment(self, tag: "Tag", pos: int) -> Node:
        variable = tag.variable()
        if tag.accepts("="):
            return Assign(pos, variable, tag.only())
        tag.done()
        body, end, _ = self.block(("endset",))
        end.expect("endset")
        end.done()
        return Assign(pos, variable, body)
