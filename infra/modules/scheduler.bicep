// A Durable Task Scheduler with one task hub, instead of the engine's tables and queues in the storage account.
param name string
param location string
param tags object
param principalId string
param privateNetwork bool

// Durable Task Data Contributor
var contributor = '0ad04412-c4d5-4796-b79c-f76d14c8d402'

resource scheduler 'Microsoft.DurableTask/schedulers@2026-02-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    sku: { name: 'Consumption' }
    // Addresses that may call it over the internet; an empty list lets nobody in. Who calls must hold the role below.
    ipAllowlist: privateNetwork ? [] : [ '0.0.0.0/0' ]
    publicNetworkAccess: privateNetwork ? 'Disabled' : 'Enabled'
  }
}

resource hub 'Microsoft.DurableTask/schedulers/taskHubs@2026-02-01' = {
  parent: scheduler
  name: 'freshcoat'
}

resource access 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(hub.id, principalId, contributor)
  scope: hub
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', contributor)
  }
}

output id string = scheduler.id
output endpoint string = scheduler.properties.endpoint
