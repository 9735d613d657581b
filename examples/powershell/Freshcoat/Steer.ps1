# What is said to a rollout that runs.

function Suspend-FreshcoatRollout {
    <#
    .SYNOPSIS
    Pauses a rollout: no more hosts are begun, and those in work are finished.

    .EXAMPLE
    Get-FreshcoatRollout -Pool office -Open | Suspend-FreshcoatRollout -Reason 'Teams does not start'
    #>
    [CmdletBinding(SupportsShouldProcess = $true)]
    param(
        [Parameter(Mandatory = $true, Position = 0, ValueFromPipelineByPropertyName = $true)]
        [string] $Id,
        # Why. It is kept in the record.
        [string] $Reason = ''
    )
    process {
        if (-not $PSCmdlet.ShouldProcess("rollout $Id", 'Pause')) { return }
        Invoke-FreshcoatRequest -Method POST -Path "rollouts/$([uri]::EscapeDataString($Id))/pause" -Body @{ reason = $Reason }
    }
}

function Resume-FreshcoatRollout {
    <#
    .SYNOPSIS
    Lets a paused rollout go on.

    .EXAMPLE
    Resume-FreshcoatRollout 8204693463134-636d
    #>
    [CmdletBinding(SupportsShouldProcess = $true)]
    param(
        [Parameter(Mandatory = $true, Position = 0, ValueFromPipelineByPropertyName = $true)]
        [string] $Id,
        # Why. It is kept in the record.
        [string] $Reason = ''
    )
    process {
        if (-not $PSCmdlet.ShouldProcess("rollout $Id", 'Resume')) { return }
        Invoke-FreshcoatRequest -Method POST -Path "rollouts/$([uri]::EscapeDataString($Id))/resume" -Body @{ reason = $Reason }
    }
}

function Undo-FreshcoatRollout {
    <#
    .SYNOPSIS
    Takes a rollout back while it runs, or a pool to its previous version after it has ended.

    .DESCRIPTION
    Hosts go back to the version that they had. A running rollout takes its hosts back; one that has succeeded is undone by
    a rollout of its own, which is answered. Asks first; -Confirm:$false does not. With -WhatIf nothing is done.

    .EXAMPLE
    Undo-FreshcoatRollout 8204693463134-636d -Reason 'Teams does not start'
    #>
    [CmdletBinding(SupportsShouldProcess = $true, ConfirmImpact = 'High')]
    param(
        [Parameter(Mandatory = $true, Position = 0, ValueFromPipelineByPropertyName = $true)]
        [string] $Id,
        # Why. It is kept in the record.
        [string] $Reason = ''
    )
    process {
        $found = Invoke-FreshcoatRequest -Method GET -Path "rollouts/$([uri]::EscapeDataString($Id))"
        $path = "pools/$([uri]::EscapeDataString($found.pool))/roll-back"
        if ($found.state -eq 'succeeded') {
            $plan = Invoke-FreshcoatRequest -Method POST -Path $path -Query @{ what_if = 'true' } -Body @{ reason = $Reason }
            $action = "Take $($plan.to_update) hosts back to $($plan.version); at most $($plan.users_at_force) people are signed out"
            if (-not $PSCmdlet.ShouldProcess("pool $($found.pool)", $action)) {
                if ($WhatIfPreference) { $plan }
                return
            }
            $body = @{ reason = $Reason }
            if ($plan.id) { $body.plan = $plan.id }
            return Invoke-FreshcoatRequest -Method POST -Path $path -Body $body
        }
        if (-not $PSCmdlet.ShouldProcess("rollout $Id of pool $($found.pool)", "Take its hosts back to $($found.from_version)")) { return }
        Invoke-FreshcoatRequest -Method POST -Path "rollouts/$([uri]::EscapeDataString($Id))/cancel" -Body @{ how = 'roll_back'; reason = $Reason }
    }
}
