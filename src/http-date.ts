/** Each of the three forms of RFC 9110 §5.6.7; `Date.parse` alone finds a year in any words. */
const HTTP_DATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? .*\d\d:\d\d:\d\d/;

/** Unix milliseconds; NaN for what is no HTTP date. */
export function readHttpDate(text: string): number {
  return HTTP_DATE.test(text) ? Date.parse(text) : Number.NaN;
}
