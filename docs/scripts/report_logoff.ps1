# Reports to Freshcoat that somebody has signed out of this host. A scheduled task runs it as SYSTEM on event 23 of
# Microsoft-Windows-TerminalServices-LocalSessionManager/Operational (see install_logoff_task.ps1).
# With -Audience it sends a token of the VM's managed identity, with -Pool a signature with the key of the pool.
# Exit code 0: reported; 1: not, the last line says why. A lost event does no harm: Freshcoat polls its hosts anyway.
param(
    [Parameter(Mandatory = $true)] [string] $Url,
    [string] $Audience = '',
    [string] $ClientId = '',
    [string] $Pool = '',
    [string] $KeyFile = (Join-Path -Path $PSScriptRoot -ChildPath 'event.key')
)

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$Attempts = 3
$PauseSeconds = 5
[Net.ServicePointManager]::SecurityProtocol = [Net.SecurityProtocolType]::Tls12
$Utf8 = New-Object -TypeName System.Text.UTF8Encoding -ArgumentList $false
$Invariant = [Globalization.CultureInfo]::InvariantCulture

function Get-TokenHeader {
    # The address is that of the metadata service of the VM itself.
    $address = 'http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource='
    $address += [Uri]::EscapeDataString($Audience)
    if ($ClientId -ne '') { $address += '&client_id=' + [Uri]::EscapeDataString($ClientId) }
    # No proxy reaches it; the one of the machine is for all other addresses.
    $direct = New-Object -TypeName Microsoft.PowerShell.Commands.WebRequestSession
    $direct.Proxy = New-Object -TypeName System.Net.WebProxy
    $answer = Invoke-RestMethod -Uri $address -Headers @{ Metadata = 'true' } -WebSession $direct -TimeoutSec 10
    return @{ Authorization = 'Bearer ' + $answer.access_token }
}

function Get-SignatureHeader([byte[]] $Body) {
    $key = (Get-Content -Path $KeyFile -Raw).Trim()
    $stamp = [DateTimeOffset]::UtcNow.ToUnixTimeSeconds().ToString($Invariant)
    $signed = $Utf8.GetBytes($stamp + '.') + $Body
    $hmac = New-Object -TypeName System.Security.Cryptography.HMACSHA256
    $hmac.Key = $Utf8.GetBytes($key)
    $hash = $hmac.ComputeHash([byte[]] $signed)
    $hmac.Dispose()
    $hex = [BitConverter]::ToString($hash).Replace('-', '').ToLowerInvariant()
    return @{
        'x-freshcoat-pool'      = $Pool
        'x-freshcoat-timestamp' = $stamp
        'x-freshcoat-signature' = 'v1=' + $hex
    }
}

function Send-Event {
    $now = [DateTime]::UtcNow.ToString("yyyy-MM-ddTHH:mm:ssZ", $Invariant)
    $text = ConvertTo-Json -Compress -InputObject @{ host = $env:COMPUTERNAME; utc = $now; eventId = 23 }
    $body = $Utf8.GetBytes($text)
    if ($Audience -ne '') { $headers = Get-TokenHeader } else { $headers = Get-SignatureHeader -Body $body }
    $address = $Url.TrimEnd('/') + '/api/events/logoff'
    Invoke-RestMethod -Method Post -Uri $address -Headers $headers -Body $body -ContentType 'application/json' -TimeoutSec 15 |
        Out-Null
}

if (($Audience -eq '') -eq ($Pool -eq '')) {
    Write-Output 'Give either -Audience or -Pool.'
    exit 1
}
for ($attempt = 1; $true; $attempt++) {
    try {
        Send-Event
        Write-Output 'Reported.'
        exit 0
    }
    catch {
        if ($attempt -ge $Attempts) {
            Write-Output "Not reported: $($_.Exception.Message)"
            exit 1
        }
        Start-Sleep -Seconds $PauseSeconds
    }
}
