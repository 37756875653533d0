#!/usr/bin/env bash
# Puts Chromium on this machine for the console's tests; does nothing when it is there.
set -euo pipefail

fail() { echo "$*" >&2; exit 2; }

if ! command -v chromium >/dev/null; then
    command -v apt-get >/dev/null || fail "Chromium is missing, and there is no apt-get to install it with: install it by hand"
    [ "$(id -u)" = 0 ] || fail "Chromium is missing, and only root can install it: run 'sudo bash tests/console/install.sh'"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null || fail "apt-get could not install: chromium"
fi
echo "Chromium is there"
