from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("people", "0007_personal_copies"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="erased_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="erased"),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("erased_at__isnull", True),
                    models.Q(
                        ("display_name", "A former resident"),
                        ("email__endswith", "@erased.invalid"),
                        ("guest_email", ""),
                        ("is_active", False),
                        ("is_staff", False),
                        ("is_superuser", False),
                        ("last_login__isnull", True),
                        ("password__startswith", "!"),
                    ),
                    _connector="OR",
                ),
                name="user_erased_is_nobody",
            ),
        ),
    ]
