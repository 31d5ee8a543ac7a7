# syntax=docker/dockerfile:1
# One image for every process of every service; the arguments choose which. It holds the runtime's dependencies alone:
# no embedded PostgreSQL, Kafka or Java, no test tools, no compiler.
# tests/deploy/test_image.py runs the lines of the build stage as they stand here.
ARG PYTHON_VERSION=3.13

FROM python:${PYTHON_VERSION}-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 UV_NO_CACHE=1 UV_LINK_MODE=copy
WORKDIR /build
# Dependencies first: they change seldom, so their layer is made seldom.
COPY requirements requirements
RUN python3 -m venv /opt/tools \
    && /opt/tools/bin/python -m pip install --quiet --require-hashes --requirement requirements/bootstrap.lock
RUN /opt/tools/bin/uv venv --quiet --no-python-downloads --python python3 /opt/plodnee \
    && /opt/tools/bin/uv pip install --quiet --python /opt/plodnee/bin/python --require-hashes \
        --only-binary :all: --compile-bytecode --requirement requirements/runtime.lock
COPY pyproject.toml README.md LICENSE ./
COPY demo demo
COPY shared shared
COPY services services
# The build backend comes by hash too: it is among the packages of demo.lock.
RUN /opt/tools/bin/uv build --quiet --no-python-downloads --python /opt/plodnee/bin/python --wheel --out-dir dist \
        --require-hashes --build-constraints requirements/demo.lock . \
    && /opt/tools/bin/uv pip install --quiet --python /opt/plodnee/bin/python --no-deps --compile-bytecode dist/*.whl

FROM python:${PYTHON_VERSION}-slim-bookworm
LABEL org.opencontainers.image.title="plodnee" \
      org.opencontainers.image.licenses="Apache-2.0"
# The root file system may be read-only: bytecode is compiled already, and what must be written goes to /tmp.
ENV PATH=/opt/plodnee/bin:$PATH HOME=/tmp PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
RUN groupadd --system --gid 10001 plodnee \
    && useradd --system --uid 10001 --gid plodnee --home-dir /tmp --no-create-home --shell /usr/sbin/nologin plodnee
COPY --from=build /opt/plodnee /opt/plodnee
USER 10001:10001
WORKDIR /tmp
# 8000: the API of `plodnee api`; 9100: the metrics of `plodnee worker --metrics-port 9100`.
EXPOSE 8000 9100
STOPSIGNAL SIGTERM
ENTRYPOINT ["plodnee"]
CMD ["--help"]
