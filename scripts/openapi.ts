/** Writes docs/openapi.json; with `--check`, fails where the committed copy is not what the routes say. */
import { readFile, writeFile } from "node:fs/promises";
import { openApiDocument } from "../workers/api/openapi/document.ts";
import { routes } from "../workers/api/routes.ts";

const PATH = new URL("../docs/openapi.json", import.meta.url).pathname;

const text = `${JSON.stringify(openApiDocument(routes), null, 2)}\n`;
if (process.argv.includes("--check")) {
  const committed = await readFile(PATH, "utf8").catch(() => "");
  if (committed !== text) {
    console.error("docs/openapi.json is not what the routes say. Run: node scripts/openapi.ts");
    process.exitCode = 1;
  }
} else {
  await writeFile(PATH, text);
}
