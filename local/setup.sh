#!/bin/sh
# Installs what this project needs, once: `setup.sh python` makes .venv, `setup.sh node` makes node_modules,
# `setup.sh console` makes console/node_modules, `setup.sh chromium` finds a browser or installs Debian's.
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
    .venv/bin/uv pip install --quiet --python .venv/bin/python --no-deps --editable cli ||
        fail "the command line could not be installed (see above)."
    touch .venv/.ready
}

need_node() {
    node -e 'const [major, minor] = process.versions.node.split("."); process.exit(major * 100 + +minor < 2019 ? 1 : 0)' 2>/dev/null ||
        fail "Node.js 20.19 or newer is needed (for $1); install it and try again."
    command -v npm >/dev/null || fail "npm is needed (it comes with Node.js); install it and try again."
}

install_node_packages() {
    npm ci --silent --no-audit --no-fund --no-progress --ignore-scripts </dev/null ||
        fail "$1 could not be installed; \`npm ci\` in ${PWD##*/}/ says why."
    touch node_modules/.package-lock.json
}

setup_node() {
    need_node Azurite
    echo "setup: installing Azurite"
    install_node_packages Azurite
}

setup_console() {
    need_node "the console"
    echo "setup: installing what builds the console"
    cd console
    install_node_packages "What builds the console"
}

setup_chromium() {
    .venv/bin/python -m local.browser >/dev/null 2>&1 && return
    command -v apt-get >/dev/null || fail "no Chromium was found for the browser tests. Install one, or set FRESHCOAT_CHROMIUM."
    [ "$(id -u)" = 0 ] ||
        fail "no Chromium was found for the browser tests. Run \`apt-get install chromium\` as root, or set FRESHCOAT_CHROMIUM."
    echo "setup: installing Chromium"
    mkdir -p .local
    { install_chromium || { apt-get update && install_chromium; }; } >.local/chromium.log 2>&1 </dev/null || {
        tail -n 5 .local/chromium.log >&2
        fail "Chromium could not be installed (see above). Install one, or set FRESHCOAT_CHROMIUM."
    }
}

install_chromium() {
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends chromium
}

case "${1:-}" in
    python) setup_python ;;
    node) setup_node ;;
    console) setup_console ;;
    chromium) setup_chromium ;;
    *) fail "say what to set up: python, node, console or chromium" ;;
esac
