"""The database as an earlier or later version has it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management import call_command
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.state import ProjectState


@contextmanager
def drawing_one_model() -> Iterator[None]:
    """Migrations that leave the same tables in less than half the time.

    After each change of a constraint, an index or a plain field Django draws the model anew and
    all that are two relations away from it, which is most of them, and twenty thousand in all.
    No statement reads those neighbors, and code in a migration is given all models drawn anew.
    """
    neighbors = ProjectState._find_reload_model

    def _find(self, app_label, model_name, delay=False):
        if not delay:
            return neighbors(self, app_label, model_name, delay)
        self.is_delayed = True
        return {(app_label, model_name)}

    ProjectState._find_reload_model = _find
    try:
        yield
    finally:
        ProjectState._find_reload_model = neighbors


def migrate(targets):
    """As the owner does; the models as they are then."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    executor = MigrationExecutor(connections["owner"])
    with drawing_one_model():
        executor.migrate(targets)
    apps = executor.loader.project_state(targets).apps
    return lambda *name: apps.get_model(*name).objects.using("owner")


def to_the_newest():
    """Every app's, after a test whose way back was committed: others build upon what it took, and
    what is made anew is the owner's alone until rights are granted.
    """
    executor = MigrationExecutor(connections["owner"])
    with drawing_one_model():
        executor.migrate(executor.loader.graph.leaf_nodes())
    call_command("grant_rights")
