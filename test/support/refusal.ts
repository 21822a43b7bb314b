import { expect } from "vitest";
import { type Answer, jsonOf } from "./http.ts";

/** All that the contract (§1.7) fixes of a refusal. */
export function refusalOf(answer: Answer) {
  return {
    status: answer.status,
    type: answer.headers["content-type"],
    code: answer.headers["x-error-code"],
    requestId: answer.headers["x-request-id"],
    body: jsonOf(answer),
  };
}

/** What `refusalOf` gives for a refusal with this status, code and `detail`. */
export function refusal(status: number, code: string, detail: unknown) {
  return {
    status,
    type: "application/json",
    code,
    requestId: expect.stringMatching(/^[\w=-]{1,255}$/),
    body: { detail },
  };
}
