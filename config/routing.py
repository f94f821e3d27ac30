"""Every WebSocket of the application."""

from importlib import import_module
from importlib.util import find_spec

from django.urls import URLPattern

websocket_urls: list[URLPattern] = []
for app in ("projects", "annotations", "streaming"):
    if find_spec(f"{app}.routing"):
        websocket_urls += import_module(f"{app}.routing").websocket_urls
