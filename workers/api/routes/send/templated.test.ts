import { beforeAll, describe, expect, test } from "vitest";
import { eventually, makeWorld, type World } from "../../../../src/shared/testing/world.ts";

let world: World;
beforeAll(async () => {
  world = await makeWorld();
});

async function send(body: object, status = 202): Promise<Record<string, unknown>> {
  const response = await world.call("POST", "/v1/send", { body });
  expect(response.status, await response.clone().text()).toBe(status);
  return response.json();
}

interface Caught {
  readonly message_id: string;
  readonly envelope: Record<string, unknown>;
}

/** What the sandbox got for a message. */
async function caught(body: object): Promise<Record<string, unknown>> {
  const [id] = (await send(body)).message_ids as string[];
  const row = await eventually(async () => {
    const { data } = (await (await world.call("GET", "/v1/sandbox/messages?limit=100")).json()) as {
      data: (Caught & { id: string })[];
    };
    return data.find((one) => one.message_id === id);
  });
  return ((await (await world.call("GET", `/v1/sandbox/messages/${row.id}`)).json()) as Caught).envelope;
}

const to = [{ channel: "email", destination: "ada@example.com" }];

describe("a send by template", () => {
  test("goes out as the version that was published when it was accepted", async () => {
    const name = "order_shipped";
    const version = (n: number) => ({ email: { subject: `v${n} {{ id }}`, html: "<p>{{ name }}</p>" } });
    await world.call("POST", "/v1/templates", { body: { name, content: version(1) } });
    const variables = { id: 7, name: "A&B" };
    expect(await caught({ template_id: name, to, variables })).toMatchObject({
      subject: "v1 7",
      html: "<p>A&amp;B</p>",
      text: "A&B",
    });

    const later = await send({ template_id: name, to, variables, schedule_at: "2040-01-01T00:00:00Z" });
    await world.call("POST", `/v1/templates/${name}/versions`, { body: { content: version(2) } });
    expect(await caught({ template_id: name, to, variables })).toMatchObject({ subject: "v2 7" });
    expect(await caught({ template_id: `${name}:v1`, to, variables })).toMatchObject({ subject: "v1 7" });
    const [id] = later.message_ids as string[];
    expect(await (await world.call("GET", `/v1/messages/${id}`)).json()).toMatchObject({ template: `${name}:v1` });

    await world.call("DELETE", `/v1/templates/${name}`);
    expect(await send({ template_id: name, to, variables }, 422)).toMatchObject({ errors: [{ path: "template_id" }] });
  });

  test("that lacks a variable fails for good, and its message names every one", async () => {
    await world.call("POST", "/v1/templates", {
      body: { name: "lacking", content: { email: { subject: "{{ a }}", text: "{{ b }}" } } },
    });
    const { message_ids } = await send({ template_id: "lacking", to });
    const message = await eventually(async () => {
      const found = (await (await world.call("GET", `/v1/messages/${(message_ids as string[])[0]}`)).json()) as {
        status: string;
      };
      return found.status === "failed" && found;
    });
    expect(JSON.stringify(message)).toContain("The variable a is missing. email.text: The variable b is missing.");
  });

  test("with inline content that does not compile is refused before it is accepted", async () => {
    const problem = await send({ content: { email: { subject: "{{ a", text: "{% if %}" } }, to }, 422);
    expect(problem.errors).toMatchObject([{ path: "content.email.subject" }, { path: "content.email.text" }]);
  });

  test("carries its attachments, and refuses those that do not exist", async () => {
    const upload = await world.call("POST", "/v1/attachments?filename=a.txt", {
      body: new TextEncoder().encode("file"),
      headers: { "content-type": "text/plain" },
    });
    const { id } = (await upload.json()) as { id: string };
    const content = { email: { subject: "s", text: "t" } };
    expect(JSON.stringify(await caught({ content, to, attachments: [id] }))).toContain("a.txt");
    expect((await send({ content, to, attachments: [id, "att_00000000000000000000000000"] }, 422)).errors).toMatchObject([
      { path: "attachments[1]" },
    ]);
  });
});
