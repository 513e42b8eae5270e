"""The one place where facts become notices.

Whoever knows of facts looks for them in a sweep and tells them here; told twice, or by two workers
at once, a fact gives one notice to each person.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import connection, transaction
from django.db.models import Q

from civicfund.notices.enums import Topic
from civicfund.projects.selectors.merges import parts_of
from civicfund.talk.enums import NewsKind, SubjectKind
from civicfund.talk.models import Fact, Thread

Key = tuple[SubjectKind, int]

# Of two workers the second waits here for the first to commit, and is given nothing back.
_WRITE_FACTS = """
    INSERT INTO talk_fact (thread_id, what, source)
    SELECT * FROM unnest(%s::bigint[], %s::text[], %s::text[])
    ON CONFLICT (source) DO NOTHING RETURNING source, id
"""
# One statement, however many people follow.
_WRITE_NOTICES = """
    INSERT INTO talk_news (recipient_id, thread_id, fact_id, kind)
    SELECT DISTINCT talk_follow.user_id, talk_fact.thread_id, talk_fact.id, talk_fact.what
    FROM unnest(%s::bigint[], %s::bigint[]) AS heard (fact_id, thread_id)
    JOIN talk_fact ON talk_fact.id = heard.fact_id
    JOIN talk_follow ON talk_follow.thread_id = heard.thread_id
    JOIN people_user ON people_user.id = talk_follow.user_id AND people_user.is_active
    WHERE NOT EXISTS (
        SELECT FROM unnest(%s::bigint[], %s::bigint[]) AS did (fact_id, user_id)
        WHERE did.fact_id = talk_fact.id AND did.user_id = talk_follow.user_id)
    ORDER BY talk_fact.id
    ON CONFLICT DO NOTHING
"""
# Those who get a mail of its own, or want none, have it in the site and not in a digest.
_WRITE_TO = """
    INSERT INTO talk_news (recipient_id, thread_id, fact_id, kind, mailed_at)
    SELECT people_user.id, talk_fact.thread_id, talk_fact.id, talk_fact.what,
        CASE WHEN %s OR notices_optout.id IS NOT NULL THEN clock_timestamp() END
    FROM unnest(%s::bigint[], %s::bigint[]) AS told (fact_id, user_id)
    JOIN talk_fact ON talk_fact.id = told.fact_id
    JOIN people_user ON people_user.id = told.user_id
        AND people_user.is_active AND people_user.guest_email = ''
    LEFT JOIN notices_optout ON notices_optout.user_id = people_user.id
        AND notices_optout.topic = %s
    ORDER BY talk_fact.id
    ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Happened:
    """A fact to tell to who follows one of ``heard_by``; its subject, where none is named.

    ``source`` is as good as the fact's name: what has the same is the same fact. Whoever did it is
    not told.
    """

    subject: Key
    what: NewsKind
    source: str
    heard_by: frozenset[Key] = frozenset()
    by: frozenset[int] = frozenset()
    # People who are told whether they follow or not, and who are written to of this fact alone.
    written_to: frozenset[int] = frozenset()
    # Those who are told as if they followed, but by no mail if they want none of what they back.
    backers: frozenset[int] = frozenset()

    @property
    def audience(self) -> frozenset[Key]:
        """What those follow who are told."""
        return self.heard_by or frozenset({self.subject})


def in_places(places: Iterable[int]) -> frozenset[Key]:
    """Neighborhoods, as subjects that people follow."""
    return frozenset((SubjectKind.NEIGHBORHOOD, place) for place in places)


def tell_facts(found: Iterable[Happened]) -> int:
    """Tell each fact that was not told before to who follows it now; how many facts that were."""
    return len(tell_new_facts(found))


