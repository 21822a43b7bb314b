/** What happened on GitHub, in one sentence. */
import type { Fields } from "../invocation/fields.ts";
import { isTrueIn, listIn, objectIn, textIn } from "./found.ts";
import { oneLine, quoted, sentence, words } from "./sentence.ts";

/** What an event is about, read once: these objects are most of a large event. */
export interface About {
  readonly sender: Fields;
  readonly repository: string | undefined;
  readonly thing: Thing | undefined;
}

interface Thing {
  readonly kind: string;
  readonly number: string;
  readonly title: string;
}

export function aboutOf(fields: Fields): About {
  return {
    sender: objectIn(fields, "sender"),
    repository: textIn(fields, "repository.full_name"),
    thing: thingOf(fields),
  };
}

/** The first that is there counts. Issues, pull requests and discussions are numbered in one row. */
const NUMBERED = [
  ["pull_request", "pull request"],
  ["issue", "issue"],
  ["discussion", "discussion"],
] as const;

function thingOf(fields: Fields): Thing | undefined {
  const [name, kind] = NUMBERED.find(([each]) => fields.has(each)) ?? [];
  if (name === undefined) return undefined;
  const object = objectIn(fields, name);
  const number = textIn(object, "number");
  if (number === undefined) return undefined;
  // A comment on a pull request comes as one on an issue.
  const isPull = name === "issue" && object.has("pull_request");
  const title = textIn(object, "title") ?? "";
  return { kind: isPull ? "pull request" : kind, number, title };
}

/** All that happens to one issue or pull request is one conversation: `acme/shop#12`. */
export function conversationOf({ thing, repository }: About): string | undefined {
  return thing && repository && `${repository}#${thing.number}`;
}

/** Such as `zoe opened issue #12 "Printer on fire" in acme/shop.` */
export function sentenceFor(event: string, about: About, fields: Fields): string {
  const { sender, repository, thing } = about;
  const who = oneLine(textIn(sender, "login") ?? textIn(fields, "pusher.name") ?? "Someone");
  const place = repository ?? textIn(fields, "organization.login", "enterprise.slug");
  const where = place && `in ${oneLine(place)}`;
  const action = textIn(fields, "action");
  if (thing === undefined || action === undefined) {
    return sentence(who, didWhat(event, action, fields), where);
  }
  const { kind, number, title } = thing;
  return sentence(who, verbFor(event, action, fields), kind, `#${number}`, quoted(title), where);
}

/** What an action is called where its own name does not read as a verb. */
const VERBS: ReadonlyMap<string, string> = new Map([
  ["synchronize", "pushed to"],
  ["review_requested", "requested a review of"],
  ["review_request_removed", "no longer requests a review of"],
  ["ready_for_review", "marked as ready for review"],
  ["converted_to_draft", "made a draft of"],
  ["auto_merge_enabled", "enabled auto-merge for"],
  ["auto_merge_disabled", "disabled auto-merge for"],
  ["answered", "marked an answer in"],
  ["milestoned", "set the milestone of"],
  ["demilestoned", "took the milestone off"],
]);

const REVIEWS: ReadonlyMap<string, string> = new Map([
  ["approved", "approved"],
  ["changes_requested", "requested changes to"],
]);

function verbFor(event: string, action: string, fields: Fields): string {
  if (event === "pull_request_review" && action === "submitted") {
    return REVIEWS.get(textIn(fields, "review.state") ?? "") ?? "reviewed";
  }
  if (event.endsWith("_comment")) {
    return action === "created" ? "commented on" : `${words(action)} a comment on`;
  }
  if (event === "pull_request_review_thread") return `${words(action)} a thread of`;
  if (action === "closed" && isTrueIn(fields, "pull_request.merged")) return "merged";
  return VERBS.get(action) ?? words(action);
}

/** What has no number. */
function didWhat(event: string, action: string | undefined, fields: Fields): string {
  switch (event) {
    case "push":
      return pushed(fields);
    case "create":
    case "delete":
      return `${event}d ${words(textIn(fields, "ref_type") ?? "ref")} ${refIn(fields)}`;
    case "fork":
      return `forked to ${oneLine(textIn(fields, "forkee.full_name") ?? "elsewhere")}`;
    default:
      return `caused the event ${[words(event), action && words(action)].filter(Boolean).join(", ")}${named(event, fields)}`;
  }
}

function pushed(fields: Fields): string {
  if (isTrueIn(fields, "deleted")) return `deleted ${refIn(fields)}`;
  const count = listIn(fields, "commits", Number.POSITIVE_INFINITY).length;
  return `pushed ${count} ${count === 1 ? "commit" : "commits"} to ${refIn(fields)}`;
}

function refIn(fields: Fields): string {
  return oneLine((textIn(fields, "ref") ?? "a branch").replace(/^refs\/(?:heads|tags)\//, ""));
}

/** `, "CI" (failure)`: a run's or a release's own name, and how it ended. */
function named(event: string, fields: Fields): string {
  const object = objectIn(fields, event);
  const name = textIn(object, "name", "tag_name", "title");
  const end = textIn(object, "conclusion");
  return `${name ? `, ${quoted(name)}` : ""}${end ? ` (${words(end)})` : ""}`;
}
