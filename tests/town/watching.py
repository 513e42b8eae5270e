"""Who takes what is typed: a note of every field that a view reads while a form is sent."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count

from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import Resolver404, resolve
from django.utils import timezone
from rest_framework import serializers

from civicfund.projects.forms.money import MoneyField
from tests.hostile_files import a_picture
from tests.town import typed
from tests.town.filling_in import Paper

_numbers = count(1)


@dataclass
class Watch:
    """Reads along: what forms and serializers are given, and whether they take it."""

    words: set[str] = field(default_factory=set)
    # Of the sending at hand, by the name of the input: who takes it, with which field.
    takers: dict[str, set[str]] = field(default_factory=dict)
    fields: dict[str, forms.Field] = field(default_factory=dict)
    refused: bool = False
    # Of all of them.
    typed_into: set[str] = field(default_factory=set)

    def begin(self, words: set[str]) -> None:
        self.words, self.takers, self.fields, self.refused = words, {}, {}, False

    def note(self, form: forms.BaseForm) -> None:
        self.refused |= bool(form.errors)
        for name, each in form.fields.items():
            sent_as = form.add_prefix(name)
            self.fields[sent_as] = each
            if form.data.get(sent_as) in self.words:
                self.takers.setdefault(sent_as, set()).update(names_of(form, name))
        if hasattr(form, "ask_why"):  # whose fields come once they are needed
            for name in form.data.keys() - form.fields.keys():
                if form.data[name] in self.words:
                    self.takers[name] = set(names_of(form, name))

    def note_call(self, each: serializers.CharField, said: object) -> None:
        if said in self.words:
            kind = type(each.parent)
            self.typed_into.add(f"{kind.__module__}.{kind.__qualname__}.{each.field_name}")

    def end(self, paper: Paper) -> None:
        """What no form took is the view's own."""
        for name in paper.texts:
            self.takers.setdefault(name, set(own_input(paper.action, name)))
        self.typed_into.update(*self.takers.values())


def names_of(form: forms.BaseForm, name: str) -> Iterator[str]:
    """A field by every class that declares it, as ``typed`` does; by its file where none does."""
    for kind in type(form).__mro__:
        if kind.__module__.startswith(typed.OURS):
            if name in getattr(kind, "base_fields", {}):
                yield f"{kind.__module__}.{kind.__qualname__}.{name}"
            elif kind is type(form):
                yield f"{kind.__module__.replace('.', '/')}.py"


def own_input(action: str, name: str) -> Iterator[str]:
    try:
        view = resolve(action.partition("?")[0]).func
    except Resolver404:
        return
    owner = type(view.model_admin) if hasattr(view, "model_admin") else view
    yield f"{owner.__module__.replace('.', '/')}.py {name}"


def watching(monkeypatch) -> Watch:
    """Of forms and serializers, which do what they do without it."""
    watch, clean, run = Watch(), forms.BaseForm.full_clean, serializers.CharField.run_validation

    def full_clean(form):
        clean(form)
        if form.is_bound:
            watch.note(form)

    def run_validation(each, data=serializers.empty):
        watch.note_call(each, data)
        return run(each, data)

    monkeypatch.setattr(forms.BaseForm, "full_clean", full_clean)
    monkeypatch.setattr(serializers.CharField, "run_validation", run_validation)
    return watch


def send(
    client: Client, address: str, given: dict[str, object], *, keep: bool = False
) -> HttpResponse:
    """The page on which it ends; nothing of the call is left unless it is to be kept."""
    cookies, block = copy.copy(client.cookies), transaction.atomic()
    # As Django's own test case marks its block, so that durable ones may stand within.
    block._from_testcase = True
    with block:
        answer = client.post(address, given, follow=True)
        answer.body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        transaction.set_rollback(not keep)
    client.cookies = cookies
    return answer


# --- what is not typed


def filled(
    paper: Paper, fields: dict[str, forms.Field], known: dict[str, str]
) -> dict[str, object]:
    """What the form has chosen for somebody, and something for all else that it needs."""
    given: dict[str, object] = {name: list(said) for name, said in paper.values.items()}
    lacking = [
        name
        for name in dict.fromkeys((*paper.choices, *fields))
        if not any(paper.values.get(name, ()))
        and (name not in paper.choices or name not in paper.values or _is_required(fields, name))
    ]
    for name in lacking:
        if name in paper.choices:
            made: object = _chosen(paper.choices[name], fields.get(name), name)
        else:
            made = made_up(fields[name]) if _is_asked(fields[name], name) else None
        given |= {name: made} if made is not None else {}
    shares = [name for name in given if name.endswith("-share_percent")]
    given |= {name: str(101 - len(shares)) for name in shares[:1]}  # a hundred in all
    return given | {name: said for name, said in known.items() if name in paper.texts}


def _chosen(offered: list[str], each: forms.Field | None, name: str) -> object:
    """The first that is something, or all of them; a box that need not be ticked is not."""
    if isinstance(each, forms.MultipleChoiceField | forms.ModelMultipleChoiceField):
        return offered
    is_box = isinstance(each, forms.BooleanField)
    if name.endswith("DELETE") or (is_box and each is not None and not each.required):
        return None
    return next((said for said in offered if said), None)


def _is_required(fields: dict[str, forms.Field], name: str) -> bool:
    return name not in fields or fields[name].required


def _is_asked(each: forms.Field, name: str) -> bool:
    """In the rows of a form nothing says so: one that is begun is filled in."""
    is_of_a_row = re.search(r"-\d+-", name) is not None
    return each.required or is_of_a_row or isinstance(each, forms.FileField)


def made_up(each: forms.Field) -> object:
    """Something that the field takes."""
    then = timezone.now() + timedelta(days=30)
    for kind, said in (
        (MoneyField, "5"),
        (forms.EmailField, "somebody@example.org"),
        (forms.URLField, "https://example.org/"),
        (forms.SlugField, f"vote-{next(_numbers)}"),
        (forms.DateTimeField, f"{then:%Y-%m-%dT%H:%M}"),
        (forms.DateField, f"{then:%Y-%m-%d}"),
        (forms.FloatField, "0.5"),
        (forms.IntegerField, str(max(1, getattr(each, "min_value", None) or 1))),
        (forms.FileField, None),
    ):
        if isinstance(each, kind):
            return said or SimpleUploadedFile("bench.png", a_picture(), "image/png")
    return None
