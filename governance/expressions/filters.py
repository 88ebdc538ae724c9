"""Owns the filters, methods and functions of texts. None of them renders a string as a template."""

import math
from collections.abc import Callable
from functools import cmp_to_key
from typing import Any
from urllib.parse import quote

from .errors import Failed
from .limits import MAX_LIST, Meter
from .operations import BINARY, equal, name_of
from .text_operations import add
from .text_tests import TESTS
from .text_values import Missing, as_json, given, items_of, member_of, number, string, written


def string_filter(name: str, change: Callable[[str], str]) -> Callable[[Meter, Any], str]:
    def apply(meter: Meter, value: Any) -> str:
        text = written(value, meter)
        meter.spend_text(2 * len(text))
        return change(text)

    apply.__name__ = name
    return apply


def trim(meter: Meter, value: Any, chars: Any = None) -> str:
    return string(value, "trim").strip(None if chars is None else string(chars, "trim"))


def replace(meter: Meter, value: Any, old: Any, new: Any) -> str:
    value, old, new = string(value, "replace"), string(old, "replace"), string(new, "replace")
    meter.spend_text(len(value))
    meter.spend_text(len(value) + value.count(old) * max(0, len(new) - len(old)))
    return value.replace(old, new)


def split(meter: Meter, value: Any, by: Any = None) -> list[str]:
    value = string(value, "split")
    by = None if by is None else string(by, "split")
    if by == "":
        raise Failed("split wants a separator that is not empty")
    meter.spend_list(len(value) if by is None else value.count(by) + 1)
    return value.split(by)


def lines(meter: Meter, value: Any) -> list[str]:
    value = string(value, "lines")
    meter.spend_list(value.count("\n") + 1)
    return value.splitlines()


def join(meter: Meter, value: Any, by: Any = "", attribute: Any = None) -> str:
    by = string(by, "join")
    parts = items_of(value, "join", meter)
    if attribute is not None:
        parts = [attribute_of(part, attribute) for part in parts]
    texts = [written(part, meter) for part in parts]
    meter.spend_text(sum(map(len, texts)) + len(by) * len(texts))
    return by.join(texts)


def indent(meter: Meter, value: Any, width: Any = 4, first: Any = False) -> str:
    value = string(value, "indent")
    margin = " " * small(width, "indent", 100)
    meter.spend_text(len(value) + len(margin) * (value.count("\n") + 1))
    body = value.replace("\n", "\n" + margin)
    return margin + body if first else body


def truncate(meter: Meter, value: Any, length: Any = 255, end: Any = "...") -> str:
    value, end = string(value, "truncate"), string(end, "truncate")
    length = small(length, "truncate", 1_000_000)
    return value if len(value) <= length else value[: max(0, length - len(end))] + end


def small(value: Any, what: str, most: int) -> int:
    if type(value) is not int or not 0 <= value <= most:
        raise Failed(f"{what} wants a whole number from 0 to {most:,}")
    return value


def length(meter: Meter, value: Any) -> int:
    if type(given(value)) not in (str, list, dict):
        raise Failed(f"length wants a string, list or map, not {name_of(value)}")
    return len(value)


def default(meter: Meter, value: Any, other: Any = "", empty: Any = False) -> Any:
    return other if type(value) is Missing or (empty and not value) else value


def first(meter: Meter, value: Any) -> Any:
    return edge(value, 0, "first")


def last(meter: Meter, value: Any) -> Any:
    return edge(value, -1, "last")


def edge(value: Any, index: int, what: str) -> Any:
    if type(given(value)) not in (str, list):
        raise Failed(f"{what} wants a string or a list, not {name_of(value)}")
    return value[index] if value else Missing(f"{what} of an empty {name_of(value)}")


def to_json(meter: Meter, value: Any, indent: Any = None) -> str:
    return as_json(given(value), meter, None if indent is None else small(indent, "tojson", 8))


def to_list(meter: Meter, value: Any) -> list[Any]:
    if type(given(value)) is str:
        meter.spend_list(len(value))
        return list(value)
    return list(items_of(value, "list", meter))


