/** What a sender is told, as data: the channel turns it into a response. */
import { tell } from "../refusal.ts";

/** One answer. `body` is `null` where there is none; its type stands among the headers. */
export interface SenderAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

/** How each end of a delivery is told to one sender, since its answer decides what the sender does next. */
export interface Answers {
  /** What runs is on disk. Also told of what the source's `events` leave out. */
  readonly success: SenderAnswer;
  /** The delivery was taken before. */
  readonly repeat: SenderAnswer;
  /** The signature or token is missing or wrong: one answer for both. */
  readonly badSignature: SenderAnswer;
  /**
   * The source has run as often as it may today. Where the status is 429 or 503 the caller adds
   * `Retry-After` until midnight UTC; where it is 200 the sender would punish us for anything else.
   */
  readonly fullDay: SenderAnswer;
  /** The gateway or the platform cannot take it now. */
  readonly trouble: SenderAnswer;
}

export function jsonAnswer(
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): SenderAnswer {
  const body = JSON.stringify(value);
  return { status, headers: { "Content-Type": "application/json", ...headers }, body };
}

export function emptyAnswer(status: number, type = "text/plain; charset=utf-8"): SenderAnswer {
  return { status, headers: { "Content-Type": type }, body: null };
}

/** Nothing in it can be read as a page, whatever a handshake echoes. */
export function textAnswer(status: number, text: string): SenderAnswer {
  const headers = {
    "Content-Type": "text/plain; charset=utf-8",
    "X-Content-Type-Options": "nosniff",
  };
  return { status, headers, body: text };
}

/** The words of a missing or wrong signature, under a status of the sender's own. */
export function badSignature(
  status = 401,
  headers: Readonly<Record<string, string>> = {},
): SenderAnswer {
  const { detail } = tell({ reason: "signature_invalid" });
  return jsonAnswer(status, { detail }, { ...headers, "X-Error-Code": "signature_invalid" });
}

/** For senders that turn a source off if it fails for a day: the delivery is listed, and not run. */
export const DROPPED: SenderAnswer = jsonAnswer(200, { status: "Dropped" });

const STARTED = jsonAnswer(200, { status: "Started" });

const { detail: FULL_DAY } = tell({ reason: "day_full" });

/** What most senders are told. */
export const DEFAULT_ANSWERS: Answers = {
  success: STARTED,
  repeat: STARTED,
  badSignature: badSignature(),
  fullDay: jsonAnswer(429, { detail: FULL_DAY }, { "X-Error-Code": "day_full" }),
  trouble: jsonAnswer(
    503,
    { detail: "The gateway cannot take this now; send it again" },
    { "Retry-After": "60" },
  ),
};

/** The default, except that success, and so a repeat, is told like this. */
export function answersWith(success: SenderAnswer, others: Partial<Answers> = {}): Answers {
  return { ...DEFAULT_ANSWERS, success, repeat: success, ...others };
}
