from django.urls import path

from projects.consumers import ProjectSocket

websocket_urls = [path("ws/projects/<uuid:project_id>/", ProjectSocket.as_asgi())]
