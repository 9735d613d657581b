// One page in the portal: is the app there, what does it log, what do its calls cost.
param displayName string
param location string
param tags object
param insightsId string

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(insightsId, 'freshcoat')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: displayName
    category: 'workbook'
    sourceId: insightsId
    version: '1.0'
    serializedData: loadTextContent('../workbook.json')
  }
}
