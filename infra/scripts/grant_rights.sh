#!/bin/sh
# Makes the custom roles and assigns them to the app's identity, where POOL_GROUPS and the others say. It may be repeated.
# With WHAT_IF=1 Azure only says what would change.
. "$(dirname "$0")/common.sh"

check_name
need FRESHCOAT_IDENTITY_PRINCIPAL "Run \`azd provision\` first."
need AZURE_LOCATION "Run \`azd provision\` first."

group='/subscriptions/[0-9a-f-]{36}/resourcegroups/[^/ ]+'
subnet="$group/providers/microsoft.network/virtualnetworks/[^/ ]+/subnets/[^/ ]+"
for list in POOL_GROUPS MACHINE_GROUPS IMAGE_GROUPS BUILD_GROUPS CLONE_SUBNETS; do
    [ "$list" = CLONE_SUBNETS ] && form=$subnet || form=$group
    eval "places=\${$list:-}"
    wrong=$(echo "$places" | tr ',' '\n' | sed 's/^ *//; s/ *$//' | grep -v '^$' | grep -Eivx "$form") || continue
    echo "$list has something that is not an id, or not of the right kind:" >&2
    echo "$wrong" >&2
    [ "$list" = CLONE_SUBNETS ] || echo "It takes ids of resource groups: /subscriptions/…/resourceGroups/NAME" >&2
    exit 1
done

[ -n "$(subscriptions)" ] || {
    echo "No place is set. Set POOL_GROUPS, MACHINE_GROUPS and IMAGE_GROUPS as docs/deploy.md says." >&2
    exit 1
}

# `azd down` deletes the resource groups of the deployment that it takes for its own: the one with the tag azd-env-name.
# Where none has it any more, it takes the newest whose name has that of the environment anywhere in it. Those are in small
# letters, so this name is not: the resource groups of the pools would go.
number=$(printf %s "$AZURE_ENV_NAME" | cksum | cut -d ' ' -f 1)
action=create
[ -z "${WHAT_IF:-}" ] || action=what-if
set -- az deployment sub "$action" --name "FRESHCOAT-RIGHTS-$number" --location "$AZURE_LOCATION" \
    --subscription "${AZURE_SUBSCRIPTION_ID:?}" --parameters infra/rights.bicepparam
[ -n "${WHAT_IF:-}" ] || set -- "$@" --output none
echo "+ $*" >&2
[ -n "${DRY_RUN:-}" ] || patient 'RoleDefinitionDoesNotExist|PrincipalNotFound' "$@"
