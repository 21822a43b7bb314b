// `npm run chaos`: the long form. Prints what was counted, and fails unless it is nothing.
import { parseArgs } from "node:util";
import build from "../support/build.ts";
import { runChaos } from "./chaos.ts";

const { values } = parseArgs({
  options: {
    deliveries: { type: "string", default: "2000" },
    conversations: { type: "string", default: "200" },
    kills: { type: "string", default: "10" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
  },
});

function whole(name: keyof typeof values, least: number): number {
  const number = Number(values[name]);
  if (Number.isSafeInteger(number) && number >= least) return number;
  throw new Error(`--${name} must be a whole number, ${least} or more`);
}

const order = {
  deliveries: whole("deliveries", 1),
  conversations: whole("conversations", 1),
  kills: whole("kills", 0),
  seed: whole("seed", 0),
};
// A killed run still takes its gateway and its folder with it.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => process.exit(1));

const EVERY_SECONDS = 10;
const EVIDENCE_LINES = 40;

build();
console.log(`seed ${order.seed}; the whole takes some 2 to 8 minutes`);
let toldAt = 0;
const result = await runChaos({
  ...order,
  onProgress({ seconds, acknowledged, executed, kills }) {
    if (seconds < toldAt + EVERY_SECONDS) return;
    toldAt = seconds;
    console.log(`${seconds} s: ${acknowledged} acknowledged, ${executed} run, ${kills} kills`);
  },
});

for (const line of result.evidence.slice(0, EVIDENCE_LINES)) console.log(line);
const more = result.evidence.length - EVIDENCE_LINES;
if (more > 0) console.log(`… and ${more} more`);
const { deliveries, acknowledged, kills, lost, doubled, outOfOrder, overlaps, seconds } = result;
console.log(`deliveries ${deliveries}, acknowledged ${acknowledged}, kills ${kills}, ${seconds} s`);
console.log(`lost ${lost}, doubled ${doubled}, out of order ${outOfOrder}, overlaps ${overlaps}`);
const isWhole = acknowledged === deliveries && kills === order.kills;
process.exitCode = isWhole && lost + doubled + outOfOrder + overlaps === 0 ? 0 : 1;
