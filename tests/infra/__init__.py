"""The templates for Azure say the same as the app: its settings, rights, roles and log. No Bicep is needed here."""
