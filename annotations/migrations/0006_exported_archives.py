import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import projects.ids


class Migration(migrations.Migration):
    dependencies = [
        ("annotations", "0005_mask_blobs"),
        ("projects", "0011_uploads_in_pieces"),
    ]

    operations = [
        migrations.CreateModel(
            name="Export",
            fields=[
                ("id", models.UUIDField(default=projects.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("file", models.FileField(max_length=255, upload_to="")),
                ("original_name", models.CharField(help_text="What the browser calls it.", max_length=255)),
                ("size", models.PositiveBigIntegerField(help_text="Bytes.")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("expires_at", models.DateTimeField(db_index=True, help_text="It is swept away from then on.")),
                (
                    "job",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="export", to="projects.job"
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="exports", to="projects.project"
                    ),
                ),
            ],
            options={
                "ordering": ("-created_at",),
            },
        ),
    ]
