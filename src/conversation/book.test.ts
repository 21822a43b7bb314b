import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import fc from "fast-check";
import { expect, it } from "vitest";
import { Book } from "./book.ts";
import type { NewTask } from "./rows.ts";

const NEW: NewTask = {
  runs: "alarm",
  agent_id: "a",
  task_id: "t",
  task: "={}",
  api_key: null,
  user_tokens: null,
  is_new: 0,
  agreement: null,
  restarts: null,
  accepted_at: 1,
  next_at: 1,
  lease_until: null,
  callback: null,
};

type Doing = (book: Book) => unknown;

const turn = fc.integer({ min: 1, max: 6 });
const time = fc.integer({ min: 1, max: 50 });
const key = fc.constantFrom("k", null);

/** Only what is in the queue leaves it, and only what has left it comes back. */
const isQueued = (book: Book, of: number) => (book.find(of)?.place ?? null) !== null;

const doing: fc.Arbitrary<Doing> = fc.oneof(
  fc.record({ accepted_at: time, next_at: time, api_key: key }).map(
    (task): Doing =>
      (book) =>
        book.insert({ ...NEW, ...task }),
  ),
  fc.constant<Doing>((book) => book.insert(NEW, "dropped")),
  fc
    .tuple(turn, fc.record({ next_at: time, api_key: key }, { requiredKeys: [] }))
    .filter(([, columns]) => Object.keys(columns).length > 0)
    .map(
      ([of, columns]): Doing =>
        (book) =>
          book.find(of) && book.update(of, columns),
    ),
  fc.tuple(turn, time).map(
    ([of, at]): Doing =>
      (book) =>
        book.find(of) && book.update(of, { sent_at: at, seen_at: at }),
  ),
  fc.tuple(turn, time).map(
    ([of, ended_at]): Doing =>
      (book) =>
        isQueued(book, of) && book.dequeue(of, { state: "finished", ended_at }),
  ),
  turn.map((of): Doing => (book) => {
    if (book.find(of) === undefined || isQueued(book, of)) return;
    book.update(of, { state: "waiting", ended_at: null });
    book.enqueue(of);
  }),
  time.map(
    (at): Doing =>
      (book) =>
        book.removeUntil(at),
  ),
);

/** All that is remembered. */
function told(book: Book): unknown {
  return {
    first: book.first(),
    last: book.last(),
    withKey: book.withKey(),
    hasKey: book.hasKey(),
    isAwaited: book.isAwaited(),
    latest: book.latest(),
    oldestAt: book.oldestAt(),
    rows: [1, 2, 3, 4, 5, 6].map((of) => book.find(of)),
  };
}

/** As the object of a conversation that is new to its Worker does, whether it is new or not. */
function begun(sql: SqlStorage): Book {
  const book = new Book(sql);
  book.begin();
  return book;
}

it.each([
  ["opened", (sql: SqlStorage) => new Book(sql)],
  ["begun", begun],
])("remembers what a book that has just been %s would read", async (_, open) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(doing, fc.boolean()), { minLength: 1, maxLength: 25 }),
      async (doings) => {
        const stub = env.CONVERSATIONS.getByName(crypto.randomUUID());
        await runInDurableObject(stub, (__, { storage: { sql } }) => {
          const book = open(sql);
          for (const [act, isLookedAt] of doings) {
            act(book);
            if (isLookedAt) expect(told(book)).toEqual(told(open(sql)));
          }
          expect(told(book)).toEqual(told(new Book(sql)));
          expect(told(book)).toEqual(told(begun(sql)));
        });
      },
    ),
    { numRuns: 150 },
  );
});

it("finds what was sent last without reading all that was said", async () => {
  const stub = env.CONVERSATIONS.getByName("org/long");
  await runInDurableObject(stub, (_, { storage }) => {
    const book = new Book(storage.sql);
    for (let n = 1; n <= 20; n += 1) {
      book.insert({ ...NEW, accepted_at: n });
      book.update(n, { sent_at: n, seen_at: n });
    }
    const asked: string[] = [];
    const exec: SqlStorage["exec"] = (statement, ...values) => {
      asked.push(statement);
      return storage.sql.exec(statement, ...values);
    };
    const again = new Book(new Proxy(storage.sql, { get: () => exec }));
    expect(again.latest()?.turn).toBe(20);
    const [latest = ""] = asked.filter((statement) => statement.includes("ORDER BY sent_at"));
    const plan = storage.sql.exec(`EXPLAIN QUERY PLAN ${latest}`).toArray();
    expect(plan).toMatchObject([{ detail: expect.stringContaining("USING INDEX when_sent") }]);
  });
});
