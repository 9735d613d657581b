# What begins something, what waits for its end, and the verdict of a test.

function Update-FreshcoatImage {
    <#
    .SYNOPSIS
    Publishes a version to a pool.

    .DESCRIPTION
    The plan is asked for first, and said in the question. What begins is that plan: if other hosts would be updated by
    then, or by another policy, nothing happens. With -WhatIf the plan is the answer. -Confirm:$false does not ask.

    .EXAMPLE
    Update-FreshcoatImage -Pool office -Version 2.0.0 -Deadline 2026-12-07T01:00 -WhatIf

    .EXAMPLE
    Update-FreshcoatImage -Pool lab -Version 2.0.0 -Now -SignOut 0 -Confirm:$false | Wait-Freshcoat -TimeoutSeconds 7200
    #>
    [CmdletBinding(SupportsShouldProcess = $true, ConfirmImpact = 'High')]
    param(
        [Parameter(Mandatory = $true, Position = 0)]
        [string] $Pool,
        [Parameter(Mandatory = $true, Position = 1)]
        [string] $Version,
        # Now: people are told, and signed out at once.
        [Parameter(ParameterSetName = 'Now', Mandatory = $true)]
        [switch] $Now,
        # At this moment, in the time zone of the pool: 2026-12-07T01:00.
        [Parameter(ParameterSetName = 'At', Mandatory = $true)]
        [ValidatePattern('^\d{4}-\d\d-\d\dT\d\d:\d\d')]
        [string] $At,
        # As people sign out, the last ones at this moment, in the time zone of the pool.
        [Parameter(ParameterSetName = 'OnLogoff', Mandatory = $true)]
        [ValidatePattern('^\d{4}-\d\d-\d\dT\d\d:\d\d')]
        [string] $Deadline,
        # The most people that may be signed in on hosts that are updated. More: nothing happens.
        [ValidateRange(0, 1000000)]
        [int] $SignOut,
        # Why. It is kept in the record.
        [string] $Reason
    )
    $schedule = Get-FreshcoatSchedule -At $At -Deadline $Deadline
    $path = "pools/$([uri]::EscapeDataString($Pool))/update-image"
    $plan = Invoke-FreshcoatRequest -Method POST -Path $path -Query @{ what_if = 'true' } -Body @{ version = $Version; schedule = $schedule }
    $action = "Publish $Version to $($plan.to_update) hosts; at most $($plan.users_at_force) people are signed out"
    if (-not $PSCmdlet.ShouldProcess("pool $Pool", $action)) {
        if ($WhatIfPreference) { $plan }
        return
    }
    $body = @{ version = $Version; schedule = $schedule }
    if ($plan.id) { $body.plan = $plan.id }
    if ($PSBoundParameters.ContainsKey('SignOut')) { $body.sign_outs = $SignOut }
    if ($Reason) { $body.reason = $Reason }
    Invoke-FreshcoatRequest -Method POST -Path $path -Body $body
}

function Wait-Freshcoat {
    <#
    .SYNOPSIS
    Waits for the end of a rollout or of a task, and answers it.

    .DESCRIPTION
    An end other than success is an error. So is a pause, because a person must go on then, and so is the time limit; in all
    three cases the rollout or the task stays as it is.

    .EXAMPLE
    Wait-Freshcoat 8204693463134-636d -TimeoutSeconds 7200

    .EXAMPLE
    Wait-Freshcoat 8204693463134-636d -Task
    #>
    [CmdletBinding()]
    param(
        # The id of a rollout, or of a task with -Task.
        [Parameter(Mandatory = $true, Position = 0, ValueFromPipelineByPropertyName = $true)]
        [string] $Id,
        # It is the id of a task.
        [switch] $Task,
        # Seconds until this gives up.
        [ValidateRange(1, 604800)]
        [int] $TimeoutSeconds = 14400,
        # Seconds between two looks.
        [ValidateRange(1, 300)]
        [int] $PollSeconds = 15
    )
    process {
        $known = [uri]::EscapeDataString($Id)
        $end = [datetime]::UtcNow.AddSeconds($TimeoutSeconds)
        while ($true) {
            if ($Task) { $found = Invoke-FreshcoatRequest -Method GET -Path "tasks/$known" }
            else { $found = Invoke-FreshcoatRequest -Method GET -Path "rollouts/$known" }
            $note = if ($found.note) { $found.note.text } else { '' }
            Write-Progress -Activity $Id -Status "$($found.state), $($found.percent) %" -PercentComplete ([math]::Min($found.percent, 100))
            if ($found.state -eq 'succeeded') { return $found }
            if ($found.state -in 'failed', 'cancelled', 'rolled_back') { throw "$Id ended as $($found.state). $note" }
            if ($found.state -eq 'paused') { throw "$Id is paused and waits for a person. $note" }
            if ([datetime]::UtcNow -ge $end) { throw "$Id goes on: it is $($found.state), $($found.percent) %, after $TimeoutSeconds s." }
            Start-Sleep -Seconds $PollSeconds
        }
    }
}

function Set-FreshcoatVerdict {
    <#
    .SYNOPSIS
    Records how the test of a version went. Open rollouts of a version that failed are paused.

    .EXAMPLE
    Set-FreshcoatVerdict -Image win11-office -Version 2.0.0 -Result passed -Note 'Teams and printing work'
    #>
    [CmdletBinding(SupportsShouldProcess = $true)]
    param(
        [Parameter(Mandatory = $true, Position = 0)]
        [string] $Image,
        [Parameter(Mandatory = $true, Position = 1)]
        [string] $Version,
        [Parameter(Mandatory = $true, Position = 2)]
        [ValidateSet('passed', 'failed')]
        [string] $Result,
        # What was tested, or what is wrong.
        [string] $Note = ''
    )
    if (-not $PSCmdlet.ShouldProcess("$Image $Version", "Record the verdict $Result")) { return }
    $path = "images/$([uri]::EscapeDataString($Image))/versions/$([uri]::EscapeDataString($Version))/verdict"
    Invoke-FreshcoatRequest -Method POST -Path $path -Body @{ result = $Result; note = $Note }
}
