/** Plain English for what happened. What others have written is quoted, so that it cannot pass for ours. */
import { MAX_QUOTED_CHARS } from "../limits.ts";

/** On one line, not too long. */
export function oneLine(text: string): string {
  const start = text
    .slice(0, 4 * MAX_QUOTED_CHARS)
    .replace(/[\s\p{Cc}]+/gu, " ")
    .trim();
  const points = Array.from(start);
  return points.length > MAX_QUOTED_CHARS || text.length > 4 * MAX_QUOTED_CHARS
    ? `${points.slice(0, MAX_QUOTED_CHARS).join("")}…`
    : start;
}

/** `"Printer on fire"`. */
export function quoted(text: string): string {
  return `"${oneLine(text).replaceAll('"', "'")}"`;
}

/** The parts that are there, with a space between them and a full stop. */
export function sentence(...parts: readonly (string | undefined)[]): string {
  return `${parts.filter((part) => part !== undefined && part !== "").join(" ")}.`;
}

/** `payment_failed`, `propertyChange`, `orders-paid` as words. */
export function words(name: string): string {
  return oneLine(name)
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .replace(/[_\-./:]+/g, " ")
    .toLowerCase();
}

/** `create`, `cancel` and `created` as what was done. */
export function past(verb: string): string {
  const word = words(verb);
  if (word === "" || /(?:ed|paid|sent|begun|made|lost|won)$/.test(word)) return word;
  return word.endsWith("e") ? `${word}d` : `${word}ed`;
}

/** `Stripe reports: invoice in_1 was paid.` of the event `invoice.paid`. */
export function reports(maker: string, event: string, thing?: string): string {
  const { noun, verb } = nounAndVerb(event);
  const subject = [noun, thing && oneLine(thing)].filter(Boolean).join(" ");
  if (subject === "") return `${maker} reports: ${verb || "an event"}.`;
  if (verb === "") return `${maker} reports: ${subject}.`;
  const isPast = /^(?:\w+ed|paid|sent|begun|made|lost|won)$/.test(verb);
  return `${maker} reports: ${subject}${isPast ? ` was ${verb}` : `, ${verb}`}.`;
}

function nounAndVerb(event: string): { noun: string; verb: string } {
  const parts = event.split(/[./:]/);
  return { noun: words(parts.slice(0, -1).join(" ")), verb: words(parts.at(-1) ?? "") };
}
