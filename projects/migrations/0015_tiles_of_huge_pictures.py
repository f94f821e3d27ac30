from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0014_watches"),
    ]

    operations = [
        migrations.AddField(
            model_name="asset",
            name="preview",
            field=models.FileField(
                blank=True, help_text="Of a huge picture: at most 1600 pixels a side.", max_length=255, upload_to=""
            ),
        ),
        migrations.AddField(
            model_name="asset",
            name="tiles",
            field=models.FileField(
                blank=True, help_text="Of a huge picture: see `projects.tiles`.", max_length=255, upload_to=""
            ),
        ),
    ]
