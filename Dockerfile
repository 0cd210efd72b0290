FROM python:3.11-slim AS build
WORKDIR /app
RUN python -m venv /venv
COPY requirements.lock ./
RUN /venv/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY pyproject.toml LICENSE ./
COPY app/__init__.py app/
RUN /venv/bin/pip install --no-cache-dir --no-deps --no-build-isolation -e .

FROM python:3.11-slim
WORKDIR /app
RUN useradd --system --uid 10001 whichrig && install -d -o whichrig /data
COPY --from=build /venv /venv
COPY migrations migrations
COPY docs docs
COPY static static
COPY templates templates
COPY app app
USER whichrig
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    WHICHRIG_HOST=0.0.0.0 \
    WHICHRIG_DATABASE_URL=sqlite:////data/whichrig.db
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=3s --start-period=20s \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ.get('WHICHRIG_PORT', '8000') + '/healthz', timeout=2)"]
CMD ["whichrig", "serve"]
