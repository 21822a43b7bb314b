/** What becomes of a source's secrets when it is set (contract §4). */
import { PREVIOUS_SECRET_MS } from "../limits.ts";
import type { SourceChange } from "./messages.ts";
import type { SourceRow } from "./rows.ts";

export type Secrets = Pick<
  SourceRow,
  "secret" | "previous_secret" | "previous_until" | "secret_set_at" | "verify_token"
>;

const NO_SECRETS: Secrets = {
  secret: null,
  previous_secret: null,
  previous_until: null,
  secret_set_at: null,
  verify_token: null,
};

/** A secret that is left out is kept; a new one is accepted beside the old for a day. */
export function secretsAfter(
  before: Secrets = NO_SECRETS,
  { secret, verifyToken, revokePrevious }: SourceChange,
  now: number,
): Secrets {
  const verify_token = verifyToken === undefined ? before.verify_token : verifyToken;
  if (secret === null) return { ...NO_SECRETS, verify_token };
  const kept = secret === undefined ? withoutEnded(before, now) : replaced(before, secret, now);
  const ended = revokePrevious && { previous_secret: null, previous_until: null };
  return { ...kept, ...ended, verify_token };
}

function replaced(before: Secrets, secret: string, now: number): Secrets {
  const hasPrevious = before.secret !== null;
  // Named one by one: a whole row may come as what was before, and none of the rest of it stays.
  return {
    secret,
    secret_set_at: now,
    previous_secret: before.secret,
    previous_until: hasPrevious ? now + PREVIOUS_SECRET_MS : null,
    verify_token: before.verify_token,
  };
}

/** A secret that no longer counts is no longer kept. */
function withoutEnded(before: Secrets, now: number): Secrets {
  const { secret, secret_set_at, verify_token, previous_secret, previous_until } = before;
  const isOver = previous_until === null || previous_until <= now;
  const previous = isOver ? null : previous_secret;
  return {
    secret,
    secret_set_at,
    verify_token,
    previous_secret: previous,
    previous_until: isOver ? null : previous_until,
  };
}
