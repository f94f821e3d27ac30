import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import projects.ids

STATES = [
    ("to-do", "To do"),
    ("in-progress", "In progress"),
    ("in-review", "In review"),
    ("approved", "Approved"),
    ("sent-back", "Sent back"),
]


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0008_playback"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="item", name="one_item_a_path"),
        migrations.AddField(
            model_name="item",
            name="ground_truth",
            field=models.BooleanField(default=False, help_text="Its labels are the truth that people are scored by."),
        ),
        migrations.AddField(
            model_name="item",
            name="replica_for",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="blind_copies",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="item",
            name="replica_of",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="replicas",
                to="projects.item",
            ),
        ),
        migrations.AddConstraint(
            model_name="item",
            constraint=models.UniqueConstraint(
                condition=models.Q(("replica_of__isnull", True)), fields=("project", "path"), name="one_item_a_path"
            ),
        ),
        migrations.AddConstraint(
            model_name="item",
            constraint=models.UniqueConstraint(fields=("replica_of", "replica_for"), name="one_blind_copy_a_person"),
        ),
        migrations.CreateModel(
            name="StateChange",
            fields=[
                ("id", models.UUIDField(default=projects.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("before", models.CharField(choices=STATES, max_length=12)),
                ("after", models.CharField(choices=STATES, max_length=12)),
                ("reason", models.TextField(blank=True, max_length=1000)),
                ("rev", models.PositiveBigIntegerField(help_text="The item's revision at that moment.")),
                ("at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="state_changes", to="projects.item"
                    ),
                ),
            ],
            options={
                "ordering": ("at", "id"),
                "indexes": [models.Index(fields=["item", "at"], name="state_changes_of_item")],
            },
        ),
    ]
