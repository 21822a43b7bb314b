import { existsSync, readdirSync, readFileSync } from "node:fs";

/** Whether this system tells of its processes' memory. */
export const knowsMemory = existsSync("/proc/self/status");

function field(pid: string, name: string): string {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return new RegExp(`^${name}:\\s*(\\S+)`, "m").exec(status)?.[1] ?? "";
  } catch {
    // It has ended since it was listed.
    return "";
  }
}

function isOurs(pid: string): boolean {
  if (pid === String(process.pid)) return true;
  const parent = field(pid, "PPid");
  return parent !== "" && parent !== "0" && isOurs(parent);
}

/** The most that this test's workerd processes have ever held in memory, together, in bytes. */
export function peakWorkerdBytes(): number {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const ours = pids.filter((pid) => field(pid, "Name").startsWith("workerd") && isOurs(pid));
  if (ours.length === 0) throw new Error("No workerd runs below this process");
  return ours.reduce((sum, pid) => sum + Number(field(pid, "VmHWM")) * 1024, 0);
}
