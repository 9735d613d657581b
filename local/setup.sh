#!/bin/sh
# Installs what this project needs, once: `setup.sh python` makes .venv, `setup.sh node` makes node_modules.
# The Makefile calls it when the lists of packages have changed.
set -eu
cd "$(dirname "$0")/.."

fail() {
    echo "setup: $1" >&2
    exit 1
}

is_313() {
    "$1" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 13))' 2>/dev/null
}

setup_python() {
    if is_313 python3; then
        python=python3
    elif is_313 python3.13; then
        python=python3.13
    else
        fail "Python 3.13 is needed, as python3 or python3.13; install it and try again."
    fi
    if ! is_313 .venv/bin/python; then
        echo "setup: making .venv"
        rm -rf .venv
        "$python" -m venv .venv || fail "$python cannot make a virtual environment; on Debian install python3.13-venv."
    fi
    echo "setup: installing Python packages"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input \
        --require-hashes -r requirements-dev.txt ||
        fail "the Python packages could not be installed (see above)."
    touch .venv/.ready
}

setup_node() {
    major=$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null) || major=0
    [ "$major" -ge 20 ] || fail "Node.js 20 or newer is needed (for Azurite); install it and try again."
    command -v npm >/dev/null || fail "npm is needed (it comes with Node.js); install it and try again."
    echo "setup: installing Azurite"
    npm ci --silent --no-audit --no-fund --no-progress --ignore-scripts </dev/null ||
        fail "Azurite could not be installed; \`npm ci\` says why."
    touch node_modules/.package-lock.json
}

case "${1:-}" in
    python) setup_python ;;
    node) setup_node ;;
    *) fail "say what to set up: python or node" ;;
esac
