import type { Shown } from "../invocation/task.ts";
import { answerText } from "./endings.ts";
import type { Seen } from "./messages.ts";
import { ABSENT, snapshotOf, standingOf } from "./snapshot.ts";
import type { Stash } from "./stash.ts";

/** What the book needs of what the platform shows; the answer is kept once there is one. */
export async function see(shown: Shown | undefined, stash: Stash): Promise<Seen> {
  if (shown === undefined) return { snapshot: ABSENT, standing: "absent", answer: null };
  const standing = standingOf(shown);
  const hasAnswer = standing === "ended" || standing === "paused";
  const answer = hasAnswer ? await stash.keep("answers", answerText(shown)) : null;
  return { snapshot: snapshotOf(shown), standing, answer };
}
