# Two images from one file: `--target directus` is Directus with our extension, `--target sidecar` runs everything of ours.
# Used by docker-compose.yml. Directus' version is the one in directus-schema/server/package.json; a test compares them.

FROM node:22-alpine AS extension
WORKDIR /extension
COPY directus-extension/package.json directus-extension/package-lock.json directus-extension/.npmrc ./
RUN npm ci
COPY directus-extension ./
RUN npm run build

FROM directus/directus:12.4.0 AS directus
COPY --from=extension --chown=node:node /extension/package.json extensions/directus-extension-artifacts/package.json
COPY --from=extension --chown=node:node /extension/dist extensions/directus-extension-artifacts/dist

FROM python:3.13-slim AS sidecar
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=/app
WORKDIR /app
COPY sidecar/requirements.txt sidecar/requirements.txt
RUN pip install --no-cache-dir --require-hashes -r sidecar/requirements.txt
COPY directus-schema directus-schema
COPY flows flows
COPY migrations migrations
COPY sidecar sidecar
RUN printf '#!/bin/sh\nexec python -m sidecar.cli "$@"\n' > /usr/local/bin/artifacts \
    && chmod 755 /usr/local/bin/artifacts \
    && useradd --system artifacts
USER artifacts
EXPOSE 8090
CMD ["gunicorn", "-c", "python:sidecar.gunicorn_conf", "sidecar.wsgi:app"]
