/** Content that a provider fills in by itself: shown by the preview, checked at the door. */
import { beforeAll, describe, expect, test } from "vitest";
import { makeWorld, type World } from "../../../../src/shared/testing/world.ts";

const SID = `HX${"0123456789abcdef".repeat(2)}`;
let world: World;
beforeAll(async () => {
  world = await makeWorld();
});

async function post(path: string, body: object) {
  const response = await world.call("POST", path, { body });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const pathsOf = (body: Record<string, unknown>) => ((body.errors ?? []) as { path: string }[]).map(({ path }) => path);

const content = {
  email: { provider_template: { provider: "ses", id: "order-shipped" }, from: "Acme <no-reply@acme.example>" },
  sms: { content_sid: SID, text: "Hi {{ name }}" },
  whatsapp: {
    template: {
      name: "order_ready",
      language: "{{ locale }}",
      variables: { who: "{{ name }}" },
      header: { type: "text", text: "{{ order_id }}" },
      buttons: [{ type: "url", value: "{{ order_id }}" }],
    },
  },
  chat: { text: "{{ name }}", title: "Order {{ order_id }}", url: "https://acme.example/{{ order_id }}" },
};
const variables = { name: "Ada", order_id: "A-7", items: [1] };

describe("a preview", () => {
  test("shows what will be passed to the provider's own templates", async () => {
    const { status, body } = await post("/v1/preview", { content, variables, locale: "en-GB" });
    expect([status, body]).toEqual([
      200,
      {
        email: {
          subject: "",
          from: "Acme <no-reply@acme.example>",
          provider_template: { provider: "ses", id: "order-shipped", variables },
        },
        sms: expect.objectContaining({ text: "Hi Ada", content: { sid: SID, variables: { name: "Ada", order_id: "A-7" } } }),
        whatsapp: {
          template: {
            name: "order_ready",
            language: "en_GB",
            variables: { who: "Ada" },
            header: { type: "text", text: "A-7" },
            buttons: [{ type: "url", value: "A-7" }],
          },
        },
        chat: { text: "Ada", title: "Order A-7", url: "https://acme.example/A-7" },
      },
    ]);
  });

  test("names what is missing or wrong in them", async () => {
    const { status, body } = await post("/v1/preview", { content: { whatsapp: content.whatsapp }, variables: { name: "Ada" } });
    expect([status, pathsOf(body)]).toEqual([422, ["variables.order_id"]]);
    const empty = await post("/v1/preview", { content: { whatsapp: content.whatsapp }, variables: { name: " ", order_id: "1" } });
    expect([empty.status, pathsOf(empty.body)]).toEqual([422, ["content.whatsapp"]]);
  });
});

describe("a send and a template", () => {
  test("take such content, and are refused with the place of what is wrong in it", async () => {
    const to = [{ channel: "whatsapp", destination: "+447700900123" }];
    expect((await post("/v1/send", { to, content: { whatsapp: content.whatsapp }, variables })).status).toBe(202);
    expect((await post("/v1/templates", { name: "order_ready", content })).status).toBe(201);
    const wrong = {
      whatsapp: { template: { ...content.whatsapp.template, name: "No Such", buttons: [{ type: "fax", value: "x" }] } },
    };
    for (const [path, body] of [
      ["/v1/send", { to, content: wrong }],
      ["/v1/templates", { name: "wrong", content: wrong }],
    ] as const) {
      const answer = await post(path, body);
      expect([answer.status, pathsOf(answer.body).sort()]).toEqual([
        422,
        ["content.whatsapp.template.buttons[0].type", "content.whatsapp.template.name"],
      ]);
    }
    const unclosed = { whatsapp: { template: { ...content.whatsapp.template, variables: ["{{ name"] } } };
    expect(pathsOf((await post("/v1/templates", { name: "unclosed", content: unclosed })).body)).toEqual([
      "content.whatsapp.template.variables[0]",
    ]);
  });
});
