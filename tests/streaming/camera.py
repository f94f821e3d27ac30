"""A camera for tests: multipart JPEG (/live) or MPEG-TS (/ts) over HTTP, which can die, stall and come back."""

from __future__ import annotations

import itertools
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import av

from projects.conveyor import Conveyor
from streaming.encoder import jpeg


class Camera:
    """`mode` is what it does now: play, die (ends streams, refuses new ones), stall, or page (sends HTML)."""

    def __init__(self, port: int = 0, login: str = "") -> None:
        self.mode, self.login = "play", login
        scene = Conveyor(seed=3, width=320, height=180)
        self.pictures = [jpeg(scene.frame(n)[0]) for n in range(0, 50, 5)]
        camera = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                camera.serve(self)

            def log_message(self, *args: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/live"

    def serve(self, request: BaseHTTPRequestHandler) -> None:
        if self.login and request.headers.get("Authorization") != self.login:
            request.send_error(401)
        elif request.path == "/ts":
            self._transport_stream(request)
        elif request.path != "/live":
            request.send_error(404)
        elif self.mode == "page":
            request.send_response(200)
            request.send_header("Content-Type", "text/html")
            request.end_headers()
        elif self.mode != "die":
            self._stream(request)

    def _stream(self, request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Type", "multipart/x-mixed-replace; boundary=picture")
        request.end_headers()
        n = 0
        try:
            while self.mode != "die":
                if self.mode == "play":
                    data = self.pictures[n % len(self.pictures)]
                    head = f"--picture\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
                    request.wfile.write(head.encode() + data + b"\r\n")
                    n += 1
                time.sleep(0.1)
        except OSError:
            return

    def _transport_stream(self, request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Type", "video/mp2t")
        request.end_headers()
        scene = Conveyor(seed=3, width=320, height=180)
        with suppress(OSError, av.error.PyAVCallbackError), av.open(request.wfile, "w", format="mpegts") as container:
            stream = container.add_stream("libx264", rate=10, options={"tune": "zerolatency"})
            stream.width, stream.height, stream.pix_fmt, stream.gop_size = 320, 180, "yuv420p", 10
            for n in itertools.count():
                if self.mode == "die":
                    return
                frame = av.VideoFrame.from_ndarray(scene.frame(n % 10 * 5)[0], format="rgb24")
                container.mux(stream.encode(frame))
                time.sleep(0.1)

    def close(self) -> None:
        self.mode = "die"
        self.server.shutdown()
        self.server.server_close()
