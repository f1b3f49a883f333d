const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const imfDate = /^\w{3}, (\d{2}) (\w{3}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) GMT$/;

/**
 * How long a response asks to wait: `Retry-After` in seconds, or as a date, which is measured against the response's own
 * `Date`, so that nobody's clock matters. Unit: milliseconds; `undefined` where nothing can be read.
 *
 * @see RFC 9110, sections 5.6.7 and 10.2.3
 * @example
 * retryAfterMs(new Headers({ "retry-after": "2" })) // => 2000
 */
export function retryAfterMs(headers: { get(name: string): string | null }): number | undefined {
  const value = headers.get("retry-after")?.trim();
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  const until = secondsOf(value);
  const now = secondsOf(headers.get("date")?.trim() ?? "");
  return until === undefined || now === undefined ? undefined : Math.max(0, until - now) * 1000;
}

/** Seconds since 1970 of a date as HTTP writes it today. */
function secondsOf(date: string): number | undefined {
  const [, day, monthName, yearText, hours, minutes, seconds] = imfDate.exec(date) ?? [];
  const month = months.indexOf(monthName ?? "");
  if (month === -1) return undefined;
  // Days since 1970 by the calendar that begins its year in March: leap days come last.
  const year = Number(yearText) - (month < 2 ? 1 : 0);
  const dayOfYear = Math.floor((153 * ((month + 10) % 12) + 2) / 5) + Number(day) - 1;
  const days =
    year * 365 + Math.floor(year / 4) - Math.floor(year / 100) + Math.floor(year / 400) + dayOfYear - 719_468;
  return days * 86_400 + Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
}
