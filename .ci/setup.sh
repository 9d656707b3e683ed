#!/usr/bin/env bash
# Installs missing packages for building and running docmill: Debian's cmake, libclang,
# a C++ compiler and ccache, and PDFium's shared library from the PyPI wheel
# `pypdfium2`. It can be run again.
set -euo pipefail

# PDFium build 8149. The wheel's SHA-256, as PyPI publishes it.
PYPDFIUM2=5.15.2
case "$(uname -m)" in
x86_64) WHEEL_SHA256=dc31aea5b0fb9fefc9b537a65f4113980b2c40798445736a7e6565bc85161e37 ;;
aarch64) WHEEL_SHA256=dd46e93c0c3a73f6cea8489baff6d77a5d0759dd53fbbce0aeb49c91830176fc ;;
*) echo "setup: no PDFium is known for $(uname -m): build it and set DOCMILL_PDFIUM" >&2; exit 1 ;;
esac
LIB_DIR=${XDG_DATA_HOME:-$HOME/.local/share}/docmill/lib

say() { printf 'setup: %s\n' "$*"; }

# libclang-cpp.so, which comes with other packages, is another library.
has_libclang() {
    [ -n "${LIBCLANG_PATH:-}" ] || compgen -G '/usr/lib/llvm-*/lib/libclang.so*' >/dev/null ||
        compgen -G '/usr/lib/llvm-*/lib/libclang-[0-9]*.so*' >/dev/null
}

install_packages() {
    local missing=()
    command -v cmake >/dev/null || missing+=(cmake)
    command -v c++ >/dev/null || missing+=(g++)
    command -v make >/dev/null || missing+=(make)
    command -v ccache >/dev/null || missing+=(ccache)
    command -v python3 >/dev/null || missing+=(python3)
    python3 -m pip --version >/dev/null 2>&1 || missing+=(python3-pip)
    has_libclang || missing+=(libclang-dev)
    [ ${#missing[@]} -gt 0 ] || return 0
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || { say "install these packages as root, then run again: ${missing[*]}" >&2; exit 1; }
        as_root=(sudo)
    fi
    command -v apt-get >/dev/null || { say "install these with your package manager, then run again: ${missing[*]}" >&2; exit 1; }
    say "installing ${missing[*]}"
    "${as_root[@]}" apt-get update -qq
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq -o DPkg::Lock::Timeout=300 --no-install-recommends "${missing[@]}" >/dev/null
}

install_pdfium() {
    [ "$(cat "$LIB_DIR/pdfium.sha256" 2>/dev/null || true)" != "$WHEEL_SHA256" ] || [ ! -f "$LIB_DIR/libpdfium.so" ] || return 0
    # Not `local`: the trap runs after the function has returned.
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    say "fetching PDFium (pypdfium2 $PYPDFIUM2)"
    python3 -m pip download --quiet --no-deps --only-binary=:all: --dest "$work" "pypdfium2==$PYPDFIUM2"
    local wheel
    wheel=$(echo "$work"/pypdfium2-*.whl)
    echo "$WHEEL_SHA256  $wheel" | sha256sum --check --quiet -
    python3 -m zipfile -e "$wheel" "$work"
    mkdir -p "$LIB_DIR"
    # Renamed into place, so that another program never loads an incomplete library.
    cp "$work/pypdfium2_raw/libpdfium.so" "$LIB_DIR/.libpdfium.so.new"
    mv "$LIB_DIR/.libpdfium.so.new" "$LIB_DIR/libpdfium.so"
    echo "$WHEEL_SHA256" >"$LIB_DIR/pdfium.sha256"
}

command -v cargo >/dev/null || { say "Rust is missing: install it from https://rustup.rs" >&2; exit 1; }
install_packages
install_pdfium
say "ready"
