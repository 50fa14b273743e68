/** Connections that are reached over a socket or a binding, on their way through the verbs. */
import { describe, expect, test } from "vitest";
import type { Message } from "../core/message.ts";
import type { BoundMail, Mailer, Posted } from "../ports/mailer.ts";
import { type Act, honest, type Wire, wireTo } from "../testing/smtp-wire.ts";
import { scriptedHealth, stage, submission, yes } from "../testing/stage.ts";
import { makeWorld, type World } from "../testing/world.ts";
import type { Deps } from "./deps.ts";
import { plan } from "./plan.ts";

const smtp = {
  channel: "email",
  provider: "smtp",
  name: "SMTP",
  priority: 0,
  settings: { host: "smtp.acme.example", username: "acme", from: "Acme <no-reply@acme.example>" },
  credentials: { password: "correct horse battery" },
};
const cloudflare = {
  channel: "email",
  provider: "cloudflare-email",
  name: "Cloudflare",
  priority: 0,
  settings: { from: "Acme <no-reply@acme.example>" },
  credentials: {},
};

async function connect(world: World, body: object): Promise<{ id: string; [field: string]: unknown }> {
  const created = await world.call("POST", "/v1/connections", { body });
  expect(created.status).toBe(201);
  return created.json();
}

/** One mail over a connection that stands before one of SES. */
async function deliver(body: object, over: Partial<Deps>) {
  const { health, noted } = scriptedHealth();
  const s = await stage(yes, { ...over, health });
  const { id } = await connect(s.world, body);
  const sub = submission(s.world);
  await plan(s.deps, s.world.tenantId, [sub]);
  await s.ring(s.bells.splice(0));
  const message: Message = await s.read(sub.first);
  return { id, ses: s.connections[0], message, noted, attempts: message.deliveries[0]?.attempts ?? [] };
}

function mailerThat(answer: Posted): { mailer: Mailer; sent: BoundMail[] } {
  const sent: BoundMail[] = [];
  const mailer: Mailer = {
    async send(mail) {
      sent.push(mail);
      return answer;
    },
  };
  return { mailer, sent };
}

