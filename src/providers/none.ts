/** Anyone who knows the address: an HTML form. Chosen by name, never by leaving something out. */
import * as z from "zod/mini";
import { accepted } from "../refusal.ts";
import { defineProvider } from "./provider.ts";
import { readAnything } from "./reading.ts";
import { settingFields } from "./settings.ts";
import { settledProof } from "./token-proof.ts";

export const none = defineProvider({
  name: "none",
  isVerified: false,
  namesEvents: false,
  settings: z.strictObject({ id_header: z.optional(settingFields.id_header) }),
  secretProblem: (secret) =>
    secret === undefined ? undefined : "is not used by the provider none, which proves nothing",
  beginProof: () => accepted(settledProof("")),
  read: readAnything,
});
