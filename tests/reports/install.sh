#!/usr/bin/env bash
# Puts pdftotext on this machine for the reports' tests; does nothing when it is there.
set -euo pipefail

fail() { echo "$*" >&2; exit 2; }

if ! command -v pdftotext >/dev/null; then
    command -v apt-get >/dev/null || fail "pdftotext is missing, and there is no apt-get to install it with: install poppler-utils by hand"
    [ "$(id -u)" = 0 ] || fail "pdftotext is missing, and only root can install it: run 'sudo bash tests/reports/install.sh'"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends poppler-utils >/dev/null || fail "apt-get could not install: poppler-utils"
fi
echo "pdftotext is there"
