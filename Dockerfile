# One image for every process of Frameloop; docker-compose.yml gives each its command.
FROM python:3.12-slim-bookworm

# OpenCV's two libraries, and fonts for labels drawn on video.
RUN apt-get update \
    && apt-get install -y --no-install-recommends libgl1 libglib2.0-0 fonts-dejavu-core \
    && rm -rf /var/lib/apt/lists/*

RUN useradd --system --create-home --uid 10001 frameloop \
    && mkdir /data && chown frameloop:frameloop /data
WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY . .

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 FRAMELOOP_DATA=/data
USER frameloop
VOLUME /data
EXPOSE 8000
