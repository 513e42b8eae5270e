"""The WSGI application that gunicorn serves."""

import gc
import os
from importlib import import_module

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from civicfund.postgres.base import DatabaseWrapper

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "civicfund.settings.production")
application = get_wsgi_application()
DatabaseWrapper.plans_once = True
# Before gunicorn divides into processes, whose first visitors would else wait for it.
import_module(settings.ROOT_URLCONF)
# All of this stays until the end, where looking through it takes each process a second; frozen, it
# is never looked through, and the processes go on sharing its memory.
gc.collect()
gc.freeze()
# A page leaves some 900 objects that come and go. Looked through for every 700, as is usual, all
# that a process has made since is looked through for every hundredth page, which then takes 100 ms.
gc.set_threshold(10_000, 10, 10)
