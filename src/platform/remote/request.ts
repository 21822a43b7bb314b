/** A task in the words of the platform's REST API (contract §1.6). */
import { SOURCE, type Task, type User } from "../../invocation/task.ts";

/** The path of the call. `agentId` holds none but `A-Z a-z 0-9 _ -`, so it cannot change it. */
export function invokePath(task: Task, mode: "sync" | "async"): string {
  const path = `/v1/agents/${task.agentId}/invoke${mode === "async" ? "/async" : ""}`;
  return task.agentVersion === undefined
    ? path
    : `${path}?version=${encodeURIComponent(task.agentVersion)}`;
}

/**
 * The body of the call. What is `undefined` is left out. It is written at once: a text that is put
 * together out of others is copied when it is sent.
 */
export function invokeBody(task: Task): string {
  const { userTokens } = task;
  const head = {
    id: task.id,
    input: {
      text: task.prompt,
      files: task.files.length > 0 ? task.files.map(({ url }) => url) : undefined,
      user: task.user && platformUser(task.user),
    },
    additional_context: task.context,
  };
  const tail = {
    disable_attachment_injection: task.disableAttachmentInjection || undefined,
    source: SOURCE,
  };
  if (userTokens === undefined) return JSON.stringify({ ...head, ...tail });
  // As they were written, so that none of their digits is lost.
  return `${JSON.stringify(head).slice(0, -1)},"user_tokens":${userTokens},${JSON.stringify(tail).slice(1)}`;
}

/** The platform wants an `email` whenever a user is sent. */
function platformUser({ id, email = "", first_name, last_name }: User): User {
  return { id, email, first_name, last_name };
}
