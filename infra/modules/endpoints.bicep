// Private endpoints of the storage account, the vault and the scheduler, if there is one, before the app is made: it starts
// with them or not at all.
param base string
param location string
param tags object
param subnetId string
param networkId string
param storageId string
param vaultId string
param schedulerId string

var suffix = environment().suffixes.storage
var always = [
  { name: 'blob', group: 'blob', target: storageId, zone: 'privatelink.blob.${suffix}' }
  { name: 'queue', group: 'queue', target: storageId, zone: 'privatelink.queue.${suffix}' }
  { name: 'table', group: 'table', target: storageId, zone: 'privatelink.table.${suffix}' }
  { name: 'vault', group: 'vault', target: vaultId, zone: 'privatelink.vaultcore.azure.net' }
]
var ofScheduler = [
  { name: 'scheduler', group: 'scheduler', target: schedulerId, zone: 'privatelink.durabletask.io' }
]
var services = concat(always, empty(schedulerId) ? [] : ofScheduler)

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
