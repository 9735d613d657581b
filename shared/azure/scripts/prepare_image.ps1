# Generalizes Windows on a copy of the template, so that an image can be captured of it.
# Runs as SYSTEM by a managed run command. Exit code 0: generalized, now or before; 1: not, stderr says why.
# The machine stays on and its agent running, or the command would never end: the caller switches it off.
# ChangeTag is not used here: a new value makes Azure run the command again.
param([string] $ChangeTag = '')

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$SettleMinutes = 30
$SysprepMinutes = 30
$TaskName = 'FreshcoatSysprep'
$Sysprep = Join-Path $env:SystemRoot 'System32\Sysprep\sysprep.exe'
$SysprepLogs = Join-Path $env:SystemRoot 'System32\Sysprep\Panther'
$Sealed = 'IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE'
$Servicing = 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing'
$Updates = 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update'
$Defender = 'HKLM:\SOFTWARE\Microsoft\Windows Advanced Threat Protection\Status'
$AgentKey = 'HKLM:\SOFTWARE\Microsoft\RDInfraAgent'
$Handlers = 'C:\Packages\Plugins'
$OwnHandler = 'Microsoft.CPlat.Core.RunCommand*'

function Get-ImageState {
    return (Get-ItemProperty -Path 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Setup\State').ImageState
}

function Test-Running([string] $Process) {
    return $null -ne (Get-Process -Name $Process -ErrorAction SilentlyContinue)
}

function Assert-NoPendingReboot {
    # Renames that wait for a reboot are no reason: browsers leave some behind all the time, and sysprep copes.
    foreach ($key in "$Servicing\RebootPending", "$Updates\RebootRequired") {
        if (Test-Path -Path $key) {
            throw "Windows wants a reboot first ($key). Restart the template, let its updates finish and try again."
        }
    }
}

function Assert-NotJoined {
    # Every machine of the image would claim to be the template: the joins of all of them would fail or be refused.
    if ((Get-CimInstance -ClassName Win32_ComputerSystem).PartOfDomain) {
        throw 'The template is joined to a domain. Take it out of the domain and try again.'
    }
    if ((& (Join-Path $env:SystemRoot 'System32\dsregcmd.exe') /status) -match 'AzureAdJoined\s*:\s*YES') {
        throw 'The template is joined to Entra ID. Run dsregcmd /leave on it and try again.'
    }
}

function Assert-NotOnboarded {
    # All machines of the image would report to Defender as one device.
    $state = Get-ItemProperty -Path $Defender -Name OnboardingState -ErrorAction SilentlyContinue
    if (($null -ne $state) -and ($state.OnboardingState -eq 1)) {
        throw 'The template is onboarded to Defender for Endpoint. Offboard it and try again.'
    }
}

function Wait-Servicing {
    # The copy has just been started: Windows may still be installing something, and sysprep would break it off.
    $until = (Get-Date).AddMinutes($SettleMinutes)
    while ($true) {
        $pending = Get-ItemProperty -Path "$Servicing\SessionsPending" -Name Exclusive -ErrorAction SilentlyContinue
        $busy = (Test-Running 'TrustedInstaller') -or (Test-Running 'TiWorker')
        if (-not $busy -and (($null -eq $pending) -or ($pending.Exclusive -eq 0))) { return }
        if ((Get-Date) -gt $until) { throw "Windows is still installing updates after $SettleMinutes minutes." }
        Start-Sleep -Seconds 15
    }
}

function Remove-OldSetup {
    # An answer file that was kept would be used at the first start of every new machine; old logs would mislead us.
    $files = 'Panther', 'System32\Sysprep\Panther', 'System32\Sysprep\unattend.xml', 'System32\Sysprep\Sysprep_succeeded.tag'
    foreach ($file in $files) {
        Remove-Item -Path (Join-Path $env:SystemRoot $file) -Recurse -Force -ErrorAction SilentlyContinue
    }
    Remove-Item -Path (Join-Path $env:SystemDrive 'unattend.xml') -Force -ErrorAction SilentlyContinue
    Remove-ItemProperty -Path 'HKLM:\SYSTEM\Setup' -Name UnattendFile -ErrorAction SilentlyContinue
}

function Clear-Extensions {
    # A new machine of the image would take extensions and commands of the template for its own, and not run them again.
    # The handler that runs this script stays: its files are in use, and without them the command would never end.
    if (-not (Test-Path -Path $Handlers)) { return }
    Get-ChildItem -Path $Handlers -Directory |
        Where-Object { ($_.Name -notlike $OwnHandler) -and -not "$PSCommandPath".StartsWith("$($_.FullName)\") } |
        Remove-Item -Recurse -Force -ErrorAction SilentlyContinue
}

function Clear-Registration {
    # An agent that was registered would report under the template's registration until it gets its own token.
    if (-not (Test-Path -Path $AgentKey)) { return }
    Stop-Service -Name 'RDAgentBootLoader' -Force -ErrorAction SilentlyContinue
    Set-ItemProperty -Path $AgentKey -Name IsRegistered -Value 0
    Set-ItemProperty -Path $AgentKey -Name RegistrationToken -Value ''
    Remove-ItemProperty -Path 'HKLM:\SOFTWARE\Freshcoat' -Name RegisteredIn -ErrorAction SilentlyContinue
}

function New-Password {
    $bytes = [byte[]]::new(24)
    $random = [Security.Cryptography.RandomNumberGenerator]::Create()
    $random.GetBytes($bytes)
    $random.Dispose()
    return [Convert]::ToBase64String($bytes) + 'aA1!'  # whatever the password policy asks for
}

function New-Account([string] $Password) {
    $secure = ConvertTo-SecureString -String $Password -AsPlainText -Force
    $name = 'fresh-' + [guid]::NewGuid().ToString('N').Substring(0, 8)
    return New-LocalUser -Name $name -Password $secure -Description 'Runs sysprep once' -AccountNeverExpires
}

function Remove-Account($User) {
    Unregister-ScheduledTask -TaskName $TaskName -Confirm:$false -ErrorAction SilentlyContinue
    # No image may hold an administrator that nobody knows of: should this fail, the preparation has failed.
    Remove-LocalUser -SID $User.SID
    Get-CimInstance -ClassName Win32_UserProfile -Filter "SID='$($User.SID)'" -ErrorAction SilentlyContinue |
        Remove-CimInstance -ErrorAction SilentlyContinue
}

function Start-SysprepAs($User, [string] $Password) {
    Add-LocalGroupMember -SID 'S-1-5-32-544' -Member $User
    # /quiet: nobody would answer its questions.
    $action = New-ScheduledTaskAction -Execute $Sysprep -Argument '/oobe /generalize /quit /mode:vm /quiet'
    $settings = New-ScheduledTaskSettingsSet -ExecutionTimeLimit (New-TimeSpan -Minutes $SysprepMinutes)
    $account = "$env:COMPUTERNAME\$($User.Name)"
    Register-ScheduledTask -TaskName $TaskName -Action $action -Settings $settings -User $account `
        -Password $Password -RunLevel Highest | Out-Null
    Start-ScheduledTask -TaskName $TaskName
}

function Wait-Sysprep {
    # The code is of use when Windows did not let the task begin. How sysprep ended, the registry says.
    $until = (Get-Date).AddMinutes($SysprepMinutes)
    Start-Sleep -Seconds 15
    while ((Test-Running 'sysprep') -or ((Get-ScheduledTask -TaskName $TaskName).State -in 'Queued', 'Running')) {
        if ((Get-Date) -gt $until) { throw "Sysprep has not ended after $SysprepMinutes minutes." }
        Start-Sleep -Seconds 10
    }
    return '0x{0:X}' -f (Get-ScheduledTaskInfo -TaskName $TaskName).LastTaskResult
}

function Invoke-Sysprep {
    # Not as SYSTEM: then Windows' own apps are not registered in the image, and new machines show a black screen.
    $password = New-Password
    $user = New-Account $password
    try {
        Start-SysprepAs $user $password
        return Wait-Sysprep
    }
    finally {
        Remove-Account $user
    }
}

function Write-Failure([string] $Message) {
    # Azure keeps the last 4096 bytes, so the reason comes last.
    foreach ($log in @(@('setupact.log', 10), @('setuperr.log', 15))) {
        $path = Join-Path $SysprepLogs $log[0]
        if (Test-Path -Path $path) {
            [Console]::Error.WriteLine("--- end of $($log[0])")
            Get-Content -Path $path -Tail $log[1] | ForEach-Object { [Console]::Error.WriteLine($_) }
        }
    }
    [Console]::Error.WriteLine("Not generalized: $Message")
}

try {
    if ((Get-ImageState) -eq $Sealed) {  # the command was sent twice
        Write-Output 'This machine is generalized already.'
        exit 0
    }
    Assert-NotJoined
    Assert-NotOnboarded
    Wait-Servicing
    Assert-NoPendingReboot
    Remove-OldSetup
    Clear-Extensions
    Clear-Registration
    $code = Invoke-Sysprep
    $state = Get-ImageState
    if ($state -ne $Sealed) { throw "sysprep ended with code $code and left the image in the state $state." }
    Write-Output 'This machine is generalized.'
    exit 0
}
catch {
    Write-Failure $_.Exception.Message
    exit 1
}
