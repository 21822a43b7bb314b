import type { Attempt } from "./row-platform.ts";
import type { Acknowledged } from "./sender.ts";
import type { Seen, Verdict } from "./verdict.ts";

export interface Course {
  readonly startedAt: number;
  readonly killedAt: readonly number[];
}

interface Faults extends Verdict<Acknowledged> {
  readonly overlaps: readonly Attempt[];
}

/** What befell each delivery that went wrong, in seconds from the start, and when the kills were. */
export function evidenceOf(
  { lost, doubled, outOfOrder, overlaps }: Faults,
  attempts: readonly Attempt[],
  { startedAt, killedAt }: Course,
): readonly string[] {
  const seconds = (at: number): string => ((at - startedAt) / 1000).toFixed(2);
  const story = ({ taskId, text }: Seen): string => {
    const own = attempts.filter((attempt) => attempt.taskId === taskId && attempt.text === text);
    return own.map(({ at, behaviour }) => `${seconds(at)} ${behaviour}`).join("; ");
  };
  const told = (fault: string, list: readonly (Seen & { readonly at: number })[], what: string) =>
    list.map((one) => `${fault} ${one.text}: ${seconds(one.at)} ${what}; ${story(one)}`);
  const lines = [
    ...told("lost", lost, "acknowledged"),
    ...told("doubled", doubled, "acknowledged"),
    ...told("out of order", outOfOrder, "acknowledged"),
    ...told("overlap", overlaps, "began"),
  ];
  return lines.length === 0 ? [] : [`killed at ${killedAt.map(seconds).join(", ")}`, ...lines];
}
