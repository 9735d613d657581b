variable "freshcoat_url" {
  description = "The address of Freshcoat, without a path."
  type        = string

  validation {
    condition     = startswith(var.freshcoat_url, "https://") || startswith(var.freshcoat_url, "http://127.0.0.1:")
    error_message = "Give an address that begins with https://, because a key or a token is sent to it."
  }
}

variable "freshcoat_key" {
  description = "An app key (fck_…) with the role admin, in TF_VAR_freshcoat_key. Leave it out to sign in with a token."
  type        = string
  default     = null
  sensitive   = true
}

variable "freshcoat_token" {
  description = "A token of Entra ID for Freshcoat, in TF_VAR_freshcoat_token. The caller needs the app role admin."
  type        = string
  default     = null
  sensitive   = true
}

variable "accounts" {
  description = "Customer accounts, by name."
  type = map(object({
    title     = optional(string, "")
    time_zone = optional(string, "UTC")
  }))
  default = {}
}

variable "limits" {
  description = "What no rollout of an account's ring may go beyond, by account and ring (test, pilot, production)."
  type = map(object({
    account             = string
    ring                = string
    least_min_available = optional(string)
    least_canary_hosts  = optional(number, 0)
    notice_minutes      = optional(number, 0)
    two_people          = optional(string, "auto")
  }))
  default = {}
}

variable "images" {
  description = "Images, by name: a definition in a compute gallery, and the template VM that versions are made from."
  type = map(object({
    definition_id   = string
    template_vm_id  = optional(string)
    build_subnet_id = optional(string)
    accounts        = optional(list(string))
    retention       = optional(object({ backups = number, days = number }), { backups = 3, days = 30 })
  }))
  default = {}
}

variable "pools" {
  description = "VDI pools, by name. Shares of a policy are percentages here, like 25%."
  type = map(object({
    account           = optional(string, "default")
    host_pool_id      = string
    image             = string
    ring              = optional(string, "production")
    time_zone         = optional(string)
    directory_cleanup = optional(string)
    refresh           = optional(string, "off")
    join = object({
      kind    = string
      intune  = optional(bool)
      profile = optional(string)
    })
    policy = optional(object({
      canary_hosts       = optional(number)
      canary_hold        = optional(string)
      bake_minutes       = optional(number)
      probe              = optional(string)
      proof              = optional(string)
      max_unavailable    = optional(string)
      min_available      = optional(string)
      max_in_flight      = optional(number)
      max_failed         = optional(number)
      on_failure         = optional(string)
      retries            = optional(number)
      keep_failed        = optional(string)
      settle_seconds     = optional(number)
      poll_seconds       = optional(number)
      warn_minutes       = optional(list(number))
      warn_message       = optional(string)
      windows            = optional(list(object({ days = list(string), from = string, to = string })))
      strategy           = optional(string)
      after_force        = optional(string)
      strict_deadline    = optional(bool)
      keep_old_disk_days = optional(number)
    }), {})
  }))
  default = {}
}
