export { cityOf, daysLater, durationText, longText, momentText, myZone, nextMonday, relativeText } from "./format";
export { Since, Time, ZoneNote } from "./Time";
export { useNow } from "./useNow";
export { InZone, useZones } from "./zones";