def to_int(meter: Meter, value: Any, other: Any = None) -> int:
    made = to_float(meter, value, other)
    if type(given(value)) is int or (type(value) is str and value.strip().lstrip("+-").isdecimal()):
        return BINARY["+"](int(value) if len(str(value)) < 40 else 2**64, 0, meter)
    if not math.isfinite(made):
        raise Failed("int cannot convert a number that is not finite")
    return BINARY["+"](int(made), 0, meter)


def to_float(meter: Meter, value: Any, other: Any = None) -> float:
    try:
        if type(given(value)) in (int, float, bool) or (type(value) is str and len(value) < 400):
            return float(value)
    except (ValueError, OverflowError):
        pass
    if other is None:
        raise Failed(f"cannot make a number of {name_of(value)} {str(value)[:40]!r}")
    return float(number(other, "the default"))


def rounded(meter: Meter, value: Any, precision: Any = 0) -> float | int:
    value = number(value, "round")
    return value if type(value) is int else round(value, small(precision, "round", 15))


def absolute(meter: Meter, value: Any) -> float | int:
    return abs(number(value, "abs"))


def items(meter: Meter, value: Any) -> list[list[Any]]:
    return [[key, value[key]] for key in keys(meter, value)]


def keys(meter: Meter, value: Any) -> list[str]:
    if type(given(value)) is not dict:
        raise Failed(f"items wants a map, not {name_of(value)}")
    return items_of(value, "items", meter)


def values(meter: Meter, value: Any) -> list[Any]:
    return [value[key] for key in keys(meter, value)]


def sorted_items(meter: Meter, value: Any) -> list[list[Any]]:
    return sorted(items(meter, value), key=lambda pair: pair[0])


def ordered(meter: Meter, value: Any, reverse: Any = False, attribute: Any = None) -> list[Any]:
    found = items_of(value, "sort", meter)
    less = BINARY["<"]

    def compare(left: Any, right: Any) -> int:
        meter.spend(4)
        if attribute is not None:
            left, right = attribute_of(left, attribute), attribute_of(right, attribute)
        return -1 if less(left, right, meter) else int(less(right, left, meter))

    return sorted(found, key=cmp_to_key(compare), reverse=bool(reverse))


def backwards(meter: Meter, value: Any) -> Any:
    return value[::-1] if type(given(value)) is str else items_of(value, "reverse", meter)[::-1]


def unique(meter: Meter, value: Any) -> list[Any]:
    kept: list[Any] = []
    for item in items_of(value, "unique", meter):
        meter.spend(len(kept))
        if not any(equal(item, other, meter) for other in kept):
            kept.append(item)
    return kept


def total(meter: Meter, value: Any, attribute: Any = None) -> int | float:
    amount: int | float = 0
    for item in items_of(value, "sum", meter):
        amount = add(amount, item if attribute is None else attribute_of(item, attribute), meter)
    return amount


def extreme(name: str, operator: str) -> Callable[[Meter, Any], Any]:
    def apply(meter: Meter, value: Any) -> Any:
        found = items_of(value, name, meter)
        best = found[0] if found else Missing(f"{name} of an empty list")
        for item in found[1:]:
            meter.spend(2)
            best = item if BINARY[operator](item, best, meter) else best
        return best

    return apply


def attribute_of(item: Any, attribute: Any) -> Any:
    """`item.a.b` for the attribute "a.b"."""
    if type(attribute) is int:
        return given(member_of(item, attribute))
    for key in string(attribute, "attribute").split("."):
        item = given(member_of(item, int(key) if key.isdecimal() and len(key) < 6 else key))
    return item


