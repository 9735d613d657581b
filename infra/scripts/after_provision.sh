#!/bin/sh
# azd runs this when everything is there, before the package is deployed. It may be repeated.
. "$(dirname "$0")/common.sh"

need FRESHCOAT_VAULT "Run \`azd provision\` first."

# The secret behind signed log-off events. An existing one stays: the keys of all hosts come from it.
if [ "${FRESHCOAT_SIGNED_EVENTS:-}" = true ]; then
    # Who deploys got the role for it a moment ago.
    found=$(patient 'ForbiddenByRbac|resolve|Name or service' az keyvault secret list --vault-name "$FRESHCOAT_VAULT" \
        --query "[?name=='event-secret'].name" --output tsv) || {
        echo "The secrets of $FRESHCOAT_VAULT cannot be read from here." >&2
        echo "In a private network, run this inside it, or without signed events: azd env set SIGNED_EVENTS false" >&2
        echo "Otherwise sign in to az as the same person as in azd." >&2
        exit 1
    }
    if [ -z "$found" ]; then
        echo "+ az keyvault secret set --vault-name $FRESHCOAT_VAULT --name event-secret (48 random bytes)" >&2
        [ -n "${DRY_RUN:-}" ] || head -c 48 /dev/urandom | base64 | tr -d '\n' |
            az keyvault secret set --vault-name "$FRESHCOAT_VAULT" --name event-secret --file /dev/stdin --output none
    fi
fi

if [ -n "$(subscriptions)" ]; then
    sh infra/scripts/grant_rights.sh
else
    echo "The app has no rights on pools yet. Set POOL_GROUPS, MACHINE_GROUPS and IMAGE_GROUPS as docs/deploy.md says,"
    echo "and run: sh infra/scripts/grant_rights.sh"
fi
echo "Nobody has a role in the app by itself. The first time, make yourself an administrator: sh infra/scripts/give_role.sh admin"
