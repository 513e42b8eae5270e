"""What there is to say of a fact beyond its kind: whoever knows of it is asked as it is read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping

from civicfund.talk.enums import NewsKind
from civicfund.talk.models import Fact, News

Words = Callable[[Collection[int]], Mapping[int, str]]
"""For everybody to read, by the numbers of what facts were learnt from, in one query."""

# More is said of facts of these kinds alone.
_SAYS_MORE = frozenset({NewsKind.DATES_MOVED})
_words: dict[str, Words] = {}


def said_by(source: str, words: Words) -> None:
    """Say more of facts whose source is this and a number, as ``move:7``."""
    _words[source] = words


def words_of(rows: Iterable[News]) -> dict[int, str]:
    """What more there is to say of these notices, by their keys: one query, and one for each kind
    of source, where there is anything to say.
    """
    facts = {row.pk: row.fact_id for row in rows if row.kind in _SAYS_MORE and row.fact_id}
    if not facts:
        return {}
    sources = dict(Fact.objects.filter(pk__in=facts.values()).values_list("pk", "source"))
    wanted: dict[str, set[int]] = defaultdict(set)
    for source in sources.values():
        kind, _colon, number = source.partition(":")
        if kind in _words:
            wanted[kind].add(int(number))
    said = {kind: _words[kind](numbers) for kind, numbers in wanted.items()}
    found = {}
    for notice, fact in facts.items():
        kind, _colon, number = sources[fact].partition(":")
        if kind in said and (words := said[kind].get(int(number))):
            found[notice] = words
    return found
