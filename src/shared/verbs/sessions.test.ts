import { describe, expect, test } from "vitest";
import { z } from "zod";
import type { FailedReceipt, Receipt } from "../core/message.ts";
import type { Carried, Carrier } from "../ports/carrier.ts";
import { type Account, httpProvider, type Token } from "../providers/provider.ts";
import { sessionFor, settleSession } from "./sessions.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** A provider whose tokens are named by their number, and live for an hour. */
const provider = httpProvider({
  id: "p",
  name: "P",
  channels: ["push"],
  credentials: z.strictObject({}),
  settings: z.strictObject({}),
  timeoutMs: 1000,
  idempotent: false,
  session: {
    open: async () => new Request("https://tokens.example/token", { method: "POST" }),
    read: ({ status, body }, { now }) =>
      status === 200 ? { token: body, expiresAt: now + HOUR_MS } : { outcome: "misconfigured", code: "no", reason: "No." },
  },
  encode: async () => new Request("https://p.example/"),
  decode: () => ({ outcome: "sent", providerMessageId: "1" }),
  probe: { encode: async () => new Request("https://p.example/"), decode: () => ({ ok: true, detail: "" }) },
});

interface TokenServer {
  asked: number;
  now: number;
  answer: (n: number) => Carried;
  /** What one invocation works with. */
  invocation(): { now: () => number; carrier: Carrier };
}

function tokenServer(): TokenServer {
  const server: TokenServer = {
    asked: 0,
    now: Date.UTC(2026, 10, 20),
    answer: (n) => ({ kind: "answered", status: 200, headers: new Headers(), body: `token-${n}` }),
    invocation: () => ({
      now: () => server.now,
      carrier: {
        async carry() {
          server.asked += 1;
          const answer = server.answer(server.asked);
          await Promise.resolve();
          return answer;
        },
      },
    }),
  };
  return server;
}

const account = (): Account => ({ connectionId: "con_1", credentials: {}, settings: {} });
const sent: Receipt = { outcome: "sent", providerMessageId: "1" };
const refused: Receipt = { outcome: "transient", code: "401", reason: "no", sessionExpired: true };
const failure = (given: Token | FailedReceipt | null) => (given !== null && "outcome" in given ? given : null);
const opened = (given: Token | FailedReceipt | null): Token => {
  if (given === null || "outcome" in given) throw new Error("no token");
  return given;
};

describe("a provider's session", () => {
  test("is opened once for many sends, at the same time and later, by this invocation and the next", async () => {
    const server = tokenServer();
    const one = account();
    const deps = server.invocation();
    const together = await Promise.all(Array.from({ length: 50 }, () => sessionFor(deps, provider, one)));
    const later = await sessionFor(server.invocation(), provider, one);
    expect(new Set([...together, later].map((t) => opened(t).token))).toEqual(new Set(["token-1"]));
    expect(server.asked).toBe(1);
  });

  test("is opened anew five minutes before it ends", async () => {
    const server = tokenServer();
    const one = account();
    await sessionFor(server.invocation(), provider, one);
    server.now += HOUR_MS - 5 * MINUTE_MS - 1;
    expect(opened(await sessionFor(server.invocation(), provider, one)).token).toBe("token-1");
    server.now += 1;
    expect(opened(await sessionFor(server.invocation(), provider, one)).token).toBe("token-2");
  });

  test("is of one opened account: another one, even with the same words in it, opens its own", async () => {
    const server = tokenServer();
    const deps = server.invocation();
    await sessionFor(deps, provider, account());
    expect(opened(await sessionFor(deps, provider, account())).token).toBe("token-2");
  });

  test("that cannot be opened is asked for once by an invocation, and again five seconds later", async () => {
    const server = tokenServer();
    server.answer = () => ({ kind: "answered", status: 400, headers: new Headers(), body: "" });
    const one = account();
    const deps = server.invocation();
    for (let i = 0; i < 50; i++)
      expect(failure(await sessionFor(deps, provider, one))).toMatchObject({ outcome: "misconfigured" });
    expect(server.asked).toBe(1);
    server.now += 5000;
    await sessionFor(deps, provider, one);
    await sessionFor(server.invocation(), provider, one);
    expect(server.asked).toBe(3);
  });

  test("whose request got no answer is tried again: nothing was sent, so nothing is in doubt", async () => {
    const server = tokenServer();
    for (const kind of ["unknown", "not_sent"] as const) {
      server.answer = () => ({ kind, reason: "no answer within 1000 ms" });
      expect(await sessionFor(server.invocation(), provider, account())).toMatchObject({
        outcome: "transient",
        code: "session_not_reached",
      });
    }
  });

  test("is none where the provider has none", async () => {
    const { session, ...plain } = provider;
    expect(session).toBeDefined();
    expect(await sessionFor(tokenServer().invocation(), plain, account())).toBeNull();
  });

  test("that was opened by hand and not by a request is taken as it is", async () => {
    const token = { token: "made", expiresAt: Date.UTC(2027, 0, 1) };
    const bad: FailedReceipt = { outcome: "misconfigured", code: "bad_private_key", reason: "No." };
    const by = (open: () => Promise<Token | FailedReceipt>) => ({ ...provider, session: { open } });
    const deps = tokenServer().invocation();
    expect(
      await sessionFor(
        deps,
        by(async () => token),
        account(),
      ),
    ).toEqual(token);
    expect(
      await sessionFor(
        deps,
        by(async () => bad),
        account(),
      ),
    ).toEqual(bad);
  });
});

