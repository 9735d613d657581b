#!/bin/sh
# azd runs this when everything is there, before the package is deployed. It may be repeated.
. "$(dirname "$0")/common.sh"

need FRESHCOAT_VAULT "Run \`azd provision\` first."

# The secret behind signed log-off events. An existing one stays: the keys of all hosts come from it.
if [ "${FRESHCOAT_SIGNED_EVENTS:-}" = true ]; then
    found=$(az keyvault secret list --vault-name "$FRESHCOAT_VAULT" --query "[?name=='event-secret'].name" --output tsv) || {
        echo "The secrets of $FRESHCOAT_VAULT cannot be read from here. In a private network, run this script inside it." >&2
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
