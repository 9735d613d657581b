export { countsText, HOST_STATE_ORDER, HOST_STATES } from "./hosts";
export { HostStateText, Pill, RolloutPill, rolloutStateText, type Tone } from "./pills";
export { ProgressBar } from "./ProgressBar";
export { StateBar, StateLegend } from "./StateBar";