describe("a session that the provider takes no more", () => {
  test("is forgotten by the first that is refused, and the others take the one that comes after it", async () => {
    const server = tokenServer();
    const one = account();
    const deps = server.invocation();
    const old = opened(await sessionFor(deps, provider, one));
    settleSession(deps, one, old, sent);
    expect(settleSession(deps, one, old, refused)).toBe(refused);
    const fresh = opened(await sessionFor(deps, provider, one));
    expect(fresh.token).toBe("token-2");
    expect(settleSession(deps, one, old, refused)).toBe(refused);
    expect(opened(await sessionFor(deps, provider, one))).toBe(fresh);
  });

  test.each([
    ["sent", "as the message went", true],
    ["recipient_invalid", "as the message was looked at", true],
    ["permanent", "as the message was looked at", true],
    ["transient", "as nobody knows", false],
    ["unknown", "as nobody knows", false],
  ] as const)("was taken before, or not: %s, %s", async (outcome, _, wasTaken) => {
    const one = account();
    const deps = tokenServer().invocation();
    const session = opened(await sessionFor(deps, provider, one));
    const before: Receipt = outcome === "sent" ? sent : { outcome, code: "x", reason: "x" };
    expect(settleSession(deps, one, session, before)).toBe(before);
    expect(settleSession(deps, one, session, refused).outcome).toBe(wasTaken ? "transient" : "misconfigured");
  });

  test("is nobody's fault once its time is up", async () => {
    const server = tokenServer();
    const one = account();
    const deps = server.invocation();
    const session = opened(await sessionFor(deps, provider, one));
    server.now += HOUR_MS;
    expect(settleSession(deps, one, session, refused)).toBe(refused);
  });

  test("is the account's fault where it was never taken", async () => {
    const server = tokenServer();
    const one = account();
    const deps = server.invocation();
    const fresh = opened(await sessionFor(deps, provider, one));
    expect(settleSession(deps, one, fresh, refused)).toEqual({ ...refused, outcome: "misconfigured" });
    expect(opened(await sessionFor(deps, provider, one)).token).toBe("token-2");
  });

  test("leaves every other answer as it is", async () => {
    const server = tokenServer();
    const one = account();
    const deps = server.invocation();
    const session = opened(await sessionFor(deps, provider, one));
    const answers: Receipt[] = [sent, { outcome: "transient", code: "500", reason: "no" }];
    for (const answer of answers) expect(settleSession(deps, one, session, answer)).toBe(answer);
    expect(settleSession(deps, one, null, refused)).toBe(refused);
    expect(opened(await sessionFor(deps, provider, one))).toBe(session);
  });
});
