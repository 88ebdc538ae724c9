"""How a query fails: a code of the contract, and a sentence for models and people."""

TOO_MUCH = "The query asks for more than there is room for: select fewer rows or shorter texts."
INTERRUPTED = "The query took too long and was stopped; nothing was changed."


class QueryFailed(Exception):
    """No answer. `code` is denied, invalid_input, step_failed or timeout; nothing was changed."""

    def __init__(self, code: str, message: str, *, retryable: bool = False) -> None:
        super().__init__(message)
        self.code, self.message, self.retryable = code, message, retryable


def failure(error: Exception) -> QueryFailed:
    """What an error of SQLite means for who asked."""
    name = getattr(error, "sqlite_errorname", "") or ""
    if isinstance(error, MemoryError) or name in ("SQLITE_TOOBIG", "SQLITE_NOMEM", "SQLITE_FULL"):
        return QueryFailed("invalid_input", TOO_MUCH)
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
