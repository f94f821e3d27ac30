"""`python -m config.alive NAME`: exit status 0 if that process gave a sign of life within 15 s.

For container health checks, which run every few seconds: it loads no Django.
"""

from __future__ import annotations

import os
import sys

import redis


def main(name: str) -> int:
    with redis.Redis.from_url(os.environ["REDIS_URL"], socket_timeout=5) as client:
        return 0 if client.exists(f"alive:{name}") else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
