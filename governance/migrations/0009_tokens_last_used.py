from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("governance", "0008_review")]

    operations = [
        migrations.AddField("apitoken", "last_used_at", models.DateTimeField(null=True)),
    ]
