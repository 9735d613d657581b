@{
    RootModule           = 'Freshcoat.psm1'
    ModuleVersion        = '1.0.0'
    GUID                 = '3f0d6d2e-6c0f-4c55-9d0a-6f2a1f0c7b11'
    Description          = 'Publish desktop images to Azure Virtual Desktop pools with Freshcoat, from PowerShell.'
    PowerShellVersion    = '5.1'
    CompatiblePSEditions = @('Core', 'Desktop')
    FunctionsToExport    = @(
        'Connect-Freshcoat'
        'Get-FreshcoatPool'
        'Get-FreshcoatImage'
        'Get-FreshcoatPlan'
        'Get-FreshcoatRollout'
        'Update-FreshcoatImage'
        'Wait-Freshcoat'
        'Suspend-FreshcoatRollout'
        'Resume-FreshcoatRollout'
        'Undo-FreshcoatRollout'
        'Set-FreshcoatVerdict'
    )
    CmdletsToExport      = @()
    VariablesToExport    = @()
    AliasesToExport      = @()
}
