import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type SourcePair, startSourcePair, telegramUpdate } from "../support/sources.ts";

const SECRET = "a-telegram-secret";

let pair: SourcePair;

beforeAll(async () => {
  pair = await startSourcePair();
});
afterAll(() => pair.stop());

async function openBot(name: string): Promise<void> {
  const { status } = await pair.put(name, { provider: "telegram", secret: SECRET });
  expect(status).toBe(201);
}

function chats(count: number): number[] {
  return Array.from({ length: count }, (_, chat) => chat + 1);
}

/** What has run in the chat once `last` has: all that was sent before it. */
async function promptsBefore(bot: string, chat: number, last: string): Promise<string[]> {
  const id = pair.taskId(bot, String(chat));
  await pair.platform.until(() => pair.platform.prompts(id).includes(last), 25_000);
  return pair.platform.prompts(id);
}

describe("a gateway that is killed while it serves a bot", () => {
  it("runs what it took, each message once and in order", async () => {
    await openBot("taken");
    const say = async (chat: number, message: number, text: string): Promise<number> => {
      const update = telegramUpdate(SECRET, chat * 10 + message, chat, text);
      return (await pair.hook("taken", update)).status;
    };
    const statuses = await Promise.all(
      chats(20).map(async (chat) => [await say(chat, 1, "first"), await say(chat, 2, "second")]),
    );
    await pair.crash();
    expect(new Set(statuses.flat())).toEqual(new Set([200]));
    await Promise.all(chats(20).map((chat) => say(chat, 3, "last")));
    const prompts = await Promise.all(
      chats(20).map((chat) => promptsBefore("taken", chat, "last")),
    );
    expect(prompts).toEqual(chats(20).map(() => ["first", "second", "last"]));
  });

  it.each([1, 8, 16])(
    "runs each message once, however often it comes: killed after %i of 40 answers",
    async (answersBefore) => {
      const bot = `killed-${answersBefore}`;
      await openBot(bot);
      const messages = chats(40).map((chat) => telegramUpdate(SECRET, chat * 10, chat, "hi"));
      let answers = 0;
      const enough = Promise.withResolvers<void>();
      const sent = Promise.allSettled(
        messages.map(async (message) => {
          await pair.hook(bot, message);
          answers += 1;
          if (answers === answersBefore) enough.resolve();
        }),
      );
      await enough.promise;
      await pair.crash();
      const taken = (await sent).map(({ status }) => status === "fulfilled");
      expect(taken).toContain(true);

      // Telegram sends again what was not answered; this one also half of what was.
      const sentAgain = messages.filter((_, n) => taken[n] !== true || n % 2 === 0);
      const again = await Promise.all(sentAgain.map((message) => pair.hook(bot, message)));
      expect(new Set(again.map(({ status }) => status))).toEqual(new Set([200]));
      await Promise.all(
        chats(40).map((chat) => pair.hook(bot, telegramUpdate(SECRET, chat * 10 + 1, chat, "bye"))),
      );
      const prompts = await Promise.all(chats(40).map((chat) => promptsBefore(bot, chat, "bye")));
      expect(prompts).toEqual(chats(40).map(() => ["hi", "bye"]));
    },
  );
});
