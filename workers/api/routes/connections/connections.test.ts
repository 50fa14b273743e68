import { beforeAll, describe, expect, test } from "vitest";
import type { Carried } from "../../../../src/shared/ports/carrier.ts";
import { PROVIDERS } from "../../../../src/shared/providers/registry.ts";
import { makeWorld, type World } from "../../../../src/shared/testing/world.ts";

const SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const ses = {
  channel: "email",
  provider: "ses",
  name: "SES Ireland",
  credentials: { access_key_id: "AKIDEXAMPLE01", secret_access_key: SECRET },
  settings: { region: "eu-west-1", from: "Acme <no-reply@acme.example>" },
};

interface Connection {
  readonly id: string;
  readonly [field: string]: unknown;
}

let world: World;
let carried: Carried[];
let requests: Request[];
let logged: unknown[];

beforeAll(async () => {
  carried = [];
  requests = [];
  logged = [];
  const carrier = {
    carry: async (request: Request): Promise<Carried> => {
      requests.push(request);
      return carried.shift() ?? { kind: "not_sent", reason: "nothing was prepared" };
    },
  };
  world = await makeWorld({ deps: { carrier, allowPrivateEndpoints: false, log: (line) => logged.push(line) } });
});

async function create(over: object = {}): Promise<Connection> {
  const response = await world.call("POST", "/v1/connections", { body: { ...ses, ...over } });
  expect(response.status).toBe(201);
  return response.json();
}

async function read(id: string): Promise<Connection> {
  return (await world.call("GET", `/v1/connections/${id}`)).json();
}

async function flaws(method: string, path: string, body: unknown): Promise<{ path: string; message: string }[]> {
  const response = await world.call(method, path, { body });
  expect(response.status).toBe(422);
  return ((await response.json()) as { errors: { path: string; message: string }[] }).errors;
}

const accountAnswer = (body: object): Carried => ({
  kind: "answered",
  status: 200,
  headers: new Headers(),
  body: JSON.stringify(body),
});

async function auditOf(target: string): Promise<string[]> {
  const { results } = await world.deps.control
    .prepare("SELECT action FROM audit WHERE tenant_id = ?1 AND target = ?2 ORDER BY at, id")
    .bind(world.tenantId, target)
    .all<{ action: string }>();
  return results.map((r) => r.action);
}

