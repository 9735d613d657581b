#!/bin/sh
# azd runs this before it makes or changes anything: what would fail after ten minutes, or be other than you think, is said
# now. What cannot be asked, for want of a right, is passed over.
. "$(dirname "$0")/common.sh"

wrong=0
problem() {
    wrong=1
    echo "$1" >&2
}

check_name
if [ "${PUBLIC_APP:-true}" = false ] && [ "${PRIVATE_NETWORK:-false}" != true ]; then
    problem "PUBLIC_APP=false counts only with a private network. Set PRIVATE_NETWORK to true, or the app stays open to the internet."
fi

# The scripts after this one work with `az`, which signs in by itself.
tenant=$(az account show --query tenantId --output tsv) || {
    echo "Sign in with \`az login\` too. azd and az know nothing of each other." >&2
    exit 1
}
subscription=${AZURE_SUBSCRIPTION_ID:-}
location=$(echo "${AZURE_LOCATION:-}" | tr -d ' ' | tr '[:upper:]' '[:lower:]')
if [ -n "$subscription" ]; then
    theirs=$(az account show --subscription "$subscription" --query tenantId --output tsv) || theirs=
    [ "$theirs" = "$tenant" ] ||
        problem "\`az\` works in another tenant than azd. Run: az login, and az account set --subscription $subscription"
fi
[ "$wrong" = 0 ] || exit 1
# The first time, azd asks for the subscription and the region after this.
[ -n "$subscription" ] && [ -n "$location" ] || exit 0

has() {
    echo "$1" | tr -d ' ' | tr '[:upper:]' '[:lower:]' | grep -qx "$2"
}

regions=$(az functionapp list-flexconsumption-locations --subscription "$subscription" --query "[].name" --output tsv) || regions=
if [ -n "$regions" ] && ! has "$regions" "$location"; then
    problem "There is no Flex Consumption in $location. These regions have it: $(echo "$regions" | tr '\n' ' ')"
fi

zones=$(az account list-locations --subscription "$subscription" --query "[?availabilityZoneMappings].name" --output tsv) || zones=
if [ "${STORAGE_SKU:-Standard_ZRS}" = Standard_ZRS ] && [ -n "$zones" ] && ! has "$zones" "$location"; then
    problem "$location has no zones. Run: azd env set STORAGE_SKU Standard_LRS"
fi

deleted=$(az keyvault list-deleted --subscription "$subscription" --resource-type vault --output tsv --query \
    "[?properties.tags.\"azd-env-name\"=='$AZURE_ENV_NAME' && properties.location=='$location' && starts_with(name, 'kv-freshcoat-')].name") || deleted=
for vault in $deleted; do
    problem "The vault $vault of an earlier deployment is deleted, and keeps its name. Delete it for good, with all secrets in it:
    az keyvault purge --name $vault --location $location
If Azure refuses (it was made with SIGN_RECORD), take another name for the environment."
done
[ "$wrong" = 0 ] || exit 1

spaces=Microsoft.App
[ "${DURABLE_BACKEND:-AzureStorage}" != AzureManaged ] || spaces="$spaces Microsoft.DurableTask"
for space in $spaces; do
    state=$(az provider show --namespace "$space" --subscription "$subscription" --query registrationState --output tsv) || state=
    [ -z "$state" ] || [ "$state" = Registered ] ||
        run az provider register --namespace "$space" --subscription "$subscription" --wait
done
