from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from django.core.cache import cache


def test_a_client_is_made_once_and_serves_many_threads():
    client = cache._cache.get_client()
    assert cache._cache.get_client() is client
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(client.incr, ["one-client-for-many"] * 400))
    assert client.getdel("one-client-for-many") == b"400"


def test_what_is_kept_is_read_again():
    cache.set("word", {"of": ["a", "thing"]}, 60)
    assert cache.get("word") == {"of": ["a", "thing"]}
    assert cache.add("word", "other") is False
    cache.delete("word")
    assert cache.get("word", "gone") == "gone"
