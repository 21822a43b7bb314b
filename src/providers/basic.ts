/** HTTP's own user name and password (RFC 7617). */
import * as z from "zod/mini";
import { Buffer } from "node:buffer";
import { refused } from "../refusal.ts";
import { answersWith, badSignature, DEFAULT_ANSWERS } from "./answers.ts";
import { defineProvider } from "./provider.ts";
import { readAnything } from "./reading.ts";
import { settingFields } from "./settings.ts";
import { headerOf } from "./signature.ts";
import { tokenProof } from "./token-proof.ts";

const CREDENTIALS = /^basic +([A-Za-z0-9+/]+={0,2})$/i;

export const basic = defineProvider({
  name: "basic",
  isVerified: false,
  namesEvents: false,
  settings: z.strictObject({
    username: z.pipe(z.string("is required"), settingFields.username),
    id_header: z.optional(settingFields.id_header),
  }),
  // RFC 9110 §11.6.1: a 401 names what would be accepted; some clients send nothing before it.
  answers: answersWith(DEFAULT_ANSWERS.success, {
    badSignature: badSignature(401, {
      "WWW-Authenticate": 'Basic realm="webhook", charset="UTF-8"',
    }),
  }),
  beginProof(request) {
    const value = headerOf(request, "authorization");
    if (!value.ok) return value;
    const encoded = CREDENTIALS.exec(value.value)?.[1];
    if (encoded === undefined) return refused("malformed");
    const { secrets, settings } = request;
    const { username = "" } = settings;
    const sent = Buffer.from(encoded, "base64");
    return tokenProof(sent, secrets, (secret) => `${username}:${secret}`);
  },
  read: readAnything,
});
