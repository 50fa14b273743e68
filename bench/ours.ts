/**
 * `run-ours.sh n c`: one run of Carillon under the peers' load generator, whose JSON line it prints.
 * Environment: WARMUP (500), RATE (open loop).
 */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { singleBody } from "./sends.ts";
import { setUp, startMock, startStack } from "./stack.ts";

const [n = "5000", c = "32"] = process.argv.slice(2);
const { WARMUP = "500", RATE } = process.env;

const mock = await startMock();
const stack = await startStack({ ledger: false });
try {
  await setUp(stack, stack.liveKey, mock);
  process.exitCode = await load([
    ...["--peer", "carillon", "--url", `${stack.url}/v1/send`, "--n", n, "--c", c, "--warmup", WARMUP, "--auth", stack.liveKey],
    ...["--body-template", bodyTemplate(), "--mock", mock.url, "--pids", `carillon=${stack.pid}`],
    ...["--verify", `${stack.url}/v1/messages/{id}`, "--id-path", "message_ids.0", "--status-path", "status", "--sent", "sent"],
    ...(RATE === undefined ? [] : ["--rate", RATE]),
  ]);
} finally {
  await stack.stop();
  await mock.stop();
}

/** The generator fills in {{i}} and {{uuid}}; the rest is the body that `npm run bench` sends. */
function bodyTemplate(): string {
  const body = JSON.parse(singleBody(0)) as { to: { destination: string }[]; variables: Record<string, string> };
  for (const to of body.to) to.destination = "user{{i}}@example.com";
  Object.assign(body.variables, { order_id: "A-{{i}}", tracking_url: "https://track.example.com/p/{{uuid}}" });
  return JSON.stringify(body);
}

function load(args: readonly string[]): Promise<number> {
  const script = fileURLToPath(new URL("peers/load.mjs", import.meta.url).href);
  const child = spawn(process.execPath, [script, ...args], { stdio: ["ignore", "inherit", "inherit"] });
  return new Promise((done, fail) => {
    child.once("error", fail);
    child.once("exit", (code) => done(code ?? 1));
  });
}
