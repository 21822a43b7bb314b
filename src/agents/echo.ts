import type { Agent, AgentFile } from "../platform/embedded/agent.ts";

/** Answers with all that reached it, as JSON text: shows a newcomer what mapping did. */
export const echo: Agent = async ({ prompt, contextText, files, user, turn }) => {
  const described = await Promise.all(files.map(describe));
  const [head, tail] = [{ prompt }, { files: described, user, turn }].map((part) =>
    JSON.stringify(part),
  );
  // The context stays the text that it is, so that none of its digits is lost.
  return `${head?.slice(0, -1)},"context":${contextText},${tail?.slice(1)}`;
};

/** A file that came with the request is read to its end, for its SHA-256. */
async function describe({ url, uploaded }: AgentFile): Promise<object> {
  if (uploaded === undefined) return { url };
  const { name, type, size } = uploaded;
  const digest = new crypto.DigestStream("SHA-256");
  const content = await uploaded.stream();
  await content.pipeTo(digest);
  return { name, type, size, sha256: hex(await digest.digest), url };
}

function hex(bytes: ArrayBuffer): string {
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
