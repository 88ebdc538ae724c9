"""A release: the static files of one state of the sources, bundled, without comments, compressed beside the plain ones.

It lies in the data folder, named by a digest of what it is made of, and is made whole before it is seen. Older ones
stay for a while: pages that are open while Baton is renewed load the rest of theirs from there.
"""

import re
import shutil
import time
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from pathlib import Path
from tempfile import mkdtemp

import rjsmin
from django.conf import settings
from whitenoise.compress import Compressor

from config.assets.bundling import bundled

KEPT_S = 30 * 24 * 3600
STYLE_IMPORT = re.compile(r'^@import url\("([\w.-]+)"\);\n', re.MULTILINE)


def sources() -> Path:
    return settings.BASE_DIR / "static"


def releases() -> Path:
    return settings.DATA_DIR / "static"


@cache
def name() -> str:
    """The digest of the sources and of what makes a release of them."""
    found = sha256(rjsmin.__version__.encode())
    for path in [*files(sources()), *sorted(Path(__file__).parent.glob("*.py"))]:
        found.update(f"\0{path.relative_to(settings.BASE_DIR)}\0".encode() + path.read_bytes())
    return found.hexdigest()[:10]


def files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


@cache
def shipped() -> frozenset[str]:
    """The names of the sources, as templates call them."""
    return frozenset(path.relative_to(sources()).as_posix() for path in files(sources()))


def made() -> Path:
    """The folder of all releases, with the present one in it."""
    folder = releases() / name()
    if not folder.is_dir():
        releases().mkdir(parents=True, exist_ok=True)
        drop_old()
        make(folder)
    folder.touch()
    return releases()


def make(folder: Path) -> None:
    making = Path(mkdtemp(dir=settings.DATA_DIR, prefix="making-static-"))
    try:
        write(making)
        making.rename(folder)
    except OSError:
        if not folder.is_dir():  # else another process was faster
            raise
    finally:
        shutil.rmtree(making, ignore_errors=True)


def drop_old() -> None:
    """Those that nothing was started with for a month."""
    for folder in releases().iterdir():
        if folder.stat().st_mtime < time.time() - KEPT_S:
            shutil.rmtree(folder, ignore_errors=True)


def write(folder: Path) -> None:
    shutil.copytree(sources(), folder, dirs_exist_ok=True)
    scripts = {path.relative_to(folder).as_posix(): path for path in files(folder / "js")}
    bundles = bundled({path: file.read_text(encoding="utf-8") for path, file in scripts.items()})
    for path, file in scripts.items():
        if path in bundles:
            file.write_text(rjsmin.jsmin(bundles[path]), encoding="utf-8")
        else:
            file.unlink()
    whole = folder / "css" / "app.css"
    whole.write_text(
        STYLE_IMPORT.sub(lambda found: (whole.parent / found[1]).read_text("utf-8"), whole.read_text("utf-8"))
    )
    compressor = Compressor(quiet=True, use_brotli=False)
    for path in [*files(folder)]:
        if compressor.should_compress(path.name):
            compressor.compress(str(path))
