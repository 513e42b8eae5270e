"""Thin events of accounts are kept; that every row is of a known type is checked in the next one."""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


def lose_none(apps, schema_editor):
    """The version before knows no thin events: its constraint would refuse them."""
    events = apps.get_model("payments", "ProviderEvent").objects
    thin = events.using(schema_editor.connection.alias).filter(type__startswith="v2.")
    if number := thin.count():
        raise RuntimeError(
            f"Thin events of accounts are kept ({number}), which the version before has no place for:"
            " there is no way back unless they are deleted."
        )


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0005_orphan_reviews"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="providerevent",
            name="provider_event_type_known",
        ),
        migrations.AlterField(
            model_name="providerevent",
            name="type",
            field=models.CharField(
                choices=[
                    ("setup_intent.succeeded", "Setup Succeeded"),
                    ("setup_intent.canceled", "Setup Canceled"),
                    ("payment_intent.succeeded", "Payment Succeeded"),
                    ("payment_intent.payment_failed", "Payment Failed"),
                    ("payment_intent.processing", "Payment Processing"),
                    ("payment_intent.requires_action", "Payment Requires Action"),
                    ("payment_intent.canceled", "Payment Canceled"),
                    ("refund.created", "Refund Created"),
                    ("refund.updated", "Refund Updated"),
                    ("refund.failed", "Refund Failed"),
                    ("charge.dispute.created", "Dispute Created"),
                    ("charge.dispute.updated", "Dispute Updated"),
                    ("charge.dispute.closed", "Dispute Closed"),
                    ("charge.dispute.funds_withdrawn", "Dispute Withdrawn"),
                    ("charge.dispute.funds_reinstated", "Dispute Reinstated"),
                    ("payment_method.automatically_updated", "Card Renewed"),
                    ("account.updated", "Account Updated"),
                    (
                        "v2.core.account[configuration.recipient].capability_status_updated",
                        "Recipient Capability",
                    ),
                    ("v2.core.account[configuration.recipient].updated", "Recipient Updated"),
                    ("v2.core.account[requirements].updated", "Requirements Updated"),
                    ("v2.core.account.closed", "Account Closed"),
                ],
                max_length=96,
                verbose_name="type",
            ),
        ),
        AddConstraintNotValid(
            model_name="providerevent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "type__in",
                        [
                            "setup_intent.succeeded",
                            "setup_intent.canceled",
                            "payment_intent.succeeded",
                            "payment_intent.payment_failed",
                            "payment_intent.processing",
                            "payment_intent.requires_action",
                            "payment_intent.canceled",
                            "refund.created",
                            "refund.updated",
                            "refund.failed",
                            "charge.dispute.created",
                            "charge.dispute.updated",
                            "charge.dispute.closed",
                            "charge.dispute.funds_withdrawn",
                            "charge.dispute.funds_reinstated",
                            "payment_method.automatically_updated",
                            "account.updated",
                            "v2.core.account[configuration.recipient].capability_status_updated",
                            "v2.core.account[configuration.recipient].updated",
                            "v2.core.account[requirements].updated",
                            "v2.core.account.closed",
                        ],
                    )
                ),
                name="provider_event_type_known",
            ),
        ),
        # Last here, and so the first on the way back.
        migrations.RunPython(migrations.RunPython.noop, lose_none),
    ]
