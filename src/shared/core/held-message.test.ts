import { describe, expect, it } from "vitest";
import { messageOf } from "./held-message.ts";
import { messageIdAt } from "./ids.ts";
import type { Submission } from "./message.ts";

const run: Submission = {
  first: "msg_01M7WY3MNN0000000J4747T4YC",
  project_id: "prj_1",
  mode: "live",
  priority: "normal",
  accepted_at: 1000,
  due_at: 1000,
  expires_at: null,
  order: { request_id: "req_1" },
  to: [
    { channel: "email", destination: "a@b.example" },
    { channel: "sms", destination: "+447700900123", variables: { x: 1 } },
  ],
};
const log = (s: Submission, now: number) => messageOf("ten_1", s, 0, now).log.map((e) => [e.type, e.at]);

describe("a message before its first delivery", () => {
  it("is queued once it is due, scheduled before, and says since when", () => {
    expect(messageOf("ten_1", run, 0, 1000)).toMatchObject({ status: "queued", updatedAt: 1000 });
    const later = { ...run, due_at: 5000 };
    expect(messageOf("ten_1", later, 0, 4999)).toMatchObject({ status: "scheduled", dueAt: 5000 });
    expect(log(later, 4999)).toEqual([["scheduled", 1000]]);
    expect(messageOf("ten_1", later, 0, 9000)).toMatchObject({ status: "queued", updatedAt: 5000 });
    expect(log(later, 9000)).toEqual([
      ["scheduled", 1000],
      ["queued", 5000],
    ]);
  });

  it("is cancelled rather than anything else, and expired rather than queued", () => {
    const later = { ...run, due_at: 5000, expires_at: 6000 };
    expect(messageOf("ten_1", { ...later, cancelled_at: 2000 }, 0, 9000).status).toBe("cancelled");
    expect(log({ ...later, cancelled_at: 2000 }, 9000)).toEqual([
      ["scheduled", 1000],
      ["cancelled", 2000],
    ]);
    expect(messageOf("ten_1", later, 0, 5999).status).toBe("queued");
    expect(messageOf("ten_1", later, 0, 6000).status).toBe("expired");
    expect(log(later, 6000)).toEqual([
      ["scheduled", 1000],
      ["expired", 6000],
    ]);
  });

  it("has its own recipient, and the order of its run where that is kept", () => {
    const second = messageOf("ten_1", run, 1, 1000);
    expect(second).toMatchObject({
      id: messageIdAt(run.first, 1),
      recipient: "+447700900123",
      channel: "sms",
      order: null,
      orderRef: run.first,
      variables: { x: 1 },
      deliveries: [{ n: 0, channel: "sms", destination: "+447700900123", phase: "waiting", attempts: [] }],
    });
    const alone = messageOf("ten_1", { ...run, to: run.to.slice(0, 1) }, 0, 1000);
    expect([alone.order, alone.orderRef]).toEqual([{ request_id: "req_1" }, null]);
    expect(() => messageOf("ten_1", run, 2, 1000)).toThrow("no recipient 2");
  });
});
