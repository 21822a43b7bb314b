import { SettingsError } from "../config.ts";

/** A line for a fault of ours, which is tried again. Only settings are told of in a fault's own words. */
export function logFailure(event: string, thrown: unknown): void {
  const cause =
    thrown instanceof SettingsError
      ? thrown.message
      : thrown instanceof Error
        ? thrown.name
        : "unknown";
  console.error(JSON.stringify({ channel: "conversation", event, cause }));
}
