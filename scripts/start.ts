/** `npm start`: Carillon on this machine. PORT (8787) and STATE_DIR (.state) from the environment. */
import { CannotStart, type Local, startLocal } from "./local/start-local.ts";

const PASSED_ON = ["LOG_LEVEL", "PUBLIC_URL", "ALLOW_PRIVATE_ENDPOINTS", "SNS_CERT_ORIGIN", "OUTBOUND_LIMITS"] as const;

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}

function portFrom(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535) fail(`PORT must be a number from 0 to 65535, not ${JSON.stringify(text)}`);
  return port;
}

function variablesFrom(environment: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(PASSED_ON.flatMap((name) => (environment[name] ? [[name, environment[name]]] : [])));
}

function banner(local: Local): string {
  const body = JSON.stringify({
    to: [
      { channel: "email", destination: "ada@example.com" },
      { channel: "sms", destination: "+447700900123" },
    ],
    content: {
      email: { subject: "Hello {{ name }}", text: "It works, {{ name }}." },
      sms: { text: "It works, {{ name }}." },
    },
    variables: { name: "Ada" },
  });
  return [
    `ready ${local.url}`,
    `project       ${local.projectId}`,
    `live key      ${local.liveKey}`,
    `test key      ${local.testKey}`,
    `operator key  ${local.operatorKey}`,
    `sandbox page  ${local.url}/sandbox#key=${local.liveKey}`,
    `curl -sS ${local.url}/v1/send -H 'Authorization: Bearer ${local.liveKey}' -H 'Content-Type: application/json' -d '${body}'`,
  ].join("\n");
}

/** Stops once, on the first of the signals, or when the process that started this one is gone. */
function stopOnSignal(local: Local): void {
  let isStopping = false;
  const stop = (): void => {
    if (isStopping) return;
    isStopping = true;
    local.stop().then(
      () => process.exit(0),
      (error: unknown) => fail(`stopping failed: ${error instanceof Error ? error.message : String(error)}`),
    );
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.removeAllListeners(signal); // Miniflare's own, which would exit before the data is closed
    process.on(signal, stop);
  }
  const bootstrap = process.env.CARILLON_BOOTSTRAP_PID;
  if (bootstrap !== undefined && Number(bootstrap) === process.ppid) {
    setInterval(() => process.ppid !== Number(bootstrap) && stop(), 500).unref();
  }
}

try {
  const local = await startLocal({
    port: portFrom(process.env.PORT || "8787"),
    stateDir: process.env.STATE_DIR || ".state",
    vars: variablesFrom(process.env),
  });
  stopOnSignal(local);
  console.log(banner(local));
} catch (error) {
  if (error instanceof CannotStart) fail(error.message);
  throw error;
}
