from django.apps import AppConfig


class TrainingConfig(AppConfig):
    name = "training"

    def ready(self) -> None:
        from projects import search
        from training.datasets import content  # noqa: F401 - it brings versions to the exports
        from training.similar import finding

        search.register_likeness(finding.likeness)
