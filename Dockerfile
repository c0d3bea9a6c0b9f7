# One image for every process; the command decides which (see compose.yaml).
# All packages come as wheels for amd64 and arm64, but for one of plain Python: nothing is compiled.
FROM python:3.11-slim-bookworm AS packages
COPY requirements.txt constraints.txt /tmp/
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --only-binary :all: --no-binary crontab \
        -r /tmp/requirements.txt

FROM python:3.11-slim-bookworm
RUN useradd --uid 10001 --no-create-home --home-dir /app --shell /usr/sbin/nologin audiospective \
    && install -d -o audiospective -g audiospective -m 0700 /var/lib/audiospective
COPY --from=packages /opt/venv /opt/venv
WORKDIR /app
COPY Procfile gunicorn.conf.py scheduler.py worker.py ./
COPY static static
COPY templates templates
COPY audiospective audiospective
RUN /opt/venv/bin/python -m compileall -q audiospective
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PORT=8000 \
    AUDIOSPECTIVE_HOME=/var/lib/audiospective
USER audiospective
VOLUME /var/lib/audiospective
EXPOSE 8000
# Of the pages; processes without pages turn it off.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import os, urllib.request as web; web.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"] or 8000}/healthz', timeout=4)"]
# Where `.env` says `PORT=` and nothing more, gunicorn would listen on the loopback of the container.
CMD ["sh", "-c", "export PORT=${PORT:-8000}; exec python -m audiospective.web --graceful-timeout 20"]
