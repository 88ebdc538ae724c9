"""`manage.py serve`: the whole product in one process (contract, section 1)."""

import signal
import socket
from collections.abc import Callable

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from runs.engine import hosting
from runs.house import House


class Command(BaseCommand):
    help = "Serves pages, API and sockets, and executes runs, in this one process."

    def add_arguments(self, parser):
        parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (127.0.0.1)")
        parser.add_argument("--port", default=8000, type=int, help="the port to listen on (8000)")

    def handle(self, *, host: str, port: int, **_):
        check_port(host, port)
        # Until the server takes the signals over, both end the start in the same way.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        house = House()
        try:
            self._serve(house, host, port)
        except KeyboardInterrupt:
            return
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_IGN)  # it is ending already, and within seconds
            house.close()

    def _serve(self, house: House, host: str, port: int) -> None:
        shown = f"[{host}]" if ":" in host else host
        address = f"http://{shown}:{port}/"
        link = house.open(f"at {address}")
        serve(host, port, lambda: self._welcome(address, link))

    def _welcome(self, address: str, link: str | None) -> None:
        self.stdout.write(f"Baton {address}")
        if link is not None:
            base = settings.PUBLIC_URL + "/" if settings.PUBLIC_URL else address
            self.stdout.write(f"Sign in once: {base}sign-in/{link}/")
        else:
            self.stdout.write("Sign in: manage.py link admin makes a new link")
        self.stdout.write(f"Data folder: {settings.DATA_DIR}")
        self.stdout.flush()


def check_port(host: str, port: int) -> None:
    """One clear line before anything is written, instead of a traceback from the server."""
    if not 0 < port < 65536:
        raise CommandError(f"--port {port} is no port: take one from 1 to 65535.")
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(where)
    except OSError as error:
        reason = "is in use" if error.errno == 98 else f"cannot be listened on ({error.strerror})"
        raise CommandError(
            f"{host}:{port} {reason}: take another with --port, or end what listens there."
        ) from error


def serve(host: str, port: int, welcome: Callable[[], None]) -> None:
    """Runs Daphne until SIGINT or SIGTERM, with the engine beside it."""
    from channels.routing import get_default_application
    from daphne.endpoints import build_endpoint_description_strings
    from daphne.server import Server

    from runs.postbox import Postbox

    postbox = Postbox()

    def ready() -> None:
        postbox.open()
        hosting.start(send=postbox.send, sole=settings.EMBEDDED)
        welcome()

    server = Server(
        get_default_application(),
        endpoints=build_endpoint_description_strings(host=host, port=port),
        signal_handlers=True,
        ready_callable=ready,
        websocket_handshake_timeout=10,
        application_close_timeout=2,
        server_name="Baton",
    )
    server.run()
    if server.abort_start:
        raise CommandError(f"{host}:{port} was taken meanwhile: take another with --port.")
