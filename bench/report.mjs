// What is printed, and whether the targets are met.
import { median } from "./measure.mjs";

const columns = [22, 9, 9, 24];

function row(cells) {
  return cells
    .map((cell, at) => cell.padEnd(columns[at] ?? 0))
    .join(" ")
    .trimEnd();
}

/** Prints one case; returns the targets that it misses. */
export function reportSpeed({ title, connections, minRate, maxP99 }, pairs) {
  const missed = [];
  console.log(`\n${title} (${connections} connections, ${pairs.length} rounds)`);
  console.log(row(["", "bare", "ours", "ratio (min to max)", "target"]));
  const line = (label, name, digits, target) => {
    const ratios = pairs.map(({ bare, ours }) => ours[name] / bare[name]);
    const ratio = median(ratios);
    const [least, most] = [Math.min(...ratios), Math.max(...ratios)].map((n) => n.toFixed(2));
    const isMet = target === undefined || target.holds(ratio);
    if (!isMet) missed.push(`${title}: ${label}`);
    const of = (side) => median(pairs.map((pair) => pair[side][name])).toFixed(digits);
    const told = target && `${target.words} ${isMet ? "met" : "MISSED"}`;
    console.log(
      row([label, of("bare"), of("ours"), `${ratio.toFixed(2)} (${least} to ${most})`, told ?? ""]),
    );
  };
  line("requests a second", "rate", 0, {
    words: `at least ${minRate}:`,
    holds: (ratio) => ratio >= minRate,
  });
  line("p50, ms", "p50", 1);
  const p99 = maxP99 && { words: `at most ${maxP99}:`, holds: (ratio) => ratio <= maxP99 };
  line("p99, ms", "p99", 1, p99);
  if (pairs[0].bare.cpuMicros !== undefined) line("CPU a request, µs", "cpuMicros", 0);
  return missed;
}

const mib = (bytes) => (bytes / 1024 / 1024).toFixed(0);

/**
 * Prints the curve. Growth counts from the least after a fifth of the requests, so that a heap which
 * was cleaned up late does not hide it. A short run is not judged.
 */
export function reportMemory(curve, requests, maxGrowthBytes) {
  if (curve.length === 0) {
    console.log("\nMemory: this system does not tell.");
    return [];
  }
  console.log(`\nMemory of ours in MiB, when warm and every ${requests / 10} requests`);
  console.log(curve.map(mib).join(" "));
  const growth = curve[10] - Math.min(...curve.slice(2));
  const isMet = growth <= maxGrowthBytes;
  const target = `target: at most ${mib(maxGrowthBytes)}: ${isMet ? "met" : "MISSED"}`;
  const isJudged = maxGrowthBytes !== undefined;
  console.log(
    `growth from the least after ${requests / 5} to ${requests}: ${mib(growth)}, ` +
      (isJudged ? target : "too short a run to judge"),
  );
  return isJudged && !isMet ? ["memory"] : [];
}
