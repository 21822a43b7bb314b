// A signed delivery beside the same one by `POST /`, and whether a wrong signature tells by its time
// how much of it is right: on plain workerd, with objects on disk.
import { createHmac, randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import { load, startWorkers } from "./conversations.mjs";
import { inTurn, median } from "./measure.mjs";

const SECRET = "a secret for the bench alone";
const KEY = { "x-api-key": "bench-key", "content-type": "application/json" };
const EVENT = { "content-type": "application/json", "x-github-event": "issues" };

/** A GitHub event of 10 KB: an issue that was opened, with a long text. */
const event = Buffer.from(
  JSON.stringify({
    action: "opened",
    issue: {
      number: 12,
      title: "Printer on fire",
      body: "It burns, and nobody knows why. ".repeat(300),
      html_url: "https://code.example/acme/shop/issues/12",
      user: { login: "zoe", id: 5012345678, type: "User" },
    },
    repository: { id: 77, full_name: "acme/shop", private: true },
    sender: { login: "zoe", id: 5012345678, type: "User" },
  }),
);

function signed(body) {
  return `sha256=${createHmac("sha256", SECRET).update(body).digest("hex")}`;
}

/** Runs all of it in `folder`; returns the targets that are missed. */
export async function benchSources(folder, { rounds, seconds, tries }) {
  mkdirSync(folder);
  const missed = [];
  const tell = (label, value, words, isMet) => {
    console.log(`${label.padEnd(44)} ${value.padEnd(34)} ${words}${isMet ? " met" : " MISSED"}`);
    if (!isMet) missed.push(label);
  };
  console.log(`\nSources (${rounds} rounds)`);
  const workers = await startWorkers(folder);
  try {
    await putSource(workers.ours);
    await compareHook(workers.ours, { rounds, seconds, tell });
    await compareTimes(workers.ours, { tries, tell });
  } finally {
    for (const worker of Object.values(workers)) await worker.stop();
  }
  return missed;
}

async function putSource({ origin }) {
  const body = JSON.stringify({ provider: "github", secret: SECRET });
  const url = `${origin}/v1/agents/bench/sources/github`;
  const answer = await fetch(url, { method: "PUT", headers: KEY, body });
  if (answer.status !== 201) throw new Error(`PUT answers ${answer.status} ${await answer.text()}`);
}

/** Both behind one task that runs, in one conversation each; each request with an id of its own. */
async function compareHook(ours, { rounds, seconds, tell }) {
  const signature = signed(event);
  const hook = {
    paths: ["/hooks/bench/github"],
    body: event,
    headers: () => ({
      ...EVENT,
      "x-hub-signature-256": signature,
      "x-github-delivery": randomUUID(),
    }),
  };
  const plain = {
    paths: ["/?agent_id=bench&asynchronous=true&task_id=plain&map.user_id=sender.id"],
    body: event,
    headers: () => ({ ...KEY, "idempotency-key": randomUUID() }),
  };
  const pairs = [];
  for (let round = -2; round < rounds; round += 1) {
    const pair = {};
    for (const [name, what] of inTurn(Object.entries({ plain, hook }), round)) {
      pair[name] = await load(ours, what, { seconds });
    }
    if (round >= 0) pairs.push(pair);
  }
  const ratios = pairs.map((pair) => pair.hook.rate / pair.plain.rate);
  const rate = median(pairs.map((pair) => pair.hook.rate)).toFixed(0);
  const spread = `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`;
  const value = `${rate}/s: ${median(ratios).toFixed(2)} (${spread})`;
  tell("10 KB signed, beside POST /", value, "at least 0.8:", median(ratios) >= 0.8);
}

/**
 * Welch's t of the times of a signature whose first byte is wrong, and of one whose last is, the
 * slowest tenth of each left out. From 4.5 on the two could be told apart.
 */
async function compareTimes({ origin }, { tries, tell }) {
  const body = Buffer.from("{}");
  const right = signed(body);
  const wrongAt = (at) =>
    right.slice(0, at) + (right[at] === "0" ? "1" : "0") + right.slice(at + 1);
  const wrong = [wrongAt("sha256=".length), wrongAt(right.length - 1)];
  const times = [[], []];
  for (let n = 0; n < tries * 2; n += 1) {
    // In no regular order: what else the machine does must not fall on one of the two.
    const which = Math.random() < 0.5 ? 0 : 1;
    const headers = { ...EVENT, "x-hub-signature-256": wrong[which] };
    const startedAt = performance.now();
    const answer = await fetch(`${origin}/hooks/bench/github`, { method: "POST", headers, body });
    await answer.arrayBuffer();
    times[which].push(performance.now() - startedAt);
    if (answer.status !== 401) throw new Error(`a wrong signature is answered ${answer.status}`);
  }
  const [first, last] = times.map((all) =>
    all.toSorted((a, b) => a - b).slice(0, Math.floor(all.length * 0.9)),
  );
  const t = Math.abs(welch(first, last));
  const value = `t = ${t.toFixed(2)}, ${tries} tries each`;
  tell("a wrong first byte beside a wrong last", value, "below 4.5:", t < 4.5);
}

function welch(...samples) {
  const [a, b] = samples.map((all) => {
    const mean = all.reduce((sum, x) => sum + x, 0) / all.length;
    const variance = all.reduce((sum, x) => sum + (x - mean) ** 2, 0) / all.length;
    return { mean, error: variance / all.length };
  });
  return (a.mean - b.mean) / Math.sqrt(a.error + b.error);
}
