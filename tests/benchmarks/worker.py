"""One workload in a process of its own: `python -m tests.benchmarks.worker NAME OPTIONS-AS-JSON`; JSON lines out."""

import json
import os
import sys
from collections.abc import Iterator

from tests.benchmarks.canvas import canvas
from tests.benchmarks.cold import w5
from tests.benchmarks.crash import w4
from tests.benchmarks.live import live
from tests.benchmarks.pages import pages
from tests.benchmarks.scene import Scene
from tests.benchmarks.workloads import WORKLOADS, Options

SERVED = {"W4": w4, "W5": w5, "pages": pages, "canvas": canvas, "live": live}


def main(name: str, options: str) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    for result in results(name, Options(**json.loads(options))):
        print(json.dumps(result), flush=True)


def results(name: str, options: Options) -> Iterator[dict]:
    """What is in SERVED starts processes of its own; the others run in this one."""
    if name in SERVED:
        yield from SERVED[name](options)
        return
    scene = Scene(options.database_url)
    try:
        yield from WORKLOADS[name](scene, options)
    finally:
        scene.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
