"""Where static files are found: ours under the address of their release, what apps bring with them under /static/."""

from typing import ClassVar

from django.contrib.staticfiles.storage import StaticFilesStorage
from whitenoise.middleware import WhiteNoiseMiddleware

from config.assets import release


class ReleasedFiles(StaticFilesStorage):
    """The addresses that `{% static %}` gives."""

    def url(self, name: str) -> str:
        return super().url(f"{release.name()}/{name}" if name in release.shipped() else name)


class ServeStaticFiles(WhiteNoiseMiddleware):
    """Serves the releases too. What lies at an address of theirs never changes, so browsers need not ask again."""

    # Looked for once a process: every handler makes one of these, each test client's too.
    found: ClassVar[dict] = {}

    def __init__(self, get_response):
        super().__init__(get_response)
        if not self.found:
            self.add_files_from_finders()
            self.add_files(str(release.made()), prefix=self.static_prefix)
            self.found.update(self.files)
        self.files = self.found

    def immutable_file_test(self, path: str, url: str) -> bool:
        return path.startswith(f"{release.releases()}/")
