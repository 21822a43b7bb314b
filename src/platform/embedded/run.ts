/** One run of one agent. */
import type { Agent, EarlierTurn } from "./agent.ts";
import type { TurnTask } from "./thread.ts";

export interface Outcome {
  readonly status: "completed" | "error";
  readonly result: string | null;
}

interface Place {
  readonly turn: number;
  readonly earlierTurns: readonly EarlierTurn[];
}

/** Never throws: what the agent throws is the outcome. */
export async function runAgent(
  agent: Agent | undefined,
  task: TurnTask,
  { turn, earlierTurns }: Place,
): Promise<Outcome> {
  if (agent === undefined) return { status: "error", result: "Agent not found" };
  try {
    const value = await agent({
      prompt: task.prompt,
      context: JSON.parse(task.contextText),
      contextText: task.contextText,
      files: task.files,
      user: task.user,
      conversationId: task.id,
      turn,
      earlierTurns,
    });
    return { status: "completed", result: resultText(value) };
  } catch (thrown) {
    return { status: "error", result: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}

function resultText(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  return typeof value === "string" ? value : JSON.stringify(value);
}
