// The senders of repositories, trackers and desks.
import { sign as signGithub } from "@octokit/webhooks-methods";
import { Webhook as StandardWebhook } from "standardwebhooks";
import { Webhook as SvixWebhook } from "svix";
import {
  hmac,
  json,
  keyPair,
  type Letter,
  now,
  plainSecrets,
  type Sender,
  STARTED,
} from "./sender.ts";

const repository = { id: 1, full_name: "acme/shop" };

export const github: Sender = {
  provider: "github",
  ...keyPair(
    (secret) =>
      async ({ body }) => ({ "X-Hub-Signature-256": await signGithub(secret, body) }),
    plainSecrets("github"),
  ),
  signature: "X-Hub-Signature-256",
  encoding: "hex",
  success: STARTED,
  happens: (n) => ({
    ...json(
      {
        action: "opened",
        issue: { number: n, title: `Fire ${n}` },
        repository,
        sender: { id: 9, login: "zoe", type: "User" },
      },
      { "X-GitHub-Event": "issues", "X-GitHub-Delivery": `72d3162e-${n}` },
    ),
    user: { id: "9" },
    conversation: `acme/shop#${n}`,
  }),
};

/** With the secret token, which GitLab sends as it is. */
export const gitlab: Sender = {
  provider: "gitlab",
  ...keyPair((secret) => () => ({ "X-Gitlab-Token": secret }), plainSecrets("gitlab")),
  signature: "X-Gitlab-Token",
  encoding: "token",
  success: STARTED,
  happens: (n) => ({
    ...json(
      {
        object_kind: "issue",
        user: { id: 4, name: "Zoe", email: "zoe@example.com" },
        project: { path_with_namespace: "acme/shop" },
        object_attributes: { iid: n, title: `Fire ${n}`, action: "open" },
      },
      { "X-Gitlab-Event": "Issue Hook", "Idempotency-Key": `gl-${n}` },
    ),
    user: { id: "4" },
    conversation: `acme/shop#${n}`,
  }),
};

function whsec(text: string): string {
  return `whsec_${Buffer.from(text).toString("base64")}`;
}

const SECRETS: readonly [string, string] = [
  whsec("hush7q4z-standard-one-of-32bytes"),
  whsec("hush7q4z-standard-two-of-32bytes"),
];

function standardHeaders(secret: string) {
  return ({ id, at, body }: Letter) => ({
    "webhook-id": id,
    "webhook-timestamp": String(at),
    "webhook-signature": new StandardWebhook(secret).sign(id, new Date(at * 1000), body),
  });
}

/** With a signing token, which GitLab signs with as Standard Webhooks do. */
export const gitlabSigned: Sender = {
  ...gitlab,
  ...keyPair(standardHeaders, SECRETS),
  signature: "webhook-signature",
  encoding: "base64",
  toleranceSeconds: 300,
};

export const standardWebhooks: Sender = {
  provider: "standard-webhooks",
  ...keyPair(standardHeaders, SECRETS),
  signature: "webhook-signature",
  encoding: "base64",
  toleranceSeconds: 300,
  success: STARTED,
  happens: (n) => json({ type: "user.created", data: { id: n } }),
};

export const svix: Sender = {
  ...standardWebhooks,
  provider: "svix",
  ...keyPair(
    (secret) =>
      ({ id, at, body }) => ({
        "svix-id": id,
        "svix-timestamp": String(at),
        "svix-signature": new SvixWebhook(secret).sign(id, new Date(at * 1000), body),
      }),
    SECRETS,
  ),
  signature: "svix-signature",
};

export const linear: Sender = {
  provider: "linear",
  ...keyPair(
    (secret) =>
      ({ body }) => ({ "Linear-Signature": hmac("sha256", secret, body, "hex") }),
    plainSecrets("linear"),
  ),
  signature: "Linear-Signature",
  encoding: "hex",
  toleranceSeconds: 60,
  success: STARTED,
  happens: (n, at = now()) => ({
    ...json(
      {
        action: "create",
        type: "Issue",
        actor: { id: "u1", type: "user", name: "Zoe" },
        data: { id: `i-${n}`, identifier: `ENG-${n}`, title: `Fire ${n}` },
        webhookTimestamp: at * 1000,
      },
      { "Linear-Delivery": `234d1a4e-${n}`, "Linear-Event": "Issue" },
    ),
    user: { id: "u1" },
    conversation: `i-${n}`,
  }),
};

export const jira: Sender = {
  provider: "jira",
  ...keyPair(
    (secret) =>
      ({ body }) => ({ "X-Hub-Signature": `sha256=${hmac("sha256", secret, body, "hex")}` }),
    plainSecrets("jira"),
  ),
  signature: "X-Hub-Signature",
  encoding: "hex",
  success: STARTED,
  happens: (n) => ({
    ...json(
      {
        webhookEvent: "jira:issue_created",
        user: { accountId: "a1", displayName: "Zoe" },
        issue: { key: `ACME-${n}`, fields: { summary: `Fire ${n}` } },
      },
      { "X-Atlassian-Webhook-Identifier": `j-${n}` },
    ),
    user: { id: "a1" },
    conversation: `ACME-${n}`,
  }),
};

export const intercom: Sender = {
  provider: "intercom",
  ...keyPair(
    (secret) =>
      ({ body }) => ({ "X-Hub-Signature": `sha1=${hmac("sha1", secret, body, "hex")}` }),
    plainSecrets("intercom"),
  ),
  signature: "X-Hub-Signature",
  encoding: "hex",
  success: STARTED,
  happens: (n) => ({
    ...json({
      type: "notification_event",
      topic: "conversation.user.created",
      id: `notif_${n}`,
      data: {
        item: {
          type: "conversation",
          id: `215${n}`,
          source: { body: "<p>Hello</p>", author: { type: "user", id: "u1", name: "Zoe" } },
        },
      },
    }),
    user: { id: "u1" },
    conversation: `215${n}`,
  }),
};

export const pagerduty: Sender = {
  provider: "pagerduty",
  ...keyPair(
    (secret) =>
      ({ body }) => ({ "X-PagerDuty-Signature": `v1=${hmac("sha256", secret, body, "hex")}` }),
    plainSecrets("pagerduty"),
  ),
  signature: "X-PagerDuty-Signature",
  encoding: "hex",
  success: STARTED,
  happens: (n) => ({
    ...json({
      event: {
        id: `01BWD${n}`,
        event_type: "incident.triggered",
        resource_type: "incident",
        agent: { id: "PLH1HKV", summary: "Zoe", type: "user_reference" },
        data: { id: `PGR${n}`, type: "incident", number: n, title: `Fire ${n}` },
      },
    }),
    conversation: `PGR${n}`,
  }),
};
