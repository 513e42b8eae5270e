"""Questions to the database that are put into SQL once.

Django puts a queryset together, and then into SQL, anew each time it is asked; of a page with
twenty questions that is most of what it costs. What is asked again and again with other keys is put
into SQL with marks in the place of these, once in each process. From then on only the marks are
replaced: nothing that was read is kept.

The database, too, is told of a question once by each connection (``PREPARE``), and makes no plan
anew for each key: of most questions that took it longer than the answer.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import update_wrapper
from hashlib import sha256
from itertools import count
from typing import Any, ClassVar, Generic, ParamSpec, TypeVar, cast

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from django.db.models import Aggregate, Model, QuerySet, Value
from django.db.models.sql.compiler import SQLCompiler
from psycopg.errors import FeatureNotSupported, InvalidSqlStatementName
from psycopg.sql import Literal

from civicfund.postgres.base import DatabaseWrapper

Given = ParamSpec("Given")
Row = TypeVar("Row")
Kind = TypeVar("Kind", bound="_Form")
Answer = TypeVar("Answer")
# A question has several forms: a list of two keys is other SQL than one of three.
MOST_FORMS = 64
# Of a form's calls so many are checked, where any are, and one of so many after them.
FIRST_CHECKED, THEN_ONE_OF = 8, 7
# How many questions one connection's server remembers; a plan takes some ten kilobytes there.
MOST_TOLD = 300
# What it says where a table is another than it was told of, or where it was told of nothing.
_OUT_OF_DATE = (FeatureNotSupported, InvalidSqlStatementName)
# Marks: larger than any key, a letter that no text in the database holds, before any day of a town.
_LARGE = 2**62
_NO_LETTER = "\0"
_EARLY = datetime(1, 1, 2, tzinfo=UTC)


class Prepared(Generic[Given, Row]):
    """Decorator for a function that makes a queryset: makes it one that brings the rows.

    All that decides what is asked has to be among what is given: numbers, words, days and lists of
    these. Whatever else the function looks up, such as the time or a setting, would stay as it was
    at first. Where ``checked``, as in every test, the first calls of each form are held against a
    new queryset, and one of several later on: that takes longer than to ask.
    """

    checked: ClassVar[bool] = False

    def __init__(self, question: Callable[Given, QuerySet[Any, Row]]) -> None:
        self._question = question
        self._forms: dict[tuple[object, ...], _Form] = {}
        update_wrapper(self, question)

    def __call__(self, *given: Given.args, **named: Given.kwargs) -> list[Row]:
        """The rows as they are now."""
        values = [*map(_plain, given), *map(_plain, named.values())]
        keys = _flat(values)
        if _is_unusual(values, keys):
            return list(self._question(*given, **named))
        return cast("list[Row]", self._form(_Form, values, keys, list(named)).rows(keys))

    def count(self, *given: Given.args, **named: Given.kwargs) -> int:
        """How many rows there are now; none of them is read."""
        values = [*map(_plain, given), *map(_plain, named.values())]
        keys = _flat(values)
        if _is_unusual(values, keys):
            return self._question(*given, **named).count()
        return self._form(_Count, values, keys, list(named)).count(keys)

    def first(self, *given: Given.args, **named: Given.kwargs) -> Row | None:
        """The first row; None where there is none."""
        return next(iter(self(*given, **named)), None)

    def _form(self, kind: type[Kind], values: list[Any], keys: list[Any], names: list[str]) -> Kind:
        found_by = (kind, *names, *map(_kind, values))
        form = self._forms.get(found_by)
        if form is None:
            if len(self._forms) >= MOST_FORMS:
                self._forms.clear()
            marks = _Marks()
            marked = [marks.instead_of(value) for value in values]
            form = self._forms[found_by] = kind(self._made(marked, names), _flat(marked))
        if self.checked and form.is_looked_at():
            fresh = kind(self._made(values, names), [])
            # As they are written: two values of JSON are never equal.
            wanted, kept = f"{fresh.sql} {fresh.params([])}", f"{form.sql} {form.params(keys)}"
            if wanted != kept:
                message = f"{self._question.__name__} would ask {wanted}, not {kept}."
                raise AssertionError(message)
        return cast("Kind", form)

    def _made(self, values: Sequence[Any], names: Sequence[str]) -> QuerySet[Any, Row]:
        first = len(values) - len(names)
        named = dict(zip(names, values[first:], strict=True))
        question: Any = self._question  # given what it was given, or marks
        return cast("QuerySet[Any, Row]", question(*values[:first], **named))


def in_all(rows: QuerySet[Any, Any], found: Aggregate) -> QuerySet[Any, Any]:
    """What ``rows.aggregate(found)`` gives, as a question that can be prepared: at most one row."""
    together = rows.order_by().annotate(together=Value(1)).values("together")
    asked: QuerySet[Any, Any] = together.annotate(found=found).values_list("found", flat=True)
    return asked


def at_hand(row: Model, relation: str, rows: list[Any]) -> None:
    """Let a row have these at hand as its ``relation``, as what was prefetched."""
    found = getattr(row, relation).get_queryset()
    found._result_cache, found._prefetch_done = rows, True
    vars(row).setdefault("_prefetched_objects_cache", {})[relation] = found


def hang_on(parents: Collection[Model], relation: str, rows: Iterable[Any], *, by: str) -> None:
    """The same for many: each has those of the rows that name it in their column ``by``."""
    found: dict[Any, list[Any]] = {parent.pk: [] for parent in parents}
    above = {parent.pk: parent for parent in parents}
    for row in rows:
        key = getattr(row, f"{by}_id")
        setattr(row, by, above[key])
        found[key].append(row)
    for parent in parents:
        at_hand(parent, relation, found[parent.pk])


def forget(connection: DatabaseWrapper) -> None:
    """Let this connection's server forget all that it was told."""
    connection.ensure_connection()
    connection.connection.execute("DEALLOCATE ALL")
    connection.told.clear()


