// The places are set with `azd env set`, as ids separated by commas; the identity comes from `azd provision`.
using './rights.bicep'

param environmentName = readEnvironmentVariable('AZURE_ENV_NAME')
param principalId = readEnvironmentVariable('FRESHCOAT_IDENTITY_PRINCIPAL')
param poolGroups = union(filter(map(split(readEnvironmentVariable('POOL_GROUPS', ''), ','), part => trim(part)), part => !empty(part)), [])
param machineGroups = union(filter(map(split(readEnvironmentVariable('MACHINE_GROUPS', ''), ','), part => trim(part)), part => !empty(part)), [])
param imageGroups = union(filter(map(split(readEnvironmentVariable('IMAGE_GROUPS', ''), ','), part => trim(part)), part => !empty(part)), [])
param buildGroups = union(filter(map(split(readEnvironmentVariable('BUILD_GROUPS', ''), ','), part => trim(part)), part => !empty(part)), [])
param cloneSubnets = union(filter(map(split(readEnvironmentVariable('CLONE_SUBNETS', ''), ','), part => trim(part)), part => !empty(part)), [])
