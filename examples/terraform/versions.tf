# Freshcoat has an HTTP API of its own. It is no resource provider of Azure Resource Manager, so azapi cannot speak to
# it; restapi can. Host pools, galleries and VMs are Azure's: make them with azurerm or azapi, and give their ids here.
terraform {
  required_version = ">= 1.5"

  required_providers {
    restapi = {
      source  = "Mastercard/restapi"
      version = "3.0.0"
    }
  }
}

provider "restapi" {
  uri     = var.freshcoat_url
  headers = local.sign_in
  timeout = 100

  # Every object has a name that you choose: it is created and changed by the same PUT, as often as you like.
  create_method        = "PUT"
  update_method        = "PUT"
  id_attribute         = "name"
  write_returns_object = true

  # Who asks is checked before anything is planned.
  test_path = "/api/me"

  retries {
    max_retries = 3
    min_wait    = 2
    max_wait    = 30
  }
}

locals {
  # One of the two. Both come from the environment (TF_VAR_…), and neither is written into the state.
  sign_in = var.freshcoat_key != null ? { "x-freshcoat-key" = var.freshcoat_key } : { "Authorization" = "Bearer ${coalesce(var.freshcoat_token, "missing")}" }
}
