from __future__ import annotations

import re

from django.conf import settings
from django.core.management import call_command


def test_every_file_that_a_style_sheet_or_script_names_is_there(settings, tmp_path):
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"}
    }
    call_command("collectstatic", "--noinput", verbosity=0)
    assert list((tmp_path / "css").glob("site.*.css"))


def test_our_modules_import_files_that_exist():
    folder = settings.BASE_DIR / "static" / "js"
    for module in folder.glob("*.js"):
        for name in re.findall(r'(?:from|import)\s+"(\.[^"]+)"', module.read_text()):
            assert (folder / name).is_file(), f"{module.name} imports {name}"
