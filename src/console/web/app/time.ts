const MOMENT = new Intl.DateTimeFormat("en-GB", {
  year: "numeric",
  month: "short",
  day: "2-digit",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  timeZone: "UTC",
});

/** A time for people, in UTC, as the API has it. */
export function moment(text: string | null): string {
  return text === null ? "–" : `${MOMENT.format(new Date(text))} UTC`;
}

/** The time of day in UTC. */
export function time(at: number): string {
  return new Date(at).toISOString().slice(11, 19);
}

/** A length of time, by its biggest unit. */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 90) {
    return `${seconds} s`;
  }
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) {
    return `${minutes} min`;
  }
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} days`;
}

export function ago(text: string, now: number = Date.now()): string {
  return `${duration(now - Date.parse(text))} ago`;
}

export function until(text: string, now: number = Date.now()): string {
  const left = Date.parse(text) - now;
  return left > 0 ? `in ${duration(left)}` : `${duration(-left)} ago`;
}

/** The date in a time zone, such as 2026-11-24. */
export function dayIn(timeZone: string, time: number = Date.now()): string {
  return new Intl.DateTimeFormat("en-CA", {
    timeZone,
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
  }).format(new Date(time));
}

/** The date some days before another. */
export function daysBefore(day: string, days: number): string {
  const time = Date.parse(`${day}T00:00:00Z`) - days * 86_400_000;
  return new Date(time).toISOString().slice(0, 10);
}
