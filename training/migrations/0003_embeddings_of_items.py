"""Points that stand for how pictures look, and the index that finds near ones."""

import django.db.models.deletion
import django.utils.timezone
import pgvector.django
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0012_how_pictures_look"),
        ("training", "0002_versions_with_recipes"),
    ]

    operations = [
        pgvector.django.VectorExtension(),
        migrations.CreateModel(
            name="ItemEmbedding",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        help_text='"look", or "model:<id>" for the features of a trained model.', max_length=60
                    ),
                ),
                ("vector", pgvector.django.VectorField(dimensions=256, help_text="Of length 1.")),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="embeddings", to="projects.item"
                    ),
                ),
            ],
            options={
                "indexes": [
                    pgvector.django.HnswIndex(
                        fields=["vector"], name="embeddings_near", opclasses=("vector_cosine_ops",)
                    )
                ],
                "constraints": [models.UniqueConstraint(fields=("item", "kind"), name="one_embedding_a_kind")],
            },
        ),
    ]
