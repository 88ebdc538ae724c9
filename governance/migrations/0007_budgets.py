from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("governance", "0006_vault")]

    operations = [
        migrations.AlterField("account", "key", models.CharField(max_length=300, unique=True)),
        migrations.AddField("account", "warn", models.BigIntegerField(null=True)),
        migrations.AddField("account", "warned", models.BooleanField(default=False)),
    ]
