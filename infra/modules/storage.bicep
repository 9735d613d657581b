// One storage account without keys: the app's tables, the durable engine's state, the package, the record's signatures.
param name string
param location string
param tags object
param sku string
param principalId string
param privateNetwork bool
param signRecord bool
param recordDays int
param recordLocked bool

var packages = 'packages'
var record = 'record'
var roles = {
  blobDataOwner: 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
  queueDataContributor: '974c5e8b-45b9-4653-ba55-5f855dd0fb88'
  tableDataContributor: '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
}

resource account 'Microsoft.Storage/storageAccounts@2024-01-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: sku }
  properties: {
    allowSharedKeyAccess: false
    allowBlobPublicAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: privateNetwork ? 'Disabled' : 'Enabled'
    networkAcls: {
      bypass: 'None'
      defaultAction: privateNetwork ? 'Deny' : 'Allow'
    }
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2024-01-01' = {
  parent: account
  name: 'default'
}

resource packageContainer 'Microsoft.Storage/storageAccounts/blobServices/containers@2024-01-01' = {
  parent: blobs
  name: packages
}

resource recordContainer 'Microsoft.Storage/storageAccounts/blobServices/containers@2024-01-01' = if (signRecord) {
  parent: blobs
  name: record
}

// Not locked: who may change this policy may take it away. Lock it in the portal once you are sure of the days, and set
// RECORD_LOCKED, because Azure refuses to write a locked policy again.
resource retention 'Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies@2024-01-01' = if (signRecord && !recordLocked) {
  parent: recordContainer
  name: 'default'
  properties: {
    immutabilityPeriodSinceCreationInDays: recordDays
    allowProtectedAppendWrites: false
  }
}

resource access 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for role in items(roles): {
  name: guid(account.id, principalId, role.value)
  scope: account
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role.value)
  }
}]

output id string = account.id
output name string = account.name
output packageContainer string = packageContainer.name
output recordBlob string = signRecord ? '${account.properties.primaryEndpoints.blob}${record}' : ''
