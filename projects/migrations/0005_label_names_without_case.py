from typing import Any

from django.db import migrations, models
from django.db.models.functions import Lower


def number_twins(apps: Any, schema_editor: Any) -> None:
    """Of labels whose names differ by case only the first keeps its name; the others become `car (2)`, ..."""
    Label = apps.get_model("projects", "Label")
    taken: set[tuple[Any, str]] = set()
    for pk, project, name in Label.objects.order_by("project", "ordinal", "id").values_list("pk", "project", "name"):
        wanted, n = name, 1
        while (project, wanted.lower()) in taken:
            n += 1
            wanted = f"{name[:112]} ({n})"
        taken.add((project, wanted.lower()))
        if wanted != name:
            Label.objects.filter(pk=pk).update(name=wanted)


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0004_tokens_have_ids"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="label", name="one_label_a_name"),
        migrations.RunPython(number_twins, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="label",
            constraint=models.UniqueConstraint("project", Lower("name"), name="one_label_a_name"),
        ),
    ]
