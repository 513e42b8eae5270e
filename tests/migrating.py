"""The database as an earlier or later version has it."""

from __future__ import annotations

from django.core.management import call_command
from django.db import connections
from django.db.migrations.executor import MigrationExecutor


def migrate(targets):
    """As the owner does; the models as they are then."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    executor = MigrationExecutor(connections["owner"])
    executor.migrate(targets)
    apps = executor.loader.project_state(targets).apps
    return lambda *name: apps.get_model(*name).objects.using("owner")


def to_the_newest():
    """Every app's, after a test whose way back was committed: others build upon what it took, and
    what is made anew is the owner's alone until rights are granted.
    """
    executor = MigrationExecutor(connections["owner"])
    executor.migrate(executor.loader.graph.leaf_nodes())
    call_command("grant_rights")
