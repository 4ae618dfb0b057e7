// Moments as the reader writes them: words in the page's language, dates and times as the reader's system writes them.

/** @type {Intl.DateTimeFormat | null} */
let absolute = null;
/** @type {Intl.RelativeTimeFormat | null} */
let relative = null;

/** Less than a day away: how long ago or how soon. Else date and time. @param {number} ms since 1970 */
export function formatTime(ms) {
  const minutes = Math.round((ms - Date.now()) / 60_000);
  if (minutes === 0) return "just now";
  relative ??= new Intl.RelativeTimeFormat("en");
  if (Math.abs(minutes) < 60) return relative.format(minutes, "minute");
  if (Math.abs(minutes) < 24 * 60) return relative.format(Math.round(minutes / 60), "hour");
  absolute ??= new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
  return absolute.format(ms);
}
