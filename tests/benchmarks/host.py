"""An engine and nothing else, until it is killed: `python -m tests.benchmarks.host` (W4). Says when it is ready."""

import os
import threading


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    import django

    django.setup()
    from django.conf import settings

    from runs.engine import hosting

    hosting.start(sole=settings.EMBEDDED)
    print("hosting", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
