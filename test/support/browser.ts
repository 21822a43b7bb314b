import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The command of a Chromium on this machine, if there is one. */
export const chromium = ["chromium", "chromium-browser", "google-chrome", "/usr/bin/chromium"].find(
  (command) => spawnSync(command, ["--version"]).status === 0,
);

export interface ShownPage {
  /** Closes the browser, and what served the page. */
  close(): Promise<void>;
}

/** Opens a page of this HTML, served on loopback, in a headless Chromium with a profile of its own. */
export async function showPage(html: string): Promise<ShownPage> {
  const server = createServer((_, response) => {
    response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(html);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const profile = mkdtempSync(join(tmpdir(), "inlet-browser-"));
  const args = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"];
  const isWindows = process.platform === "win32";
  const browser = spawn(
    chromium ?? "chromium",
    [
      ...args,
      `--user-data-dir=${profile}`,
      "--remote-debugging-port=0",
      `http://127.0.0.1:${port}/`,
    ],
    { stdio: "ignore", detached: !isWindows },
  );
  const closed = once(browser, "close");

  return {
    async close() {
      // The browser's own processes are in its group, and end with it.
      if (browser.pid !== undefined)
        process.kill(isWindows ? browser.pid : -browser.pid, "SIGKILL");
      await closed;
      server.closeAllConnections();
      server.close();
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
