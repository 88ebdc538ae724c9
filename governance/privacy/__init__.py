"""Personal data and secrets: what is found, what happens to it, and the way back for those who may.

find, find_many, Finding             where personal data stands in texts (governance.detection)
Ruleset, rulesets                    what happens to which finding, where; the project's active rules
sift, Sifted                         JSON content as the rules leave it
Vault, vault                         tokens of a root run and the values behind them
StreamRestorer, StreamSifter         the same for text that comes in pieces
tokens                               how tokens look; escaping of look-alikes
"""

from governance.detection import Finding, find, find_many
from governance.privacy import rulesets, tokens, vault
from governance.privacy.rules import ACTIONS, DEFAULT, WHERE, Ruleset
from governance.privacy.sifting import Sifted, sift
from governance.privacy.streams import StreamRestorer, StreamSifter
from governance.privacy.vault import Vault

__all__ = [
    "ACTIONS",
    "DEFAULT",
    "WHERE",
    "Finding",
    "Ruleset",
    "Sifted",
    "StreamRestorer",
    "StreamSifter",
    "Vault",
    "find",
    "find_many",
    "rulesets",
    "sift",
    "tokens",
    "vault",
]
