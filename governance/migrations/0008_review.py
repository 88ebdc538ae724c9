import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import governance.models.fields


class Migration(migrations.Migration):
    dependencies = [("governance", "0007_budgets")]

    operations = [
        migrations.AddField(
            "approval",
            "flow",
            models.CharField(blank=True, default="", max_length=64),
            preserve_default=False,
        ),
        migrations.AddField("approval", "subject", governance.models.fields.JsonText(default=dict)),
        migrations.AddField("approval", "remind_at", models.BigIntegerField(null=True)),
        migrations.AddField("approval", "reminded_at", models.BigIntegerField(null=True)),
        migrations.AddField("decision", "opened_at", models.BigIntegerField(null=True)),
        migrations.AddIndex(
            "approval",
            models.Index(
                condition=models.Q(("decided_at__isnull", False)),
                fields=["project", "-decided_at", "-id"],
                name="approval_decided",
            ),
        ),
        migrations.AddIndex(
            "approval",
            models.Index(
                condition=models.Q(("remind_at__isnull", False)),
                fields=["remind_at"],
                name="approval_remind",
            ),
        ),
        migrations.CreateModel(
            name="Opening",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.BigIntegerField()),
                (
                    "approval",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="openings",
                        to="governance.approval",
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("approval", "by"), name="one_opening_each")],
            },
        ),
    ]
