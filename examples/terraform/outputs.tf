output "pools" {
  description = "Each pool with the version that it has now. Null until its first rollout or registration has told."
  value       = { for name, pool in restapi_object.pool : name => lookup(jsondecode(pool.api_response), "version", null) }
}

output "images" {
  description = "Each image with its active version."
  value       = { for name, image in restapi_object.image : name => lookup(jsondecode(image.api_response), "current", null) }
}
