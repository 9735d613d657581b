#!/bin/sh
# Lets the app delete the devices of hosts in Entra ID before they join again; with the word `intune`, in Intune too.
# Run it as an administrator of the tenant. It shows each command, may be repeated, and with DRY_RUN=1 changes nothing.
. "$(dirname "$0")/common.sh"

need FRESHCOAT_IDENTITY_PRINCIPAL "Run \`azd provision\` first."

wanted="Device.ReadWrite.All"
[ "${1:-}" != intune ] || wanted="$wanted DeviceManagementManagedDevices.ReadWrite.All"

graph=https://graph.microsoft.com/v1.0/servicePrincipals
resource=$(az ad sp show --id 00000003-0000-0000-c000-000000000000 --query id --output tsv)
held=$(az rest --method GET --uri "$graph/$FRESHCOAT_IDENTITY_PRINCIPAL/appRoleAssignments" --query "value[].appRoleId" --output tsv)

for right in $wanted; do
    role=$(az ad sp show --id "$resource" --query "appRoles[?value=='$right'].id | [0]" --output tsv)
    [ -n "$role" ] || {
        echo "Microsoft Graph has no right $right." >&2
        exit 1
    }
    if echo "$held" | grep -qx "$role"; then
        echo "The identity has $right already."
        continue
    fi
    echo "Granting $right of Microsoft Graph to the identity $FRESHCOAT_IDENTITY_PRINCIPAL:"
    run az rest --method POST --uri "$graph/$FRESHCOAT_IDENTITY_PRINCIPAL/appRoleAssignments" --output none \
        --body "{\"principalId\": \"$FRESHCOAT_IDENTITY_PRINCIPAL\", \"resourceId\": \"$resource\", \"appRoleId\": \"$role\"}" || {
        echo "Azure did not take it, see above. A Privileged Role Administrator of the tenant can do this." >&2
        exit 1
    }
done
