from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("governance", "0005_audit_chain")]

    operations = [
        migrations.CreateModel(
            name="VaultEntry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("root_id", models.BigIntegerField()),
                ("entity", models.CharField(max_length=64)),
                ("number", models.PositiveIntegerField()),
                ("digest", models.CharField(max_length=64)),
                ("ciphertext", models.BinaryField()),
                ("expires_at", models.BigIntegerField(db_index=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=["root_id", "entity", "number"], name="one_token"),
                    models.UniqueConstraint(fields=["root_id", "entity", "digest"], name="one_vault_value"),
                ],
            },
        ),
    ]
