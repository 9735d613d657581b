# Sourced by the scripts beside it: the values of the azd environment, and how commands are shown and repeated.
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

# patient WORDS COMMAND...: runs a command again, at most 10 times, while its error has one of WORDS (a pattern). What was
# made a moment ago, such as a role, is not known in all parts of Azure for some minutes.
patient() {
    words=$1
    shift
    tries=0
    errors=$(mktemp)
    while true; do
        tries=$((tries + 1))
        if "$@" 2>"$errors"; then
            rm -f "$errors"
            return 0
        fi
        if [ "$tries" -ge 10 ] || ! grep -Eq "$words" "$errors"; then
            cat "$errors" >&2
            rm -f "$errors"
            return 1
        fi
        echo "Azure does not know yet what was just made. Trying again in ${PAUSE:-30} seconds." >&2
        sleep "${PAUSE:-30}"
    done
}

# The name is part of most names, and of what `azd down` looks for: see grant_rights.sh.
check_name() {
    printf %s "$AZURE_ENV_NAME" | grep -Eqx '[a-z]([a-z0-9-]{0,18}[a-z0-9])?' || {
        echo "The azd environment cannot be called $AZURE_ENV_NAME. Take at most 20 small letters, digits and hyphens, a letter first." >&2
        exit 1
    }
}

# The subscriptions of all places in which the app works, one a line.
subscriptions() {
    echo "${POOL_GROUPS:-},${MACHINE_GROUPS:-},${IMAGE_GROUPS:-},${BUILD_GROUPS:-},${CLONE_SUBNETS:-}" |
        tr ',' '\n' | tr '[:upper:]' '[:lower:]' | sed -n 's|^ */subscriptions/\([^/]*\)/.*|\1|p' | sort -u
}
