from django.apps import AppConfig


class AnnotationsConfig(AppConfig):
    name = "annotations"

    def ready(self) -> None:
        from annotations.search import finding
        from annotations.work import review
        from projects import search
        from projects.states import state_changed

        search.register(finding.find)
        state_changed.connect(review.follow, dispatch_uid="annotations.work.review")
