// Join passwords, the secret behind signed log-off events, and the key that signs the record.
param name string
param location string
param tags object
param principalId string
param deployerId string
param deployerType string
param privateNetwork bool
param signRecord bool

var roles = {
  secretsUser: '4633458b-17de-408a-b874-0445c86b69e6'
  secretsOfficer: 'b86a8fe4-44ce-4948-aee5-eccb2c155cd7'
  cryptoUser: '12338af0-0e69-4776-bea7-57ae8d297424'
}

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: {
      family: 'A'
      name: 'standard'
    }
    enableRbacAuthorization: true
    enableSoftDelete: true
    // Once on, it stays on, and `azd down` cannot free the name for 90 days. A signed record is worth that.
    enablePurgeProtection: signRecord ? true : null
    publicNetworkAccess: privateNetwork ? 'Disabled' : 'Enabled'
    networkAcls: {
      bypass: 'None'
      defaultAction: privateNetwork ? 'Deny' : 'Allow'
    }
  }
}

resource recordKey 'Microsoft.KeyVault/vaults/keys@2024-11-01' = if (signRecord) {
  parent: vault
  name: 'record'
  properties: {
    kty: 'RSA'
    keySize: 3072
    keyOps: [ 'sign', 'verify' ]
  }
}

resource reading 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(vault.id, principalId, roles.secretsUser)
  scope: vault
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.secretsUser)
  }
}

resource signing 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (signRecord) {
  name: guid(vault.id, principalId, roles.cryptoUser)
  scope: recordKey
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.cryptoUser)
  }
}

resource setting 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(deployerId)) {
  name: guid(vault.id, deployerId, roles.secretsOfficer)
  scope: vault
  properties: {
    principalId: deployerId
    principalType: empty(deployerType) ? null : deployerType
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.secretsOfficer)
  }
}

output id string = vault.id
output name string = vault.name
output uri string = vault.properties.vaultUri
output recordKey string = signRecord ? '${vault.properties.vaultUri}keys/record' : ''
