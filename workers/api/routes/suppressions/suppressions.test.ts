import { beforeAll, describe, expect, it } from "vitest";
import { eventually, makeWorld, OPERATOR_KEY, type World } from "../../../../src/shared/testing/world.ts";

interface Row {
  readonly channel: string;
  readonly destination: string;
  readonly reason: string;
  readonly source: string;
  readonly [field: string]: unknown;
}

let world: World;
beforeAll(async () => {
  world = await makeWorld();
});

const add = (body: object, to = world) => to.call("POST", "/v1/suppressions", { body: { channel: "email", ...body } });
const list = async (query = "", of = world) =>
  (await (await of.call("GET", `/v1/suppressions?limit=100${query}`)).json()) as { data: Row[]; next_cursor: string | null };
const place = (channel: string, destination: string) => `/v1/suppressions/${channel}/${encodeURIComponent(destination)}`;

async function send(to: object[], over: object = {}, from = world) {
  const content = { email: { subject: "Hi", text: "There" }, sms: { text: "Hi" }, push: { title: "Hi", body: "There" } };
  const response = await from.call("POST", "/v1/send", { body: { to, content, ...over } });
  expect(response.status, await response.clone().text()).toBe(202);
  const { message_ids } = (await response.json()) as { message_ids: [string] };
  return eventually(async () => {
    const message = (await (await from.call("GET", `/v1/messages/${message_ids[0]}`)).json()) as {
      status: string;
      channel: string;
      events: { type: string; code: string | null; reason: string | null }[];
    };
    return ["delivered", "suppressed", "failed"].includes(message.status) && message;
  });
}
const email = (destination: string) => ({ channel: "email", destination });

describe("the list", () => {
  it("takes, shows and drops a destination, with an audit row each, and compares mailboxes whatever their case", async () => {
    const made = await add({ destination: "Ada@Example.COM" });
    expect(made.status).toBe(201);
    const row = (await made.json()) as Row;
    expect(row).toMatchObject({
      channel: "email",
      destination: "ada@example.com",
      reason: "manual",
      source: expect.stringMatching(/^key:key_/),
      project_id: world.projectId,
      message_id: null,
      expires_at: null,
    });
    expect(await (await world.call("GET", place("email", "ada@example.com"))).json()).toEqual(row);
    expect((await list("&destination=ADA@example.com")).data).toEqual([row]);
    expect((await world.call("DELETE", place("email", "ada@example.com"))).status).toBe(204);
    expect((await world.call("DELETE", place("email", "ada@example.com"))).status).toBe(404);
    const { results } = await world.deps.control
      .prepare("SELECT action FROM audit WHERE tenant_id = ?1 AND target = 'email:ada@example.com' ORDER BY at, id")
      .bind(world.tenantId)
      .all<{ action: string }>();
    expect(results.map(({ action }) => action)).toEqual(["suppression.added", "suppression.removed"]);
  });

  it("keeps the reason that weighs more, and begins anew where one has ended", async () => {
    const reasons = async (...asked: object[]) => {
      const rows = [];
      for (const body of asked)
        rows.push(((await (await add({ destination: "weigh@example.com", ...body })).json()) as Row).reason);
      return rows;
    };
    expect(await reasons({ reason: "unsubscribe" }, { reason: "bounce" }, { reason: "unsubscribe" })).toEqual([
      "unsubscribe",
      "bounce",
      "bounce",
    ]);
    expect(await reasons({ reason: "complaint" }, { reason: "manual" }, { reason: "complaint" })).toEqual([
      "bounce",
      "manual",
      "manual",
    ]);
    await world.call("DELETE", place("email", "weigh@example.com"));
    expect(await reasons({ expires_at: "2020-01-01T00:00:00Z" }, { reason: "unsubscribe" })).toEqual(["manual", "unsubscribe"]);
  });

  it("is one of the whole tenant's, filtered and in pages", async () => {
    const own = await makeWorld();
    for (let i = 0; i < 7; i++) await add({ destination: `u${i}@example.com`, reason: i % 2 ? "bounce" : "complaint" }, own);
    await add({ channel: "sms", destination: "+447700900123", reason: "unsubscribe" }, own);
    const seen: string[] = [];
    for (let cursor = ""; ; ) {
      const page = (await (await own.call("GET", `/v1/suppressions?limit=3${cursor}`)).json()) as {
        data: Row[];
        next_cursor: string | null;
      };
      seen.push(...page.data.map((row) => row.destination));
      if (page.next_cursor === null) break;
      cursor = `&cursor=${encodeURIComponent(page.next_cursor)}`;
    }
    expect(seen).toEqual([...Array.from({ length: 7 }, (_, i) => `u${i}@example.com`), "+447700900123"]);
    expect((await list("&reason=bounce", own)).data).toHaveLength(3);
    expect((await list("&channel=sms", own)).data).toHaveLength(1);
    expect((await list("&destination=%2B44 7700 900123&channel=sms", own)).data).toHaveLength(1);
    expect((await list("&destination=nobody@example.com", own)).data).toEqual([]);
  });
});

