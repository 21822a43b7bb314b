/** One run of one agent. */
import type { TaskFile } from "../../invocation/task.ts";
import { MAX_ERROR_CHARS, MAX_RESULT_CHARS } from "../../limits.ts";
import type { Agent, AgentFile, EarlierTurn } from "./agent.ts";
import type { TurnTask } from "./thread.ts";

export interface Outcome {
  readonly status: "completed" | "error";
  readonly result: string | null;
}

interface Place {
  readonly turn: number;
  readonly earlierTurns: readonly EarlierTurn[];
  readonly openFile: OpenFile;
}

/** The content of an uploaded file, by its key. */
export type OpenFile = (key: string) => Promise<ReadableStream<Uint8Array>>;

export function opensFrom(bucket: R2Bucket): OpenFile {
  return async (key) => {
    const object = await bucket.get(key);
    if (object === null) throw new Error("the file is no longer there");
    return object.body;
  };
}

/** Never throws: what the agent throws is the outcome. */
export async function runAgent(
  agent: Agent | undefined,
  task: TurnTask,
  { turn, earlierTurns, openFile }: Place,
): Promise<Outcome> {
  if (agent === undefined) return { status: "error", result: "Agent not found" };
  try {
    const value = await agent({
      prompt: task.prompt,
      context: JSON.parse(task.contextText),
      contextText: task.contextText,
      files: task.files.map((file) => agentFile(file, openFile)),
      user: task.user,
      conversationId: task.id,
      turn,
      earlierTurns,
    });
    const result = resultText(value);
    if (result !== null && result.length > MAX_RESULT_CHARS) {
      return { status: "error", result: `the result has more than ${MAX_RESULT_CHARS} characters` };
    }
    return { status: "completed", result };
  } catch (thrown) {
    return { status: "error", result: wordsOf(thrown).slice(0, MAX_ERROR_CHARS) };
  }
}

/** An error's message may be anything, and its getter anybody's. */
function wordsOf(thrown: unknown): string {
  try {
    return String(thrown instanceof Error ? thrown.message : thrown);
  } catch {
    return "the agent has thrown what cannot be told";
  }
}

function agentFile(file: TaskFile, openFile: OpenFile): AgentFile {
  const { url } = file;
  if (!("key" in file)) return { url };
  const { name, type, size, key } = file;
  return { url, uploaded: { name, type, size, stream: () => openFile(key) } };
}

function resultText(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  // Of a function, say, there is no JSON.
  return typeof value === "string" ? value : (JSON.stringify(value) ?? null);
}
