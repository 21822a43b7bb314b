/** A task in the words of the platform's REST API (contract §1.6). */
import { toJsonText } from "../../invocation/json-text.ts";
import { SOURCE, type Task, type User } from "../../invocation/task.ts";

/** The path of the call. `agentId` holds none but `A-Z a-z 0-9 _ -`, so it cannot change it. */
export function invokePath(task: Task, mode: "sync" | "async"): string {
  const path = `/v1/agents/${task.agentId}/invoke${mode === "async" ? "/async" : ""}`;
  return task.agentVersion === undefined
    ? path
    : `${path}?version=${encodeURIComponent(task.agentVersion)}`;
}

/** The body of the call. Fields without a value are left out. */
export function invokeBody(task: Task): string {
  let input = `"text":${toJsonText(task.prompt)}`;
  if (task.files.length > 0) input += `,"files":${toJsonText(task.files.map(({ url }) => url))}`;
  if (task.user !== undefined) input += `,"user":${toJsonText(platformUser(task.user))}`;
  let body = `{"id":${toJsonText(task.id)},"input":{${input}}`;
  if (task.context !== undefined) body += `,"additional_context":${toJsonText(task.context)}`;
  if (task.userTokens !== undefined) body += `,"user_tokens":${task.userTokens}`;
  if (task.disableAttachmentInjection) body += `,"disable_attachment_injection":true`;
  return `${body},"source":"${SOURCE}"}`;
}

/** The platform wants an `email` whenever a user is sent. */
function platformUser({ id, email = "", first_name, last_name }: User): User {
  return {
    ...(id !== undefined && { id }),
    email,
    ...(first_name !== undefined && { first_name }),
    ...(last_name !== undefined && { last_name }),
  };
}
