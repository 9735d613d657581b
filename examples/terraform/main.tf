# A PUT replaces the whole registration, so every setting is in it: what you take out of your variables is sent as null
# and goes back to its default. (A PUT that left it out would be refused with 409.) A setting that is null is not
# compared afterwards, because Freshcoat answers it with its default.

resource "restapi_object" "account" {
  for_each = var.accounts

  path        = "/api/accounts"
  object_id   = each.key
  create_path = "/api/accounts/${each.key}"
  data = jsonencode({
    title     = each.value.title
    time_zone = each.value.time_zone
  })
  ignore_server_additions = true

  # Accounts cannot be deleted: Terraform only forgets them.
  destroy_method = "GET"
}

resource "restapi_object" "limit" {
  for_each = var.limits

  path         = "/api/access/limits/${each.value.account}"
  object_id    = each.value.ring
  id_attribute = "ring"
  create_path  = "/api/access/limits/${each.value.account}/${each.value.ring}"
  data = jsonencode({
    least_min_available = each.value.least_min_available
    least_canary_hosts  = each.value.least_canary_hosts
    notice_minutes      = each.value.notice_minutes
    two_people          = each.value.two_people
  })
  ignore_server_additions = true

  depends_on = [restapi_object.account]
}

resource "restapi_object" "image" {
  for_each = var.images

  path        = "/api/images"
  object_id   = each.key
  create_path = "/api/images/${each.key}"
  data = jsonencode({
    definition_id   = each.value.definition_id
    template_vm_id  = each.value.template_vm_id
    build_subnet_id = each.value.build_subnet_id
    accounts        = each.value.accounts
    retention       = each.value.retention
  })
  ignore_server_additions = true
  ignore_changes_to       = [for name, value in each.value : name if value == null]

  # Images cannot be deleted either.
  destroy_method = "GET"

  depends_on = [restapi_object.account]
}

resource "restapi_object" "pool" {
  for_each = var.pools

  path        = "/api/pools"
  object_id   = each.key
  create_path = "/api/pools/${each.key}"
  data = jsonencode({
    account           = each.value.account
    host_pool_id      = each.value.host_pool_id
    image             = each.value.image
    ring              = each.value.ring
    time_zone         = each.value.time_zone
    directory_cleanup = each.value.directory_cleanup
    refresh           = each.value.refresh
    join              = { for name, value in each.value.join : name => value if value != null }
    policy            = each.value.policy
  })
  ignore_server_additions = true
  ignore_changes_to       = [for name, value in each.value : name if value == null]

  # Destroying it unregisters the pool: its hosts in Azure stay as they are.
  depends_on = [restapi_object.account, restapi_object.limit, restapi_object.image]
}
