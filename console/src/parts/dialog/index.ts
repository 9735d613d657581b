export { ConfirmDialog, type Effect } from "./ConfirmDialog";
export { FormDialog } from "./FormDialog";
export { harmOf, hostsText, peopleText, type Harm } from "./harm";
