from django.urls import path

from projects.consumers import PersonSocket, ProjectSocket

websocket_urls = [
    path("ws/projects/<uuid:project_id>/", ProjectSocket.as_asgi()),
    path("ws/notices/", PersonSocket.as_asgi()),
]
