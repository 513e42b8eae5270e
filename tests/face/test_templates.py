"""What no template may hold, and what no page may show."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import get_template
from django.urls import get_resolver

from tests.factories.people import UserFactory
from tests.factories.places import CityFactory
from tests.factories.projects import ProjectFactory

TEMPLATES = settings.BASE_DIR / "templates"
PAGES = sorted(
    str(path.relative_to(TEMPLATES))
    for path in TEMPLATES.rglob("*.html")
    if "email" not in path.relative_to(TEMPLATES).as_posix()  # mail is under no policy
)
SCRIPT = re.compile(r"<script\b(?P<attributes>[^>]*)>(?P<body>.*?)</script>", re.DOTALL | re.I)


def _where(pattern: str) -> dict[str, list[str]]:
    """The templates of pages that hold the pattern, with what they hold."""
    found = {name: re.findall(pattern, (TEMPLATES / name).read_text()) for name in PAGES}
    return {name: hits for name, hits in found.items() if hits}


def test_every_template_compiles():
    assert len(PAGES) > 50
    for name in PAGES:
        get_template(name)


# One fact beside another, which are no sentence.
FACTS = {
    "budgeting/pots.html", "projects/judge.html", "talk/judge.html", "treasury/pledge.html",
}  # fmt: skip


def test_no_sentence_is_glued_from_pieces_that_are_translated_apart():
    begins_amid = _where(r"{% blocktranslate[^%]*%}\s*[,;:)]|{% translate \"[,;:)]")
    goes_on = _where(r"%}, {% (?:block)?translate|%}, {% if[^%]*%}{% (?:block)?translate")
    assert begins_amid == {}
    assert goes_on.keys() - FACTS == set()


def test_no_template_has_inline_style_or_handler():
    assert _where(r"<style\b|\sstyle\s*=|\son[a-z]+\s*=\s*[\"']|javascript:") == {}


def test_no_template_has_inline_script():
    for name in PAGES:
        for script in SCRIPT.finditer((TEMPLATES / name).read_text()):
            is_data = 'type="application/json"' in script["attributes"]
            is_file = " src=" in script["attributes"] and not script["body"].strip()
            assert is_data or is_file, name


def test_no_component_prints_its_attributes_unescaped():
    assert _where(r"{{\s*attrs\s*}}") == {}


@pytest.mark.django_db
@pytest.mark.parametrize("signed_in", [False, True])
def test_no_page_shows_an_uncompiled_component(client, signed_in):
    CityFactory()
    project = ProjectFactory()
    if signed_in:
        client.force_login(UserFactory())
    looked_at = 0
    for address in [*_addresses(), project.get_absolute_url()]:
        response = client.get(address)
        if response.headers.get("Content-Type", "").startswith("text/html"):
            assert "<c-" not in response.content.decode(), address
            looked_at += 1
    assert looked_at > 8


def _addresses() -> list[str]:
    """Of every page whose address takes no argument, but for signing out."""
    found = set()
    for candidates, *_ in get_resolver().reverse_dict.values():
        found |= {f"/{address}" for address, arguments in candidates if not arguments}
    return sorted(address for address in found if not address.startswith("/admin/"))


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/", "/accounts/login/", "/accounts/signup/"])
def test_policy_allows_nothing_unsafe(client, address):
    policy = client.get(address).headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "*" not in policy


def test_every_vendored_part_says_its_licence_and_version():
    vendor = Path(settings.BASE_DIR) / "static" / "vendor"
    parts = [folder for folder in vendor.iterdir() if folder.is_dir()]
    assert {folder.name for folder in parts} >= {"htmx", "leaflet", "public-sans"}
    for folder in parts:
        assert (folder / "LICENSE").stat().st_size > 300
        assert re.search(r"\d+\.\d+\.\d+", (folder / "VERSION").read_text())
