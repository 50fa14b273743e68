import { describe, expect, it } from "vitest";
import type { Submission } from "../../src/shared/core/message.ts";
import { suppressionsOf } from "../../src/shared/db/control/suppressions.ts";
import { SHARD, type Stage, stage, submission, yes } from "../../src/shared/testing/stage.ts";
import type { Deps } from "../../src/shared/verbs/deps.ts";
import { plan } from "../../src/shared/verbs/plan.ts";
import { forgetSettings } from "../../src/shared/verbs/project-settings.ts";
import { record } from "../../src/shared/verbs/record.ts";
import { unsubscribeUrlOf } from "../../src/shared/verbs/unsubscribe.ts";
import { door } from "./door.ts";

interface SesMail {
  readonly Content: {
    readonly Simple: {
      readonly Headers?: readonly { readonly Name: string; readonly Value: string }[];
      readonly Body: { readonly Text: { readonly Data: string } };
    };
  };
}

/** A stage that keeps the mails that SES took. */
async function post(): Promise<Stage & { readonly mails: SesMail[] }> {
  const mails: SesMail[] = [];
  const scene = await stage(yes, {
    carrier: {
      async carry(request) {
        mails.push((await request.json()) as SesMail);
        return yes();
      },
    },
  });
  return { ...scene, mails };
}

async function mailed(scene: Awaited<ReturnType<typeof post>>, over: Partial<Submission> = {}, text = "There") {
  const one = submission(scene.world, {
    to: [{ channel: "email", destination: "Ada.Lovelace@example.com" }],
    ...over,
    order: { request_id: "req_1", content: { email: { subject: "Hi", text } }, ...over.order },
  });
  await plan(scene.deps, scene.world.tenantId, [one]);
  await scene.ring(scene.bells.splice(0));
  const mail = scene.mails.at(-1);
  const headers = Object.fromEntries((mail?.Content.Simple.Headers ?? []).map(({ Name, Value }) => [Name, Value]));
  const url = /^<(.+)>$/.exec(headers["List-Unsubscribe"] ?? "")?.[1] ?? null;
  return { id: one.first, headers, url, text: mail?.Content.Simple.Body.Text.Data };
}

const listed = (scene: Stage) => suppressionsOf(scene.deps.control, scene.world).list({}, null, 10);
const atDoor = (scene: Stage): Deps => {
  const deps: Deps = {
    ...scene.deps,
    log: () => undefined,
    ringer: { ring: async () => {}, signal: (tenant, shard, signals) => record(deps, tenant, shard, signals) },
  };
  return deps;
};
const order = (unsubscribe: boolean) => ({ request_id: "req_1", unsubscribe });

describe("a mail offers to unsubscribe", () => {
  it("where it is marketing or asks for it, and nowhere else", async () => {
    const scene = await post();
    const marketing = await mailed(scene, { category: "marketing" });
    expect(marketing.url).toMatch(/^https:\/\/carillon\.test\/t\/u\/[\w.-]+$/);
    expect(marketing.headers["List-Unsubscribe-Post"]).toBe("List-Unsubscribe=One-Click");
    expect((await mailed(scene, { category: "orders" })).headers).toEqual({});
    expect((await mailed(scene)).headers).toEqual({});
    expect((await mailed(scene, { order: order(true) })).url).not.toBeNull();
    expect((await mailed(scene, { category: "marketing", order: order(false) })).url).toBeNull();
  });

  it("as the project says", async () => {
    const scene = await post();
    const set = async (unsubscribe: string) => {
      const changed = await scene.world.call("PATCH", `/v1/projects/${scene.world.projectId}`, {
        body: { settings: { unsubscribe } },
      });
      expect(await changed.json()).toMatchObject({ settings: { unsubscribe } });
      forgetSettings(scene.world);
    };
    await set("all");
    expect((await mailed(scene)).url).not.toBeNull();
    await set("none");
    expect((await mailed(scene, { category: "marketing" })).url).toBeNull();
    expect((await mailed(scene, { order: order(true) })).url).not.toBeNull();
  });

  it("in its text where the text asks for it, and leaves a header of its writer's own alone", async () => {
    const scene = await post();
    const { url, text } = await mailed(scene, { category: "marketing" }, "Leave: {{ unsubscribe_url }}");
    expect(text).toBe(`Leave: ${url}`);
    const headers = { "list-unsubscribe": "<mailto:stop@acme.example>" };
    const own = await mailed(scene, {
      category: "marketing",
      order: { request_id: "req_1", content: { email: { subject: "Hi", text: "There", headers } } },
    });
    expect(own.headers).toEqual(headers);
  });
});