describe("a connection over a socket", () => {
  const over = (answers: Readonly<Record<string, Act>> = {}): { wire: Wire; deps: Partial<Deps> } => {
    const wire = wireTo(honest(answers));
    return { wire, deps: { sockets: wire.sockets } };
  };

  test("carries, and its attempt is named as the mail is", async () => {
    const { wire, deps } = over();
    const { id, message, attempts, noted } = await deliver(smtp, deps);
    expect(message.status).toBe("sent");
    expect(attempts).toMatchObject([{ connection_id: id, provider: "smtp", outcome: "sent" }]);
    expect(attempts[0]?.provider_message_id).toBe(`${attempts[0]?.id}@acme.example`);
    expect(wire.said.join("")).toContain(`Message-ID: <${attempts[0]?.id}@acme.example>`);
    expect(noted).toEqual([{ connectionId: id, outcome: { kind: "ok" } }]);
  });

  test("fails over to one by HTTP where nothing was sent, and its health is told", async () => {
    const { id, ses, message, attempts, noted } = await deliver(smtp, over({ MAIL: "drop" }).deps);
    expect(message.status).toBe("sent");
    expect(attempts).toMatchObject([
      { connection_id: id, outcome: "transient", code: "lost_at_mail", failed_over: true },
      { connection_id: ses, outcome: "sent" },
    ]);
    expect(noted[0]).toMatchObject({ connectionId: id, outcome: { kind: "failed", code: "lost_at_mail" } });
  });

  test("leaves in doubt what was lost after the final dot, and nobody else carries it", async () => {
    const { message, attempts } = await deliver(smtp, over({ ".": "drop" }).deps);
    expect(message.deliveries[0]?.phase).toBe("unknown");
    expect(attempts).toMatchObject([{ outcome: "unknown", code: "lost_at_end" }]);
  });

  test("shows its password to nobody but the server, inside TLS", async () => {
    const logged: unknown[] = [];
    const { wire, deps } = over({ AUTH: "535 5.7.8 correct horse battery is wrong\r\n" });
    const { message } = await deliver(smtp, { ...deps, log: (line) => logged.push(line) });
    const secret = /correct horse battery|Y29ycmVjdCBob3JzZSBiYXR0ZXJ5/;
    expect(JSON.stringify([message, logged])).not.toMatch(secret);
    expect(wire.said.filter((line) => !line.startsWith("AUTH")).join("")).not.toMatch(secret);
  });

  test("is verified by signing in, and where it may not be talked to it is not", async () => {
    const good = over();
    const world = await makeWorld({ deps: { ...good.deps, allowPrivateEndpoints: false } });
    const { id } = await connect(world, smtp);
    const verify = async () => (await world.call("POST", `/v1/connections/${id}/verify`)).json();
    expect(await verify()).toMatchObject({ ok: true });
    expect(good.wire.said.join("")).not.toContain("MAIL FROM");

    const moved = JSON.stringify({ ...smtp.settings, host: "10.0.0.1" });
    await world.deps.control.prepare("UPDATE connections SET settings = ? WHERE id = ?").bind(moved, id).run();
    expect(await verify()).toMatchObject({ ok: false, code: "endpoint_refused" });
    expect(good.wire.hosts).toEqual(["smtp.acme.example:465 tls"]);
  });

  test.each(["localhost", "127.0.0.1", "10.0.0.1", "metadata.google.internal", "smtp.local", "2130706433"])(
    "goes to no private host: %s",
    async (host) => {
      const world = await makeWorld({ deps: { allowPrivateEndpoints: false } });
      const answer = await world.call("POST", "/v1/connections", { body: { ...smtp, settings: { ...smtp.settings, host } } });
      expect(answer.status).toBe(422);
      expect(await answer.json()).toMatchObject({ errors: [{ path: "settings.host" }] });
    },
  );
});

describe("a connection over a binding", () => {
  test("carries where the deployment has it", async () => {
    const { mailer, sent } = mailerThat({ kind: "taken", messageId: "m-1" });
    const { id, message, attempts } = await deliver(cloudflare, { mailer });
    expect(message.status).toBe("sent");
    expect(attempts).toMatchObject([
      { connection_id: id, provider: "cloudflare-email", outcome: "sent", provider_message_id: "m-1" },
    ]);
    expect(sent[0]?.headers).toMatchObject({ "X-Carillon-Attempt-Id": attempts[0]?.id });
  });

  test("fails over where the platform may not send for the domain", async () => {
    const { mailer } = mailerThat({ kind: "refused", code: "E_SENDER_NOT_VERIFIED", reason: "no" });
    const { attempts } = await deliver(cloudflare, { mailer });
    expect(attempts).toMatchObject([
      { outcome: "misconfigured", code: "E_SENDER_NOT_VERIFIED" },
      { provider: "ses", outcome: "sent" },
    ]);
  });

  test("is passed over where the deployment has none, and says why", async () => {
    const { attempts } = await deliver(cloudflare, { mailer: null });
    expect(attempts).toMatchObject([{ provider: "ses", outcome: "sent" }]);

    const world = await makeWorld({ deps: { mailer: null } });
    const { id } = await connect(world, cloudflare);
    const answer = await (await world.call("POST", `/v1/connections/${id}/verify`)).json();
    expect(answer).toMatchObject({ ok: false, code: "cannot_open", detail: expect.stringContaining("no binding") });
  });

  test("is unusable where it is all there is", async () => {
    const s = await stage(yes, { mailer: null }, []);
    await connect(s.world, cloudflare);
    const sub = submission(s.world);
    await plan(s.deps, s.world.tenantId, [sub]);
    await s.ring(s.bells.splice(0));
    expect(await s.read(sub.first)).toMatchObject({ deliveries: [{ attempts: [] }] });
    const events = (await s.read(sub.first)).log.map(({ code }) => code);
    expect(events).toContain("connection_unusable");
  });
});
