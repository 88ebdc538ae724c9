"""What Daphne is taught: to refuse a body that is too long before it takes it in, and the names of all statuses.

Design note. Daphne spools a whole body to disk, and then into memory, before it asks the application. Twisted tells
a request its length when the headers are there and each piece of the body as it comes; both are heard here, so that
nothing longer is kept. The answer goes out at once and what still comes is thrown away for some seconds: closing
straight away would reset the connection under a client that reads only when it has sent everything.
Daphne has no setting for the class of its requests, so `teach` puts ours in its place.
"""

from http import HTTPStatus

import daphne.http_protocol
from twisted.web.http import RESPONSES

from runs.api.parsing import MAX_BYTES
from runs.api.problems import Refusal, response

MAX_PAGE_BYTES = 10_000_000  # forms with files
LISTENS_S = 5.0
PHRASES = {413: "Content Too Large", 422: "Unprocessable Content"}  # as RFC 9110 names them


class BoundedRequest(daphne.http_protocol.WebRequest):
    """A request whose body is refused where it is announced too long, or turns out so."""

    refused = False
    received = 0

    def gotLength(self, length: int | None) -> None:
        super().gotLength(0 if length is not None and length > self._longest() else length)
        if length is not None and length > self._longest():
            self._refuse()

    def handleContentChunk(self, data: bytes) -> None:
        self.received += len(data)
        if self.refused:
            return
        if self.received > self._longest():
            self._refuse()
            return
        super().handleContentChunk(data)

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        if self.refused:
            self.transport.loseConnection()
        else:
            super().requestReceived(command, path, version)

    def _longest(self) -> int:
        return MAX_BYTES if self._is_api() else MAX_PAGE_BYTES

    def _is_api(self) -> bool:
        # The request is given its path only when its body is there.
        return getattr(self.channel, "_path", b"").startswith(b"/api/")

    def _refuse(self) -> None:
        self.refused = True
        self.content.truncate(0)
        answer = response(Refusal(413, f"A body may have {self._longest():,} bytes here; send less."))
        head = (
            f"HTTP/1.1 413 {PHRASES[413]}\r\n"
            f"Content-Type: {answer['Content-Type']}\r\n"
            f"Content-Length: {len(answer.content)}\r\n"
            "Connection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + answer.content)
        self.transport.loseWriteConnection()
        from twisted.internet import (
            reactor,
        )  # importing it chooses one: that is for the server to do, at its start

        reactor.callLater(LISTENS_S, self._hang_up, self.transport)

    def _hang_up(self, transport) -> None:
        if transport.connected:
            transport.abortConnection()


def teach() -> None:
    """Called once a process, before Daphne listens."""
    daphne.http_protocol.WebRequest = BoundedRequest
    for status in HTTPStatus:
        RESPONSES.setdefault(status.value, status.phrase.encode())
    RESPONSES.update({status: phrase.encode() for status, phrase in PHRASES.items()})
