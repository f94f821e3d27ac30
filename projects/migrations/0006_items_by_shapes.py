from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0005_label_names_without_case"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="item",
            index=models.Index(fields=["project", "annotation_count", "id"], name="items_by_shapes"),
        ),
    ]
