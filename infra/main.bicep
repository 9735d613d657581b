// Everything that Freshcoat needs, in one resource group. `azd up` deploys it (see docs/deploy.md).
//
// Nothing here may touch another resource group: `azd down` deletes every group in which a deployment made something,
// a role assignment included, and with a pool's group all its session hosts. What the app may do outside its own group
// is granted by rights.bicep, which azd does not know. tests/infra holds this.
targetScope = 'subscription'

@description('Name of the azd environment: small letters, digits and hyphens; part of most names.')
@minLength(1)
@maxLength(20)
param environmentName string

@description('Region of the app. It must offer Flex Consumption.')
@metadata({ azd: { type: 'location' } })
param location string

@description('Object id of who deploys: may set the secrets in the vault. Empty: nobody may, until you allow it.')
param deployerId string = ''

@description('What kind of principal that is. Empty: Azure finds out. azd does not say it to a parameter file.')
@allowed([ '', 'User', 'ServicePrincipal' ])
param deployerType string = ''

@description('Where the durable engine keeps its state: the storage account, or a Durable Task Scheduler.')
@allowed([ 'AzureStorage', 'AzureManaged' ])
param durableBackend string = 'AzureStorage'

@description('Copies of the storage account. Regions without zones need Standard_LRS.')
@allowed([ 'Standard_LRS', 'Standard_ZRS' ])
param storageSku string = 'Standard_ZRS'

@description('Storage, vault and scheduler only through private endpoints, the app through a virtual network of its own.')
param privateNetwork bool = false

@description('Whether the app itself can be reached from the internet. Only with privateNetwork it may be false.')
param publicApp bool = true

@description('Addresses of the virtual network: at least a /25.')
param networkPrefix string = '10.90.0.0/24'

@description('Client id of an app registration that is there already. Empty: this deployment makes one.')
param givenClientId string = ''

@description('Tenants whose people and programs may sign in. Empty: the tenant of the subscription.')
param entraTenants string[] = []

@description('App Service authentication before the app\'s own check of tokens. Only for a single tenant.')
param platformSignIn bool = true

@description('Settings `JOIN_…` whose passwords are secrets of the vault: JOIN_PASSWORD is the secret join-password.')
param joinSettings string[] = []

@description('Whether hosts may sign log-off events. The secret is made by the script after_provision.sh.')
param signedEvents bool = true

@description('Whether the record is signed by a key of the vault every month.')
param signRecord bool = false

@description('Days that a signature of the record cannot be changed or deleted.')
@minValue(1)
@maxValue(146000)
param recordDays int = 730

@description('Whether you have locked that retention policy. A locked one cannot be written again.')
param recordLocked bool = false

@description('Days that logs and telemetry are kept.')
@minValue(30)
@maxValue(730)
param logDays int = 90

@description('Who gets a mail when an alert rule fires. Empty: the alerts are only shown in the portal.')
param alertMail string = ''

@description('The most instances of the app. Each works on many hosts at once.')
@minValue(1)
@maxValue(1000)
param maximumInstances int = 40

@description('Memory of an instance, in MB.')
@allowed([ 512, 2048, 4096 ])
param instanceMemory int = 2048

@description('Instances that are kept running for the durable engine, so that a rollout goes on without a cold start.')
@minValue(0)
param alwaysReady int = 1

@description('How running instances are replaced when something is deployed. RollingUpdate is a preview.')
@allowed([ 'Recreate', 'RollingUpdate' ])
param updateStrategy string = 'Recreate'

@description('Further app settings, such as limits. What this deployment sets itself counts more.')
param furtherSettings object = {}

@description('Ids of user-assigned identities that the app has besides its own, such as those of customers.')
param furtherIdentities string[] = []

@description('Further tags of all resources.')
param furtherTags object = {}

var token = take(uniqueString(subscription().id, environmentName, location), 8)
var base = 'freshcoat-${environmentName}'
var appName = 'func-${base}-${token}'
var hostName = '${appName}.azurewebsites.net'
var tenants = empty(entraTenants) ? [ tenant().tenantId ] : entraTenants
var tags = union(furtherTags, { 'azd-env-name': environmentName, application: 'freshcoat' })

resource group 'Microsoft.Resources/resourceGroups@2024-03-01' = {
  name: 'rg-${base}'
  location: location
  tags: tags
}

module identity 'modules/identity.bicep' = {
  name: 'identity'
  scope: group
  params: {
    name: 'id-${base}-${token}'
    location: location
    tags: tags
  }
}

module monitoring 'modules/monitoring.bicep' = {
  name: 'monitoring'
  scope: group
  params: {
    base: base
    location: location
    tags: tags
    principalId: identity.outputs.principalId
    logDays: logDays
  }
}

