// Acceptance of asynchronous tasks, and turns of synchronous ones, beside a bare Worker that commits
// one row of the same size to one Durable Object: on plain workerd, with objects on disk.
import autocannon from "autocannon";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { root } from "../scripts/wrangler.mjs";
import { bundleBare, OUR_OBJECTS } from "./build.mjs";
import { small } from "./cases.mjs";
import { inTurn, median } from "./measure.mjs";
import { startWorker, writeWorker } from "./worker.mjs";

const KEY = { "content-type": "application/json", "x-api-key": "bench-key" };
const STARTED = '{"status":"Started"}';

/** Runs all of it in `folder`, acceptance on `disk` too; returns the targets that are missed. */
export async function benchConversations(folder, disk, { rounds, seconds, conversations }) {
  mkdirSync(folder);
  mkdirSync(disk);
  const missed = [];
  const tell = (label, value, words, isMet) => {
    console.log(`${label.padEnd(46)} ${value.padEnd(34)} ${words}${isMet ? " met" : " MISSED"}`);
    if (!isMet) missed.push(label);
  };
  console.log(`\nConversations, 1 KB each (${rounds} rounds)`);
  await compareAcceptance(await startWorkers(disk), { rounds, seconds, tell, where: "on disk" });
  const workers = await startWorkers(folder);
  const { ours } = workers;
  try {
    await compareRates(workers, { rounds, seconds, tell, where: "in memory" });
    await compareTurns(ours, { rounds, seconds, tell });
    await compareMany(ours, { rounds, seconds, conversations, tell });
    await compareQueue(ours, tell);
  } finally {
    for (const worker of Object.values(workers)) await worker.stop();
  }
  return missed;
}

/** The stand-in platform, ours, and the bare Worker that commits a row. */
export async function startWorkers(folder) {
  const script = readFileSync(join(root, "bench", "task-platform.js"), "utf8");
  const platform = await startWorker(writeWorker(join(folder, "platform"), { script }));
  const ours = writeWorker(join(folder, "ours"), {
    script: readFileSync(join(root, "dist", "index.js"), "utf8"),
    objects: OUR_OBJECTS,
    isOnDisk: true,
    vars: {
      PLATFORM_URL: platform.origin,
      GATEWAY_SECRET: "more than 32 bytes, for the bench alone",
    },
  });
  const bare = writeWorker(join(folder, "bare"), {
    script: bundleBare(join(folder, "bundle"), "bare-row"),
    objects: { ROWS: "Rows" },
    isOnDisk: true,
  });
  return { platform, ours: await startWorker(ours), bare: await startWorker(bare) };
}

// What is measured is acceptance: these wait for a minute, so that the alarms do not send them meanwhile.
const own = { path: "/?agent_id=bench&asynchronous=true&debounce=60" };
const ownRow = { path: "/" };
const inOne = { path: "/?agent_id=bench&asynchronous=true&task_id=one" };
const oneRow = { path: "/?object=one" };

/** Requests a second, and the median of their times in milliseconds. */
export async function load({ origin }, what, { seconds, requests: amount }) {
  const { path, paths, body = small.body, connections = 16, headers = () => KEY } = what;
  const requests = paths && [
    {
      setupRequest: (request) => {
        // The next time goes on where this one ends: all of them have their turn.
        what.at = (what.at ?? 0) + 1;
        return { ...request, headers: headers(), path: paths[what.at % paths.length] };
      },
    },
  ];
  const times = [];
  const run = autocannon({
    url: origin + (path ?? paths[0]),
    method: "POST",
    headers: KEY,
    body,
    connections,
    ...(amount === undefined ? { duration: seconds } : { amount }),
    sampleInt: 100,
    ...(requests && { requests }),
  });
  // From the first answer on: until then connections are made.
  let startedAt;
  let endedAt;
  run.on("response", (_client, _status, _bytes, milliseconds) => {
    times.push(milliseconds);
    endedAt = performance.now();
    startedAt ??= endedAt;
  });
  const { errors, non2xx } = await run;
  if (errors + non2xx > 0)
    throw new Error(`${path ?? paths[0]}: ${errors} broke, ${non2xx} are not 2xx`);
  return { rate: ((times.length - 1) / (endedAt - startedAt)) * 1000, p50: median(times) };
}

/** Each object is a database with three open files, and systems allow some thousands of them. */
const OBJECTS_A_ROUND = 200;

async function checkStarted({ origin }, { path }) {
  const answer = await fetch(origin + path, { method: "POST", headers: KEY, body: small.body });
  const text = await answer.text();
  if (text !== STARTED) throw new Error(`${path} answers ${answer.status} ${text}`);
}

/** The same where each commit waits for this machine's disk, as it does in use. */
async function compareAcceptance(workers, options) {
  try {
    await compareRates(workers, options);
  } finally {
    for (const worker of Object.values(workers)) await worker.stop();
  }
}

