"""What a detector is: the entities it knows, and a search over one reading."""

from collections.abc import Iterator
from typing import ClassVar

from governance.detection.findings import Finding


class Detector:
    """One way of finding. `find` gets folded text and gives offsets into it; it is cheap where nothing is."""

    entities: ClassVar[tuple[str, ...]]

    def find(self, text: str) -> Iterator[Finding]:
        raise NotImplementedError
