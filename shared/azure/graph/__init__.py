"""Microsoft Graph: the devices of hosts in Entra ID and Intune."""
