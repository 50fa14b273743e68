/** The harness must be able to fail: books that are doctored, one way at a time, and the imbalance that each shows. */
import { expect, test } from "vitest";
import { type Accepted, type Books, balance, type Seen } from "./balance.ts";
import type { Taken } from "./carriers.ts";

const MAIL = "msg_01M7X72DE40000000H7WEH3FJJ";
const PUSH = "msg_01M7X72DE40010000H7WEH3FJJ";
const DEAD = "msg_01M7X72DE40020000H7WEH3FJJ";
const STRANGER = "msg_01M7X72DE40030000H7WEH3FJJ";
const TO = "c1-0@example.com";

const mail: Accepted = {
  id: MAIL,
  tenant: 0,
  destination: TO,
  isOutside: true,
  guarantee: "at_least_once",
  notBefore: null,
  ttlSeconds: null,
  isCancelled: false,
};
const push: Accepted = { ...mail, id: PUSH, tenant: 1, destination: "fail:fine:1", isOutside: false };
const dead: Accepted = { ...mail, id: DEAD, destination: "c1-2@example.com" };

const event = (type: string, code: string | null = null, attempt_id: string | null = null) => ({ type, code, attempt_id });
const sentMail: Seen = {
  id: MAIL,
  status: "sent",
  expires_at: null,
  deliveries: [{ phase: "sent", attempts: [{ outcome: "sent" }] }],
  events: [event("queued"), event("attempted"), event("sent")],
};
const deliveredPush: Seen = { ...sentMail, id: PUSH, status: "delivered", events: [...sentMail.events, event("delivered")] };
const failedMail: Seen = {
  ...sentMail,
  id: DEAD,
  status: "failed",
  deliveries: [{ phase: "failed", attempts: [{ outcome: "permanent" }] }],
  events: [event("queued"), event("attempted"), event("failed", "MessageRejected")],
};
const takenMail: Taken = { provider: "ses_first", to: TO, at: 1_000_000, messageId: MAIL };

const seenOf = (...messages: Seen[]) => new Map(messages.map((message) => [message.id, message]));
const CLEAN: Books = {
  accepted: [mail, push, dead],
  seen: seenOf(sentMail, deliveredPush, failedMail),
  listed: [[MAIL, DEAD], [PUSH]],
  letters: [DEAD],
  taken: [takenMail],
  mayDouble: true,
};

const doubted: Seen = { ...sentMail, events: [event("queued"), event("deferred", "in_doubt"), ...sentMail.events.slice(1)] };
const twice = [takenMail, { ...takenMail, provider: "ses_second" }];
const withMail = (message: Partial<Accepted>, seen: Partial<Seen>): Partial<Books> => ({
  accepted: [{ ...mail, ...message }, push, dead],
  seen: seenOf({ ...sentMail, ...seen }, deliveredPush, failedMail),
});
const rules = (books: Partial<Books>) => balance({ ...CLEAN, ...books }).imbalances.map(({ rule, id }) => `${rule} ${id}`);

test("clean books balance, and say what became of each message", () => {
  expect(balance(CLEAN)).toEqual({
    accepted: 3,
    final: { sent: 1, delivered: 1, failed: 1 },
    dead_letters: 1,
    duplicates: { count: 0, messages: [] },
    in_doubt: 0,
    imbalances: [],
    evidence: [],
  });
});

test("what came twice is excused only by a doubt in its log, in a run that had power cuts or lost answers", () => {
  const excused = { ...withMail({}, doubted), taken: twice };
  expect(balance({ ...CLEAN, ...excused })).toMatchObject({
    duplicates: { count: 1, messages: [{ id: MAIL, times: 2, delivery: "at_least_once", doubts: 1 }] },
    imbalances: [],
  });
  expect(rules({ ...excused, mayDouble: false })).toEqual([`double ${MAIL}`]);
  expect(rules({ taken: twice })).toEqual([`double ${MAIL}`]);
  expect(rules({ ...excused, taken: [...twice, takenMail] })).toEqual([`double ${MAIL}`]);
  expect(rules({ ...withMail({ guarantee: "at_most_once" }, doubted), taken: twice })).toEqual([`double ${MAIL}`]);
});

