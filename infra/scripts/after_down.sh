#!/bin/sh
# azd runs this after `azd down`. It takes away what is left outside the deleted resource group: the assignments of the
# app's identity, the custom roles, and the app registration unless it was yours.
. "$(dirname "$0")/common.sh"

# before_down.sh has kept them.
principal=${REMOVED_PRINCIPAL:-${FRESHCOAT_IDENTITY_PRINCIPAL:-}}
client=${REMOVED_CLIENT_ID:-${FRESHCOAT_CLIENT_ID:-}}

if [ -n "$principal" ]; then
    for subscription in $(subscriptions); do
        for id in $(az role assignment list --all --subscription "$subscription" \
            --query "[?principalId=='$principal'].id" --output tsv); do
            run az role assignment delete --ids "$id"
        done
    done
fi

# Only roles of this environment: the name ends with it, and begins with the app's.
az role definition list --custom-role-only true --subscription "${AZURE_SUBSCRIPTION_ID:?}" \
    --query "[?starts_with(roleName, 'Freshcoat ') && ends_with(roleName, ' ($AZURE_ENV_NAME)')].name" --output tsv |
    while read -r name; do
        run az role definition delete --name "$name" --subscription "$AZURE_SUBSCRIPTION_ID" </dev/null
    done

if [ -n "$client" ] && [ -z "${GIVEN_CLIENT_ID:-}" ]; then
    run az ad app delete --id "$client"
fi
