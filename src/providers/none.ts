/** Anyone who knows the address: an HTML form. Chosen by name, never by leaving something out. */
import * as z from "zod";
import { accepted } from "../refusal.ts";
import { defineProvider } from "./provider.ts";
import { readAnything } from "./reading.ts";
import { settingFields } from "./settings.ts";
import { settledProof } from "./token-proof.ts";

export const none = defineProvider({
  name: "none",
  isVerified: false,
  namesEvents: false,
  settings: z.strictObject({ id_header: settingFields.id_header.optional() }),
  secretProblem: (secret) =>
    secret === undefined ? undefined : "is not used by the provider none, which proves nothing",
  beginProof: () => accepted(settledProof("")),
  read: readAnything,
});
