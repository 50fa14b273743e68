import { expect, it } from "vitest";
import type { Channel, Priority } from "./channels.ts";
import { messageOf } from "./held-message.ts";
import { mintMessageIds } from "./ids.ts";
import type { Address, Submission } from "./message.ts";
import { type Hold, heldBack, holdsBack, SUPPRESSION_REASONS, suppressionKey } from "./suppression.ts";

const NOW = Date.UTC(2026, 10, 20);
const at = (channel: Channel, destination: string): Address => ({ channel, destination });

function messageTo(addresses: readonly [Address, ...Address[]], over: Partial<Submission> = {}) {
  const random = (n: number) => new Uint8Array(n);
  const [first, ...also] = addresses;
  const submission: Submission = {
    first: mintMessageIds({ at: 0, sequence: 0 }, 1, { now: NOW, dbShard: 0, gateShard: 0, random }),
    project_id: "prj_1",
    mode: "live",
    priority: "normal",
    accepted_at: NOW,
    due_at: NOW,
    expires_at: null,
    order: { request_id: "req_1", plan: { mode: "first", until: "delivered", after_seconds: 300 } },
    to: [{ ...first, also }],
    after: ["msg_before"],
    ...over,
  };
  return messageOf("ten_1", submission, 0, NOW);
}

const hold = (reason: Hold["reason"] = "bounce"): Hold => ({ reason, source: "provider:ses", isGlobal: false });
const on =
  (held: Readonly<Record<string, Hold>>) =>
  ({ destination }: Address) =>
    held[destination] === undefined ? [] : [held[destination]];

it("compares mailboxes whatever their case, and nothing else", () => {
  expect(suppressionKey("email", "Ada@Example.com")).toBe("ada@example.com");
  expect(suppressionKey("push", "token:AbC")).toBe("token:AbC");
});

it("lets what is critical pass an unsubscription, and no other reason", () => {
  for (const reason of SUPPRESSION_REASONS) {
    for (const priority of ["critical", "high", "normal", "low"] satisfies Priority[]) {
      expect(holdsBack({ reason }, priority)).toBe(!(reason === "unsubscribe" && priority === "critical"));
    }
  }
});

it("leaves a message as it is where nothing holds, and one that has come to its end", () => {
  const message = messageTo([at("email", "a@b.example")]);
  expect(heldBack(message, on({}))).toBe(message);
  const expired = messageTo([at("email", "a@b.example")], { expires_at: NOW });
  expect(heldBack(expired, on({ "a@b.example": hold() }))).toBe(expired);
});

it("suppresses a message that has nowhere left to go, and says who says so", () => {
  const message = messageTo([at("email", "a@b.example"), at("sms", "+44770")]);
  const held = heldBack(message, on({ "a@b.example": hold("complaint"), "+44770": hold("invalid") }));
  expect(held).toMatchObject({ status: "suppressed", deliveries: message.deliveries });
  expect(held.log.at(-1)).toEqual({
    type: "suppressed",
    at: NOW,
    key: "suppressed",
    code: "complaint",
    reason: "The address is on the suppression list: complaint, by provider:ses.",
  });
});

it("gives the turn of a suppressed address to the next one, in its place in the line", () => {
  const message = messageTo([at("email", "a@b.example"), at("sms", "+44770"), at("push", "token:x")]);
  const held = heldBack(message, on({ "a@b.example": hold() }));
  expect(held).toMatchObject({ status: "queued", channel: "sms", recipient: "+44770" });
  expect(held.deliveries.map((d) => [d.n, d.channel, d.phase, d.after])).toEqual([
    [0, "sms", "waiting", "msg_before"],
    [1, "push", "held", undefined],
  ]);
  expect(held.log.at(-1)).toMatchObject({
    type: "deferred",
    code: "suppressed",
    key: "suppressed:0",
    reason: expect.stringMatching(/^email: /),
  });
  const last = heldBack(message, on({ "a@b.example": hold(), "+44770": hold() }));
  expect(last.deliveries).toMatchObject([{ n: 0, channel: "push", phase: "waiting" }]);
});
