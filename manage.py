#!/usr/bin/env python
"""Django's entry point."""

import atexit
import gc
import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "civicfund.settings.local")
    atexit.register(gc.freeze)  # an end that looks through all that was loaded takes a second
    execute_from_command_line(sys.argv)