def mapped(
    meter: Meter, value: Any, name: Any = None, *arguments: Any, attribute: Any = None, default: Any = None
) -> list:
    found = items_of(value, "map", meter)
    meter.spend(3 * len(found))
    if attribute is not None:
        if default is None:
            return [attribute_of(item, attribute) for item in found]
        picked = [member_of(item, attribute) for item in found]
        return [default if type(item) is Missing else item for item in picked]
    apply = FILTERS.get(string(name, "map"))
    if apply is None or apply in NESTING:
        raise Failed(f"map has no filter {str(name)[:40]!r}")
    try:
        return [given(apply(meter, item, *arguments)) for item in found]
    except TypeError:
        raise Failed(f"the filter {name} does not take these arguments") from None


def picking(wanted: bool, by_attribute: bool) -> Callable[..., list[Any]]:
    def pick(meter: Meter, value: Any, *arguments: Any) -> list[Any]:
        rest = list(arguments)
        attribute = rest.pop(0) if by_attribute and rest else None
        test = TESTS.get(string(rest.pop(0), "select")) if rest else lambda meter, item: bool(given(item))
        if test is None:
            raise Failed(f"there is no test {str(arguments[-1])[:40]!r}")
        found = items_of(value, "select", meter)
        meter.spend(3 * len(found))
        try:
            return [item for item in found if test(meter, looked_at(item, attribute), *rest) is wanted]
        except TypeError:
            raise Failed("the test does not take these arguments") from None

    return pick


def looked_at(item: Any, attribute: Any) -> Any:
    return item if attribute is None else member_of(item, attribute)


def sequence(meter: Meter, start: Any, stop: Any = None, step: Any = 1) -> list[int]:
    """`range(…)` of at most MAX_LIST integers."""
    start, stop = (0, start) if stop is None else (start, stop)
    if not all(type(part) is int for part in (start, stop, step)) or step == 0:
        raise Failed("range wants whole numbers, and a step that is not 0")
    count = max(0, (stop - start + step - (1 if step > 0 else -1)) // step)
    meter.spend_list(min(count, MAX_LIST + 1))
    return list(range(start, stop, step))


def get(meter: Meter, value: Any, key: Any, other: Any = None) -> Any:
    found = member_of(value, key)
    return other if type(found) is Missing else found


def escaped(text: str) -> str:
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("'", "&#x27;")):
        text = text.replace(character, entity)
    return text


FILTERS: dict[str, Callable[..., Any]] = {
    "upper": string_filter("upper", str.upper),
    "lower": string_filter("lower", str.lower),
    "title": string_filter("title", str.title),
    "capitalize": string_filter("capitalize", str.capitalize),
    "string": string_filter("string", str),
    "safe": string_filter("safe", str),
    "escape": string_filter("escape", escaped),
    "e": string_filter("e", escaped),
    "urlencode": string_filter("urlencode", lambda text: quote(text, safe="/")),
    **{"trim": trim, "replace": replace, "split": split, "lines": lines, "join": join},
    **{"indent": indent, "truncate": truncate, "length": length, "count": length},
    **{"default": default, "d": default, "first": first, "last": last, "tojson": to_json, "list": to_list},
    **{"int": to_int, "float": to_float, "round": rounded, "abs": absolute},
    **{"items": items, "dictsort": sorted_items, "sort": ordered, "reverse": backwards, "unique": unique},
    **{"sum": total, "min": extreme("min", "<"), "max": extreme("max", ">"), "map": mapped},
    **{"select": picking(True, False), "reject": picking(False, False)},
    **{"selectattr": picking(True, True), "rejectattr": picking(False, True)},
}
NESTING = tuple(FILTERS[name] for name in ("map", "select", "reject", "selectattr", "rejectattr"))
FUNCTIONS: dict[str, Callable[..., Any]] = {"range": sequence}
METHODS: dict[str, Callable[..., Any]] = {
    **{
        name: FILTERS[name] for name in ("upper", "lower", "title", "capitalize", "replace", "split", "items")
    },
    **{"strip": trim, "splitlines": lines, "keys": keys, "values": values, "get": get},
    "join": lambda meter, value, parts: join(meter, parts, value),
    "startswith": TESTS["startingwith"],
    "endswith": TESTS["endingwith"],
}
