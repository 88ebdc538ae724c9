"""One workload in a process of its own: `python -m tests.benchmarks.worker NAME OPTIONS-AS-JSON`; JSON lines out."""

import json
import os
import sys


def main(name: str, options: str) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    from tests.benchmarks.scene import Scene
    from tests.benchmarks.workloads import WORKLOADS, Options

    chosen = Options(**json.loads(options))
    scene = Scene(chosen.database_url)
    try:
        for result in WORKLOADS[name](scene, chosen):
            print(json.dumps(result), flush=True)
    finally:
        scene.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
