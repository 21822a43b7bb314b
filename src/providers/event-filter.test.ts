import { describe, expect, it } from "vitest";
import { doesRun } from "./event-filter.ts";

describe("doesRun", () => {
  const opened = { id: undefined, event: "issues.opened", runsByDefault: true, fields: new Map() };

  it.each([
    [undefined, true],
    [[], false],
    [["issues.opened"], true],
    [["push", "issues"], true],
    [["issue"], false],
    [["issues.closed"], false],
    [["issues."], false],
    [["Issues"], false],
    [["Issue Hook"], true],
  ])("with the events %j says %s", (events, runs) => {
    expect(doesRun({ ...opened, aliases: ["Issue Hook"] }, events)).toBe(runs);
  });

  it("runs by name what does not run by default", () => {
    const edited = { ...opened, event: "edited_message", runsByDefault: false };
    expect(doesRun(edited, undefined)).toBe(false);
    expect(doesRun(edited, ["edited_message"])).toBe(true);
  });
});
