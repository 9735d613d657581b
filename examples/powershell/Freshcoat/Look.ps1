# What only reads.

function Get-FreshcoatPool {
    <#
    .SYNOPSIS
    The pools: version, hosts, people, and what runs on them.

    .EXAMPLE
    Get-FreshcoatPool -Ring test | Select-Object name, version, hosts, sessions

    .EXAMPLE
    Get-FreshcoatPool office
    #>
    [CmdletBinding(DefaultParameterSetName = 'List')]
    param(
        # One pool, with all its settings.
        [Parameter(ParameterSetName = 'One', Mandatory = $true, Position = 0, ValueFromPipeline = $true)]
        [string] $Name,
        # Pools of this account.
        [Parameter(ParameterSetName = 'List')]
        [string] $Account,
        # Pools of this ring.
        [Parameter(ParameterSetName = 'List')]
        [ValidateSet('test', 'pilot', 'production')]
        [string] $Ring,
        # Pools of this image.
        [Parameter(ParameterSetName = 'List')]
        [string] $Image
    )
    process {
        if ($Name) { return Invoke-FreshcoatRequest -Method GET -Path "pools/$([uri]::EscapeDataString($Name))" }
        Get-FreshcoatItem -Path 'pools' -Query @{ account = $Account; ring = $Ring; image = $Image; live = 'false' }
    }
}

function Get-FreshcoatImage {
    <#
    .SYNOPSIS
    The images: which version is active, which one is staged, and how its test went.

    .EXAMPLE
    Get-FreshcoatImage win11-office | Select-Object current, staged, verdict, backups
    #>
    [CmdletBinding(DefaultParameterSetName = 'List')]
    param(
        # One image.
        [Parameter(ParameterSetName = 'One', Mandatory = $true, Position = 0, ValueFromPipeline = $true)]
        [string] $Name,
        # Part of the name.
        [Parameter(ParameterSetName = 'List')]
        [string] $Search
    )
    process {
        if ($Name) { return Invoke-FreshcoatRequest -Method GET -Path "images/$([uri]::EscapeDataString($Name))" }
        Get-FreshcoatItem -Path 'images' -Query @{ search = $Search }
    }
}

function Get-FreshcoatRollout {
    <#
    .SYNOPSIS
    The rollouts, the newest first, or one of them.

    .EXAMPLE
    Get-FreshcoatRollout -Pool office -Open

    .EXAMPLE
    Get-FreshcoatRollout 8204693463134-636d | Select-Object state, percent, expected_end
    #>
    [CmdletBinding(DefaultParameterSetName = 'List')]
    param(
        # The id of a rollout.
        [Parameter(ParameterSetName = 'One', Mandatory = $true, Position = 0, ValueFromPipeline = $true)]
        [string] $Id,
        # Rollouts of this pool.
        [Parameter(ParameterSetName = 'List')]
        [string] $Pool,
        # Only those that have not ended.
        [Parameter(ParameterSetName = 'List')]
        [switch] $Open
    )
    process {
        if ($Id) { return Invoke-FreshcoatRequest -Method GET -Path "rollouts/$([uri]::EscapeDataString($Id))" }
        $asked = @{ pool = $Pool }
        if ($Open) { $asked['open'] = 'true' }
        Get-FreshcoatItem -Path 'rollouts' -Query $asked
    }
}

function Get-FreshcoatPlan {
    <#
    .SYNOPSIS
    What an update of a pool would do. Nothing is changed.

    .EXAMPLE
    Get-FreshcoatPlan -Pool office -Version 2.0.0 -Deadline 2026-12-07T01:00 | Select-Object can_start, to_update, users_at_force
    #>
    [CmdletBinding(DefaultParameterSetName = 'Now')]
    param(
        [Parameter(Mandatory = $true, Position = 0)]
        [string] $Pool,
        [Parameter(Mandatory = $true, Position = 1)]
        [string] $Version,
        # Now: people are told, and signed out at once. That is also what is planned without a moment.
        [Parameter(ParameterSetName = 'Now')]
        [switch] $Now,
        # At this moment, in the time zone of the pool: 2026-12-07T01:00.
        [Parameter(ParameterSetName = 'At', Mandatory = $true)]
        [ValidatePattern('^\d{4}-\d\d-\d\dT\d\d:\d\d')]
        [string] $At,
        # As people sign out, the last ones at this moment, in the time zone of the pool.
        [Parameter(ParameterSetName = 'OnLogoff', Mandatory = $true)]
        [ValidatePattern('^\d{4}-\d\d-\d\dT\d\d:\d\d')]
        [string] $Deadline
    )
    $asked = @{ version = $Version; schedule = (Get-FreshcoatSchedule -At $At -Deadline $Deadline) }
    $path = "pools/$([uri]::EscapeDataString($Pool))/update-image"
    Invoke-FreshcoatRequest -Method POST -Path $path -Query @{ what_if = 'true' } -Body $asked
}

function Get-FreshcoatSchedule {
    param([string] $At, [string] $Deadline)
    if ($At) { return @{ mode = 'at'; at = $At } }
    if ($Deadline) { return @{ mode = 'on_logoff'; deadline = $Deadline } }
    @{ mode = 'now' }
}
