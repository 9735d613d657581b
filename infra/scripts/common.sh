# Sourced by the scripts beside it: the values of the azd environment, and how commands are shown before they run.
# shellcheck shell=sh
set -eu
cd "$(dirname "$0")/../.."

if [ -z "${AZURE_ENV_NAME:-}" ]; then
    values=$(azd env get-values) || {
        echo "No azd environment is chosen. Run \`azd env new NAME\` or \`azd env select NAME\` first." >&2
        exit 1
    }
    set -a
    eval "$values"
    set +a
fi

# Shows a command, and runs it unless DRY_RUN is set.
run() {
    echo "+ $*" >&2
    [ -n "${DRY_RUN:-}" ] || "$@"
}

need() {
    eval "found=\${$1:-}"
    [ -n "$found" ] || {
        echo "$1 is not set. $2" >&2
        exit 1
    }
}

# The subscriptions of all places in which the app works, one a line.
subscriptions() {
    echo "${POOL_GROUPS:-},${MACHINE_GROUPS:-},${IMAGE_GROUPS:-},${BUILD_GROUPS:-},${CLONE_SUBNETS:-}" |
        tr ',' '\n' | sed -n 's|^/subscriptions/\([^/]*\)/.*|\1|p' | sort -u
}
