from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0015_tiles_of_huge_pictures"),
    ]

    operations = [
        migrations.AddField(
            model_name="item",
            name="augmentation",
            field=models.JSONField(blank=True, editable=False, help_text="How a program made its picture.", null=True),
        ),
        migrations.AddField(
            model_name="item",
            name="external_id",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                editable=False,
                help_text="How a program calls it.",
                max_length=200,
            ),
        ),
        migrations.AddField(
            model_name="item",
            name="synced",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                editable=False,
                help_text="SHA-256 of what was sent last.",
                max_length=64,
            ),
        ),
        migrations.AddConstraint(
            model_name="item",
            constraint=models.UniqueConstraint(
                condition=models.Q(("external_id", ""), _negated=True),
                fields=("project", "external_id"),
                name="one_item_an_external_id",
            ),
        ),
    ]
