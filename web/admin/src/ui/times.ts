// Times as people read them. A session has a local date and wall-clock time in its own zone, so no conversion is needed:
// only the zone is named, if the viewer's clock shows another time at that moment.

type LocalSession = { startTime: string; startsAt: string; timeZone: string };

const DAY = new Intl.DateTimeFormat("en-US", { weekday: "short", month: "short", day: "numeric", timeZone: "UTC" });
const LONG_DAY = new Intl.DateTimeFormat("en-US", { dateStyle: "full", timeZone: "UTC" });
const DATE = new Intl.DateTimeFormat("en-US", { year: "numeric", month: "short", day: "numeric", timeZone: "UTC" });
const SHORT_DATE = new Intl.DateTimeFormat("en-US", { month: "short", day: "numeric", timeZone: "UTC" });
const TIME = new Intl.DateTimeFormat("en-US", { hour: "numeric", minute: "2-digit", timeZone: "UTC" });

/** The start of a session, such as "9:00 AM", or "9:00 AM MST" if the viewer's zone differs. */
export function formatStart({ startTime, startsAt, timeZone }: LocalSession): string {
  const zone = zoneIfDifferent(startsAt, timeZone);
  return zone === null ? formatTime(startTime) : `${formatTime(startTime)} ${zone}`;
}

type LocalSpan = LocalSession & { endTime: string };

/** The start and the end of a session, such as "9:00 AM – 12:00 PM", with the zone if the viewer's differs. */
export function formatSpan({ startTime, endTime, startsAt, timeZone }: LocalSpan): string {
  const span = `${formatTime(startTime)} – ${formatTime(endTime)}`;
  const zone = zoneIfDifferent(startsAt, timeZone);
  return zone === null ? span : `${span} ${zone}`;
}

/** A local date, such as "Mon, Nov 30". */
export function formatDay(date: string): string {
  return DAY.format(new Date(`${date}T00:00Z`));
}

/** A local date in full, such as "Monday, November 30, 2026". */
export function formatLongDay(date: string): string {
  return LONG_DAY.format(new Date(`${date}T00:00Z`));
}

/** A local date with its year, such as "Nov 30, 2026". */
export function formatDate(date: string): string {
  return DATE.format(new Date(`${date}T00:00Z`));
}

/** A local date near today, such as "Nov 30", with its year if that is another one. */
export function formatNearDate(date: string, today: string): string {
  return date.slice(0, 4) === today.slice(0, 4) ? SHORT_DATE.format(new Date(`${date}T00:00Z`)) : formatDate(date);
}

/** A local date and its weekday, such as "Mon, Nov 30", with its year if that is another one than today's. */
export function formatNearDay(date: string, today: string): string {
  return date.slice(0, 4) === today.slice(0, 4) ? formatDay(date) : `${formatDay(date)}, ${date.slice(0, 4)}`;
}

/** A local date without its year, such as "Nov 30", where the year is said beside it. */
export function formatShortDate(date: string): string {
  return SHORT_DATE.format(new Date(`${date}T00:00Z`));
}

/** The days of a week, such as "Nov 23 – 29, 2026". */
export function formatDates(first: string, last: string): string {
  return DATE.formatRange(new Date(`${first}T00:00Z`), new Date(`${last}T00:00Z`));
}

/** A wall-clock time, such as "9:00 AM". */
export function formatTime(time: string): string {
  return TIME.format(new Date(`1970-01-01T${time}Z`));
}

/** A wall-clock time on a day in a zone, such as "9:00 AM", or "9:00 AM MST" if the clocks differ from the viewer's on that day. */
export function formatTimeIn(timeZone: string, date: string, time: string): string {
  return formatStart({ startTime: time, startsAt: `${date}T12:00Z`, timeZone });
}

/** The day of an instant in a zone, such as "Nov 30, 2026". */
export function formatInstant(instant: string, timeZone: string): string {
  return formatter({ dateStyle: "medium", timeZone }).format(new Date(instant));
}

/** The time of an instant in a zone, such as "9:12 AM", or "9:12 AM MST" if the viewer's zone differs. */
export function formatInstantTime(instant: string, timeZone: string): string {
  const time = formatter({ timeStyle: "short", timeZone }).format(new Date(instant));
  const zone = zoneIfDifferent(instant, timeZone);
  return zone === null ? time : `${time} ${zone}`;
}

/** Return the name of the zone, such as "MST", if its clocks differ from the viewer's at an instant. */
export function zoneIfDifferent(instant: string, timeZone: string): string | null {
  const at = new Date(instant);
  return clockIn(timeZone, at) === clockIn(undefined, at) ? null : nameOf(timeZone, at);
}

/** Return today's date on the viewer's clock, some days later. */
export function localToday(days = 0): string {
  const now = new Date();
  return new Date(Date.UTC(now.getFullYear(), now.getMonth(), now.getDate() + days)).toISOString().slice(0, 10);
}

/** Return the local date that is some days after another. */
export function addDays(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}

/** Return the Monday of the week that contains a day. They are dates, so clock changes do not matter. */
export function mondayOf(date: string): string {
  return addDays(date, -((new Date(`${date}T00:00Z`).getUTCDay() + 6) % 7));
}

/** Return today's date in a zone. */
export function todayIn(timeZone: string): string {
  return new Intl.DateTimeFormat("sv-SE", { timeZone }).format(new Date()); // Sweden writes dates as ISO 8601 does
}

function clockIn(timeZone: string | undefined, at: Date): string {
  return formatter({ dateStyle: "short", timeStyle: "short", timeZone }).format(at);
}

function nameOf(timeZone: string, at: Date): string {
  const parts = formatter({ timeZone, timeZoneName: "short" }).formatToParts(at);
  return parts.find((part) => part.type === "timeZoneName")?.value ?? timeZone;
}

const formatters = new Map<string, Intl.DateTimeFormat>();

/** Return a formatter. Creating one takes longer than a hundred uses of it. */
function formatter(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = JSON.stringify(options);
  const known = formatters.get(key) ?? new Intl.DateTimeFormat("en-US", options);
  formatters.set(key, known);
  return known;
}
