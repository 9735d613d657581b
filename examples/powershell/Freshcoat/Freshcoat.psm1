# Functions for people who publish images from PowerShell. They call the HTTP API of Freshcoat and nothing else.
# PowerShell 7, and Windows PowerShell 5.1.

Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'

. (Join-Path $PSScriptRoot 'Requests.ps1')
. (Join-Path $PSScriptRoot 'Look.ps1')
. (Join-Path $PSScriptRoot 'Publish.ps1')
. (Join-Path $PSScriptRoot 'Steer.ps1')
