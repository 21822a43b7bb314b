/** What happened on GitLab, in one sentence. */
import type { Fields } from "../invocation/fields.ts";
import { objectIn, textIn } from "./found.ts";
import { oneLine, past, quoted, sentence, words } from "./sentence.ts";

/** What an event is about, read once. */
export interface About {
  /** GitLab's `object_kind`. */
  readonly kind: string | undefined;
  readonly project: string | undefined;
  readonly thing: Thing | undefined;
}

interface Thing {
  /** `#` for an issue, `!` for a merge request, as GitLab writes them. */
  readonly mark: string;
  readonly name: string;
  readonly number: string;
  readonly title: string;
}

export function aboutOf(fields: Fields): About {
  const kind = textIn(fields, "object_kind", "event_name");
  return {
    kind,
    project: textIn(fields, "project.path_with_namespace", "project.name", "project_name"),
    thing: thingOf(kind, fields),
  };
}

/** A note is about the object beside it; an event of issues or merge requests is about its own. */
function thingOf(kind: string | undefined, fields: Fields): Thing | undefined {
  const isNote = kind === "note";
  const isMerge = kind === "merge_request" || (isNote && fields.has("merge_request"));
  const isIssue = kind === "issue" || kind === "work_item" || (isNote && fields.has("issue"));
  if (!isMerge && !isIssue) return undefined;
  const [mark, name] = isMerge ? ["!", "merge request"] : ["#", "issue"];
  const beside = isMerge ? "merge_request" : "issue";
  const object = objectIn(fields, isNote ? beside : "object_attributes");
  const number = textIn(object, "iid");
  return number === undefined
    ? undefined
    : { mark, name, number, title: textIn(object, "title") ?? "" };
}

/** `acme/shop#12`, `acme/shop!7`. */
export function conversationOf({ project, thing }: About): string | undefined {
  return project && thing && `${project}${thing.mark}${thing.number}`;
}

const VERBS: ReadonlyMap<string, string> = new Map([
  ["open", "opened"],
  ["reopen", "reopened"],
  ["approval", "approved"],
  ["unapproval", "took back the approval of"],
]);

/** Such as `Zoe opened issue #12 "Printer on fire" in acme/shop.` */
export function sentenceFor(about: About, fields: Fields): string {
  const who = oneLine(textIn(fields, "user.name", "user_name", "user.username") ?? "Someone");
  const { project, thing } = about;
  const where = project && `in ${oneLine(project)}`;
  if (thing === undefined) return sentence(who, didWhat(about.kind, fields), where);
  const { name, mark, number, title } = thing;
  return sentence(who, verbFor(about, fields), name, `${mark}${number}`, quoted(title), where);
}

function verbFor({ kind }: About, fields: Fields): string {
  if (kind === "note") return "commented on";
  const action = textIn(fields, "object_attributes.action") ?? "update";
  return VERBS.get(action) ?? past(action);
}

function didWhat(kind: string | undefined, fields: Fields): string {
  const ref = refIn(fields);
  const status = textIn(fields, "object_attributes.status", "build_status", "status");
  switch (kind) {
    case "push": {
      const count = textIn(fields, "total_commits_count") ?? "0";
      return `pushed ${count} ${count === "1" ? "commit" : "commits"} to ${ref}`;
    }
    case "tag_push":
      return `pushed tag ${ref}`;
    case "note":
      return "commented";
    case undefined:
    default: {
      const ended = status && ` (${words(status)})`;
      return `caused the event ${words(kind ?? "unknown")}${ended ?? ""}`;
    }
  }
}

function refIn(fields: Fields): string {
  return oneLine((textIn(fields, "ref") ?? "a branch").replace(/^refs\/(?:heads|tags)\//, ""));
}