describe("connections", () => {
  test("are made, read, listed, changed and deleted, with an audit row each", async () => {
    const made = await create();
    expect(made).toMatchObject({
      project_id: world.projectId,
      channel: "email",
      provider: "ses",
      name: "SES Ireland",
      priority: 100,
      enabled: true,
      settings: ses.settings,
      verified_at: null,
    });
    expect(await read(made.id)).toEqual(made);
    const list = (await (await world.call("GET", "/v1/connections?limit=100")).json()) as { data: Connection[] };
    expect(list.data[0]).toEqual(made);

    const patched = await world.call("PATCH", `/v1/connections/${made.id}`, { body: { priority: 5, enabled: false } });
    expect(patched.status).toBe(200);
    expect(await patched.json()).toMatchObject({ priority: 5, enabled: false, settings: ses.settings, name: "SES Ireland" });
    expect(await read(made.id)).toMatchObject({ priority: 5, enabled: false });

    expect((await world.call("DELETE", `/v1/connections/${made.id}`)).status).toBe(204);
    expect((await world.call("GET", `/v1/connections/${made.id}`)).status).toBe(404);
    expect(await auditOf(made.id)).toEqual(["connection.created", "connection.updated", "connection.deleted"]);
  });

  test("keep limits of their own, whole, and audited", async () => {
    const limits = { rate_per_second: 14, concurrency: 20 };
    const made = await create({ limits });
    expect(made).toMatchObject({ limits });
    const change = async (body: object) => {
      const response = await world.call("PATCH", `/v1/connections/${made.id}`, { body });
      expect(response.status).toBe(200);
      return ((await response.json()) as Connection).limits;
    };
    expect(await change({ name: "Renamed" })).toEqual(limits);
    expect(await change({ limits: { rate_per_second: 0.5 } })).toEqual({ rate_per_second: 0.5 });
    expect(await read(made.id)).toMatchObject({ limits: { rate_per_second: 0.5 } });
    expect(await change({ limits: {} })).toEqual({});
    const { results } = await world.deps.control
      .prepare("SELECT details FROM audit WHERE tenant_id = ?1 AND target = ?2 ORDER BY at, id")
      .bind(world.tenantId, made.id)
      .all<{ details: string }>();
    expect(results.map(({ details }) => JSON.parse(details).limits)).toEqual([limits, undefined, { rate_per_second: 0.5 }, {}]);
  });

  test.each([
    [{ rate_per_second: 0.009 }, "limits.rate_per_second"],
    [{ rate_per_second: 100_001 }, "limits.rate_per_second"],
    [{ concurrency: 0 }, "limits.concurrency"],
    [{ concurrency: 10_001 }, "limits.concurrency"],
    [{ burst: 5 }, "limits.burst"],
  ])("may not have limits of %j", async (limits, path) => {
    expect(await flaws("POST", "/v1/connections", { ...ses, limits })).toMatchObject([{ path }]);
  });

  test("never give a credential back, never log one, and never keep one in the open", async () => {
    const made = await create();
    expect(made.credential_hints).toEqual({ access_key_id: "••••LE01", secret_access_key: "••••EKEY" });
    const stored = await world.deps.control.prepare("SELECT * FROM connections WHERE id = ?1").bind(made.id).first();
    const audited = await world.deps.control.prepare("SELECT * FROM audit WHERE target = ?1").bind(made.id).all();
    for (const text of [made, await read(made.id), stored, audited.results, logged].map((v) => JSON.stringify(v))) {
      expect(text).not.toContain(SECRET.slice(0, 12));
      expect(text).not.toContain("AKIDEXAMPLE");
    }
    expect(await world.deps.unsealer.unseal(String(stored?.credentials))).toEqual(ses.credentials);
  });

  test("are refused with every flaw of credentials and settings at its place, and none of their content", async () => {
    const bad = { ...ses, credentials: { access_key_id: "no spaces!", extra: "x" }, settings: { region: "moon", to: "x" } };
    const errors = await flaws("POST", "/v1/connections", bad);
    expect(errors.map((e) => e.path).sort()).toEqual([
      "credentials.access_key_id",
      "credentials.extra",
      "credentials.secret_access_key",
      "settings.from",
      "settings.region",
      "settings.to",
    ]);
    expect(JSON.stringify(errors)).not.toContain("no spaces");
  });

  test("are refused for a provider that does not exist or does not carry the channel", async () => {
    expect(await flaws("POST", "/v1/connections", { ...ses, provider: "pigeon" })).toMatchObject([{ path: "provider" }]);
    expect(await flaws("POST", "/v1/connections", { ...ses, channel: "sms" })).toMatchObject([{ path: "channel" }]);
  });

  test.each(["http://email.eu-west-1.amazonaws.com", "https://169.254.169.254/latest", "https://[::1]", "https://localhost"])(
    "may not point at %s",
    async (endpoint) => {
      const settings = { ...ses.settings, endpoint };
      expect(await flaws("POST", "/v1/connections", { ...ses, settings })).toMatchObject([{ path: "settings.endpoint" }]);
      const { id } = await create();
      expect(await flaws("PATCH", `/v1/connections/${id}`, { settings })).toMatchObject([{ path: "settings.endpoint" }]);
    },
  );

  test("may point at a private address where the deployment allows it", async () => {
    const local = await makeWorld({ deps: { allowPrivateEndpoints: true } });
    const settings = { ...ses.settings, endpoint: "http://127.0.0.1:4010" };
    const response = await local.call("POST", "/v1/connections", { body: { ...ses, settings } });
    expect(response.status).toBe(201);
    expect(await response.json()).toMatchObject({ settings });
  });

  test("to the sandbox need no credentials", async () => {
    const body = { channel: "push", provider: "sandbox", name: "S" };
    const response = await world.call("POST", "/v1/connections", { body });
    expect(response.status).toBe(201);
    expect(await response.json()).toMatchObject({ credential_hints: {}, settings: {} });
  });

  test("replace credentials whole, and are no longer verified then", async () => {
    const { id } = await create({ credentials: { ...ses.credentials, session_token: "a-session-token-1234" } });
    carried.push(accountAnswer({ SendingEnabled: true }));
    await world.call("POST", `/v1/connections/${id}/verify`);
    expect(await read(id)).toMatchObject({ verified_at: expect.any(String) });

    const errors = await flaws("PATCH", `/v1/connections/${id}`, { credentials: { access_key_id: "AKIDEXAMPLE02" } });
    expect(errors).toMatchObject([{ path: "credentials.secret_access_key" }]);
    const credentials = { access_key_id: "AKIDEXAMPLE02", secret_access_key: "another-secret-9876" };
    const patched = await world.call("PATCH", `/v1/connections/${id}`, { body: { credentials } });
    expect(await patched.json()).toMatchObject({
      credential_hints: { access_key_id: "••••LE02", secret_access_key: "••••9876" },
      verified_at: null,
    });
    const stored = await world.deps.control
      .prepare("SELECT credentials FROM connections WHERE id = ?1")
      .bind(id)
      .first<{ credentials: string }>();
    expect(await world.deps.unsealer.unseal(stored?.credentials ?? "")).toEqual(credentials);
  });

  test("keep their channel and provider", async () => {
    const { id } = await create();
    expect(await flaws("PATCH", `/v1/connections/${id}`, { provider: "sandbox", channel: "sms" })).toHaveLength(2);
  });

  test("of another tenant are not there, for any call", async () => {
    const other = await makeWorld();
    const { id } = await create();
    for (const [method, path, body] of [
      ["GET", `/v1/connections/${id}`],
      ["PATCH", `/v1/connections/${id}`, { name: "mine" }],
      ["POST", `/v1/connections/${id}/verify`],
      ["DELETE", `/v1/connections/${id}`],
    ] as const) {
      expect((await other.call(method, path, { body })).status).toBe(404);
    }
    expect(await read(id)).toMatchObject({ name: "SES Ireland" });
  });
});

