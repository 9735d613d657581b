// The places are set with `azd env set`, as ids separated by commas; the identity comes from `azd provision`.
using './rights.bicep'

param environmentName = readEnvironmentVariable('AZURE_ENV_NAME')
param principalId = readEnvironmentVariable('FRESHCOAT_IDENTITY_PRINCIPAL')
param poolGroups = filter(split(readEnvironmentVariable('POOL_GROUPS', ''), ','), part => !empty(part))
param machineGroups = filter(split(readEnvironmentVariable('MACHINE_GROUPS', ''), ','), part => !empty(part))
param imageGroups = filter(split(readEnvironmentVariable('IMAGE_GROUPS', ''), ','), part => !empty(part))
param buildGroups = filter(split(readEnvironmentVariable('BUILD_GROUPS', ''), ','), part => !empty(part))
param cloneSubnets = filter(split(readEnvironmentVariable('CLONE_SUBNETS', ''), ','), part => !empty(part))
