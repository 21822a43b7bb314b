// Load on one Worker, and what it took.
import autocannon from "autocannon";

const SAMPLE_MS = 100;
const headers = { "content-type": "application/json", "x-api-key": "bench-key" };

/**
 * `extent` is `{ seconds }` or `{ requests }`. Throws unless every answer is 200 and right: the
 * first is checked by `isRight`, and all others must be the same to the byte.
 */
export async function load(worker, { path, isRight }, { body, connections }, extent) {
  const url = worker.origin + path;
  const first = await fetch(url, { method: "POST", headers, body });
  const answer = await first.text();
  if (first.status !== 200 || !isRight(JSON.parse(answer))) {
    throw new Error(`${path} answers ${first.status} ${answer}`);
  }

  const cpuBefore = worker.cpuSeconds();
  const startedAt = performance.now();
  const run = autocannon({
    url,
    method: "POST",
    headers,
    body,
    connections,
    expectBody: answer,
    sampleInt: SAMPLE_MS,
    ...("requests" in extent ? { amount: extent.requests } : { duration: extent.seconds }),
  });
  const times = [];
  let endedAt = startedAt;
  run.on("response", (_client, _status, _bytes, milliseconds) => {
    times.push(milliseconds);
    endedAt = performance.now();
  });
  const { errors, mismatches, non2xx } = await run;
  if (errors + mismatches + non2xx > 0 || times.length === 0) {
    throw new Error(
      `${path}: of ${times.length} answers ${mismatches} are wrong, ${non2xx} are not 2xx; ` +
        `${errors} connections broke`,
    );
  }

  times.sort((a, b) => a - b);
  const cpu = worker.cpuSeconds();
  return {
    rate: (times.length / (endedAt - startedAt)) * 1000,
    p50: times[Math.floor(times.length * 0.5)],
    p99: times[Math.floor(times.length * 0.99)],
    cpuMicros: cpu && ((cpu - cpuBefore) / times.length) * 1e6,
  };
}
