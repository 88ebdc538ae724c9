"""Finding personal data and secrets in texts. Pure: no database, no settings, the same answer for the same text.

find, find_many      one text now; many off the event loop, each scanned once
Finding, Item, hint  where something stands; a text with the key it stood under
ENTITIES             the catalogue
"""

from governance.detection.entities import ENTITIES, NEED_MODEL, SECRETS, Entity
from governance.detection.findings import Finding, resolved
from governance.detection.scanning import Item, find, find_many, find_now, hint, warm

__all__ = [
    "ENTITIES",
    "NEED_MODEL",
    "SECRETS",
    "Entity",
    "Finding",
    "Item",
    "find",
    "find_many",
    "find_now",
    "hint",
    "resolved",
    "warm",
]
