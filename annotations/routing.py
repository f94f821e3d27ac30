"""The socket of an item."""

from django.urls import URLPattern, path

from annotations.consumers import ItemSocket

websocket_urls: list[URLPattern] = [path("ws/items/<uuid:item_id>/", ItemSocket.as_asgi())]