module storage 'modules/storage.bicep' = {
  name: 'storage'
  scope: group
  params: {
    name: 'stfreshcoat${token}'
    location: location
    tags: tags
    sku: storageSku
    principalId: identity.outputs.principalId
    privateNetwork: privateNetwork
    signRecord: signRecord
    recordDays: recordDays
    recordLocked: recordLocked
  }
}

module vault 'modules/vault.bicep' = {
  name: 'vault'
  scope: group
  params: {
    name: 'kv-freshcoat-${token}'
    location: location
    tags: tags
    principalId: identity.outputs.principalId
    deployerId: deployerId
    deployerType: deployerType
    privateNetwork: privateNetwork
    signRecord: signRecord
  }
}

module scheduler 'modules/scheduler.bicep' = if (durableBackend == 'AzureManaged') {
  name: 'scheduler'
  scope: group
  params: {
    name: 'dts-${base}-${token}'
    location: location
    tags: tags
    principalId: identity.outputs.principalId
    privateNetwork: privateNetwork
  }
}

module network 'modules/network.bicep' = if (privateNetwork) {
  name: 'network'
  scope: group
  params: {
    name: 'vnet-${base}-${token}'
    location: location
    tags: tags
    prefix: networkPrefix
  }
}

module endpoints 'modules/endpoints.bicep' = if (privateNetwork) {
  name: 'endpoints'
  scope: group
  params: {
    base: base
    location: location
    tags: tags
    subnetId: network!.outputs.endpointSubnetId
    networkId: network!.outputs.id
    storageId: storage.outputs.id
    vaultId: vault.outputs.id
    schedulerId: durableBackend == 'AzureManaged' ? scheduler!.outputs.id : ''
  }
}

module entra 'modules/entra.bicep' = if (empty(givenClientId)) {
  name: 'entra'
  scope: group
  params: {
    uniqueName: '${base}-${token}'
    displayName: 'Freshcoat (${environmentName})'
    hostName: hostName
    identityPrincipalId: identity.outputs.principalId
    severalTenants: length(tenants) > 1
  }
}

module app 'modules/app.bicep' = {
  name: 'app'
  scope: group
  dependsOn: [ endpoints ]
  params: {
    name: appName
    base: base
    location: location
    tags: tags
    environmentName: environmentName
    identityId: identity.outputs.id
    identityClientId: identity.outputs.clientId
    storageName: storage.outputs.name
    packageContainer: storage.outputs.packageContainer
    recordBlob: storage.outputs.recordBlob
    recordKey: vault.outputs.recordKey
    vaultUri: vault.outputs.uri
    signedEvents: signedEvents
    joinSettings: joinSettings
    insightsConnection: monitoring.outputs.connectionString
    clientId: empty(givenClientId) ? entra!.outputs.clientId : givenClientId
    entraTenants: tenants
    platformSignIn: platformSignIn && length(tenants) == 1
    schedulerEndpoint: durableBackend == 'AzureManaged' ? scheduler!.outputs.endpoint : ''
    subnetId: privateNetwork ? network!.outputs.appSubnetId : ''
    publicApp: publicApp || !privateNetwork
    maximumInstances: maximumInstances
    instanceMemory: instanceMemory
    alwaysReady: alwaysReady
    updateStrategy: updateStrategy
    furtherSettings: furtherSettings
    furtherIdentities: furtherIdentities
  }
}

module appEndpoint 'modules/app_endpoint.bicep' = if (privateNetwork && !publicApp) {
  name: 'app-endpoint'
  scope: group
  params: {
    base: base
    location: location
    tags: tags
    subnetId: network!.outputs.endpointSubnetId
    networkId: network!.outputs.id
    appId: app.outputs.id
  }
}

module alerts 'modules/alerts.bicep' = {
  name: 'alerts'
  scope: group
  params: {
    base: base
    location: location
    tags: tags
    insightsId: monitoring.outputs.insightsId
    mail: alertMail
  }
}

module workbook 'modules/workbook.bicep' = {
  name: 'workbook'
  scope: group
  params: {
    displayName: 'Freshcoat (${environmentName})'
    location: location
    tags: tags
    insightsId: monitoring.outputs.insightsId
  }
}

output AZURE_RESOURCE_GROUP string = group.name
output FRESHCOAT_URL string = 'https://${hostName}'
output FRESHCOAT_CLIENT_ID string = empty(givenClientId) ? entra!.outputs.clientId : givenClientId
output FRESHCOAT_IDENTITY_PRINCIPAL string = identity.outputs.principalId
output FRESHCOAT_VAULT string = vault.outputs.name
output FRESHCOAT_SIGNED_EVENTS bool = signedEvents
