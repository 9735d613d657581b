// The app registration in Entra ID: its roles are those of the app. Who deploys needs a right in the directory for it;
// without it run scripts/app_registration.sh as somebody who has, and set GIVEN_CLIENT_ID.
extension microsoftGraphV1

param uniqueName string
param displayName string
param hostName string
param identityPrincipalId string
param severalTenants bool

resource registration 'Microsoft.Graph/applications@v1.0' = {
  uniqueName: uniqueName
  displayName: displayName
  signInAudience: severalTenants ? 'AzureADMultipleOrgs' : 'AzureADMyOrg'
  appRoles: loadJsonContent('../generated/app_roles.json')
  // The console, App Service authentication, and the command line, in this order.
  spa: { redirectUris: [ 'https://${hostName}/console/' ] }
  web: {
    redirectUris: [ 'https://${hostName}/.auth/login/aad/callback' ]
    implicitGrantSettings: { enableIdTokenIssuance: true }
  }
  publicClient: { redirectUris: [ 'http://localhost' ] }
  isFallbackPublicClient: true
  // Its scope, and the Azure CLI and azd, which may use it without being asked: `az login` is a sign-in for the command line.
  api: loadJsonContent('../api.json')

  // Instead of a client secret, App Service authentication proves itself with the app's identity.
  resource trust 'federatedIdentityCredentials@v1.0' = {
    name: '${registration.uniqueName}/app-identity'
    description: 'The managed identity of the app'
    audiences: [ 'api://AzureADTokenExchange' ]
    issuer: '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
    subject: identityPrincipalId
  }
}

resource principal 'Microsoft.Graph/servicePrincipals@v1.0' = {
  appId: registration.appId
  // People without a role can sign in, and may do nothing: the app says so in words.
  appRoleAssignmentRequired: false
}

output clientId string = registration.appId
