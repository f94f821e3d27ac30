"""The child process that decodes files from outside: `python -m projects.inspector`, one JSON request a line.

It runs with a memory limit, a time limit for each file, no secrets in its environment, and touches
nothing but the file it is given and the folder it is told to write to. It knows no Django.
"""

from __future__ import annotations

import resource
import select
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import av
import numpy as np
import orjson

from projects import pictures, videos

MEMORY_BYTES = 4 * 2**30
FILE_BYTES = 2 * 2**30
IDLE_SECONDS = 60.0


def inspect(request: dict[str, Any]) -> dict[str, Any]:
    """What `request` {kind, path, decoder, folder, max_pixels} asks to know of a file, ready for JSON."""
    source, folder = Path(request["path"]), Path(request["folder"])
    if request["kind"] == "image":
        return vars(pictures.take_in(source, request["decoder"], folder, request["max_pixels"]))
    index, frame = videos.index_frames(source, request["decoder"], request["max_pixels"])
    pixels = videos.to_pixels(frame)
    return {
        "width": pixels.shape[1],
        "height": pixels.shape[0],
        "thumbnail": pictures.thumbnail_of(pixels, folder),
        "upright": "",
        "notes": [],
        "pts": index.pts,
        "marks": index.marks,
        "keys": index.keys,
        "mark": index.mark,
        "time_base": [index.time_base.numerator, index.time_base.denominator],
        "fps": index.fps,
        "codec": index.codec,
    }


def answer(line: bytes) -> bytes:
    request = orjson.loads(line)
    _limit_time(request["seconds"])
    try:
        found: dict[str, Any] = {"found": inspect(request)}
    except pictures.Refused as refused:
        found = {"refused": [refused.code, refused.detail]}
    except MemoryError:
        found = {"refused": ["too-costly", "Decoding the file takes more memory than one file may use. Scale it down."]}
    except Exception as error:  # a decoder's surprise: this file is refused, the next one is not
        found = {"refused": ["broken", f"The file cannot be decoded ({type(error).__name__}). Save it in another way."]}
    return orjson.dumps(found, option=orjson.OPT_SERIALIZE_NUMPY)


def _limit_time(seconds: int) -> None:
    """Let the kernel stop this process after that much more CPU time."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime) + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    av.logging.set_level(av.logging.PANIC)
    np.seterr(all="ignore")
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    with suppress(BrokenPipeError):
        while select.select([requests], [], [], IDLE_SECONDS)[0]:
            line = requests.readline()
            if not line:
                return
            answers.write(answer(line) + b"\n")
            answers.flush()


if __name__ == "__main__":
    main()
