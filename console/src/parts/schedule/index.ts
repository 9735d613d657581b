export { ScheduleFields } from "./ScheduleFields";
export {
  candidatesOf,
  dateField,
  firstSchedule,
  isComplete,
  toSchedule,
  type Mode,
  type ScheduleForm,
} from "./schedule";
