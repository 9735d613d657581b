#!/bin/sh
# Makes the custom roles and assigns them to the app's identity, where POOL_GROUPS and the others say. It may be repeated.
# With WHAT_IF=1 Azure only says what would change.
. "$(dirname "$0")/common.sh"

need FRESHCOAT_IDENTITY_PRINCIPAL "Run \`azd provision\` first."
need AZURE_LOCATION "Run \`azd provision\` first."
[ -n "$(subscriptions)" ] || {
    echo "No place is set. Set POOL_GROUPS, MACHINE_GROUPS and IMAGE_GROUPS as docs/deploy.md says." >&2
    exit 1
}

# The name must not be that of the azd environment, and there must be no tag azd-env-name: `azd down` would take this
# deployment for its own, and delete the resource groups of the pools.
action=create
[ -z "${WHAT_IF:-}" ] || action=what-if
run az deployment sub "$action" --name "freshcoat-rights-$AZURE_ENV_NAME" --location "$AZURE_LOCATION" \
    --subscription "${AZURE_SUBSCRIPTION_ID:?}" --parameters infra/rights.bicepparam --output none
