from django.apps import AppConfig


class StreamingConfig(AppConfig):
    name = "streaming"

    def ready(self) -> None:
        from streaming.follow import follow
        from training.registry import model_registered

        model_registered.connect(follow, dispatch_uid="pipelines follow models")
