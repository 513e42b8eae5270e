"""The database as an earlier or later version has it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management import call_command
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.state import ProjectState

from civicfund.people.services.made_up import MADE_UP


@contextmanager
def drawing_one_model() -> Iterator[None]:
    """Migrations that leave the same tables in a fraction of the time.

    After each change of a constraint, an index or a field, and after each new model, Django draws
    the model anew and all that are two relations away from it, or any number: which is most of
    them, and tens of thousands in all. No statement reads those neighbors but where a field is
    altered or taken away that relates two, and code in a migration is given all models drawn anew.
    """
    neighbors, adding = ProjectState._find_reload_model, ("add_model", "add_field")
    added = {name: getattr(ProjectState, name) for name in adding}

    def _find(self, app_label, model_name, delay=False):
        if not delay and not getattr(self, "adds", False):
            return neighbors(self, app_label, model_name, delay)
        self.is_delayed = True
        return {(app_label, model_name)}

    def _marked(add):
        def act(self, *given):
            self.adds = True
            try:
                add(self, *given)
            finally:
                self.adds = False

        return act

    ProjectState._find_reload_model = _find
    for name, add in added.items():
        setattr(ProjectState, name, _marked(add))
    try:
        yield
    finally:
        ProjectState._find_reload_model = neighbors
        for name, add in added.items():
            setattr(ProjectState, name, add)


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
    with connections["owner"].cursor() as cursor:
        cursor.execute(MADE_UP)
