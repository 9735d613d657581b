# Makes the scheduled task that reports log-offs to Freshcoat. Run it as administrator, once, on the VM of the image.
# It copies report_logoff.ps1, which must lie beside it or in -From, and with -Pool also the file with the pool's key, to a
# folder that users cannot write; only SYSTEM and administrators may read the key. Run it again to change anything, or with
# -Remove to take all of it away. Nothing that it leaves behind names this machine or an account of it, so all of it is as
# valid after sysprep and under another computer name.
param(
    [ValidatePattern('^(https://[^\s"]+)?$')] [string] $Url = '',
    [string] $Audience = '',
    [string] $ClientId = '',
    [string] $Pool = '',
    [string] $KeyFile = '',
    [string] $From = $PSScriptRoot,
    [switch] $Remove
)

$ErrorActionPreference = 'Stop'
# A 32-bit PowerShell, as Intune may start it, has another ProgramFiles.
$Programs = if ($env:ProgramW6432) { $env:ProgramW6432 } else { $env:ProgramFiles }
$Folder = Join-Path -Path $Programs -ChildPath 'Freshcoat'
$Script = Join-Path -Path $Folder -ChildPath 'report_logoff.ps1'
$Key = Join-Path -Path $Folder -ChildPath 'event.key'
$Log = 'Microsoft-Windows-TerminalServices-LocalSessionManager/Operational'
$Task = @{ TaskPath = '\Freshcoat\'; TaskName = 'Report log-off' }

if ($Remove) {
    Unregister-ScheduledTask @Task -Confirm:$false -ErrorAction SilentlyContinue
    Remove-Item -Path $Script, $Key -Force -ErrorAction SilentlyContinue
    Write-Output 'The task is gone.'
    return
}
if ($Url -eq '') { throw 'Give -Url, the address of Freshcoat.' }
if (($Audience -eq '') -eq ($Pool -eq '')) { throw 'Give either -Audience or -Pool.' }
if (($Pool -ne '') -and ($KeyFile -eq '')) { throw 'Give -KeyFile, a file that holds the key of the pool.' }

New-Item -ItemType Directory -Path $Folder -Force | Out-Null
# A key of earlier does not stay where nothing reads it any more.
if ($Pool -eq '') { Remove-Item -Path $Key -Force -ErrorAction SilentlyContinue }
$source = Join-Path -Path $From -ChildPath 'report_logoff.ps1'
if ($source -ne $Script) { Copy-Item -Path $source -Destination $Script -Force }
if ($Pool -ne '') {
    # The rights come first, so that nobody reads the key in between. The names of the groups differ by language.
    Set-Content -Path $Key -Value ''
    & icacls.exe $Key /inheritance:r /grant:r '*S-1-5-18:(R)' '*S-1-5-32-544:(F)' | Out-Null
    if ($LASTEXITCODE -ne 0) { throw 'The rights of the file with the key could not be set.' }
    Set-Content -Path $Key -Value (Get-Content -Path $KeyFile -Raw).Trim() -NoNewline
}

# The log is on unless somebody has switched it off.
& wevtutil.exe set-log $Log /enabled:true /quiet:true
if ($LASTEXITCODE -ne 0) { throw "The log $Log could not be switched on." }

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
# One after the other: at a deadline everybody on the host signs out at once, and each report is a process of its own.
$settings = New-ScheduledTaskSettingsSet -MultipleInstances Queue -ExecutionTimeLimit $limit -AllowStartIfOnBatteries
Register-ScheduledTask @Task -Action $action -Trigger $trigger -Principal $principal -Settings $settings -Force | Out-Null
Write-Output 'The task reports log-offs from now on.'
