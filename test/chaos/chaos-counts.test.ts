import { describe, expect, it } from "vitest";
import { judge, type Seen } from "./verdict.ts";

/** `"c1:2"` is the second delivery of the conversation `c1`. */
function seen(...texts: readonly string[]): Seen[] {
  return texts.map((text) => ({ taskId: text.replace(/:.*/, ""), text }));
}

function textsOf(list: readonly Seen[]): string[] {
  return list.map(({ text }) => text);
}

function judged(acknowledged: readonly Seen[], executions: readonly Seen[]) {
  const { lost, doubled, outOfOrder } = judge(acknowledged, executions);
  return { lost: textsOf(lost), doubled: textsOf(doubled), outOfOrder: textsOf(outOfOrder) };
}

const NOTHING = { lost: [], doubled: [], outOfOrder: [] };
const acknowledged = seen("c1:1", "c2:1", "c1:2", "c1:3", "c2:2");

describe("judge", () => {
  it("finds nothing where each ran once and in order, whatever other conversations did", () => {
    const executions = seen("c2:1", "c2:2", "c1:1", "c1:2", "c1:3");
    expect(judged(acknowledged, executions)).toEqual(NOTHING);
  });

  it("finds what was acknowledged and never ran", () => {
    const executions = seen("c1:1", "c2:1", "c1:3", "c2:2");
    expect(judged(acknowledged, executions)).toEqual({ ...NOTHING, lost: ["c1:2"] });
  });

  it("finds what ran in another conversation than its own", () => {
    const executions = [...seen("c1:1", "c2:1", "c1:2", "c1:3"), { taskId: "c1", text: "c2:2" }];
    expect(judged(acknowledged, executions)).toEqual({ ...NOTHING, lost: ["c2:2"] });
  });

  it("finds what ran more than once, and counts it once", () => {
    const executions = seen("c1:1", "c2:1", "c1:2", "c1:2", "c1:3", "c2:2", "c1:2");
    expect(judged(acknowledged, executions)).toEqual({ ...NOTHING, doubled: ["c1:2"] });
  });

  it("finds what ran after one that was acknowledged later", () => {
    const executions = seen("c1:3", "c2:1", "c1:1", "c2:2", "c1:2");
    const outOfOrder = ["c1:1", "c1:2"];
    expect(judged(acknowledged, executions)).toEqual({ ...NOTHING, outOfOrder });
  });

  it("finds one that was lost, one that was doubled and one that was overtaken together", () => {
    const executions = seen("c2:2", "c2:1", "c1:1", "c1:1", "c1:3");
    expect(judged(acknowledged, executions)).toEqual({
      lost: ["c1:2"],
      doubled: ["c1:1"],
      outOfOrder: ["c2:1"],
    });
  });

  it("does not mind what ran without having been acknowledged", () => {
    const executions = seen("c1:1", "c2:1", "c1:2", "c1:3", "c2:2", "c2:3");
    expect(judged(acknowledged, executions)).toEqual(NOTHING);
  });
});
