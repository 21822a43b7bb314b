// `npm start`: makes the secrets at the first start, runs `wrangler dev` without its chatter, and
// says what to paste once the Worker answers. What stands after `npm start --` goes to wrangler.
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { stripVTControlCharacters } from "node:util";
import { quietEnv, root, wranglerBin } from "./wrangler.mjs";

const POLL_MS = 50;
const GRACE_MS = 5_000;
const ORPHAN_CHECK_MS = 500;

const isWindows = process.platform === "win32";
const args = process.argv.slice(2);
const host = optionValues("ip").at(-1) ?? "127.0.0.1";
const port = Number(optionValues("port").at(-1) ?? 8787);
const reachableHost = ["0.0.0.0", "::", "*"].includes(host)
  ? "127.0.0.1"
  : host.includes(":")
    ? `[${host}]`
    : host;
const hasLogLevel = optionValues("log-level").length > 0;

/** Every value of `--name value` and `--name=value`, which may be several for one `--var`. */
function optionValues(name) {
  const values = [];
  for (let at = 0; at < args.length; at++) {
    if (args[at].startsWith(`--${name}=`)) values.push(args[at].slice(name.length + 3));
    if (args[at] !== `--${name}`) continue;
    while (args[at + 1] !== undefined && !args[at + 1].startsWith("--")) values.push(args[++at]);
  }
  return values;
}

function readDevVars(path) {
  if (!existsSync(path)) return new Map();
  const lines = readFileSync(path, "utf8").matchAll(/^\s*(?:export\s+)?([\w.-]+)\s*=[ \t]*(.*)$/gm);
  return new Map(
    [...lines].map(([, name, value]) => [
      name,
      /^(["'`])(.*)\1/.exec(value.trim())?.[2] ?? value.replace(/#.*/, "").trim(),
    ]),
  );
}

/** Adds the secrets that are missing; what is there is the operator's, and stays as it is. */
function ensureSecrets(path) {
  const known = readDevVars(path);
  const missing = ["API_KEY", "GATEWAY_SECRET"].filter((name) => !known.has(name));
  if (missing.length === 0) return;
  const lines = missing
    .map((name) => `${name}=${randomBytes(32).toString("base64url")}\n`)
    .join("");
  if (!existsSync(path)) {
    writeFileSync(path, lines, { mode: 0o600 });
    return;
  }
  const needsNewline = !/(^|\n)$/.test(readFileSync(path, "utf8"));
  appendFileSync(path, (needsNewline ? "\n" : "") + lines);
}

function apiKey(path) {
  const given = optionValues("var").findLast((value) => value.startsWith("API_KEY:"));
  return given?.slice("API_KEY:".length) ?? readDevVars(path).get("API_KEY");
}

/** Left empty in `.dev.vars`, which wrangler shows as hidden, it is unset. */
function isPlatformEmpty() {
  const isGiven = optionValues("var").some((value) => value.startsWith("PLATFORM_URL:"));
  return !isGiven && readDevVars(devVarsPath).get("PLATFORM_URL") === "";
}

/** The code of the error that listening there gives, or undefined if the port is free. */
function listenFault() {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", (error) => resolve(error.code));
    probe.listen({ host: host === "*" ? undefined : host, port }, () =>
      probe.close(() => resolve(undefined)),
    );
  });
}

function healthStatus(origin) {
  const request = origin.startsWith("https:") ? requestHttps : requestHttp;
  return new Promise((resolve) => {
    const call = request(
      `${origin}/health`,
      // A local certificate is wrangler's own.
      { agent: false, rejectUnauthorized: false, timeout: 2_000 },
      (response) => {
        response.resume();
        resolve(response.statusCode);
      },
    );
    call.on("timeout", () => call.destroy());
    call.on("error", () => resolve(undefined));
    call.end();
  });
}

function invitation(origin, key, hasPlatform) {
  const query = hasPlatform ? "agent_id=YOUR_AGENT_ID" : "agent_id=echo&getter=result.prompt";
  const header = `x-api-key: ${hasPlatform ? "YOUR_API_KEY" : key}`;
  const insecure = origin.startsWith("https:") ? "-k " : "";
  // cmd and PowerShell disagree about quotes inside quotes, so there a form takes JSON's place.
  const command = isWindows
    ? `curl.exe ${insecure}"${origin}/?${query}" -H "${header}" -d "prompt=Hello agent!"`
    : `curl ${insecure}'${origin}/?${query}' -H '${header}' -d '{"prompt":"Hello agent!"}'`;
  return hasPlatform
    ? [
        "Tasks go to the platform. Try it with an agent and a key of yours:",
        `  ${command}`,
        "It answers with the task, as JSON: its id, agent_id, status, result, …",
      ]
    : ["Try it:", `  ${command}`, 'It answers: "Hello agent!"'];
}

