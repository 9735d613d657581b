#!/bin/sh
# Makes the app registration for somebody whose own sign-in may not: run it as who may register applications, before
# `azd up`, and once more after it, when the addresses of the app are known. It may be repeated.
. "$(dirname "$0")/common.sh"

graph=https://graph.microsoft.com/v1.0/applications
name="Freshcoat ($AZURE_ENV_NAME)"
client=${GIVEN_CLIENT_ID:-}
[ -n "$client" ] || client=$(az ad app list --filter "displayName eq '$name'" --query "[0].appId" --output tsv)

audience=AzureADMyOrg
case ${ENTRA_TENANTS:-} in *,*) audience=AzureADMultipleOrgs ;; esac

if [ -z "$client" ]; then
    run az ad app create --display-name "$name" --sign-in-audience "$audience" --is-fallback-public-client true \
        --public-client-redirect-uris http://localhost --output none
    [ -z "${DRY_RUN:-}" ] || exit 0
    client=$(az ad app list --filter "displayName eq '$name'" --query "[0].appId" --output tsv)
fi
object=$(az ad app show --id "$client" --query id --output tsv)

# Also where an earlier run was interrupted in between.
principal=$(az ad sp list --filter "appId eq '$client'" --query "[0].id" --output tsv)
[ -n "$principal" ] || run az ad sp create --id "$client" --output none

run az ad app update --id "$client" --app-roles @infra/generated/app_roles.json
run az rest --method PATCH --uri "$graph/$object" --body "{\"signInAudience\": \"$audience\", \"api\": $(cat infra/api.json)}"

if [ -n "${FRESHCOAT_URL:-}" ]; then
    run az rest --method PATCH --uri "$graph/$object" --body "{
        \"spa\": {\"redirectUris\": [\"$FRESHCOAT_URL/console/\"]},
        \"web\": {\"redirectUris\": [\"$FRESHCOAT_URL/.auth/login/aad/callback\"], \"implicitGrantSettings\": {\"enableIdTokenIssuance\": true}}
    }"
    trust=$(az ad app federated-credential list --id "$client" --query "[?name=='app-identity'].name" --output tsv)
    [ -n "$trust" ] || run az ad app federated-credential create --id "$client" --output none --parameters "{
        \"name\": \"app-identity\", \"audiences\": [\"api://AzureADTokenExchange\"],
        \"issuer\": \"https://login.microsoftonline.com/$(az account show --query tenantId --output tsv)/v2.0\",
        \"subject\": \"$FRESHCOAT_IDENTITY_PRINCIPAL\"
    }"
fi

run azd env set GIVEN_CLIENT_ID "$client"
