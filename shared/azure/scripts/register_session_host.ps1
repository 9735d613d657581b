# Makes this machine a session host: installs the AVD agent and its boot loader with a registration token.
# Runs as SYSTEM by a managed run command. Exit code 0: registered, or registered before; 1: not, the last line says why.
# ChangeTag is not used here: a new value makes Azure run the command again.
param(
    [Parameter(Mandatory = $true)] [string] $AgentUrl,
    [Parameter(Mandatory = $true)] [string] $BootLoaderUrl,
    [Parameter(Mandatory = $true)] [string] $RegistrationToken,
    [string] $ChangeTag = ''
)

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'  # the progress bar makes downloads many times slower
$AgentKey = 'HKLM:\SOFTWARE\Microsoft\RDInfraAgent'
$RegisterSeconds = 300

function Test-Registered {
    $agent = Get-ItemProperty -Path $AgentKey -Name IsRegistered -ErrorAction SilentlyContinue
    return ($null -ne $agent) -and ($agent.IsRegistered -eq 1)
}

function Save-Package([string] $Url, [string] $Path) {
    for ($attempt = 1; $true; $attempt++) {
        try {
            Invoke-WebRequest -Uri $Url -OutFile $Path -UseBasicParsing -TimeoutSec 120
            return
        }
        catch {
            if ($attempt -ge 3) { throw "Could not download $Url : $($_.Exception.Message)" }
            Start-Sleep -Seconds (5 * $attempt)
        }
    }
}

function Install-Package([string] $Name, [string] $Path, [string[]] $Properties) {
    # No MSI log: it would hold the token. 1618: another installation is running; 3010: done, wants a restart.
    for ($attempt = 1; $true; $attempt++) {
        $arguments = @('/i', "`"$Path`"", '/quiet', '/norestart') + $Properties
        $code = (Start-Process -FilePath 'msiexec.exe' -ArgumentList $arguments -Wait -PassThru).ExitCode
        if ($code -in 0, 3010) { return }
        if ($code -ne 1618 -or $attempt -ge 10) { throw "The installation of $Name failed with code $code." }
        Start-Sleep -Seconds 15
    }
}

function Wait-Registered {
    $until = (Get-Date).AddSeconds($RegisterSeconds)
    while (-not (Test-Registered)) {
        if ((Get-Date) -gt $until) { throw "The agent did not register within $RegisterSeconds seconds." }
        Start-Sleep -Seconds 5
    }
}

if (Test-Registered) {
    Write-Output 'This machine is registered already.'
    exit 0
}
$folder = Join-Path $env:SystemRoot "Temp\freshcoat-$([guid]::NewGuid())"
try {
    [Net.ServicePointManager]::SecurityProtocol = [Net.SecurityProtocolType]::Tls12
    New-Item -ItemType Directory -Path $folder | Out-Null
    $agent = Join-Path $folder 'agent.msi'
    $bootLoader = Join-Path $folder 'bootloader.msi'
    Save-Package $AgentUrl $agent
    Save-Package $BootLoaderUrl $bootLoader
    Install-Package 'the agent' $agent @("REGISTRATIONTOKEN=$RegistrationToken")
    Install-Package 'the boot loader' $bootLoader @()
    Start-Service -Name 'RDAgentBootLoader'
    Wait-Registered
    Write-Output 'This machine is registered.'
    exit 0
}
catch {
    Write-Output "Not registered: $($_.Exception.Message)"
    exit 1
}
finally {
    Remove-Item -Path $folder -Recurse -Force -ErrorAction SilentlyContinue
}
