#!/bin/sh
# azd runs this after `azd down`. It takes away what is left outside the deleted resource group: the assignments of the
# app's identity, the custom roles, and the app registration unless it was yours. It may be repeated.
. "$(dirname "$0")/common.sh"

# before_down.sh has kept them.
principal=${REMOVED_PRINCIPAL:-${FRESHCOAT_IDENTITY_PRINCIPAL:-}}
client=${REMOVED_CLIENT_ID:-${FRESHCOAT_CLIENT_ID:-}}

# What az lists is kept first: an error of az ends the script here, and not inside a loop, where it would go unseen.
if [ -n "$principal" ]; then
    for subscription in $(subscriptions); do
        assigned=$(az role assignment list --all --subscription "$subscription" --query "[?principalId=='$principal'].id" --output tsv)
        for id in $assigned; do
            run az role assignment delete --ids "$id"
        done
    done
fi

# Only roles of this environment: the name ends with it, and begins with the app's.
roles=$(az role definition list --custom-role-only true --subscription "${AZURE_SUBSCRIPTION_ID:?}" \
    --query "[?starts_with(roleName, 'Freshcoat ') && ends_with(roleName, ' ($AZURE_ENV_NAME)')].name" --output tsv)
for name in $roles; do
    run az role definition delete --name "$name" --subscription "$AZURE_SUBSCRIPTION_ID"
done

if [ -n "$client" ] && [ -z "${GIVEN_CLIENT_ID:-}" ]; then
    there=$(az ad app list --filter "appId eq '$client'" --query "[].appId" --output tsv)
    [ -z "$there" ] || run az ad app delete --id "$client"
fi
