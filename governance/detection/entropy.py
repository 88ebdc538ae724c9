"""Whether a value was drawn at random or written by a person: what tells a key from a placeholder."""

import math
import re
from collections import Counter

PLACEHOLDER = re.compile(
    r"(?i)x{4,}|\*{3,}|\.{3,}|your[_-]?|example|placeholder|changeme|change[_-]me|redacted|dummy|sample|insert|replace|"
    r"<[^<>]*>|\$\{|\{\{|%\(|todo|none|null|undefined|secret[_-]?here|abcdef0?123|0123456789|1234567890"
)
FEWEST_KINDS = 8


def bits(value: str) -> float:
    """Shannon entropy of the characters of `value`, in bits a character."""
    total = len(value)
    return (
        -sum(count / total * math.log2(count / total) for count in Counter(value).values()) if total else 0.0
    )


def looks_random(value: str) -> bool:
    """A key's own part: no placeholder, and enough different characters."""
    return not PLACEHOLDER.search(value) and len(set(value)) >= FEWEST_KINDS


def is_password(value: str) -> bool:
    """What somebody chose or drew as a secret: mixed characters, no word, no placeholder, no reference to one."""
    if PLACEHOLDER.search(value) or len(value) < 8:
        return False
    kinds = sum(bool(re.search(kind, value)) for kind in (r"[a-z]", r"[A-Z]", r"[0-9]", r"[^A-Za-z0-9\s]"))
    if len(value) >= 20 and kinds >= 2:
        return bits(value) >= 3.2
    return kinds >= 2 and bool(re.search(r"[0-9]|[^A-Za-z0-9\s_.-]", value)) and bits(value) >= 2.5
