import type { MiddlewareHandler } from "hono";
import { type Config, readConfig } from "../../config.ts";
import { createPlatform } from "../../platform/create-platform.ts";
import { createLinks } from "../../uploads/link.ts";
import type { AppEnv, Variables } from "../variables.ts";

/** Reads the settings and picks the platform, once an isolate; throws while a setting is malformed. */
export function settings(): MiddlewareHandler<AppEnv> {
  const made = new WeakMap<Config, Pick<Variables, "platform" | "links">>();
  return function readSettings(c, next) {
    const config = readConfig(c.env);
    const { platform, links } = made.get(config) ?? {
      platform: createPlatform(config, c.env),
      links: createLinks([config.GATEWAY_SECRET, config.GATEWAY_SECRET_PREVIOUS ?? []].flat()),
    };
    made.set(config, { platform, links });
    c.set("config", config);
    c.set("platform", platform);
    c.set("links", links);
    return next();
  };
}
