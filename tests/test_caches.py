from __future__ import annotations

from threading import Barrier, Thread

from django.core.cache import cache


def test_a_client_is_made_once_and_serves_many_threads():
    client = cache._cache.get_client()
    assert cache._cache.get_client() is client
    gate, seen = Barrier(8), []

    def count():
        gate.wait(timeout=30)
        for _ in range(50):
            client.incr("one-client-for-many")

    threads = [Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seen.append(client.getdel("one-client-for-many"))
    assert seen == [b"400"]


def test_what_is_kept_is_read_again():
    cache.set("word", {"of": ["a", "thing"]}, 60)
    assert cache.get("word") == {"of": ["a", "thing"]}
    assert cache.add("word", "other") is False
    cache.delete("word")
    assert cache.get("word", "gone") == "gone"
