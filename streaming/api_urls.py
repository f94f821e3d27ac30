"""The REST interface of sources, pipelines and captures, under /api/v1/."""

from django.urls import URLPattern, path

from streaming import api

_PIPELINE = "pipelines/<uuid:pipeline_id>"

urlpatterns: list[URLPattern] = [
    path("projects/<uuid:project_id>/sources", api.Sources.as_view()),
    path("sources/<uuid:source_id>", api.OneSource.as_view()),
    path("projects/<uuid:project_id>/pipelines", api.Pipelines.as_view()),
    path(_PIPELINE, api.OnePipeline.as_view()),
    path(f"{_PIPELINE}/start", api.StartPipeline.as_view()),
    path(f"{_PIPELINE}/stop", api.StopPipeline.as_view()),
    path(f"{_PIPELINE}/metrics", api.PipelineMetrics.as_view()),
    path(f"{_PIPELINE}/captures", api.Captures.as_view()),
]
