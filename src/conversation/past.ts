/** What a conversation knows of its past, for channels whose senders do not wait for it. */
import type { TurnCall } from "./arrival.ts";
import type { Conversation } from "./conversation.ts";
import type { DeadTask } from "./messages.ts";

export interface Past {
  /** Whether this would be a repeat; nothing is placed, and asking leaves no trace. */
  isRepeat(call: Pick<TurnCall, "organisation" | "task" | "repeat">): Promise<boolean>;
  /** Those of the conversation's turns that are dead. */
  deadAmong(
    place: { readonly organisation: string; readonly taskId: string },
    turns: readonly number[],
  ): Promise<readonly DeadTask[]>;
}

export function createPast(namespace: () => DurableObjectNamespace<Conversation>): Past {
  const objectOf = (organisation: string, taskId: string) =>
    namespace().getByName(`${organisation}/${taskId}`);
  return {
    async isRepeat({ organisation, task, repeat }) {
      return repeat !== null && objectOf(organisation, task.id).knows(repeat.key);
    },

    deadAmong: ({ organisation, taskId }, turns) => objectOf(organisation, taskId).deadAmong(turns),
  };
}
