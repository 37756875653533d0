#!/usr/bin/env bash
# Builds the load and installs the peers, in build/bench; a peer that cannot be had is left out, and said.
set -euo pipefail
cd "$(dirname "$0")/../.."
mkdir -p build/bench
command -v cc >/dev/null || { echo "a C compiler is missing: install gcc" >&2; exit 2; }
[ build/bench/load -nt benchmarks/wire/load.c ] || cc -O2 -o build/bench/load benchmarks/wire/load.c -lm
[ -x build/bench/venv/bin/python ] || python3 -m venv build/bench/venv
for peer in panoramisk pyst2 uvloop; do
    build/bench/venv/bin/python -c "import importlib.metadata as m; m.version('$peer')" 2>/dev/null ||
        build/bench/venv/bin/pip install --quiet "$peer" 2>/dev/null || echo "left out: $peer"
done
[ -d build/bench/node_modules/ding-dong ] || { command -v npm >/dev/null && npm install --silent --prefix build/bench ding-dong >/dev/null 2>&1; } || echo "left out: ding-dong"
