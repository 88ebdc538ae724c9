"""The names of the pieces that a run's prompts and answers are stored in, once each."""

import hashlib


def hash_of(text: str) -> str:
    """32 hex digits. Lone surrogates, which no encoding knows, count as they are."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
