// What the app may do outside its own resource group: custom roles from the app's table of rights, and where they count.
//
// scripts/grant_rights.sh deploys it with `az`, never azd: `azd down` deletes the groups that its deployments touch.
targetScope = 'subscription'

@description('Name of the azd environment; part of the names of the roles, because they are unique in a tenant.')
param environmentName string

@description('Object id of the app\'s identity.')
param principalId string

@description('Ids of the resource groups with host pools.')
param poolGroups string[] = []

@description('Ids of the resource groups with session hosts: VMs, their disks and network cards.')
param machineGroups string[] = []

@description('Ids of the resource groups with galleries.')
param imageGroups string[] = []

@description('Ids of the resource groups with template VMs, where images are made.')
param buildGroups string[] = []

@description('Ids of the subnets in which the clones of template VMs run.')
param cloneSubnets string[] = []

// `python -m tools.roles --bicep` writes this file.
var roles = loadJsonContent('generated/roles.json')
var places = concat(poolGroups, machineGroups, imageGroups, buildGroups, cloneSubnets)
var subscriptions = union(map(places, id => '/subscriptions/${toLower(split(id, '/')[2])}'), [])

resource definitions 'Microsoft.Authorization/roleDefinitions@2022-04-01' = [for role in items(roles): {
  name: guid(subscription().id, environmentName, role.key)
  properties: {
    roleName: '${role.value.name} (${environmentName})'
    description: role.value.description
    type: 'CustomRole'
    permissions: [
      {
        actions: role.value.actions
        notActions: []
      }
    ]
    assignableScopes: union(subscriptions, [ subscription().id ])
  }
}]

module onPools 'modules/grant_group.bicep' = [for (id, i) in poolGroups: {
  name: 'FRESHCOAT-POOLS-${i}'
  scope: resourceGroup(split(id, '/')[2], split(id, '/')[4])
  dependsOn: [ definitions ]
  params: {
    principalId: principalId
    role: guid(subscription().id, environmentName, 'hostPools')
  }
}]

module onMachines 'modules/grant_group.bicep' = [for (id, i) in machineGroups: {
  name: 'FRESHCOAT-MACHINES-${i}'
  scope: resourceGroup(split(id, '/')[2], split(id, '/')[4])
  dependsOn: [ definitions ]
  params: {
    principalId: principalId
    role: guid(subscription().id, environmentName, 'machines')
  }
}]

module onImages 'modules/grant_group.bicep' = [for (id, i) in imageGroups: {
  name: 'FRESHCOAT-IMAGES-${i}'
  scope: resourceGroup(split(id, '/')[2], split(id, '/')[4])
  dependsOn: [ definitions ]
  params: {
    principalId: principalId
    role: guid(subscription().id, environmentName, 'image')
  }
}]

module onBuilding 'modules/grant_group.bicep' = [for (id, i) in buildGroups: {
  name: 'FRESHCOAT-BUILDING-${i}'
  scope: resourceGroup(split(id, '/')[2], split(id, '/')[4])
  dependsOn: [ definitions ]
  params: {
    principalId: principalId
    role: guid(subscription().id, environmentName, 'building')
  }
}]

module onSubnets 'modules/grant_subnet.bicep' = [for (id, i) in cloneSubnets: {
  name: 'FRESHCOAT-SUBNET-${i}'
  scope: resourceGroup(split(id, '/')[2], split(id, '/')[4])
  dependsOn: [ definitions ]
  params: {
    principalId: principalId
    role: guid(subscription().id, environmentName, 'subnet')
    networkName: split(id, '/')[8]
    subnetName: split(id, '/')[10]
  }
}]

module onSubscriptions 'modules/grant_subscription.bicep' = [for (id, i) in subscriptions: {
  name: 'FRESHCOAT-SUBSCRIPTION-${i}'
  scope: subscription(split(id, '/')[2])
  dependsOn: [ definitions ]
  params: {
    principalId: principalId
    role: guid(subscription().id, environmentName, 'subscription')
  }
}]
