import type { Agent } from "../platform/embedded/agent.ts";

/** Answers with all that reached it, as JSON text: shows a newcomer what mapping did. */
export const echo: Agent = ({ prompt, contextText, files, user, turn }) => {
  const [head, tail] = [{ prompt }, { files, user, turn }].map((part) => JSON.stringify(part));
  return `${head?.slice(0, -1)},"context":${contextText},${tail?.slice(1)}`;
};
