import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import projects.ids


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0013_frames_as_items"),
    ]

    operations = [
        migrations.CreateModel(
            name="Watch",
            fields=[
                ("id", models.UUIDField(default=projects.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(choices=[("folder", "Folder of the server"), ("s3", "S3 prefix")], max_length=6),
                ),
                (
                    "config",
                    models.JSONField(
                        default=dict, help_text="{folder | endpoint, bucket, prefix, region; into}; no secrets."
                    ),
                ),
                ("secret", models.TextField(blank=True, editable=False, help_text="Encrypted keys; never returned.")),
                ("enabled", models.BooleanField(default=True)),
                ("looked_at", models.DateTimeField(blank=True, null=True)),
                ("last_error", models.CharField(blank=True, max_length=500)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="watches", to="projects.project"
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "watches",
                "ordering": ("created_at", "id"),
            },
        ),
        migrations.CreateModel(
            name="WatchedFile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(help_text="The path below the folder or prefix.", max_length=1024)),
                ("mark", models.CharField(max_length=100)),
                (
                    "state",
                    models.CharField(
                        choices=[("waiting", "Waiting"), ("taken", "Taken"), ("refused", "Refused")],
                        default="waiting",
                        max_length=7,
                    ),
                ),
                ("problem", models.JSONField(blank=True, help_text="{code, detail}: why it was refused.", null=True)),
                ("seen_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "item",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="projects.item",
                    ),
                ),
                (
                    "watch",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="files", to="projects.watch"
                    ),
                ),
            ],
            options={
                "ordering": ("watch", "key"),
                "constraints": [models.UniqueConstraint(fields=("watch", "key"), name="watched_once")],
            },
        ),
    ]
