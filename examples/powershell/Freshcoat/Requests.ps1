# Signing in, and the one place from which requests are sent.

$script:Connection = $null
$script:Tries = 3

function Connect-Freshcoat {
    <#
    .SYNOPSIS
    Says which Freshcoat the other functions speak to, and who you are there.

    .DESCRIPTION
    Give an app key, or a token of Entra ID; without either, the variable FRESHCOAT_KEY counts. Neither is written to disk.
    A token ends after about an hour: connect again with a new one. Answers who you are and what you may do.

    .EXAMPLE
    Connect-Freshcoat -Url https://freshcoat.contoso.com -Key (Read-Host -AsSecureString 'App key')

    .EXAMPLE
    $scope = (Invoke-RestMethod https://freshcoat.contoso.com/api/about).auth.scope
    $token = az account get-access-token --scope $scope --query accessToken --output tsv
    Connect-Freshcoat -Token (ConvertTo-SecureString $token -AsPlainText -Force)
    #>
    [CmdletBinding(DefaultParameterSetName = 'Key')]
    param(
        # The address, without a path. Default: the variable FRESHCOAT_URL.
        [string] $Url = $env:FRESHCOAT_URL,
        # An app key (fck_…). Default: the variable FRESHCOAT_KEY.
        [Parameter(ParameterSetName = 'Key')]
        [securestring] $Key,
        # A token of Entra ID for Freshcoat.
        [Parameter(ParameterSetName = 'Token', Mandatory = $true)]
        [securestring] $Token
    )
    if (-not $Url) { throw 'Give the address: -Url https://freshcoat.contoso.com, or the variable FRESHCOAT_URL.' }
    $address = [uri] $Url
    if ($address.Scheme -ne 'https' -and -not $address.IsLoopback) {
        throw "A key or a token is only sent to an address that begins with https://. This one is $Url."
    }
    if (-not $Key -and -not $Token -and $env:FRESHCOAT_KEY) {
        $Key = ConvertTo-SecureString $env:FRESHCOAT_KEY -AsPlainText -Force
    }
    if ($PSVersionTable.PSEdition -ne 'Core') {
        # Windows PowerShell may start with old versions of TLS only.
        [Net.ServicePointManager]::SecurityProtocol = [Net.ServicePointManager]::SecurityProtocol -bor [Net.SecurityProtocolType]::Tls12
    }
    $before = $script:Connection
    $script:Connection = @{ Url = $Url.TrimEnd('/'); Key = $Key; Token = $Token }
    try { Invoke-FreshcoatRequest -Method GET -Path 'me' }
    catch { $script:Connection = $before; throw }
}

function Invoke-FreshcoatRequest {
    # One request. What was lost or came at a bad moment is sent again, with the same idempotency key: it is done once.
    param(
        [Parameter(Mandatory = $true)] [ValidateSet('GET', 'POST')] [string] $Method,
        [Parameter(Mandatory = $true)] [string] $Path,
        [hashtable] $Query = @{},
        [hashtable] $Body
    )
    if (-not $script:Connection) { throw 'Connect first: Connect-Freshcoat -Url https://freshcoat.contoso.com' }
    $request = @{
        Method             = $Method
        Uri                = Get-FreshcoatUri -Path $Path -Query $Query
        Headers            = Get-FreshcoatHeader -Method $Method
        TimeoutSec         = 100
        MaximumRedirection = 0
        UseBasicParsing    = $true
    }
    if ($Body) {
        # Bytes, because Windows PowerShell would send text as Latin-1.
        $request.Body = [Text.Encoding]::UTF8.GetBytes((ConvertTo-Json -InputObject $Body -Depth 10 -Compress))
        $request.ContentType = 'application/json; charset=utf-8'
    }
    for ($try = 1; ; $try++) {
        try { return Invoke-RestMethod @request }
        catch {
            $wait = Get-FreshcoatDelay -Failure $_ -Try $try
            if ($null -eq $wait) { throw (Get-FreshcoatError -Failure $_) }
            Write-Verbose "No answer that counts. Sent again in $wait s."
            Start-Sleep -Seconds $wait
        }
    }
}

function Get-FreshcoatUri {
    param([string] $Path, [hashtable] $Query)
    $pairs = foreach ($name in $Query.Keys) {
        if ($null -ne $Query[$name] -and '' -ne $Query[$name]) { "$name=$([uri]::EscapeDataString([string] $Query[$name]))" }
    }
    $uri = "$($script:Connection.Url)/api/$Path"
    if ($pairs) { "${uri}?$($pairs -join '&')" } else { $uri }
}

function Get-FreshcoatHeader {
    param([string] $Method)
    $headers = @{ Accept = 'application/json' }
    if ($script:Connection.Token) { $headers['Authorization'] = "Bearer $(Get-FreshcoatPlainText $script:Connection.Token)" }
    elseif ($script:Connection.Key) { $headers['x-freshcoat-key'] = Get-FreshcoatPlainText $script:Connection.Key }
    if ($Method -ne 'GET') { $headers['Idempotency-Key'] = [guid]::NewGuid().ToString() }
    $headers
}

function Get-FreshcoatPlainText {
    param([securestring] $Secret)
    [Net.NetworkCredential]::new('', $Secret).Password
}

function Get-FreshcoatStatus {
    # The status of a failed request. 0: there was no answer.
    param([Management.Automation.ErrorRecord] $Failure)
    if ($Failure.Exception.PSObject.Properties['Response'] -and $Failure.Exception.Response) {
        return [int] $Failure.Exception.Response.StatusCode
    }
    0
}

function Get-FreshcoatRetryAfter {
    # Seconds that the answer asks to wait, or null.
    param([Management.Automation.ErrorRecord] $Failure)
    $headers = $Failure.Exception.Response.Headers
    if ($PSVersionTable.PSEdition -ne 'Core') {
        if ($headers['Retry-After']) { return [int] $headers['Retry-After'] }
    } elseif ($headers.RetryAfter -and $headers.RetryAfter.Delta) {
        return [int] $headers.RetryAfter.Delta.TotalSeconds
    }
    $null
}

function Get-FreshcoatDelay {
    # Seconds until it is sent again. Null: it is not.
    param([Management.Automation.ErrorRecord] $Failure, [int] $Try)
    if ($Try -ge $script:Tries) { return $null }
    $status = Get-FreshcoatStatus -Failure $Failure
    $backOff = [math]::Pow(2, $Try)
    if ($status -eq 0) { return $backOff }
    $asked = Get-FreshcoatRetryAfter -Failure $Failure
    # 409 with Retry-After: another request is reserving the same thing, or the first one is still being answered.
    if ($status -eq 409 -and $null -ne $asked) { return [math]::Min($asked, 60) }
    if ($status -in 429, 502, 503, 504) {
        if ($null -eq $asked) { return $backOff }
        return [math]::Min($asked, 60)
    }
    $null
}

function Get-FreshcoatError {
    # What the app says about it (RFC 9457), as the message of an error record. Its TargetObject is the whole problem.
    param([Management.Automation.ErrorRecord] $Failure)
    $status = Get-FreshcoatStatus -Failure $Failure
    $problem = $null
    if ($Failure.ErrorDetails -and $Failure.ErrorDetails.Message) {
        try { $problem = ConvertFrom-Json $Failure.ErrorDetails.Message } catch { $problem = $null }
    }
    $message = if ($status -eq 0) {
        "Freshcoat did not answer: $($Failure.Exception.Message)"
    } elseif ($problem -and $problem.PSObject.Properties['detail']) {
        (@("$($problem.title) ($status): $($problem.detail)") + (Get-FreshcoatFault -Problem $problem)) -join [Environment]::NewLine
    } else {
        "Freshcoat answered $status."
    }
    $category = switch ($status) {
        0 { 'ConnectionError' }
        400 { 'InvalidArgument' }
        401 { 'AuthenticationError' }
        403 { 'PermissionDenied' }
        404 { 'ObjectNotFound' }
        409 { 'ResourceBusy' }
        422 { 'InvalidOperation' }
        default { 'NotSpecified' }
    }
    $exception = [InvalidOperationException]::new($message, $Failure.Exception)
    [Management.Automation.ErrorRecord]::new($exception, "Freshcoat$status", $category, $problem)
}

function Get-FreshcoatFault {
    # The single fields and checks that a refusal names, a line for each.
    param($Problem)
    if ($Problem.PSObject.Properties['errors']) {
        foreach ($fault in $Problem.errors) { "  $($fault.field): $($fault.message)" }
    }
    if ($Problem.PSObject.Properties['findings']) {
        foreach ($finding in $Problem.findings) {
            if ($finding.result -eq 'fail') { "  $($finding.check): $($finding.detail)" }
        }
    }
}

function Get-FreshcoatItem {
    # Every item of a list, page by page.
    param([string] $Path, [hashtable] $Query = @{})
    $asked = $Query.Clone()
    do {
        $page = Invoke-FreshcoatRequest -Method GET -Path $Path -Query $asked
        $page.items
        $asked['continuation'] = $page.continuation
    } while ($page.continuation)
}
