"""IP and MAC addresses: what parses as one, as Presidio has it too; what is called a version or a section is none."""

import ipaddress
import re
from collections.abc import Iterator

from governance.detection.detectors.base import Detector
from governance.detection.findings import Finding

IPV4 = re.compile(r"(?<![\w.:-])(?:\d{1,3}\.){3}\d{1,3}(?:/\d{1,2}\b)?(?![\w-]|\.\w|/\d)")
IPV6 = re.compile(
    r"(?<![\w:.])(?=[0-9A-Fa-f.]*:[0-9A-Fa-f]*:)[0-9A-Fa-f:]{3,39}(?:\.\d{1,3}){0,3}(?:%\w{1,16})?(?:/\d{1,3})?"
    r"(?![\w:])"
)
MAC = re.compile(r"(?<![\w:-])[0-9A-Fa-f]{2}(?:(:[0-9A-Fa-f]{2}){5}|(-[0-9A-Fa-f]{2}){5})(?![\w:-])")
VERSION = re.compile(
    r"(?:\b(?:v|ver|version|release|released|build|firmware|driver|upgrade[ds]?(?: to)?|"
    r"update[ds]? to|patch|section|sec|chapter|clause|"
    r"paragraph|table|figure|appendix|step|rule|oid|sdk|api|schema|kernel|room|item|"
    r"package|plugin|software|\w{0,12}lib\w{0,6})[\s:=.\"'v]{0,4}"
    r"|(?:[=~<>!]=|[~^])\s?|(?:^|[\s\"'`])@?[\w./-]+@|[A-Za-z]/|§\s?|-v?"
    r"|(?<![\d.])\d+(?:\.\d+){1,2},? (?:and|or|to) )\Z",
    re.IGNORECASE,
)


class NetworkDetector(Detector):
    entities = ("IP_ADDRESS", "MAC_ADDRESS")

    def find(self, text: str) -> Iterator[Finding]:
        yield from self._ipv4(text)
        if ":" in text or "-" in text:
            yield from self._ipv6(text)
            for match in MAC.finditer(text):
                yield Finding("MAC_ADDRESS", *match.span(), 0.7)

    def _ipv4(self, text: str) -> Iterator[Finding]:
        for match in IPV4.finditer(text):
            called = VERSION.search(text, max(0, match.start() - 24), match.start())
            if not called and is_address(match[0]):
                yield Finding("IP_ADDRESS", *match.span(), 0.7)

    def _ipv6(self, text: str) -> Iterator[Finding]:
        for match in IPV6.finditer(text):
            address = (
                match[0].rstrip(":") if match[0].endswith(":") and not match[0].endswith("::") else match[0]
            )
            groups = [group for group in re.split("[:.%/]", address) if group]
            if not any(letter.isdigit() for letter in address) or not groups:
                continue  # Dead::Beef is a name in a program
            if is_address(address):
                yield Finding("IP_ADDRESS", match.start(), match.start() + len(address), 0.7)


def is_address(candidate: str) -> bool:
    """Whether it parses, with the length of a network or without."""
    try:
        ipaddress.ip_interface(candidate)
    except ValueError:
        return False
    return True
