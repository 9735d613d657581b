# Reports how this machine is joined and why its last domain join failed. Changes nothing.
# Runs as SYSTEM by a managed run command. Prints one `name=value` a line; the lines of the log come last.
# ChangeTag is not used here: a new value makes Azure run the command again.
param([string] $ChangeTag = '')

$ErrorActionPreference = 'SilentlyContinue'
$LogLines = 15

function Get-Status([string[]] $Lines, [string] $Name) {
    foreach ($line in $Lines) {
        if ($line -match "^\s*$Name\s*:\s*(\S+)") { return $Matches[1] }
    }
    return ''
}

$status = & (Join-Path $env:SystemRoot 'System32\dsregcmd.exe') /status
Write-Output "entra_joined=$(Get-Status $status 'AzureAdJoined')"
Write-Output "device_id=$(Get-Status $status 'DeviceId')"
# SUCCESS, or FAILED when the device was deleted or disabled.
Write-Output "device_auth=$(Get-Status $status 'DeviceAuthStatus')"
$computer = Get-CimInstance -ClassName Win32_ComputerSystem
if ($computer.PartOfDomain) {
    Write-Output "domain=$($computer.Domain)"
    Write-Output "domain_trust=$(Test-ComputerSecureChannel)"
}
Get-Content -Path (Join-Path $env:SystemRoot 'debug\netsetup.log') -Tail $LogLines | ForEach-Object { Write-Output "log=$_" }
exit 0
