#!/usr/bin/env bash
# Puts a real Asterisk (20 or newer) and sipp on this machine for the tests; does nothing when they are there.
# Asterisk comes from IVR_ASTERISK_ROOT, else from the machine itself, else from its packages (Ubuntu 24.04 and later),
# else, on Debian, from Debian's unstable suite into build/asterisk-root, a folder of its own beside the machine.
set -euo pipefail
cd "$(dirname "$0")/../.."
readonly OLDEST=20 ROOT=build/asterisk-root
readonly PACKAGES=asterisk,asterisk-modules,asterisk-core-sounds-en-gsm,asterisk-core-sounds-it-gsm,ca-certificates

fail() { echo "$*" >&2; exit 2; }

# The major version in a text such as "Asterisk 22.10.1" or "1:22.10.1~dfsg"; 0 when there is none.
major() { sed -nE 's/^(Asterisk (certified\/)?|[0-9]+:)?([0-9]+)\..*/\3/p' | head -n1 | grep . || echo 0; }

asterisk_in() { # FOLDER: is there a new enough Asterisk in it?
    local run=(chroot "$1" asterisk -V)
    [ "$1" = / ] && run=(asterisk -V)
    [ "$( ("${run[@]}" 2>/dev/null || true) | major)" -ge "$OLDEST" ]
}

need_root() {
    command -v apt-get >/dev/null || fail "$1 is missing, and there is no apt-get to install it with: install it by hand"
    [ "$(id -u)" = 0 ] || fail "$1 is missing, and only root can install it: run 'sudo bash tests/asterisk/install.sh'"
}

apt_install() { # PACKAGE...; services are not started: the tests run an Asterisk of their own
    local policy=/usr/sbin/policy-rc.d own=no
    [ -e "$policy" ] || { own=yes; printf '#!/bin/sh\nexit 101\n' >"$policy"; chmod +x "$policy"; }
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null || {
        [ $own = yes ] && rm -f "$policy"
        fail "apt-get could not install: $*"
    }
    [ $own = yes ] && rm -f "$policy"
    return 0
}

apt_version() { (apt-cache policy "$1" 2>/dev/null || true) | sed -n 's/^ *Candidate: //p' | major; }

debian_mirror() { # the archive apt itself uses, security updates aside
    apt-get indextargets --format '$(ORIGIN) $(LABEL) $(REPO_URI)' | awk '$1 == "Debian" && $2 == "Debian" { print $3; exit }'
}

build_root() { # a Debian unstable with Asterisk, moved to its place only when it is complete
    local mirror proxy=
    mirror=$(debian_mirror)
    [ -n "$mirror" ] || fail "no Asterisk $OLDEST can be had here: apt has neither the package nor a Debian archive to build one from"
    command -v debootstrap >/dev/null || apt_install debootstrap
    eval "$(apt-config shell proxy Acquire::http::Proxy)"
    [ -z "$proxy" ] || export http_proxy=$proxy
    mkdir -p build
    rm -rf "$ROOT.new"
    echo "building Debian's Asterisk in $ROOT (about a minute, half a gigabyte)"
    timeout 1800 debootstrap --variant=minbase --include="$PACKAGES" sid "$ROOT.new" "$mirror" >"$ROOT.log" 2>&1 || {
        tail -n 5 "$ROOT.log" >&2
        fail "debootstrap failed; the whole story is in $ROOT.log"
    }
    rm -rf "$ROOT"
    mv "$ROOT.new" "$ROOT"
}

if ! command -v sipp >/dev/null; then
    need_root "sipp (package sip-tester)"
    apt-get update -qq
    apt_install sip-tester
fi

if [ -n "${IVR_ASTERISK_ROOT:-}" ]; then
    asterisk_in "$IVR_ASTERISK_ROOT" || fail "IVR_ASTERISK_ROOT=$IVR_ASTERISK_ROOT holds no Asterisk $OLDEST or newer that can be run"
elif ! asterisk_in / && ! asterisk_in "$ROOT"; then
    need_root "Asterisk $OLDEST or newer"
    apt-get update -qq
    if [ "$(apt_version asterisk)" -ge "$OLDEST" ]; then
        apt_install asterisk asterisk-modules asterisk-core-sounds-en-gsm asterisk-core-sounds-it-gsm
    else
        build_root
    fi
fi
echo "Asterisk and sipp are there"