describe("verification", () => {
  test("asks the provider with the stored credentials, sends nothing, and remembers a yes", async () => {
    const { id } = await create();
    requests.length = 0;
    carried.push(
      accountAnswer({
        SendingEnabled: true,
        ProductionAccessEnabled: true,
        SendQuota: { MaxSendRate: 14, Max24HourSend: 50_000 },
      }),
    );
    const response = await world.call("POST", `/v1/connections/${id}/verify`);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      ok: true,
      code: null,
      detail: "The account can send. 14 messages a second, 50000 a day.",
      suggested_limits: { rate_per_second: 14 },
    });
    expect(requests.map((r) => `${r.method} ${r.url}`)).toEqual(["GET https://email.eu-west-1.amazonaws.com/v2/email/account"]);
    expect(requests[0]?.headers.get("authorization")).toContain("Credential=AKIDEXAMPLE01/");
    expect(await read(id), "a suggestion changes nothing").toMatchObject({ verified_at: expect.any(String), limits: {} });
  });

  test("tells a no with the provider's code, and remembers nothing", async () => {
    const { id } = await create();
    const headers = new Headers({ "x-amzn-errortype": "UnrecognizedClientException" });
    carried.push({ kind: "answered", status: 403, headers, body: '{"message":"The security token is invalid."}' });
    const response = await world.call("POST", `/v1/connections/${id}/verify`);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      ok: false,
      code: "UnrecognizedClientException",
      detail: "The security token is invalid.",
    });
    expect(await read(id)).toMatchObject({ verified_at: null });
  });

  test("tells that the provider cannot be reached", async () => {
    const { id } = await create();
    carried.push({ kind: "unknown", reason: "no answer within 10000 ms" });
    const response = await world.call("POST", `/v1/connections/${id}/verify`);
    expect(await response.json()).toMatchObject({ ok: false, code: "unreachable" });
  });

  test("is part of the answer to a save that asks for it", async () => {
    carried.push(accountAnswer({ SendingEnabled: true }));
    const made = await create({ verify: true });
    expect(made).toMatchObject({ verification: { ok: true }, verified_at: expect.any(String) });
    carried.push(accountAnswer({ SendingEnabled: false }));
    const patched = await world.call("PATCH", `/v1/connections/${made.id}`, { body: { settings: ses.settings, verify: true } });
    expect(await patched.json()).toMatchObject({ verification: { ok: false, code: "sending_disabled" }, verified_at: null });
  });

  test("of an account that was changed meanwhile is not remembered for the new one", async () => {
    const carrier = {
      carry: async (): Promise<Carried> => {
        await racing.call("PATCH", `/v1/connections/${id}`, { body: { settings: { ...ses.settings, region: "us-east-1" } } });
        return accountAnswer({ SendingEnabled: true });
      },
    };
    const racing = await makeWorld({ deps: { carrier } });
    const { id } = (await (await racing.call("POST", "/v1/connections", { body: ses })).json()) as Connection;
    expect(await (await racing.call("POST", `/v1/connections/${id}/verify`)).json()).toMatchObject({ ok: true });
    expect(await (await racing.call("GET", `/v1/connections/${id}`)).json()).toMatchObject({ verified_at: null });
  });
});