test.each<[rule: string, what: string, books: Partial<Books>]>([
  [`lost ${MAIL}`, "was accepted and is known to nobody", { seen: seenOf(deliveredPush, failedMail) }],
  [`open ${PUSH}`, "never ended", { seen: seenOf(sentMail, { ...deliveredPush, status: "queued" }, failedMail) }],
  [
    `orphan ${STRANGER}`,
    "was made by a request that was answered otherwise",
    {
      listed: [
        [MAIL, DEAD],
        [PUSH, STRANGER],
      ],
    },
  ],
  [`orphan ${PUSH}`, "shows in another tenant's list", { listed: [[MAIL, DEAD, PUSH], [PUSH]] }],
  [`unlisted ${DEAD}`, "is missing in the list", { listed: [[MAIL], [PUSH]] }],
  [`no_letter ${DEAD}`, "failed without a dead letter", { letters: [] }],
  [`letter ${MAIL}`, "was sent and has a dead letter", { letters: [DEAD, MAIL] }],
  [`phantom ${MAIL}`, "is sent and no provider has it", { taken: [] }],
  [
    `stray ${STRANGER}`,
    "was carried, and no 202 named it",
    { taken: [takenMail, { ...takenMail, to: "x@y.example", messageId: STRANGER }] },
  ],
  [`anonymous `, "was carried without its id", { taken: [{ ...takenMail, messageId: null }] }],
  [`early ${MAIL}`, "was carried before its time", withMail({ notBefore: 1_000_500 }, {})],
  [`late ${MAIL}`, "was carried after its end", withMail({ ttlSeconds: 1 }, { expires_at: "1970-01-01T00:16:00.000Z" })],
  [`ttl ${MAIL}`, "lost its time to live", withMail({ ttlSeconds: 1 }, {})],
  [`log ${MAIL}`, "was sent twice by its log", withMail({}, { events: [...sentMail.events, event("sent")] })],
  [
    `log ${PUSH}`,
    "was delivered twice by one attempt",
    { seen: seenOf(sentMail, { ...deliveredPush, events: [...deliveredPush.events, event("delivered")] }, failedMail) },
  ],
  [`log ${MAIL}`, "was sent and cancelled", withMail({}, { events: [...sentMail.events, event("cancelled")] })],
  [`log ${MAIL}`, "is sent, and its log does not know", withMail({}, { events: [event("queued")] })],
  [`uncancelled ${MAIL}`, "went out though its cancel was granted", withMail({ isCancelled: true }, {})],
])("%s: it %s", (found, _, books) => {
  expect(rules(books)).toEqual([found]);
});

test("what a provider took may not end as if it had never gone out, unless its log says that nobody knows", () => {
  const expired = {
    status: "expired",
    deliveries: [{ phase: "failed", attempts: [] }],
    events: [event("queued"), event("expired")],
  };
  expect(rules(withMail({}, expired))).toEqual([`secret ${MAIL}`]);
  expect(rules(withMail({}, { ...expired, deliveries: [{ phase: "unknown", attempts: [] }] }))).toEqual([]);
  expect(rules(withMail({}, { ...expired, events: [event("deferred", "in_doubt"), ...expired.events] }))).toEqual([]);
});

test("what was given up in doubt and is delivered after all keeps its dead letter, and nothing else that was delivered has one", () => {
  const late = { ...deliveredPush, deliveries: [{ phase: "unknown", attempts: [{ outcome: "unknown" }] }] };
  const events = [event("queued"), event("attempted"), event("failed", "in_doubt"), event("delivered")];
  const withPush = (seen: Seen) => ({ seen: seenOf(sentMail, seen, failedMail), letters: [DEAD, PUSH] });
  expect(rules(withPush({ ...late, events }))).toEqual([]);
  expect(rules(withPush(deliveredPush))).toEqual([`letter ${PUSH}`]);
});

test("a message that a provider knows under another's id is told from its own", () => {
  expect(rules({ taken: [{ ...takenMail, messageId: DEAD }] })).toEqual([`wrong_id ${MAIL}`]);
});

test("two messages under one id are not one", () => {
  expect(rules({ accepted: [mail, push, dead, { ...mail, destination: "c1-9@example.com", isOutside: false }] })).toContain(
    "same_id ",
  );
});
