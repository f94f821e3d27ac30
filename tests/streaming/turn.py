"""The first steps of a TURN server for tests: it asks for a login and notes who showed a right one."""

from __future__ import annotations

import hashlib
import socket
import threading

from aioice import stun

REALM = "frameloop.example"


class TurnServer:
    """`logins` are user names whose message was signed with the password that the shared secret makes of them."""

    def __init__(self, password_of) -> None:
        self.password_of = password_of
        self.logins: list[str] = []
        self.forged: list[str] = []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.url = f"turn:127.0.0.1:{self.socket.getsockname()[1]}?transport=udp"
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        while True:
            data, sender = self.socket.recvfrom(2048)
            if data == b"end":
                return
            request = stun.parse_message(data)
            self.socket.sendto(bytes(self._answer(request)), sender)

    def _answer(self, request: stun.Message) -> stun.Message:
        answer = stun.Message(request.message_method, stun.Class.ERROR, request.transaction_id)
        username = request.attributes.get("USERNAME")
        if username is None:
            answer.attributes |= {"ERROR-CODE": (401, "Unauthorized"), "REALM": REALM, "NONCE": b"one"}
            return answer
        key = hashlib.md5(f"{username}:{REALM}:{self.password_of(username)}".encode()).digest()
        (self.logins if request.check_message_integrity(key) else self.forged).append(username)
        answer.attributes["ERROR-CODE"] = (486, "Allocation Quota Reached")
        return answer

    def close(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"end", self.socket.getsockname())
        self.thread.join(5)
        self.socket.close()
