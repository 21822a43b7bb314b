import { discord, slack, telegram, twilio, whatsapp, zoom } from "./senders-chat.ts";
import { hubspot, paddle, sendgrid, shopify, square, stripe, typeform } from "./senders-trade.ts";
import {
  github,
  gitlab,
  gitlabSigned,
  intercom,
  jira,
  linear,
  pagerduty,
  standardWebhooks,
  svix,
} from "./senders-work.ts";
import type { Sender } from "./sender.ts";

/** Every kind that proves itself in a header, under a name for tests. Mailgun does so in its body. */
export const senders: readonly (readonly [string, Sender])[] = [
  ["telegram", telegram],
  ["whatsapp", whatsapp],
  ["slack", slack],
  ["discord", discord],
  ["github", github],
  ["gitlab", gitlab],
  ["gitlab with a signing token", gitlabSigned],
  ["stripe", stripe],
  ["shopify", shopify],
  ["twilio", twilio],
  ["standard-webhooks", standardWebhooks],
  ["svix", svix],
  ["linear", linear],
  ["typeform", typeform],
  ["jira", jira],
  ["intercom", intercom],
  ["hubspot", hubspot],
  ["pagerduty", pagerduty],
  ["sendgrid", sendgrid],
  ["paddle", paddle],
  ["square", square],
  ["zoom", zoom],
];
