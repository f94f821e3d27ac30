from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0007_notices_and_detection_ids"),
    ]

    operations = [
        migrations.AddField(
            model_name="video",
            name="packets",
            field=models.FileField(
                blank=True, help_text="Where each frame's packet lies in the copy.", max_length=255, upload_to=""
            ),
        ),
        migrations.AddField(
            model_name="video",
            name="playback_attempts",
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="video",
            name="playback_error",
            field=models.CharField(blank=True, max_length=300),
        ),
        migrations.AddField(
            model_name="video",
            name="playback_progress",
            field=models.FloatField(default=0, help_text="Share of the frames that is done, 0 to 1."),
        ),
        migrations.AddField(
            model_name="video",
            name="playback_state",
            field=models.CharField(
                choices=[
                    ("none", "Not asked for"),
                    ("queued", "Queued"),
                    ("making", "Being made"),
                    ("ready", "Ready"),
                    ("failed", "Failed"),
                ],
                default="none",
                max_length=6,
            ),
        ),
        migrations.AddField(
            model_name="video",
            name="playback_touched",
            field=models.DateTimeField(blank=True, help_text="The last sign of life of its maker.", null=True),
        ),
        migrations.AlterField(
            model_name="video",
            name="proxy",
            field=models.FileField(
                blank=True,
                help_text="H.264 copy that browsers can decode; none where the original can be.",
                max_length=255,
                upload_to="",
            ),
        ),
        migrations.AlterField(
            model_name="video",
            name="proxy_index",
            field=models.JSONField(
                blank=True, help_text="What a decoder must know before the first packet.", null=True
            ),
        ),
    ]