if (!(Number.isInteger(port) && port >= 0 && port <= 65_535)) {
  console.error("The port must be a number from 0 to 65535: npm start -- --port 9000");
  process.exit(1);
}

const devVarsPath = join(root, ".dev.vars");
ensureSecrets(devVarsPath);

const fault = await listenFault();
if (fault !== undefined) {
  const reasons = {
    EADDRINUSE: `Port ${port} on ${host} is taken. Choose another: npm start -- --port ${port + 1}`,
    EACCES: `This user may not listen on port ${port}. Choose another: npm start -- --port 8787`,
    EADDRNOTAVAIL: `${host} is not an address of this machine.`,
  };
  console.error(reasons[fault] ?? `Cannot listen on ${host}, port ${port}: ${fault}`);
  process.exit(1);
}

const wrangler = spawn(
  process.execPath,
  [
    wranglerBin,
    "dev",
    ...(optionValues("ip").length > 0 ? [] : ["--ip", host]),
    ...(optionValues("port").length > 0 ? [] : ["--port", String(port)]),
    "--show-interactive-dev-session=false",
    ...args,
  ],
  // A process group of its own, so that workerd can be ended with it whatever happens.
  { cwd: root, env: quietEnv, stdio: ["ignore", "pipe", "pipe"], detached: !isWindows },
);

let isStopping = false;

function signalAll(signal) {
  try {
    if (isWindows || wrangler.pid === undefined) wrangler.kill(signal);
    else process.kill(-wrangler.pid, signal);
  } catch {
    // Already gone.
  }
}

function stop() {
  if (isStopping) return;
  isStopping = true;
  wrangler.kill("SIGINT");
  setTimeout(signalAll, GRACE_MS, "SIGKILL").unref();
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, stop);

// `npm` that is told to end takes its shell with it, and leaves this process without a word.
const parent = process.ppid;
if (process.env.npm_lifecycle_event !== undefined) {
  setInterval(() => {
    if (process.ppid !== parent) stop();
  }, ORPHAN_CHECK_MS).unref();
}

/** Taken from wrangler's own line, since with `--port 0` it chooses; a log level may hide the line. */
let origin = hasLogLevel && port !== 0 ? `http://${reachableHost}:${port}` : undefined;
let hasPlatform = false;
const preamble = [];

createInterface({ input: wrangler.stdout }).on("line", (line) => {
  const plain = stripVTControlCharacters(line).trimEnd();
  const ready = /^(?:\[wrangler:info\] )?Ready on (https?):\/\/\S+:(\d+)/.exec(plain);
  if (ready !== null) origin = `${ready[1]}://${reachableHost}:${ready[2]}`;
  if (/^env\.PLATFORM_URL \(".+"\)/.test(plain)) hasPlatform = !isPlatformEmpty();
  // The Worker's own lines are JSON, also those of alarms that fire before it is ready.
  if (hasLogLevel || plain.startsWith("{")) console.log(line);
  else if (origin === undefined) preamble.push(line);
  else if (
    !/^(\[wrangler:\w+\]|⎔|Using (secrets|vars)|Your Worker has|Binding  |env\.\w+ \(|$)/.test(
      plain,
    )
  )
    console.log(line);
});

// Where a caller hangs up, wrangler quotes the address, whose query may hold a key and a prompt. The
// Worker's own lines of failures come marked and coloured.
createInterface({ input: wrangler.stderr }).on("line", (line) => {
  const own = /^✘ \[ERROR\] (\{.*\})$/.exec(stripVTControlCharacters(line).trimEnd())?.[1];
  console.error(own ?? line.replace(/(https?:\/\/[^\s?]+)\?\S*/g, "$1?…"));
});

wrangler.on("close", (code) => {
  signalAll("SIGKILL");
  if (!isStopping && origin === undefined) for (const line of preamble) console.log(line);
  process.exit(isStopping ? 0 : (code ?? 1));
});

while (true) {
  const status = origin === undefined ? undefined : await healthStatus(origin);
  if (status !== undefined) {
    console.log(`Inlet listens on ${origin}`);
    if (status === 200) {
      for (const line of invitation(origin, apiKey(devVarsPath), hasPlatform)) console.log(line);
    } else {
      console.error(`But GET /health answers ${status}: the log above says what is wrong.`);
    }
    break;
  }
  await sleep(POLL_MS);
}
