"""Upgrades keep nobody from writing: what looks through a large table, or indexes one."""

from __future__ import annotations

from django.apps import apps
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import AddConstraint, AddIndex, CreateModel
from django.db.models import CheckConstraint

from civicfund.audit.constraints import AddIndexBesideWrites

# What a large town has hundreds of thousands of.
LARGE = {
    "audit.event",
    "budgeting.boardline",
    "budgeting.casting",
    "budgeting.openedballot",
    "budgeting.participation",
    "budgeting.rollentry",
    "budgeting.sealedballot",
    "ledger.entry",
    "ledger.posting",
    "notices.message",
    "payments.providerevent",
    "people.policyconsent",
    "people.residency",
    "people.user",
    "pledges.pledge",
    "projects.support",
    "talk.comment",
    "talk.fact",
    "talk.flag",
    "talk.follow",
    "talk.news",
}
# The last of each app that came before the rule; those of other apps all came after it.
BEFORE_THE_RULE = {
    "audit": "0004", "budgeting": "0029", "delivery": "0003", "ledger": "0002", "notices": "0005",
    "payments": "0005", "payouts": "0006", "people": "0013", "places": "0001", "pledges": "0022",
    "projects": "0015", "reconciliation": "0004", "talk": "0012",
}  # fmt: skip


def _blocks(operation):
    if isinstance(operation, AddIndex):
        return not isinstance(operation, AddIndexBesideWrites)
    looks = isinstance(operation, AddConstraint) and not isinstance(
        operation, AddConstraintNotValid
    )
    return looks and isinstance(operation.constraint, CheckConstraint)


def _blocking(migrations):
    for (app, name), migration in migrations.items():
        if name[:4] <= BEFORE_THE_RULE.get(app, "0000"):
            continue
        made = {each.name_lower for each in migration.operations if isinstance(each, CreateModel)}
        for operation in migration.operations:
            table = getattr(operation, "model_name_lower", "")
            if f"{app}.{table}" in LARGE and table not in made and _blocks(operation):
                yield app, name, table


def test_large_tables_are_indexed_and_looked_through_beside_writes():
    assert {model._meta.label_lower for model in apps.get_models()} >= LARGE
    assert list(_blocking(MigrationLoader(None).disk_migrations)) == []
