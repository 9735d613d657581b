/** The steps of a host as people call them. Pure. */
const STEPS: Readonly<Record<string, string>> = {
  check_device: "Old device looked up",
  recheck_host: "Looked at again: nobody is on it",
  rebuild_host: "Rebuilt from the image",
  prepare_join: "Old device removed from the directory",
  join_host: "Joined",
  register_host: "Registered with the host pool",
  await_healthy: "Healthy",
  probe_host: "Probe",
  bake_host: "Watched out of rotation",
  return_host_to_service: "Given back to people",
};

/** Steps of a newer app that are unknown here keep their name. */
export function stepText(name: string): string {
  return STEPS[name] ?? name.replaceAll("_", " ");
}