def tell_new_facts(found: Iterable[Happened]) -> dict[str, int]:
    """The same; the ids of those that were told only now, by their source.

    What is told of a project, those hear, too, who follow what became part of it. As many queries
    for one follower as for a hundred thousand.
    """
    new = _with_parts(_untold({fact.source: fact for fact in found}))
    if not new:
        return {}
    with transaction.atomic():
        threads = _threads(new)
        written = _write_facts(new, threads)
        told = [fact for fact in new if fact.source in written]
        _write_to(((fact, fact.written_to) for fact in told), written, mailed=True)
        _write_notices(told, written, threads)
        _write_to(((fact, fact.backers) for fact in told), written, mailed=False)
    return written


def _untold(found: dict[str, Happened]) -> list[Happened]:
    """Those that nobody has told yet, in an order that two workers share."""
    known = Fact.objects.filter(source__in=found).values_list("source", flat=True)
    return [found[source] for source in sorted(found.keys() - set(known), key=_by_number)]


def _with_parts(facts: Sequence[Happened]) -> list[Happened]:
    """The facts, heard by who follows a part of a project as by who follows the project."""
    heard: set[Key] = set().union(*(fact.audience for fact in facts))
    parts = parts_of(pk for kind, pk in heard if kind == SubjectKind.PROJECT)
    return [
        replace(
            fact,
            heard_by=fact.audience.union(
                (SubjectKind.PROJECT, part)
                for kind, pk in fact.audience
                if kind == SubjectKind.PROJECT
                for part in parts.get(pk, ())
            ),
        )
        for fact in facts
    ]


def _by_number(source: str) -> list[int | str]:
    """Sorts event 99 before event 100, as they happened."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"([0-9]+)", source)]


def _threads(facts: Sequence[Happened]) -> dict[Key, int]:
    """The threads of the facts' subjects, made where there was none, and of who else hears."""
    subjects = sorted({fact.subject for fact in facts})
    made = (Thread(kind=kind, subject_id=pk) for kind, pk in subjects)
    Thread.objects.bulk_create(made, ignore_conflicts=True, batch_size=1000)
    wanted = set(subjects).union(*(fact.audience for fact in facts))
    theirs = Q()
    for kind in {kind for kind, _pk in wanted}:
        theirs |= Q(kind=kind, subject_id__in={pk for each, pk in wanted if each == kind})
    rows = Thread.objects.filter(theirs).values_list("kind", "subject_id", "pk")
    return {(SubjectKind(kind), subject): pk for kind, subject, pk in rows}


def _write_facts(facts: Sequence[Happened], threads: dict[Key, int]) -> dict[str, int]:
    """The ids of those that were not there, by their source."""
    columns: tuple[list[Any], ...] = (
        [threads[fact.subject] for fact in facts],
        [fact.what.value for fact in facts],
        [fact.source for fact in facts],
    )
    with connection.cursor() as cursor:
        cursor.execute(_WRITE_FACTS, columns)
        return dict(cursor.fetchall())


def _write_to(
    facts: Iterable[tuple[Happened, frozenset[int]]], written: dict[str, int], *, mailed: bool
) -> None:
    """A notice of each fact to these people, where they have none of it yet."""
    told = [
        (written[fact.source], person)
        for fact, people in facts
        for person in sorted(people - fact.by)
    ]
    if told:
        with connection.cursor() as cursor:
            cursor.execute(_WRITE_TO, [mailed, *_columns(told), Topic.BACKING.value])


def _write_notices(
    facts: Sequence[Happened], written: dict[str, int], threads: dict[Key, int]
) -> None:
    heard = [
        (written[fact.source], threads[subject])
        for fact in facts
        for subject in fact.audience & threads.keys()
    ]
    if not heard:
        return
    did = [(written[fact.source], person) for fact in facts for person in fact.by]
    with connection.cursor() as cursor:
        cursor.execute(_WRITE_NOTICES, [*_columns(heard), *_columns(did)])


def _columns(pairs: Sequence[tuple[int, int]]) -> tuple[list[int], list[int]]:
    return [left for left, _right in pairs], [right for _left, right in pairs]
