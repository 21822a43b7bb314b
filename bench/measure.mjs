// The three measurements: start-up, speed beside the bare Worker, memory.
import { load } from "./load.mjs";
import { startWorker } from "./worker.mjs";

const sides = ["bare", "ours"];

export function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Whose turn comes first changes from round to round: so does what the other leaves behind. */
export function inTurn(both, round) {
  return round % 2 === 0 ? both : both.toReversed();
}

/** Milliseconds from starting workerd to the first answer: bare's, and how much longer ours takes. */
export async function measureStartup(configs, starts) {
  const samples = { bare: [], ours: [] };
  for (let start = 0; start < starts; start += 1) {
    for (const side of sides) samples[side].push(await timeToFirstAnswer(configs[side]));
  }
  const bareMs = median(samples.bare);
  return { bareMs, longerMs: median(samples.ours) - bareMs };
}

async function timeToFirstAnswer(config) {
  const startedAt = performance.now();
  const worker = await startWorker(config);
  const response = await fetch(`${worker.origin}/health`);
  await response.text();
  const milliseconds = performance.now() - startedAt;
  await worker.stop();
  if (response.status !== 200) throw new Error(`/health answers ${response.status}`);
  return milliseconds;
}

/**
 * Turn and turn about: bare, ours, ours, bare …, one pair of figures a round. The Workers are started
 * anew every few rounds: one start of a process differs from the next by some hundredths. Which is
 * started and warmed first changes too: what was warmed first has waited since, and is slower for it.
 */
export async function measureSpeed(workers, configs, what, { speedStarts, ...extent }) {
  const pairs = [];
  for (let start = 0; start < speedStarts; start += 1) {
    const order = inTurn(sides, start);
    for (const side of order) workers[side] = await startWorker(configs[side]);
    await checkSameBytes(workers, what);
    pairs.push(...(await measureRounds(workers, what, extent, order)));
    for (const side of sides) await workers[side].stop();
  }
  return pairs;
}

async function measureRounds(workers, what, { rounds, seconds, warmUp }, order) {
  // V8 goes on optimising for some ten thousand requests.
  const requests = Math.ceil(what.warmUpRequests * warmUp);
  for (const side of order) await load(workers[side], what[side], what, { requests });
  const pairs = [];
  for (let round = 0; round < rounds; round += 1) {
    const pair = {};
    for (const side of inTurn(order, round)) {
      pair[side] = await load(workers[side], what[side], what, { seconds });
    }
    pairs.push(pair);
  }
  return pairs;
}

/** The comparison is fair only while both send the platform the same bytes, but for the task's own id. */
async function checkSameBytes(workers, what) {
  const sent = [];
  for (const side of sides) {
    await load(workers[side], what[side], what, { requests: what.connections });
    const body = await (await fetch(workers.platform.origin)).text();
    sent.push(body.replace(/^\{"id":"[0-9a-f-]{36}"/, '{"id":"…"'));
  }
  if (sent[0] === sent[1]) return;
  let at = 0;
  while (sent[0][at] === sent[1][at]) at += 1;
  const [bare, ours] = sent.map((text) => text.slice(Math.max(0, at - 100), at + 100));
  throw new Error(`${what.title}: at ${at} bare sends\n${bare}\nand ours\n${ours}`);
}

/** Memory of a Worker that is warm, and after each tenth of the requests; [] where unknown. */
export async function measureMemory(worker, what, requests) {
  const tenth = { requests: requests / 10 };
  await load(worker, what.ours, what, { requests: requests / 50 });
  const curve = [worker.rssBytes()];
  while (curve.length <= 10) {
    await load(worker, what.ours, what, tenth);
    curve.push(worker.rssBytes());
  }
  return curve.includes(undefined) ? [] : curve;
}