describe("a message", () => {
  it("to a suppressed destination is suppressed, with the reason and who says so; the next one is not", async () => {
    await add({ destination: "gone@example.com", reason: "bounce" });
    const message = await send([email("Gone@example.com")]);
    expect(message.status).toBe("suppressed");
    expect(message.events.map(({ type }) => type)).toEqual(["queued", "suppressed"]);
    expect(message.events[1]).toMatchObject({ code: "bounce", reason: expect.stringContaining("bounce, by key:key_") });
    expect((await send([email("here@example.com")])).status).toBe("delivered");
    await world.call("DELETE", place("email", "gone@example.com"));
    expect((await send([email("gone@example.com")])).status).toBe("delivered");
  });

  it("that is critical passes an unsubscription, and nothing else", async () => {
    await add({ destination: "left@example.com", reason: "unsubscribe" });
    await add({ destination: "bounced-once@example.com", reason: "bounce" });
    expect((await send([email("left@example.com")])).status).toBe("suppressed");
    expect((await send([email("left@example.com")], { priority: "critical" })).status).toBe("delivered");
    expect((await send([email("bounced-once@example.com")], { priority: "critical" })).status).toBe("suppressed");
  });

  it("with further addresses goes to the next one", async () => {
    await add({ destination: "first@example.com" });
    const to = [email("first@example.com"), { channel: "sms", destination: "+447700900100" }];
    const message = await send(to, { routing: { mode: "first" } });
    expect(message).toMatchObject({ status: "delivered", channel: "sms" });
    expect(message.events.filter(({ code }) => code === "suppressed")).toMatchObject([{ type: "deferred" }]);
    await add({ channel: "sms", destination: "+447700900100" });
    expect((await send(to, { routing: { mode: "first" } })).status).toBe("suppressed");
  });

  it("of any tenant is held back by the operator's list, and no tenant sees or changes that", async () => {
    const other = await makeWorld();
    const body = { channel: "email", destination: "everybody@example.com" };
    const made = await world.call("POST", "/admin/suppressions", { key: OPERATOR_KEY, body });
    expect(await made.json()).toMatchObject({ source: "operator", project_id: null });
    for (const one of [world, other]) {
      const message = await send([email("everybody@example.com")], {}, one);
      expect(message.events[1]).toMatchObject({
        code: "manual",
        reason: expect.stringContaining("everybody's suppression list"),
      });
      expect((await list("&destination=everybody@example.com", one)).data).toEqual([]);
      expect((await one.call("DELETE", place("email", "everybody@example.com"))).status).toBe(404);
    }
    const listed = (await (await world.call("GET", "/admin/suppressions", { key: OPERATOR_KEY })).json()) as { data: Row[] };
    expect(listed.data.map((row) => row.destination)).toContain("everybody@example.com");
    const gone = await world.call("DELETE", "/admin/suppressions/email/everybody@example.com", { key: OPERATOR_KEY });
    expect(gone.status).toBe(204);
    expect((await send([email("everybody@example.com")])).status).toBe("delivered");
  });
});

