// The function app on Flex Consumption. Its package is put there by `azd deploy`.
param name string
param base string
param location string
param tags object
param environmentName string
param identityId string
param identityClientId string
param storageName string
param packageContainer string
param recordBlob string
param recordKey string
param vaultUri string
param signedEvents bool
param joinSettings string[]
param insightsConnection string
param clientId string
param entraTenants string[]
param platformSignIn bool
param schedulerEndpoint string
param subnetId string
param publicApp bool
param maximumInstances int
param instanceMemory int
param alwaysReady int
param updateStrategy string
param furtherSettings object
param furtherIdentities string[]

var suffix = environment().suffixes.storage

var defaults = {
  FRESHCOAT_RESUME_SCHEDULE: '*/30 * * * * *'
  FRESHCOAT_PROMOTION_SCHEDULE: '*/30 * * * * *'
  FRESHCOAT_RETENTION_SCHEDULE: '0 20 * * * *'
  PYTHON_THREADPOOL_THREAD_COUNT: '32'
}

var ours = {
  FRESHCOAT_ENVIRONMENT: environmentName
  FRESHCOAT_TABLES_ENDPOINT: 'https://${storageName}.table.${suffix}'
  FRESHCOAT_IDENTITY_CLIENT_ID: identityClientId
  FRESHCOAT_ENTRA_TENANTS: join(entraTenants, ',')
  FRESHCOAT_ENTRA_AUDIENCE: clientId
  TASKHUB_NAME: 'freshcoat'
}

var events = signedEvents ? {
  FRESHCOAT_EVENT_SECRET: '@Microsoft.KeyVault(SecretUri=${vaultUri}secrets/event-secret)'
} : {}

var record = empty(recordKey) ? {} : {
  FRESHCOAT_RECORD_KEY: recordKey
  FRESHCOAT_RECORD_BLOB: recordBlob
}

// JOIN_PASSWORD is the secret join-password: a name of a secret has no underscore.
var joining = toObject(
  joinSettings,
  setting => setting,
  setting => '@Microsoft.KeyVault(SecretUri=${vaultUri}secrets/${toLower(replace(setting, '_', '-'))})'
)

// FUNCTIONS_WORKER_RUNTIME and its version are no settings on Flex Consumption: `runtime` below says both.
var platform = {
  AzureWebJobsStorage__accountName: storageName
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__clientId: identityClientId
  APPLICATIONINSIGHTS_CONNECTION_STRING: insightsConnection
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
}

var signingIn = platformSignIn ? {
  OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID: identityClientId
} : {}

// Which back end it is, host.json in the package says: before_deploy.sh makes the right one.
var engine = empty(schedulerEndpoint) ? {} : {
  DURABLE_TASK_SCHEDULER_CONNECTION_STRING: 'Endpoint=${schedulerEndpoint};Authentication=ManagedIdentity;ClientID=${identityClientId}'
}

var settings = union(defaults, furtherSettings, ours, events, record, joining, platform, signingIn, engine)

resource plan 'Microsoft.Web/serverfarms@2024-11-01' = {
  name: 'plan-${base}'
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    tier: 'FlexConsumption'
    name: 'FC1'
  }
  properties: { reserved: true }
}

resource app 'Microsoft.Web/sites@2024-11-01' = {
  name: name
  location: location
  tags: union(tags, { 'azd-service-name': 'api' })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    // The whole set: an identity that is not named here would be taken from the app.
    userAssignedIdentities: union({ '${identityId}': {} }, toObject(furtherIdentities, id => id, id => {}))
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    publicNetworkAccess: publicApp ? 'Enabled' : 'Disabled'
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    keyVaultReferenceIdentity: identityId
    functionAppConfig: {
      runtime: {
        name: 'python'
        version: '3.13'
      }
      deployment: {
        storage: {
          type: 'blobContainer'
          value: 'https://${storageName}.blob.${suffix}/${packageContainer}'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      // A preview: Azure takes it with this version of the interface, and its published types do not know it yet.
      #disable-next-line BCP037
      siteUpdateStrategy: { type: updateStrategy }
      scaleAndConcurrency: {
        maximumInstanceCount: maximumInstances
        instanceMemoryMB: instanceMemory
        // For Python, Azure's default is 1: a page that asks for three things would wake three instances.
        triggers: {
          http: { perInstanceConcurrency: 16 }
        }
        alwaysReady: alwaysReady == 0 ? [] : [ { name: 'durable', instanceCount: alwaysReady } ]
      }
    }
    siteConfig: {
      minTlsVersion: '1.2'
      appSettings: [for setting in items(settings): { name: setting.key, value: string(setting.value) }]
    }
  }

  resource ftp 'basicPublishingCredentialsPolicies' = {
    name: 'ftp'
    properties: { allow: false }
  }

  resource scm 'basicPublishingCredentialsPolicies' = {
    name: 'scm'
    properties: { allow: false }
  }
}

// The platform checks tokens that are there, and lets all other requests through: the app itself decides about app
// keys, signatures of hosts and the few open routes.
resource signIn 'Microsoft.Web/sites/config@2024-11-01' = {
  parent: app
  name: 'authsettingsV2'
  properties: {
    platform: { enabled: platformSignIn }
    globalValidation: {
      requireAuthentication: false
      unauthenticatedClientAction: 'AllowAnonymous'
    }
    identityProviders: {
      azureActiveDirectory: {
        enabled: true
        registration: {
          clientId: clientId
          clientSecretSettingName: 'OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID'
          openIdIssuer: '${environment().authentication.loginEndpoint}${entraTenants[0]}/v2.0'
        }
        validation: { allowedAudiences: [ clientId ] }
      }
    }
    login: { tokenStore: { enabled: false } }
  }
}

output id string = app.id