class _Marks:
    """What stands in the place of keys; no two are alike."""

    def __init__(self) -> None:
        self._number = 0

    def instead_of(self, value: object) -> Any:
        """A mark of the same kind; for a list, as many of them."""
        if isinstance(value, tuple):
            return tuple(map(self.instead_of, value))
        self._number += 1
        if isinstance(value, int):
            return _LARGE + self._number
        if isinstance(value, str):
            return f"{_NO_LETTER}{self._number}"
        at = _EARLY + timedelta(days=self._number)
        return at if isinstance(value, datetime) else at.date()


class _Form:
    """A question in SQL, and where in it the keys stand."""

    calls, looked_at = 0, False

    def __init__(self, rows: QuerySet[Any, Any], marks: Sequence[object]) -> None:
        if rows._prefetch_related_lookups or rows._known_related_objects:  # type: ignore[attr-defined]  # Django's own
            raise TypeError("What is prefetched, or hangs on one object, cannot be prepared.")
        self._asked = rows
        self.sql, self._params = self._in_sql()
        places = {mark: place for place, mark in enumerate(marks)}
        self._places = [
            (number, places[param], type(param) if isinstance(param, int) else None)
            for number, param in enumerate(self._params)
            if isinstance(param, int | str | date) and param in places
        ]
        if {place for _number, place, _kind in self._places} != set(places.values()):
            raise TypeError("A key does not stand in the question as it was given.")
        # The same name is the same question, whoever told it.
        whole = repr((self.sql, self._params, self._places)).encode()
        self._name = f"asked_{sha256(whole).hexdigest()[:32]}"
        self._execute = f"EXECUTE {self._name}"
        if marks:
            self._execute += f" ({', '.join(['%s'] * len(marks))})"

    def is_looked_at(self) -> bool:
        """Whether this call of it is one of those that are checked."""
        self.calls += 1
        self.looked_at = self.calls <= FIRST_CHECKED or self.calls % THEN_ONE_OF == 0
        return self.looked_at

    def params(self, values: Sequence[Any]) -> tuple[Any, ...]:
        """What the database is given, with these keys."""
        params = list(self._params)
        for number, place, kind in self._places:
            # Django says of numbers how large they may be.
            params[number] = kind(values[place]) if kind else values[place]
        return tuple(params)

    def by_name(self, connection: DatabaseWrapper, values: Sequence[Any]) -> tuple[str, Any]:
        """The question with these keys, for a server that was told of it, now or before."""
        connection.ensure_connection()
        if self._name not in connection.told:
            if len(connection.told) >= MOST_TOLD:
                forget(connection)
            said = f"PREPARE {self._name} AS {self._with_places(connection.connection)}"
            with connection.wrap_database_errors:
                connection.connection.execute(said.encode())
            connection.told.add(self._name)
        return self._execute, tuple(values)

    def _with_places(self, server: Any) -> str:
        """The SQL with all that stays written out, so that indexes of a part can be used."""
        places = {number: place for number, place, _kind in self._places}
        numbers = count()

        def instead(found: re.Match[str]) -> str:
            if found[0] == "%%":
                return "%"
            number = next(numbers)
            if number in places:
                return f"${places[number] + 1}"
            return Literal(self._params[number]).as_string(server)

        return re.sub("%%|%s", instead, self.sql)

    def _in_sql(self) -> tuple[str, tuple[Any, ...]]:
        self._compiler = self._asked.query.get_compiler(DEFAULT_DB_ALIAS)
        sql, params = self._compiler.as_sql()
        return sql, tuple(params)

    def rows(self, values: Sequence[Any]) -> list[Any]:
        """What it answers."""
        ready = _Ready.__new__(_Ready)
        vars(ready).update(vars(self._compiler))
        # Of this thread, and not of the one that asked first.
        connection = ready.connection = connections[DEFAULT_DB_ALIAS]
        reader: Any = self._asked._iterable_class

        def read(sql: str, params: Any) -> list[Any]:
            ready.ready = (sql, params)
            return list(reader(_Asked(self._asked, ready)))

        return self._ask(connection, values, read)

    def _ask(
        self, connection: Any, values: Sequence[Any], read: Callable[[str, Any], Answer]
    ) -> Answer:
        """The answer by name; in full where the server has forgotten, or a table has changed.

        Within a transaction it is asked in full, since after an error nothing else could be asked.
        """
        if Prepared.checked and self.looked_at:
            self._compare(connection, values)
        elif not connection.in_atomic_block:
            try:
                return read(*self.by_name(connection, values))
            except DatabaseError as error:
                if not isinstance(error.__cause__, _OUT_OF_DATE):
                    raise
                forget(connection)
        return read(self.sql, self.params(values))

    def _compare(self, connection: Any, values: Sequence[Any]) -> None:
        """Both ways bring the same rows."""
        asked = ((self.sql, self.params(values)), self.by_name(connection, values))
        in_full, by_name = (
            Counter(map(repr, connection.connection.execute(*each).fetchall())) for each in asked
        )
        if in_full != by_name:
            raise AssertionError(f"By its name {self.sql} brings {by_name}, not {in_full}.")


