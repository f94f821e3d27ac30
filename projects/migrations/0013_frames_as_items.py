import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0012_how_pictures_look"),
    ]

    operations = [
        migrations.AddField(
            model_name="item",
            name="source",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                help_text="Its video.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="taken",
                to="projects.item",
            ),
        ),
        migrations.AddField(
            model_name="item",
            name="source_frame",
            field=models.PositiveIntegerField(blank=True, editable=False, help_text="Which frame of it.", null=True),
        ),
    ]