describe("files", () => {
  const upload = (body: BodyInit | string, type: string, to = world) =>
    to.call("POST", "/v1/suppressions/import", { body, headers: { "content-type": type } });

  it("come in as NDJSON and CSV, each wrong line told by its number", async () => {
    const own = await makeWorld();
    const lines = [
      '{"channel":"email","destination":"A@example.com","reason":"bounce","source":"elsewhere","extra":1}',
      "",
      "not json",
      '{"channel":"email","destination":"no address"}',
      '{"channel":"sms","destination":"+44 7700 900123","expires_at":"2040-01-01T00:00:00Z"}',
      '{"channel":"fax","destination":"1"}',
    ];
    const answer = await upload(lines.join("\r\n"), "application/x-ndjson", own);
    expect(await answer.json()).toEqual({
      accepted: 2,
      rejected: 3,
      errors: [
        { line: 3, message: "It is not JSON." },
        { line: 4, message: expect.stringContaining("destination: Must be an email address") },
        { line: 6, message: expect.stringContaining("channel") },
      ],
    });
    const csv = [
      "Destination,reason,note,channel",
      '"b@example.com",complaint,"said ""no"",\ntwice",email',
      "c@example.com,,,email",
      "d@example.com,email",
      "e@example.com,sulking,,email",
      '"f@example.com,,,email',
    ];
    expect(await (await upload(csv.join("\n"), "text/csv; charset=utf-8", own)).json()).toEqual({
      accepted: 2,
      rejected: 3,
      errors: [
        { line: 5, message: "It has not the 4 fields of the first line." },
        { line: 6, message: expect.stringContaining("reason") },
        { line: 7, message: expect.stringContaining("a quote that does not end") },
      ],
    });
    expect((await list("", own)).data.map((row) => [row.destination, row.reason])).toEqual([
      ["a@example.com", "bounce"],
      ["b@example.com", "complaint"],
      ["c@example.com", "manual"],
      ["+447700900123", "manual"],
    ]);
  });

  it("say what is wrong with the whole of them", async () => {
    expect((await upload("{}", "application/pdf")).status).toBe(415);
    const answer = (await (await upload("email\na@example.com", "text/csv")).json()) as { errors: object[] };
    expect(answer).toMatchObject({
      accepted: 0,
      rejected: 1,
      errors: [{ line: 1, message: expect.stringContaining("first line") }],
    });
  });

  it.each(["ndjson", "csv"])("that went out as %s come in again as they are", async (format) => {
    const [from, into] = [await makeWorld(), await makeWorld()];
    await add({ destination: 'odd"o,ne@example.com', reason: "manual" }, from);
    await add({ destination: "till@example.com", reason: "bounce", expires_at: "2040-01-01T00:00:00Z" }, from);
    await add({ channel: "push", destination: "token:a,b" }, from);
    const file = await from.call("GET", `/v1/suppressions/export?format=${format}`);
    expect(file.headers.get("content-disposition")).toContain(`suppressions.${format}`);
    const back = await upload(await file.text(), file.headers.get("content-type") ?? "", into);
    expect(await back.json()).toMatchObject({ rejected: 0 });
    const plain = (rows: Row[]) =>
      rows.map(({ channel, destination, reason, created_at, expires_at }) => [
        channel,
        destination,
        reason,
        created_at,
        expires_at,
      ]);
    expect(plain((await list("", into)).data)).toEqual(plain((await list("", from)).data));
  });

  it("of 100,000 lines stream in and out", async () => {
    const own = await makeWorld();
    const rows = 100_000;
    let made = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        const end = Math.min(rows, made + 1000);
        let text = made === 0 ? "channel,destination,reason\n" : "";
        for (; made < end; made++) text += `email,user${String(made).padStart(6, "0")}@example.com,bounce\n`;
        controller.enqueue(new TextEncoder().encode(text));
        if (made === rows) controller.close();
      },
    });
    const answer = await upload(body, "text/csv", own);
    expect(await answer.json()).toEqual({ accepted: rows, rejected: 0, errors: [] });
    const file = await own.call("GET", "/v1/suppressions/export");
    let lines = 0;
    let largest = 0;
    for await (const chunk of file.body ?? []) {
      largest = Math.max(largest, chunk.byteLength);
      for (const byte of chunk) if (byte === 10) lines += 1;
    }
    expect(lines).toBe(rows);
    expect(largest).toBeLessThan(1_000_000);
    const imports = await own.deps.control
      .prepare("SELECT COUNT(*) AS n FROM audit WHERE tenant_id = ?1 AND action = 'suppressions.imported'")
      .bind(own.tenantId)
      .first("n");
    expect(imports).toBe(32);
  }, 60_000);
});
