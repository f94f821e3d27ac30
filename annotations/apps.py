from django.apps import AppConfig


class AnnotationsConfig(AppConfig):
    name = "annotations"

    def ready(self) -> None:
        from annotations.work import review
        from projects.states import state_changed

        state_changed.connect(review.follow, dispatch_uid="annotations.work.review")
