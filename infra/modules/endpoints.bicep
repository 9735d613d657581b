// Private endpoints of the storage account and the vault, before the app is made: it starts with them or not at all.
param base string
param location string
param tags object
param subnetId string
param networkId string
param storageId string
param vaultId string

var suffix = environment().suffixes.storage
var services = [
  { name: 'blob', group: 'blob', target: storageId, zone: 'privatelink.blob.${suffix}' }
  { name: 'queue', group: 'queue', target: storageId, zone: 'privatelink.queue.${suffix}' }
  { name: 'table', group: 'table', target: storageId, zone: 'privatelink.table.${suffix}' }
  { name: 'vault', group: 'vault', target: vaultId, zone: 'privatelink.vaultcore.azure.net' }
]

module endpoint 'endpoint.bicep' = [for service in services: {
  name: 'endpoint-${service.name}'
  params: {
    name: 'pep-${base}-${service.name}'
    location: location
    tags: tags
    subnetId: subnetId
    networkId: networkId
    targetId: service.target
    group: service.group
    zone: service.zone
  }
}]
