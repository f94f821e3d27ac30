"""What a version needs to be filtered, cut, augmented, compared and restored."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0011_uploads_in_pieces"),
        ("training", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Restoration",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.AddField(
            model_name="version",
            name="aliases",
            field=models.JSONField(blank=True, default=dict, help_text="{class: [other names of it]}"),
        ),
        migrations.AddField(
            model_name="version",
            name="augment",
            field=models.JSONField(blank=True, default=dict, help_text="{copies, seed, and a step: {amount, chance}}"),
        ),
        migrations.AddField(
            model_name="version",
            name="filters",
            field=models.JSONField(
                blank=True, default=dict, help_text="Which items and shapes were taken; all when empty."
            ),
        ),
        migrations.AddField(
            model_name="version",
            name="parent",
            field=models.ForeignKey(
                blank=True,
                help_text="What came before it.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="children",
                to="training.version",
            ),
        ),
        migrations.AddField(
            model_name="version",
            name="preprocess",
            field=models.JSONField(blank=True, default=dict, help_text="{tile, resize, greyscale, contrast}"),
        ),
        migrations.AddField(
            model_name="version",
            name="sources",
            field=models.JSONField(blank=True, default=list, help_text="[{project, name}] where there are several."),
        ),
        migrations.AddField(
            model_name="version",
            name="task",
            field=models.CharField(
                choices=[
                    ("detect", "Detect objects (boxes)"),
                    ("segment", "Segment (polygons and masks)"),
                    ("obb", "Detect rotated objects"),
                    ("pose", "Pose (keypoints)"),
                    ("classify", "Classify images (tags)"),
                    ("anomaly", "Find anomalies"),
                ],
                default="detect",
                max_length=12,
            ),
        ),
        migrations.AddField(
            model_name="versionframe",
            name="digest",
            field=models.CharField(
                blank=True, help_text="SHA-256 of its pixels' file, frame and shapes.", max_length=64
            ),
        ),
        migrations.AddField(
            model_name="versionframe",
            name="group",
            field=models.CharField(
                blank=True, help_text="What it must not be parted from by the split.", max_length=64
            ),
        ),
        migrations.AddField(
            model_name="versionframe",
            name="shape_count",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="versionframe",
            name="source",
            field=models.ForeignKey(
                help_text="Whose item it was.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="projects.project",
            ),
        ),
        migrations.AlterField(
            model_name="version",
            name="content_hash",
            field=models.CharField(
                help_text="SHA-256 over labels, items, revs, shapes, split, preprocess and augment.", max_length=64
            ),
        ),
        migrations.AlterField(
            model_name="version",
            name="counts",
            field=models.JSONField(
                default=dict,
                help_text="{images, shapes, geometries: {type: n}, train, val, test, labels: {name: n}, ...}",
            ),
        ),
        migrations.AlterField(
            model_name="version",
            name="labels",
            field=models.JSONField(
                help_text="[{id, name, ordinal, color, attributes, skeleton, aliases}] as they were."
            ),
        ),
        migrations.AlterField(
            model_name="version",
            name="split",
            field=models.JSONField(
                default=dict, help_text="How items were split: {train, val, test, seed, method, notes}."
            ),
        ),
        migrations.AlterField(
            model_name="versionframe",
            name="path",
            field=models.CharField(max_length=700),
        ),
        migrations.AddIndex(
            model_name="versionframe",
            index=models.Index(fields=["version", "id"], name="frames_of_version"),
        ),
        migrations.AddField(
            model_name="restoration",
            name="created_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="restoration",
            name="project",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE, related_name="restored_from", to="projects.project"
            ),
        ),
        migrations.AddField(
            model_name="restoration",
            name="version",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="restorations",
                to="training.version",
            ),
        ),
        migrations.RunSQL(
            "UPDATE training_versionframe SET shape_count = jsonb_array_length(shapes)", migrations.RunSQL.noop
        ),
    ]
