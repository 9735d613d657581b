# Makes this machine a session host: installs the AVD agent and its boot loader with a registration token.
# Runs as SYSTEM by a managed run command. Exit code 0: registered, or registered before; 1: not, the last line says why.
# ChangeTag is not used here: a new value makes Azure run the command again.
# Attempt: a registration made in it is left alone. One from before counts for nothing: an OS disk that is put under its
# machine again, or an image of a former session host, brings one along that the host pool does not know any more.
param(
    [Parameter(Mandatory = $true)] [string] $AgentUrl,
    [Parameter(Mandatory = $true)] [string] $BootLoaderUrl,
    [Parameter(Mandatory = $true)] [string] $RegistrationToken,
    [string] $ChangeTag = '',
    [string] $Attempt = ''
)

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'  # the progress bar makes downloads many times slower
$AgentKey = 'HKLM:\SOFTWARE\Microsoft\RDInfraAgent'
$OurKey = 'HKLM:\SOFTWARE\Freshcoat'
$BootLoader = 'RDAgentBootLoader'
$RegisterSeconds = 300
$Started = Get-Date

function Test-Registered {
    $agent = Get-ItemProperty -Path $AgentKey -Name IsRegistered -ErrorAction SilentlyContinue
    return ($null -ne $agent) -and ($agent.IsRegistered -eq 1)
}

function Test-Ours {
    if ($Attempt -eq '') { return $true }
    $ours = Get-ItemProperty -Path $OurKey -Name RegisteredIn -ErrorAction SilentlyContinue
    return ($null -ne $ours) -and ($ours.RegisteredIn -eq $Attempt)
}

function Save-Attempt {
    if ($Attempt -eq '') { return }
    if (-not (Test-Path -Path $OurKey)) { New-Item -Path $OurKey | Out-Null }
    Set-ItemProperty -Path $OurKey -Name RegisteredIn -Value $Attempt
}

function Register-Again {
    # Microsoft's own steps for an agent that is installed, with a registration of before or none; the agent removes the
    # token itself.
    Set-ItemProperty -Path $AgentKey -Name RegistrationToken -Value $RegistrationToken
    Set-ItemProperty -Path $AgentKey -Name IsRegistered -Value 0
    Restart-Service -Name $BootLoader -Force
}

function Test-Agent {
    # An installed package is not installed again, so its properties, and the token in them, would be ignored.
    return (Test-Path -Path $AgentKey) -and ($null -ne (Get-Service -Name $BootLoader -ErrorAction SilentlyContinue))
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

function Assert-Signed([string] $Name, [string] $Path) {
    # The address is a redirect and a setting: whatever it led to, only a package of Microsoft is run as SYSTEM.
    $signature = Get-AuthenticodeSignature -FilePath $Path
    if ($signature.Status -ne 'Valid') { throw "The signature of $Name is not valid: $($signature.Status)." }
    $signer = $signature.SignerCertificate.Subject
    if ($signer -notmatch '(^|, )O=Microsoft Corporation(,|$)') { throw "$Name is not signed by Microsoft: $signer" }
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

function Assert-TokenAccepted {
    # The agent tells only the event log (3277), and would go on with the same token. The caller knows both words.
    $filter = @{ LogName = 'Application'; Id = 3277; StartTime = $Started }
    foreach ($found in Get-WinEvent -FilterHashtable $filter -ErrorAction SilentlyContinue) {
        if ($found.Message -match 'INVALID_REGISTRATION_TOKEN|EXPIRED_MACHINE_TOKEN') {
            throw "The host pool rejected the registration token ($($Matches[0]))."
        }
    }
}

function Wait-Registered {
    $until = (Get-Date).AddSeconds($RegisterSeconds)
    while (-not (Test-Registered)) {
        Assert-TokenAccepted
        if ((Get-Date) -gt $until) { throw "The agent did not register within $RegisterSeconds seconds." }
        Start-Sleep -Seconds 5
    }
}

if ((Test-Registered) -and (Test-Ours)) {
    Write-Output 'This machine is registered already.'
    exit 0
}
$folder = Join-Path $env:SystemRoot "Temp\freshcoat-$([guid]::NewGuid())"
try {
    if (Test-Agent) {
        Register-Again
    }
    else {
        [Net.ServicePointManager]::SecurityProtocol = [Net.SecurityProtocolType]::Tls12
        New-Item -ItemType Directory -Path $folder | Out-Null
        $agent = Join-Path $folder 'agent.msi'
        $loader = Join-Path $folder 'bootloader.msi'
        Save-Package $AgentUrl $agent
        Save-Package $BootLoaderUrl $loader
        Assert-Signed 'the agent' $agent
        Assert-Signed 'the boot loader' $loader
        if (Test-Registered) { Set-ItemProperty -Path $AgentKey -Name IsRegistered -Value 0 }
        Install-Package 'the agent' $agent @("REGISTRATIONTOKEN=$RegistrationToken")
        Install-Package 'the boot loader' $loader @()
        Start-Service -Name $BootLoader
    }
    Wait-Registered
    Save-Attempt
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
