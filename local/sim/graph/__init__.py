"""The simulated Microsoft Graph: devices in Entra ID and Intune."""
