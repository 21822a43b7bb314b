/** Jira: https://developer.atlassian.com/cloud/jira/platform/webhooks/ */
import type { Fields } from "../invocation/fields.ts";
import { accepted, refused, type Result } from "../refusal.ts";
import { hmacProof } from "./digest-proof.ts";
import { textIn, userFrom } from "./found.ts";
import { defineProvider, type Proof, type ProofFault, type ProofRequest } from "./provider.ts";
import { idIn, oneDelivery } from "./reading.ts";
import { oneLine, past, quoted, sentence, words } from "./sentence.ts";
import { headerOf, readDigest } from "./signature.ts";

/** The sender names its method; what is weaker than these would let it choose how little to prove. */
const METHODS = ["sha256", "sha512"] as const;

function beginProof(request: ProofRequest): Result<Proof, ProofFault> {
  const value = headerOf(request, "x-hub-signature");
  if (!value.ok) return value;
  const algorithm = METHODS.find((method) => value.value.startsWith(`${method}=`));
  if (algorithm === undefined) return refused("malformed");
  const writing = { algorithm, encoding: "hex", prefix: `${algorithm}=` } as const;
  const signature = readDigest(value.value, writing);
  if (signature === undefined) return refused("malformed");
  const { secrets } = request;
  return accepted(hmacProof({ secrets, algorithm, signatures: [signature] }));
}

/** Such as `Zoe created issue ACME-12 "Printer on fire" in Acme.` of `issue_created`. */
function sentenceFor(event: string, fields: Fields): string {
  const end = event.lastIndexOf("_");
  const [thing, verb] = end < 0 ? [event, "changed"] : [event.slice(0, end), event.slice(end + 1)];
  const key = textIn(fields, "issue.key");
  const title = textIn(fields, "issue.fields.summary");
  const project = textIn(fields, "issue.fields.project.name", "project.name");
  return sentence(
    oneLine(textIn(fields, ...person("displayName")) ?? "Someone"),
    past(verb),
    thing === "issue" ? "issue" : `a ${words(thing)}`,
    key && (thing === "issue" ? oneLine(key) : `on issue ${oneLine(key)}`),
    title && quoted(title),
    project && `in ${oneLine(project)}`,
  );
}

/** Who did it: events of comments and worklogs name their author instead of a user. */
function person(field: string): readonly string[] {
  return [
    `user.${field}`,
    `comment.updateAuthor.${field}`,
    `comment.author.${field}`,
    `worklog.author.${field}`,
  ];
}

export const jira = defineProvider({
  name: "jira",
  beginProof,
  read({ headers, fields }) {
    const name = textIn(fields, "webhookEvent") ?? "event";
    const event = name.replace(/^jira:/, "");
    return oneDelivery({
      id: idIn(headers, "x-atlassian-webhook-identifier"),
      event: name,
      aliases: [event],
      conversation: textIn(fields, "issue.key"),
      user: userFrom({
        id: textIn(fields, ...person("accountId")),
        email: textIn(fields, ...person("emailAddress")),
        first_name: textIn(fields, ...person("displayName")),
      }),
      prompt: sentenceFor(event, fields),
      fields,
    });
  },
});
