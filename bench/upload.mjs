// The upload path beside a bare Worker that puts the raw body into R2 in one call: same bytes, turn
// and turn about. Each side starts anew for each memory figure, since freed memory is not given back.
import { randomBytes } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { median } from "./measure.mjs";
import { startBare, startOurs, startStub } from "./upload-workers.mjs";

const MB = 1_000_000;
const MIB = 1024 * 1024;

/** Runs all of it in `folder`; returns the targets that are missed. */
export async function benchUploads(folder, { rounds }) {
  mkdirSync(folder);
  const stub = await startStub();
  const missed = [];
  const tell = (label, value, words, isMet) => {
    console.log(`${label.padEnd(44)} ${value.padEnd(34)} ${words}${isMet ? " met" : " MISSED"}`);
    if (!isMet) missed.push(label);
  };
  console.log(`\nFiles, on Miniflare (${rounds} rounds)`);
  try {
    const sides = { ours: await startOurs(folder, stub.origin), bare: await startBare(folder) };
    const large = form([zip(95 * MB)]);
    await compareUpload(sides, large, { label: "95 MB in one file", most: 1.2, rounds, tell });
    const links = stub.files();
    const many = form(Array.from({ length: 10 }, () => zip(5 * MB)));
    await compareUpload(sides, many, { label: "ten files of 5 MB", most: 1.3, rounds, tell });
    await compareDownload(sides, links[0], { rounds, tell });
    await postFile(sides.ours, zip(1_024));
    const [small] = stub.files();
    await postFile(sides.ours, zip(95 * MB));
    await compareRange(stub.files()[0], small, { rounds, tell });
    for (const side of Object.values(sides)) await side.stop();

    for (const [count, most] of [
      [1, 40],
      [4, 120],
    ]) {
      await compareMemory({ folder, stub, large, count, most, tell });
    }
  } finally {
    stub.close();
    rmSync(folder, { recursive: true, force: true });
  }
  return missed;
}

/** Random bytes with a ZIP's head. */
function zip(size) {
  const bytes = randomBytes(size);
  bytes.set([0x50, 0x4b, 0x03, 0x04]);
  return bytes;
}

const BOUNDARY = "bench-boundary-7MA4YWxkTrZu0gW";

function form(files) {
  const parts = files.flatMap((bytes, at) => [
    Buffer.from(
      `--${BOUNDARY}\r\nContent-Disposition: form-data; name="f"; filename="${at}.zip"\r\n\r\n`,
    ),
    bytes,
    Buffer.from("\r\n"),
  ]);
  return { files, body: Buffer.concat([...parts, Buffer.from(`--${BOUNDARY}--\r\n`)]) };
}

function post({ origin }, { body }) {
  return right(`${origin}/?agent_id=bench`, 200, {
    method: "POST",
    headers: {
      "x-api-key": "bench-key",
      "content-type": `multipart/form-data; boundary=${BOUNDARY}`,
    },
    body,
  });
}

/** As the whole body, so that it lies in one piece: the simulator reads one of many parts slower. */
function postFile({ origin }, body) {
  return right(`${origin}/?agent_id=bench`, 200, {
    method: "POST",
    headers: { "x-api-key": "bench-key", "content-type": "application/zip" },
    body,
  });
}

/** The same bytes as the form's, in one put. */
function put({ origin }, { body }, key = "/object") {
  return right(origin + key, 200, { method: "PUT", body });
}

async function right(address, status, init) {
  const response = await fetch(address, init);
  const bytes = (await response.arrayBuffer()).byteLength;
  if (response.status !== status) throw new Error(`${address} answers ${response.status}`);
  return bytes;
}

async function seconds(work) {
  const startedAt = performance.now();
  await work();
  return (performance.now() - startedAt) / 1000;
}

/** Turn and turn about, after one of each to warm up. */
async function pairs(rounds, ours, bare) {
  const all = [];
  for (let round = -1; round < rounds; round += 1) {
    const pair = { bare: await seconds(bare), ours: await seconds(ours) };
    if (round >= 0) all.push(pair);
  }
  return all;
}

function tellRatio(tell, { label, most }, all) {
  const ratio = median(all.map(({ ours, bare }) => ours / bare));
  const of = (side) => (median(all.map((pair) => pair[side])) * 1000).toFixed(1);
  const words = `at most ${most}:`;
  tell(label, `${of("ours")} / ${of("bare")} ms = ${ratio.toFixed(2)}`, words, ratio <= most);
}

async function compareUpload({ ours, bare }, what, { label, most, rounds, tell }) {
  const all = await pairs(
    rounds,
    () => post(ours, what),
    () => put(bare, what),
  );
  tellRatio(tell, { label, most }, all);
}

async function compareDownload({ bare }, link, { rounds, tell }) {
  const address = new URL(link);
  const size = await right(address, 200);
  await put(bare, { body: zip(size) }, "/download");
  const all = await pairs(
    rounds,
    () => right(address, 200),
    () => right(`${bare.origin}/download`, 200),
  );
  tellRatio(tell, { label: "a link's download, 95 MB", most: 1.05 }, all);
}

const RANGES_A_ROUND = 100;

/** A byte of a large file beside a byte of a small one: both ours, both by a link. */
async function compareRange(large, small, { rounds, tell }) {
  const all = await pairs(
    rounds,
    () => askForBytes(large),
    () => askForBytes(small),
  );
  tellRatio(tell, { label: "a byte of 95 MB beside one of 1 KB, ×100", most: 1.1 }, all);
}

async function askForBytes(link) {
  for (let times = 0; times < RANGES_A_ROUND; times += 1) {
    await right(link, 206, { headers: { range: "bytes=100-100" } });
  }
}

/** The most that the runtime holds while the uploads pass, above what it holds before them. */
async function compareMemory({ folder, stub, large, count, most, tell }) {
  const label = count === 1 ? "memory, one 95 MB file" : `memory, ${count} such files at once`;
  const grown = {};
  for (const [name, start, send] of [
    ["bare", () => startBare(join(folder, `memory-${count}`)), put],
    ["ours", () => startOurs(join(folder, `memory-${count}`), stub.origin), post],
  ]) {
    const side = await start();
    await send(side, form([zip(1_024)]));
    const before = side.rssBytes();
    if (before === undefined) {
      console.log(`${label}: this system does not tell.`);
      await side.stop();
      return;
    }
    const sends = Array.from({ length: count }, (_, at) => send(side, large, `/${at}`));
    await Promise.all(sends);
    grown[name] = (side.peakBytes() - before) / MIB;
    await side.stop();
  }
  const above = grown.ours - grown.bare;
  const value = `+${grown.ours.toFixed(0)} / +${grown.bare.toFixed(0)} MiB = ${above.toFixed(0)} above`;
  tell(label, value, `at most ${most}:`, above <= most);
}
