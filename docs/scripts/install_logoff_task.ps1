# Makes the scheduled task that reports log-offs to Freshcoat. Run it as administrator, once, on the VM of the image.
# It copies report_logoff.ps1, which must lie beside it, and with -Pool also the file with the pool's key, to a folder that
# users cannot write; only SYSTEM and administrators may read the key. Run it again to change anything.
param(
    [Parameter(Mandatory = $true)] [string] $Url,
    [string] $Audience = '',
    [string] $ClientId = '',
    [string] $Pool = '',
    [string] $KeyFile = ''
)

$ErrorActionPreference = 'Stop'
$Folder = Join-Path -Path $env:ProgramFiles -ChildPath 'Freshcoat'
$Script = Join-Path -Path $Folder -ChildPath 'report_logoff.ps1'
$Key = Join-Path -Path $Folder -ChildPath 'event.key'
$Log = 'Microsoft-Windows-TerminalServices-LocalSessionManager/Operational'

if (($Audience -eq '') -eq ($Pool -eq '')) { throw 'Give either -Audience or -Pool.' }
if (($Pool -ne '') -and ($KeyFile -eq '')) { throw 'Give -KeyFile, a file that holds the key of the pool.' }

New-Item -ItemType Directory -Path $Folder -Force | Out-Null
Copy-Item -Path (Join-Path -Path $PSScriptRoot -ChildPath 'report_logoff.ps1') -Destination $Script -Force
if ($Pool -ne '') {
    # The rights come first, so that nobody reads the key in between. The names of the groups differ by language.
    Set-Content -Path $Key -Value ''
    & icacls.exe $Key /inheritance:r /grant:r '*S-1-5-18:(R)' '*S-1-5-32-544:(F)' | Out-Null
    if ($LASTEXITCODE -ne 0) { throw 'The rights of the file with the key could not be set.' }
    Set-Content -Path $Key -Value (Get-Content -Path $KeyFile -Raw).Trim() -NoNewline
}

$options = "-NoProfile -NonInteractive -ExecutionPolicy Bypass -File `"$Script`" -Url `"$Url`""
if ($Pool -ne '') { $options += " -Pool `"$Pool`"" }
if ($Audience -ne '') { $options += " -Audience `"$Audience`"" }
if ($ClientId -ne '') { $options += " -ClientId `"$ClientId`"" }

$class = Get-CimClass -ClassName MSFT_TaskEventTrigger -Namespace 'Root/Microsoft/Windows/TaskScheduler'
$trigger = New-CimInstance -CimClass $class -ClientOnly
$trigger.Enabled = $true
$trigger.Subscription = "<QueryList><Query Id=`"0`" Path=`"$Log`"><Select Path=`"$Log`">*[System[EventID=23]]</Select></Query></QueryList>"

$powershell = Join-Path -Path $env:SystemRoot -ChildPath 'System32\WindowsPowerShell\v1.0\powershell.exe'
$action = New-ScheduledTaskAction -Execute $powershell -Argument $options
$principal = New-ScheduledTaskPrincipal -UserId 'S-1-5-18' -LogonType ServiceAccount
$limit = New-TimeSpan -Minutes 2
$settings = New-ScheduledTaskSettingsSet -MultipleInstances Parallel -ExecutionTimeLimit $limit -AllowStartIfOnBatteries
Register-ScheduledTask -TaskPath '\Freshcoat\' -TaskName 'Report log-off' -Action $action -Trigger $trigger -Principal $principal -Settings $settings -Force |
    Out-Null
Write-Output 'The task reports log-offs from now on.'
