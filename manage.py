#!/usr/bin/env python
"""The one command line of Baton."""

import os
import sys


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        from config.commandline import CommandLine
    except ImportError:
        sys.stderr.write(
            "Django is not installed here. Run: python3 -m venv .venv && .venv/bin/pip install -r requirements.txt, "
            "then .venv/bin/python manage.py\n"
        )
        return 2
    from config.env import SettingError

    try:
        CommandLine(sys.argv).execute()
    except SettingError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except KeyboardInterrupt:
        return 130  # what a shell says of a program that Ctrl-C ended
    return 0


if __name__ == "__main__":
    sys.exit(main())
