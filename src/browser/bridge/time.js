// Moments as the reader writes them: words in the page's language, dates and times as the reader's system writes them. And the server's
// time: the reader's clock may be wrong, and may be set while a page is open.

/** @type {Intl.DateTimeFormat | null} */
let absolute = null;
/** @type {Intl.RelativeTimeFormat | null} */
let relative = null;

/** Milliseconds since the page was opened, by a clock that nobody sets. */
export const pageAge = () => performance.now();

/** The server's time now, as far as the document says it, in milliseconds since 1970. One that the browser had kept says an old time: then
 * only the browser's own clock is left, until the server says more. */
export function documentTime() {
  const rendered = Number(document.documentElement.dataset.now);
  const [opened] = /** @type {PerformanceNavigationTiming[]} */ (performance.getEntriesByType("navigation"));
  if (!rendered || !opened || opened.transferSize === 0) return Date.now();
  return rendered + performance.now() - opened.responseStart;
}

/** Less than a day away: how long ago or how soon. Else date and time. @param {number} ms since 1970 @param {number} now */
export function formatTime(ms, now) {
  const minutes = Math.round((ms - now) / 60_000);
  if (minutes === 0) return "just now";
  relative ??= new Intl.RelativeTimeFormat("en");
  if (Math.abs(minutes) < 60) return relative.format(minutes, "minute");
  if (Math.abs(minutes) < 24 * 60) return relative.format(Math.round(minutes / 60), "hour");
  absolute ??= new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
  return absolute.format(ms);
}
