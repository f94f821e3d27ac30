from django.urls import path

from streaming.consumers import PipelineSocket

websocket_urls = [path("ws/pipelines/<uuid:pipeline_id>/", PipelineSocket.as_asgi())]
