#!/usr/bin/env bash
# Puts a Chromium on this machine for the console's tests; does nothing when there is one.
set -euo pipefail
command -v chromium >/dev/null && { echo "Chromium is there"; exit 0; }
command -v apt-get >/dev/null || { echo "Chromium is missing, and there is no apt-get to install it with: install it by hand" >&2; exit 2; }
[ "$(id -u)" = 0 ] || { echo "Chromium is missing, and only root can install it: run 'sudo bash tests/console/install.sh'" >&2; exit 2; }
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null
echo "Chromium is there"