class _Count(_Form):
    """The same for how many there are."""

    def _in_sql(self) -> tuple[str, tuple[Any, ...]]:
        if not self._asked.query.combinator:
            self._asked = self._asked.order_by().values("pk")
        sql, params = super()._in_sql()
        return f"SELECT COUNT(*) FROM ({sql}) counted", params  # noqa: S608 -- Django's own SQL

    def count(self, values: Sequence[Any]) -> int:
        """How many."""
        connection = connections[DEFAULT_DB_ALIAS]

        def read(sql: str, params: Any) -> int:
            with connection.cursor() as cursor:
                cursor.execute(sql, params)
                return int(cursor.fetchone()[0])

        return self._ask(connection, values, read)


class _Ready(SQLCompiler):
    """Says what was said before."""

    ready: tuple[str, tuple[Any, ...]]

    def as_sql(self, *given: Any, **named: Any) -> tuple[str, tuple[Any, ...]]:
        return self.ready


class _Asked:
    """What Django's readers of rows want to know of a queryset, and of its query."""

    db = DEFAULT_DB_ALIAS

    def __init__(self, rows: QuerySet[Any, Any], compiler: _Ready) -> None:
        self._rows, self._compiler, self.query = rows, compiler, self

    def get_compiler(self, *given: Any, **named: Any) -> _Ready:
        return self._compiler

    def __getattr__(self, name: str) -> Any:
        of_rows = name in ("model", "_fields", "_known_related_objects")
        return getattr(self._rows if of_rows else self._rows.query, name)


def _plain(value: object) -> Any:
    """A key, or each of several once, as Django gives it to the database."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int | date) and not isinstance(value, bool):
        return value
    if isinstance(value, Collection):
        return tuple(map(_plain, dict.fromkeys(value)))
    raise TypeError(f"{value!r} is no key.")


def _is_unusual(values: Sequence[Any], keys: Sequence[Any]) -> bool:
    """Whether Django would find at once that there is nothing: in an empty list, or so far out."""
    return () in values or any(isinstance(key, int) and abs(key) >= _LARGE for key in keys)


def _kind(value: object) -> object:
    return tuple(map(_kind, value)) if isinstance(value, tuple) else type(value)


def _flat(values: Sequence[Any]) -> list[Any]:
    return [each for value in values for each in _each(value)]


def _each(value: Any) -> Iterator[Any]:
    yield from value if isinstance(value, tuple) else (value,)
