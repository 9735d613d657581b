"""The bill of materials of what is deployed: sbom.json (CycloneDX), and docs/licences.md with the licences."""
