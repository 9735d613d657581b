// The private endpoint of the app itself, where it cannot be reached from the internet.
param base string
param location string
param tags object
param subnetId string
param networkId string
param appId string

module endpoint 'endpoint.bicep' = {
  name: 'endpoint-app'
  params: {
    name: 'pep-${base}-app'
    location: location
    tags: tags
    subnetId: subnetId
    networkId: networkId
    targetId: appId
    group: 'sites'
    zone: 'privatelink.azurewebsites.net'
  }
}
