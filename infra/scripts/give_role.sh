#!/bin/sh
# Gives somebody a role in the app: `give_role.sh admin` you, `give_role.sh operator ann@contoso.com` or the name of a
# group, or the object id of a program. It shows the command, may be repeated, and with DRY_RUN=1 changes nothing.
. "$(dirname "$0")/common.sh"

need FRESHCOAT_CLIENT_ID "Run \`azd provision\` first."

role=${1:-}
who=${2:-}
graph=https://graph.microsoft.com/v1.0/servicePrincipals
app=$(az ad sp show --id "$FRESHCOAT_CLIENT_ID" --query id --output tsv)
wanted=
[ -z "$role" ] || wanted=$(az ad sp show --id "$FRESHCOAT_CLIENT_ID" --query "appRoles[?value=='$role'].id | [0]" --output tsv)
[ -n "$wanted" ] || {
    echo "Say which role, and whom, if not yourself. The roles are:" >&2
    az ad sp show --id "$FRESHCOAT_CLIENT_ID" --query "appRoles[].value" --output tsv >&2
    exit 1
}

if [ -z "$who" ]; then
    id=$(az ad signed-in-user show --query id --output tsv)
elif printf %s "$who" | grep -Eiqx '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'; then
    id=$who
elif printf %s "$who" | grep -q @; then
    id=$(az ad user show --id "$who" --query id --output tsv)
else
    id=$(az ad group show --group "$who" --query id --output tsv)
fi

echo "Giving ${who:-you} the role $role:"
set -- az rest --method POST --uri "$graph/$app/appRoleAssignedTo" --output none \
    --body "{\"principalId\": \"$id\", \"resourceId\": \"$app\", \"appRoleId\": \"$wanted\"}"
echo "+ $*" >&2
[ -z "${DRY_RUN:-}" ] || exit 0
errors=$(mktemp)
trap 'rm -f "$errors"' EXIT
"$@" 2>"$errors" || {
    if grep -q 'already exists' "$errors"; then
        echo "${who:-You} had it already."
        exit 0
    fi
    cat "$errors" >&2
    echo "A Cloud Application Administrator of the tenant can do this, and an owner of the app registration." >&2
    exit 1
}
