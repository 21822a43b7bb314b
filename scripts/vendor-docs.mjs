// Copies Swagger UI beside /docs, so that the page loads nothing from elsewhere.
import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const files = ["swagger-ui-bundle.js", "swagger-ui.css", "LICENSE", "NOTICE"];
const target = fileURLToPath(new URL("../public/docs/vendor/", import.meta.url));

let source;
try {
  source = dirname(createRequire(import.meta.url).resolve("swagger-ui-dist/package.json"));
} catch {
  console.log("swagger-ui-dist is not installed (a production install?): /docs is left out.");
  process.exit(0);
}

rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
for (const file of files) copyFileSync(join(source, file), join(target, file));
