"""How a query fails: a code of the contract, and a sentence for models and people."""

from registry.sqlite.limits import LONGEST_S

TOO_MUCH = "The query asks for more than there is room for: take fewer rows or shorter texts."
FULL = (
    "The database is full: it has no room for this change. Delete what is not needed, or ask whoever runs Baton to "
    "make room."
)
INTERRUPTED = (
    "The query took too long and was stopped; nothing was changed. It has the time that its tool has, and "
    f"{LONGEST_S:g} s at most."
)


class QueryFailed(Exception):
    """No answer. `code` is denied, invalid_input, step_failed or timeout; nothing was changed."""

    def __init__(self, code: str, message: str, *, retryable: bool = False) -> None:
        super().__init__(message)
        self.code, self.message, self.retryable = code, message, retryable


def unreadable(word: str) -> str:
    """SQLite's sentence for a statement that begins with a word which begins none."""
    return f'This SQL does not work: near "{word}": syntax error.'


def failure(error: Exception) -> QueryFailed:
    """What an error of SQLite means for who asked."""
    name = getattr(error, "sqlite_errorname", "") or ""
    if isinstance(error, MemoryError) or name in ("SQLITE_TOOBIG", "SQLITE_NOMEM"):
        return QueryFailed("invalid_input", TOO_MUCH)
    if name == "SQLITE_FULL":
        return QueryFailed("invalid_input", FULL)
    if name == "SQLITE_INTERRUPT":
        return QueryFailed("timeout", INTERRUPTED, retryable=True)
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return QueryFailed("step_failed", "The database is busy with somebody else's change.", retryable=True)
    if name.startswith("SQLITE_IOERR_WRITE"):
        return QueryFailed("invalid_input", TOO_MUCH)
    if name.startswith(
        ("SQLITE_IOERR", "SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_CANTOPEN", "SQLITE_READONLY")
    ):
        return QueryFailed("step_failed", f"The database cannot be used: {error}.")
    if name.startswith("SQLITE_CONSTRAINT"):
        return QueryFailed("invalid_input", f"The database does not take this: {error}.")
    return QueryFailed("invalid_input", f"This SQL does not work: {str(error).rstrip('.')}.")