describe("the link", () => {
  it("shows a page to whoever opens it, and changes nothing", async () => {
    const scene = await post();
    const { url } = await mailed(scene, { category: "marketing" });
    for (const method of ["GET", "HEAD", "GET"]) {
      const answer = await door(atDoor(scene), new Request(url ?? "", { method }));
      expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
      const html = await answer.text();
      expect(html).toContain('<form method="post">');
      expect(html).toContain("A•••@example.com");
      expect(html).not.toContain("Lovelace");
    }
    expect(await listed(scene)).toEqual([]);
  });

  it("unsubscribes by one POST, for all but what is critical, and twice is once", async () => {
    const scene = await post();
    const { url, id } = await mailed(scene, { category: "marketing" });
    const deps = atDoor(scene);
    for (let i = 0; i < 2; i++) {
      const body = new URLSearchParams({ "List-Unsubscribe": "One-Click" });
      const answer = await door(deps, new Request(url ?? "", { method: "POST", body }));
      expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining("You are unsubscribed")]);
    }
    expect(await listed(scene)).toMatchObject([
      { channel: "email", destination: "ada.lovelace@example.com", reason: "unsubscribe", source: "link", messageId: id },
    ]);
    const events = (await scene.read(id)).log.map(({ type }) => type);
    expect(events.filter((type) => type === "unsubscribed")).toHaveLength(1);
    const next = await mailed(scene, { category: "marketing" });
    expect((await scene.read(next.id)).status).toBe("suppressed");
    const critical = await mailed(scene, { priority: "critical" });
    expect((await scene.read(critical.id)).status).toBe("sent");
  });

  it("works long after its message is gone", async () => {
    const scene = await post();
    const { url } = await mailed(scene, { category: "marketing" });
    await scene.deps.shards[SHARD]?.prepare("DELETE FROM messages WHERE tenant_id = ?1").bind(scene.world.tenantId).run();
    expect((await door(atDoor(scene), new Request(url ?? "", { method: "POST" }))).status).toBe(200);
    expect(await listed(scene)).toHaveLength(1);
  });

  it("is worth nothing with any part of it changed, cut off, or taken from another tenant's", async () => {
    const [scene, other] = [await post(), await post()];
    const [{ url }, theirs] = [await mailed(scene, { category: "marketing" }), await mailed(other, { category: "marketing" })];
    const token = url?.slice(url.lastIndexOf("/") + 1) ?? "";
    const parts = token.split(".");
    const foreign = theirs.url?.split("/").at(-1)?.split(".") ?? [];
    const swapped = (i: number, part: string | undefined) => parts.with(i, part ?? "").join(".");
    const tokens = [
      "",
      "x",
      "....",
      token.slice(0, -1),
      `${token}x`,
      `${token}.x`,
      swapped(0, "AAAA"),
      swapped(1, foreign[1]),
      swapped(2, btoa("eve@example.com").replaceAll("=", "")),
      swapped(3, foreign[3]),
      swapped(3, ""),
      "x".repeat(5000),
      "%00",
    ];
    for (const bad of tokens) {
      for (const method of ["GET", "POST"]) {
        const answer = await door(atDoor(scene), new Request(`https://carillon.test/t/u/${bad}`, { method }));
        expect([answer.status, await answer.text()], bad).toEqual([404, expect.stringContaining("not valid")]);
      }
    }
    expect([...(await listed(scene)), ...(await listed(other))]).toEqual([]);
    expect((await door(atDoor(scene), new Request(url ?? "", { method: "DELETE" }))).status).toBe(405);
  });

  it("outlives the secret that signed it, while that one is named as a former one", async () => {
    const scene = await post();
    const { url } = await mailed(scene, { category: "marketing" });
    const open = async (over: Partial<Deps>) => (await door({ ...atDoor(scene), ...over }, new Request(url ?? ""))).status;
    const linkSecret = "another-secret-of-at-least-32-characters";
    expect(await open({ linkSecret })).toBe(404);
    expect(await open({ linkSecret, formerLinkSecrets: ["short", scene.deps.linkSecret] })).toBe(200);
    const leaving = {
      tenantId: scene.world.tenantId,
      messageId: "msg_0".padEnd(30, "0"),
      delivery: 0,
      destination: "ü@example.com",
    };
    const anew = await unsubscribeUrlOf({ linkSecret, publicUrl: "https://carillon.test" }, leaving);
    expect((await door(atDoor(scene), new Request(anew))).status).toBe(404);
    expect((await door({ ...atDoor(scene), linkSecret }, new Request(anew))).status).toBe(200);
  });
});
