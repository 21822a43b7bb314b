import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { root } from "../support/worker-options.ts";

const hasCurl = spawnSync("curl", ["--version"]).status === 0;
const hasShell = spawnSync("sh", ["-c", "true"]).status === 0;

/** A checkout as a newcomer has it after `npm ci`: without the developer's own secrets. */
function freshCheckout(): string {
  const folder = mkdtempSync(join(tmpdir(), "inlet-start-"));
  for (const part of ["package.json", "public", "scripts", "src", "tsconfig.json", "wrangler.toml"])
    cpSync(join(root, part), join(folder, part), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"), "junction");
  return folder;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

function start(folder: string, args: readonly string[]) {
  const child = spawn(process.execPath, [join(folder, "scripts/start.mjs"), ...args], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const closed = once(child, "close");
  const told = new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
        if (/^It answers.*\n/m.test(output)) resolve();
      });
    }
    void closed.then(() => reject(new Error(`It ended before it was ready:\n${output}`)));
  });
  return {
    told,
    output: () => output,
    async stop() {
      child.kill("SIGTERM");
      await closed;
      return child.exitCode;
    },
  };
}

describe("npm start", () => {
  let folder: string;

  beforeAll(() => {
    folder = freshCheckout();
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  it("makes the secrets, and prints a command that gives the answer it promises", async (test) => {
    const port = await freePort();
    const inlet = start(folder, ["--port", String(port)]);
    try {
      await inlet.told;
      expect(inlet.output()).toContain(`Inlet listens on http://127.0.0.1:${port}\n`);

      const secrets = readFileSync(join(folder, ".dev.vars"), "utf8");
      expect(secrets).toMatch(/^API_KEY=[\w-]{43}\nGATEWAY_SECRET=[\w-]{43}\n$/);
      if (process.platform !== "win32")
        expect(statSync(join(folder, ".dev.vars")).mode & 0o777).toBe(0o600);

      if (!hasCurl || !hasShell) test.skip("curl and sh are not both here to paste the command");
      const command = /^ {2}(curl .*)$/m.exec(inlet.output())?.[1] ?? "";
      const promised = /^It answers: (.*)$/m.exec(inlet.output())?.[1];
      const answer = execFileSync("sh", ["-c", command], {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
      });
      expect(answer).toBe(promised);
    } finally {
      expect(await inlet.stop()).toBe(process.platform === "win32" ? null : 0);
    }
  });

  it("keeps the secrets that are there, and says how to reach a platform", async () => {
    const before = readFileSync(join(folder, ".dev.vars"), "utf8");
    const state = join(folder, "state");
    const port = await freePort();
    const options = ["--persist-to", state, "--var", "PLATFORM_URL:http://127.0.0.1:9"];
    const inlet = start(folder, ["--port", String(port), ...options]);
    try {
      await inlet.told;
      expect(inlet.output()).toContain(
        `curl 'http://127.0.0.1:${port}/?agent_id=YOUR_AGENT_ID' -H 'x-api-key: YOUR_API_KEY'`,
      );
      expect(readFileSync(join(folder, ".dev.vars"), "utf8")).toBe(before);
      expect(statSync(state).isDirectory()).toBe(true);
    } finally {
      await inlet.stop();
    }
  });

  it("tells of a caller that hangs up without its key or prompt", async () => {
    const port = await freePort();
    const inlet = start(folder, ["--port", String(port)]);
    try {
      await inlet.told;
      const socket = connect(port, "127.0.0.1");
      await once(socket, "connect");
      socket.write(
        "POST /?agent_id=echo&x-api-key=HANGUPKEY&prompt=SECRETPROMPT HTTP/1.1\r\nHost: inlet\r\n" +
          "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{",
      );
      await new Promise((resolve) => setTimeout(resolve, 500));
      socket.resetAndDestroy();
      await vi.waitFor(
        () => expect(inlet.output()).toMatch(/Network connection lost|body_unreadable/),
        {
          timeout: 10_000,
        },
      );
      await new Promise((resolve) => setTimeout(resolve, 500));
      expect(inlet.output()).not.toMatch(/HANGUPKEY|SECRETPROMPT/);
    } finally {
      await inlet.stop();
    }
  });

  it.each(["abc", "70000", "-1"])("says so when the port is none: %s", async (port) => {
    await expect(start(folder, ["--port", port]).told).rejects.toThrow(
      "The port must be a number from 0 to 65535",
    );
  });

  it("says so when the port is taken", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const inlet = start(folder, ["--port", String(port)]);
    await expect(inlet.told).rejects.toThrow(`Port ${port} on 127.0.0.1 is taken.`);
    server.close();
  });
});
