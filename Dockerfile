# One image for every process of the venue; docker-compose.yml and cli/processes.py say which command is which.
FROM python:3.11-slim-bookworm AS build
WORKDIR /app
COPY LICENSE README.md pyproject.toml requirements.lock ./
COPY tools tools
COPY sdk sdk
COPY contracts contracts
RUN python -m tools.bootstrap
# The bootstrap's own folder has the tools of development too; an image needs the programs alone.
RUN .tools/uv/bin/uv venv --quiet --python python /venv \
    && .tools/uv/bin/uv pip install --quiet --python /venv --compile-bytecode \
    --constraint requirements.lock --build-constraint requirements.lock --editable sdk --editable .
# What programs read of the contracts' packages: Uniswap's builds, Multicall3, and anvil.
RUN mkdir /built && cp -a --parents -t /built contracts/out contracts/out-permit2 \
    contracts/node_modules/.bin/anvil contracts/node_modules/@foundry-rs/anvil-linux-amd64 contracts/node_modules/@uniswap/v[23]-* \
    contracts/node_modules/viem/constants

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /data intendly \
    && install --directory --owner=intendly --mode=0700 /data /deployment /keys /receipts
WORKDIR /app
COPY --from=build /venv /venv
COPY --from=build /built .
COPY . .
ENV PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    DATA_DIR=/data
USER 10001
CMD ["intendly", "--help"]
