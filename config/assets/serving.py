"""Where static files are found: ours under the address of their release, what apps bring with them under /static/."""

from django.contrib.staticfiles.storage import StaticFilesStorage
from whitenoise.middleware import WhiteNoiseMiddleware

from config.assets import release


class ReleasedFiles(StaticFilesStorage):
    """The addresses that `{% static %}` gives."""

    def url(self, name: str) -> str:
        return super().url(f"{release.name()}/{name}" if name in release.shipped() else name)


class ServeStaticFiles(WhiteNoiseMiddleware):
    """Serves the releases too. What lies at an address of theirs never changes, so browsers need not ask again."""

    def __init__(self, get_response):
        super().__init__(get_response)
        self.add_files(str(release.made()), prefix=self.static_prefix)

    def immutable_file_test(self, path: str, url: str) -> bool:
        return path.startswith(f"{release.releases()}/")
