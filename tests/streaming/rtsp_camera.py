"""An RTSP camera for tests: one H.264 stream over interleaved TCP, which can die, stall and come back."""

from __future__ import annotations

import base64
import re
import socketserver
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

from projects.conveyor import Conveyor
from streaming.encoder import Encoder

FPS = 10
LARGEST_PAYLOAD = 1200
PAYLOAD_TYPE = 96


def nal_units(access_unit: bytes) -> list[bytes]:
    """The NAL units of an access unit in Annex B form."""
    return [unit for unit in re.split(rb"\x00{2,3}\x01", access_unit) if unit]


def payloads(access_unit: bytes) -> Iterator[tuple[bytes, bool]]:
    """RTP payloads (RFC 6184: single units and FU-A) and whether each is the last of the picture."""
    units = nal_units(access_unit)
    for n, unit in enumerate(units):
        last = n == len(units) - 1
        if len(unit) <= LARGEST_PAYLOAD:
            yield unit, last
            continue
        head, body = unit[0], unit[1:]
        parts = [body[at : at + LARGEST_PAYLOAD] for at in range(0, len(body), LARGEST_PAYLOAD)]
        for m, part in enumerate(parts):
            flags = (0x80 if m == 0 else 0) | (0x40 if m == len(parts) - 1 else 0)
            yield bytes([head & 0xE0 | 28, flags | head & 0x1F]) + part, last and m == len(parts) - 1


def encoded(count: int) -> list[bytes]:
    """A second of the conveyor, each picture one access unit, the first a key frame."""
    scene, encoder = Conveyor(seed=3, width=320, height=180), Encoder(320, 180)
    return [
        b"".join(unit.data for unit in encoder.encode(scene.frame(5 * n)[0], n * 90_000 // FPS, key=n == 0))
        for n in range(count)
    ]


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    camera: RtspCameraServer


class _Session(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        self.playing = threading.Event()
        self.writing = threading.Lock()
        with suppress(OSError):
            while request := self._request():
                if not self._answer(*request):
                    return

    def finish(self) -> None:
        self.playing.clear()
        with suppress(OSError):
            super().finish()

    def _request(self) -> tuple[str, str, dict[str, str]] | None:
        line = self.rfile.readline()
        while line[:1] == b"$":  # the player's own reports, between requests
            rest = struct.unpack("!H", line[2:4])[0] + 4 - len(line)
            line = self.rfile.readline() if rest <= 0 else (self.rfile.read(rest) and self.rfile.readline())
        if not line:
            return None
        method, url, _ = line.decode().split(" ", 2)
        headers = {}
        while header := self.rfile.readline().decode().strip():
            name, _, value = header.partition(":")
            headers[name.lower()] = value.strip()
        return method, url, headers

    def _answer(self, method: str, url: str, headers: dict[str, str]) -> bool:
        camera = self.server.camera
        camera.asked.append(method)
        if camera.login and headers.get("authorization") != camera.login:
            self._say(headers, "401 Unauthorized", 'WWW-Authenticate: Basic realm="camera"')
        elif method == "OPTIONS":
            self._say(headers, "200 OK", "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN")
        elif not url.split("?")[0].rstrip("/").endswith(("/live", "/live/track")):
            self._say(headers, "404 Not Found")
        elif method == "DESCRIBE":
            self._say(headers, "200 OK", "Content-Type: application/sdp", f"Content-Base: {url}/", body=camera.sdp)
        elif method == "SETUP":
            self._say(headers, "200 OK", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1", "Session: 12345678")
        elif method == "PLAY":
            self._say(headers, "200 OK", "Session: 12345678")
            self.playing.set()
            threading.Thread(target=self._play, daemon=True).start()
        else:
            self._say(headers, "200 OK", "Session: 12345678")
        return method != "TEARDOWN"

    def _say(self, headers: dict[str, str], status: str, *lines: str, body: str = "") -> None:
        head = [f"RTSP/1.0 {status}", f"CSeq: {headers.get('cseq', '0')}", *lines, f"Content-Length: {len(body)}"]
        with self.writing:
            self.wfile.write(("\r\n".join(head) + "\r\n\r\n" + body).encode())

    def _play(self) -> None:
        camera, sequence, n = self.server.camera, 0, 0
        with suppress(OSError, ValueError):
            while self.playing.is_set():
                if camera.mode == "die":
                    self.connection.shutdown(2)
                    return
                if camera.mode == "play":
                    for payload, last in payloads(camera.pictures[n % len(camera.pictures)]):
                        self._send(payload, last, sequence, n * 90_000 // FPS)
                        sequence += 1
                    n += 1
                time.sleep(1 / FPS)

    def _send(self, payload: bytes, last: bool, sequence: int, timestamp: int) -> None:
        kind = PAYLOAD_TYPE | (0x80 if last else 0)
        packet = struct.pack("!BBHII", 0x80, kind, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, 0x12345678) + payload
        with self.writing:
            self.wfile.write(struct.pack("!cBH", b"$", 0, len(packet)) + packet)


class RtspCameraServer:
    """`mode` is what it does now: play, stall (keeps connections, sends nothing) or die (ends them)."""

    def __init__(self, port: int = 0, login: str = "") -> None:
        self.mode = "play"
        self.login = "Basic " + base64.b64encode(login.encode()).decode() if login else ""
        self.asked: list[str] = []
        self.pictures = encoded(FPS)
        self.sdp = "\r\n".join(
            (
                "v=0",
                "o=- 1 1 IN IP4 127.0.0.1",
                "s=Belt",
                "c=IN IP4 0.0.0.0",
                "t=0 0",
                f"m=video 0 RTP/AVP {PAYLOAD_TYPE}",
                f"a=rtpmap:{PAYLOAD_TYPE} H264/90000",
                f"a=fmtp:{PAYLOAD_TYPE} packetization-mode=1",
                "a=control:track",
                "",
            )
        )
        self.server = _Server(("127.0.0.1", port), _Session)
        self.server.camera = self
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"rtsp://127.0.0.1:{self.port}/live"

    def close(self) -> None:
        """Die as a camera does that loses its power: no connection is left, and no new one is taken."""
        self.mode = "die"
        self.server.shutdown()
        self.server.server_close()
