/** The settings (contract §5), checked. The only reader of variables and secrets. */
import * as z from "zod/mini";

const KIB = 1024;
const MIB = 1024 * KIB;

/** A setting that is empty is unset: `wrangler.toml` and dashboards leave such values behind. */
function setting<Schema extends z.ZodMiniType>(schema: Schema) {
  return z.pipe(
    z.transform((value): unknown => (value === "" || value === null ? undefined : value)),
    schema,
  );
}

/** A whole number within bounds, as a number or as its digits. */
function whole(minimum: number, maximum: number, otherwise: number) {
  const error = `must be a whole number from ${minimum} to ${maximum}`;
  const digits = z.pipe(z.string().check(z.regex(/^\d{1,15}$/)), z.transform(Number));
  return setting(
    z.prefault(
      z.union([z.number(), digits], { error }).check(
        z.refine((value) => Number.isInteger(value) && value >= minimum && value <= maximum, {
          error,
        }),
      ),
      otherwise,
    ),
  );
}

function isOrigin(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && text.replace(/\/$/, "") === url.origin;
}

const origin = z.pipe(
  z
    .string("must be text")
    .check(z.refine(isOrigin, { error: "must be an origin, such as https://api.example.com" })),
  z.transform((text) => new URL(text).origin),
);

/** A name, since a callback may go to no address; no wildcards. */
function isHostName(text: string): boolean {
  const isName = /^(?!\d+(?:\.\d+){3}(?::|$))[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?(?::\d+)?$/.test(text);
  return isName && URL.parse(`https://${text}`)?.host === text;
}

/** Names of hosts, each with its port if that is not 443, parted by commas or spaces. */
const hosts = z.pipe(
  z.string("must be text"),
  z.transform((text, context) => {
    const names = text
      .toLowerCase()
      .split(/[\s,]+/)
      .filter((name) => name !== "");
    if (names.every(isHostName)) return names;
    context.issues.push({
      code: "custom",
      input: text,
      message: "must be names of hosts, such as hooks.example.com, parted by commas",
    });
    return z.NEVER;
  }),
);

const secret = z.string({ error: "must be set" }).check(
  z.refine((text) => new TextEncoder().encode(text).length >= 32, {
    error: "must be 32 bytes or more",
  }),
);

const schema = z.pipe(
  z
    .object({
      PLATFORM_URL: setting(z.optional(origin)),
      API_KEY: setting(
        z.optional(
          z.string("must be text").check(z.regex(/^[\x21-\x7e]+$/, "must be visible ASCII")),
        ),
      ),
      GATEWAY_SECRET: setting(secret),
      GATEWAY_SECRET_PREVIOUS: setting(z.optional(secret)),
      PUBLIC_URL: setting(z.optional(origin)),
      SYNC_TIMEOUT_SECONDS: whole(1, 3_600, 300),
      MAX_TURN_MINUTES: whole(1, 1_440, 20),
      CALLBACK_SECRET: setting(
        z.optional(
          z
            .string("must be text")
            // Of an empty key anybody could sign.
            .check(z.refine((text) => text !== "whsec_", "must have a key behind whsec_")),
        ),
      ),
      CALLBACK_HOSTS: setting(z.optional(hosts)),
      MAX_BODY_BYTES: whole(1, 64 * MIB, 10 * MIB),
      MAX_FILE_BYTES: whole(1, 5 * KIB * MIB, 50 * MIB),
      MAX_FILES: whole(1, 1_000, 20),
      MAX_UPLOAD_BYTES: whole(1, 5 * KIB * MIB, 100 * MIB),
      MAX_FIELDS: whole(1, 10_000, 100),
      MAX_FIELD_BYTES: whole(1, 16 * MIB, MIB),
    })
    .check(
      z.refine((vars) => vars.CALLBACK_HOSTS === undefined || vars.CALLBACK_SECRET !== undefined, {
        error: "must be set while CALLBACK_HOSTS is",
        path: ["CALLBACK_SECRET"],
      }),
    ),
  z.transform((vars, context) => {
    if (vars.PLATFORM_URL !== undefined) return { ...vars, PLATFORM_URL: vars.PLATFORM_URL };
    if (vars.API_KEY !== undefined)
      return { ...vars, PLATFORM_URL: undefined, API_KEY: vars.API_KEY };
    context.issues.push({
      code: "custom",
      input: undefined,
      path: ["API_KEY"],
      message: "must be set while PLATFORM_URL is not: it is the embedded platform's key",
    });
    return z.NEVER;
  }),
);

/** The settings as they are in force; sizes in bytes. Embedded exactly if `PLATFORM_URL` is unset. */
export type Config = z.output<typeof schema>;

/** Names the settings that are missing or malformed, never their values. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
}

const read = new WeakMap<object, Config>();

/** Reads an isolate's settings once; throws `SettingsError` each time while one is malformed. */
export function readConfig(env: object): Config {
  const known = read.get(env);
  if (known !== undefined) return known;
  const checked = schema.safeParse(env);
  if (!checked.success) {
    throw new SettingsError(
      checked.error.issues.map(({ path, message }) => `${path.join(".")} ${message}`).join("; "),
    );
  }
  read.set(env, checked.data);
  return checked.data;
}
