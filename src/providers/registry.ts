/** Every kind of sender. A new provider is one file and one line. */
import { basic } from "./basic.ts";
import { discord } from "./discord.ts";
import { github } from "./github.ts";
import { gitlab } from "./gitlab.ts";
import { hmac } from "./hmac.ts";
import { hubspot } from "./hubspot.ts";
import { intercom } from "./intercom.ts";
import { jira } from "./jira.ts";
import { linear } from "./linear.ts";
import { mailgun } from "./mailgun.ts";
import { none } from "./none.ts";
import { paddle } from "./paddle.ts";
import { pagerduty } from "./pagerduty.ts";
import type { Provider } from "./provider.ts";
import { sendgrid } from "./sendgrid.ts";
import { shopify } from "./shopify.ts";
import { slack } from "./slack.ts";
import { square } from "./square.ts";
import { standardWebhooks, svix } from "./standard-webhooks.ts";
import { stripe } from "./stripe.ts";
import { telegram } from "./telegram.ts";
import { token } from "./token.ts";
import { twilio } from "./twilio.ts";
import { typeform } from "./typeform.ts";
import { whatsapp } from "./whatsapp.ts";
import { zoom } from "./zoom.ts";

/** By name. */
export const providers: ReadonlyMap<string, Provider> = new Map(
  [
    telegram,
    whatsapp,
    slack,
    discord,
    github,
    gitlab,
    stripe,
    shopify,
    twilio,
    standardWebhooks,
    svix,
    linear,
    typeform,
    jira,
    intercom,
    hubspot,
    pagerduty,
    sendgrid,
    mailgun,
    paddle,
    square,
    zoom,
    hmac,
    token,
    basic,
    none,
  ].map((provider) => [provider.name, provider]),
);