// First what can run for long: after it, both have been compiled for what they do.
const acceptances = [
  { label: "async, all in one conversation", least: 0.5, what: inOne, row: oneRow },
  { label: "async, each its own conversation", least: 0.7, what: own, row: ownRow },
];

async function compareRates({ ours, bare }, { rounds, seconds, tell, where }) {
  for (const { label, least, what, row } of acceptances) {
    await checkStarted(ours, what);
    await checkStarted(bare, row);
    const pairs = [];
    for (let round = -1; round < rounds; round += 1) {
      const extent = what === own ? { requests: OBJECTS_A_ROUND } : { seconds };
      const pair = {};
      for (const side of inTurn(["bare", "ours"], round)) {
        pair[side] = await (side === "bare" ? load(bare, row, extent) : load(ours, what, extent));
      }
      if (round >= 0) pairs.push(pair);
    }
    const ratios = pairs.map((pair) => pair.ours.rate / pair.bare.rate);
    const [a, b] = ["bare", "ours"].map((side) => median(pairs.map((pair) => pair[side].rate)));
    const spread = `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`;
    const ratio = median(ratios);
    const value = `${b.toFixed(0)}/s, bare ${a.toFixed(0)}: ${ratio.toFixed(2)} (${spread})`;
    tell(`${label}, ${where}`, value, `at least ${least}:`, ratio >= least);
  }
}

function named() {
  return `/?agent_id=bench&prompt=hi&task_id=${crypto.randomUUID()}`;
}

/** A synchronous call in a conversation of its own, named by the caller, and one that names none. */
async function compareTurns(ours, { rounds, seconds, tell }) {
  const plain = { path: "/?agent_id=bench&prompt=hi", connections: 1 };
  const turns = { paths: Array.from({ length: 20_000 }, named), connections: 1 };
  const more = [];
  for (let round = -1; round < rounds; round += 1) {
    const without = await load(ours, plain, { seconds });
    turns.paths.splice(0, turns.paths.length, ...Array.from({ length: 20_000 }, named));
    const taken = await load(ours, turns, { seconds });
    if (round >= 0) more.push(taken.p50 - without.p50);
  }
  const value = `${median(more).toFixed(1)} ms above a call without`;
  tell("sync with its own task_id, median", value, "at most 2.5 ms:", median(more) <= 2.5);
}

/** An object that nobody calls for 10 s is put to sleep. */
const ASLEEP_MS = 15_000;

/** Within so many rounds each of the many is called again, sooner than it would sleep. */
const WAKING_ROUNDS = 5;

function pathsTo(count, name) {
  const path = "/?agent_id=bench&asynchronous=true&task_id=";
  return Array.from({ length: count }, (_, n) => `${path}${name}-${n}`);
}

/** The rate over many live conversations and over few, each with one task that runs. */
async function compareMany(ours, { rounds, seconds, conversations, tell }) {
  const few = { paths: pathsTo(100, "few") };
  const many = { paths: pathsTo(conversations, "many") };
  // By then the objects of what was measured before are asleep, and their files closed.
  await setTimeout(ASLEEP_MS);
  for (const paths of [few, many]) await load(ours, paths, { requests: 4 * conversations });
  const ratios = [];
  for (let round = 0; round < rounds; round += 1) {
    const rates = new Map();
    for (const paths of inTurn([few, many], round)) {
      // Each is called once before it is measured, so that none is asleep.
      if (round % WAKING_ROUNDS === 0) await load(ours, paths, { requests: conversations });
      rates.set(paths, (await load(ours, paths, { seconds })).rate);
    }
    ratios.push(rates.get(many) / rates.get(few));
  }
  const ratio = median(ratios);
  const spread = `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`;
  tell(
    `${conversations} conversations beside 100`,
    `${ratio.toFixed(2)} of the rate (${spread})`,
    "at least 0.9:",
    ratio >= 0.9,
  );
}

/** One acceptance after another, behind one task and behind a thousand. */
async function compareQueue(ours, tell) {
  const path = "/?agent_id=bench&asynchronous=true&task_id=";
  const accept = async (id) => {
    const startedAt = performance.now();
    await checkStarted(ours, { path: path + id });
    return performance.now() - startedAt;
  };
  const short = [];
  const long = [];
  for (let n = 0; n < 1_000; n += 1) await accept("long");
  for (let n = 0; n < 200; n += 1) {
    await accept(`short-${n}`);
    short.push(await accept(`short-${n}`));
    long.push(await accept("long"));
  }
  const [a, b] = [median(short), median(long)];
  const value = `${b.toFixed(2)} ms, behind one ${a.toFixed(2)} ms`;
  tell("accepted behind 1,000 that wait", value, "no more than behind one:", b <= a * 1.1);
}
