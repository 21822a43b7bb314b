/**
 * What became of deliveries, on its way to the desk: gathered for a moment, so that a burst is one
 * call. What a crash takes with it is lines of a list.
 */
import { NOTE_DELAY_MS } from "../limits.ts";
import type { Note } from "./messages.ts";

export interface Notes {
  add(agentId: string, notes: readonly Note[]): void;
  /** Delivers at once what is gathered for this agent. */
  flush(agentId: string): Promise<void>;
}

export interface NotesOptions {
  readonly deliver: (agentId: string, notes: readonly Note[]) => Promise<void>;
  readonly waitUntil: (promise: Promise<unknown>) => void;
}

export function createNotes({ deliver, waitUntil }: NotesOptions): Notes {
  const gathered = new Map<string, Note[]>();

  const flush = async (agentId: string): Promise<void> => {
    const notes = gathered.get(agentId);
    gathered.delete(agentId);
    if (notes !== undefined) await deliver(agentId, notes);
  };

  return {
    add(agentId, notes) {
      const waiting = gathered.get(agentId);
      if (waiting !== undefined) {
        waiting.push(...notes);
        return;
      }
      gathered.set(agentId, [...notes]);
      waitUntil(later(() => flush(agentId)).catch(() => undefined));
    },
    flush,
  };
}

async function later(work: () => Promise<void>): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, NOTE_DELAY_MS));
  await work();
}