describe("providers", () => {
  test("are listed with the JSON Schema of what they need, secrets marked", async () => {
    const { data } = (await (await world.call("GET", "/v1/providers")).json()) as {
      data: { id: string; credentials: { type: string; properties: Record<string, { format?: string }>; required?: string[] } }[];
    };
    expect(data.map((p) => p.id)).toEqual(PROVIDERS.map((p) => p.id));
    expect(data.every((p) => p.credentials.type === "object")).toBe(true);
    const form = data.find((p) => p.id === "ses")?.credentials;
    expect(form?.required).toEqual(["access_key_id", "secret_access_key"]);
    expect(form?.properties.secret_access_key?.format).toBe("password");
  });

  test("say where the provider's callbacks go, and keep what verifies them to themselves", async () => {
    const arn = "arn:aws:sns:eu-west-1:123456789012:ses-events";
    const made = await create({ callback_verification: { topic_arn: arn } });
    expect(made).toMatchObject({
      callback_url: `https://carillon.test/hooks/email/ses/${made.id}`,
      callback_verification_hints: { topic_arn: "••••ents" },
    });
    expect(JSON.stringify(made)).not.toContain(arn);
    const change = async (body: object) => {
      const response = await world.call("PATCH", `/v1/connections/${made.id}`, { body });
      expect(response.status).toBe(200);
      return (await response.json()) as Connection;
    };
    expect(await change({ name: "Renamed" })).toMatchObject({ callback_verification_hints: made.callback_verification_hints });
    expect(await change({ callback_verification: null })).toMatchObject({ callback_verification_hints: {} });
    const path = `/v1/connections/${made.id}`;
    const wrong = await flaws("PATCH", path, { callback_verification: { topic_arn: "mine", more: 1 }, settings: { region: 1 } });
    expect(wrong.map((flaw) => flaw.path)).toEqual(
      expect.arrayContaining(["callback_verification.topic_arn", "callback_verification.more", "settings.region"]),
    );
    const none = await flaws("POST", "/v1/connections", {
      channel: "sms",
      provider: "sandbox",
      name: "S",
      callback_verification: {},
    });
    expect(none).toEqual([{ path: "callback_verification", message: "Sandbox never calls back." }]);
    const { data } = (await (await world.call("GET", "/v1/providers")).json()) as {
      data: { id: string; callback_verification: unknown }[];
    };
    const schemas = new Map(data.map((provider) => [provider.id, provider.callback_verification]));
    expect([schemas.get("ses"), schemas.get("webpush")]).toMatchObject([{ required: ["topic_arn"] }, null]);
  });
});
