/**
 * The forms of the generic HTTP provider. Its templates are Liquid (core/liquid.ts), and know what templates.ts names.
 */
import { z } from "zod";
import type { Account } from "../provider.ts";
import { templateFlaws } from "./templates.ts";

export const credentials = z.strictObject({
  secrets: z
    .record(
      z.string().regex(/^[a-z]\w{0,63}$/, "A secret's name has letters, digits and underscores, and begins with a small letter."),
      z
        .string()
        .max(8000)
        .regex(/^[\x20-\x7e]+$/, "It holds characters that no header takes.")
        .meta({ title: "Value", format: "password" }),
    )
    .default({})
    .meta({ title: "Secrets", description: "By their names: `{{ secret.token }}` in the URL, in headers and in the body." }),
});

const template = z.string().max(20_000);

/** `200`, `2xx`, `200-204`. */
const statuses = z
  .array(z.string().regex(/^([1-5]xx|[1-5]\d\d(-[1-5]\d\d)?)$/, "It looks like 200, 2xx or 200-204."))
  .min(1)
  .max(20);
const pointer = z
  .string()
  .max(500)
  .regex(/^(\/([^~/]|~[01])*)+$/, "A JSON pointer begins with a slash: /data/id.");
const scalar = z.union([z.string().max(500), z.number(), z.boolean(), z.null()]);

/** What an answer is told by. All that is given has to be so. */
const sign = {
  statuses: statuses.exactOptional().meta({ title: "Statuses", description: "Such as 200, 2xx or 200-204." }),
  pointer: pointer
    .exactOptional()
    .meta({ title: "JSON pointer", description: "Into the answer, as RFC 6901 has it: /error/code." }),
  equals: scalar.exactOptional().meta({ title: "Equals", description: "What is there; anything but null unless set." }),
};

const rule = z.strictObject({
  ...sign,
  outcome: z
    .enum(["permanent", "transient", "throttled", "misconfigured", "recipient_invalid", "unknown"])
    .meta({ title: "Outcome", description: "unknown: it may have been taken, or not." }),
});

/** Written by the platform, or by `content_type`. */
const RESERVED_HEADERS =
  /^(host|content-(type|length|encoding)|transfer-encoding|connection|keep-alive|upgrade|te|trailer|expect|cf-.*)$/i;

/** The host is written out, so that it is known where a connection leads before anything is sent. */
const HOST = /^https?:\/\/[A-Za-z0-9.-]+(:\d{1,5})?(?=[/?]|$)|^https?:\/\/\[[0-9a-fA-F:.]+\](:\d{1,5})?(?=[/?]|$)/;

const url = template
  .max(4000)
  .regex(HOST, "It begins with https:// and a host that is written out: templates stand in the path and the query only.")
  .refine(
    (text) => !/[#\s\\]/.test(text.replaceAll(/\{\{.*?\}\}|\{%.*?%\}/gs, "")),
    "It holds a space, a backslash or a fragment.",
  );

const shape = z.strictObject({
  method: z.enum(["POST", "PUT", "PATCH", "GET"]).default("POST").meta({ title: "Method" }),
  url: url.meta({
    title: "URL",
    description: "A template; each value in it is percent-encoded. Such as https://api.example.com/users/{{ to }}/messages.",
  }),
  headers: z
    .record(
      z
        .string()
        .max(100)
        .regex(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/, "A header's name has letters, digits and hyphens.")
        .refine((name) => !RESERVED_HEADERS.test(name), "This header cannot be set here."),
      template.max(8000),
    )
    .refine((headers) => Object.keys(headers).length <= 50, "At most 50 headers.")
    .default({})
    .meta({ title: "Headers", description: "Templates, such as Bearer {{ secret.token }}. Line breaks become spaces." }),
  body_format: z
    .enum(["json", "form", "xml", "text"])
    .default("json")
    .meta({ title: "Body format", description: "How the body is written down, and its values escaped." }),
  body: z
    .unknown()
    .optional()
    .refine((body) => (JSON.stringify(body) ?? "").length <= 100_000, "It takes more than 100,000 characters.")
    .meta({
      title: "Body",
      description:
        "Of json: any JSON whose texts are templates, so that no value breaks out of its place; a text that is all of `{{ … | json }}` becomes what that value is, such as a number or a list. Of form: an object of templates. Of xml and text: one template; in xml each value is escaped. All that is known of the message, as JSON, unless set.",
    }),
  content_type: z
    .string()
    .max(200)
    .regex(/^[\w.+-]+\/[\w.+-]+(; ?[\w.-]+=[\w.-]+)*$/, "It looks like application/json.")
    .exactOptional()
    .meta({ title: "Content type", description: "In place of the one of the body's format." }),
  success: z
    .strictObject(sign)
    .default({ statuses: ["2xx"] })
    .meta({ title: "Success", description: "When a message counts as sent. 2xx unless set." }),
  id_pointer: pointer
    .exactOptional()
    .meta({ title: "Message id", description: "JSON pointer to the id of the message: /data/id." }),
  id_header: z
    .string()
    .regex(/^[\w-]{1,100}$/)
    .exactOptional()
    .meta({ title: "Header of the message id", description: "In place of the pointer." }),
  errors: z.array(rule).max(50).default([]).meta({
    title: "Errors",
    description:
      "What an answer means; the first that fits, before `success` is looked at. Else: 429 throttled, 408 and 5xx unknown, 401, 403, 404, 405, 410 and 3xx misconfigured, other 4xx permanent.",
  }),
  error_code_pointer: pointer.exactOptional().meta({ title: "Error code", description: "JSON pointer to the error's code." }),
  error_message_pointer: pointer
    .exactOptional()
    .meta({ title: "Error message", description: "JSON pointer to the error's text." }),
  idempotent: z.boolean().default(false).meta({
    title: "Knows a repeat",
    description:
      "Whether the receiver takes a message once only by the `idempotency_key` that it is given: then one is sent again at once where its answer was lost.",
  }),
  timeout_seconds: z.number().min(1).max(30).default(10).meta({ title: "Timeout, seconds" }),
  max_characters: z.int().min(1).max(1_000_000).exactOptional().meta({
    title: "Longest text",
    description: "Longer texts go over another connection, or fail, before anything is sent.",
  }),
  verify_url: url.exactOptional().meta({
    title: "URL to verify by",
    description: "Its answer to a GET with the same headers proves the account, if it is a success by its status.",
  }),
});

export const settings = shape.superRefine((given, ctx) => {
  const say = (path: string, message: string) => ctx.addIssue({ code: "custom", path: path.split("."), message });
  const wrong = bodyFlaw(given);
  if (wrong !== null) say("body", wrong);
  if (given.success.pointer === undefined && given.success.equals !== undefined) say("success.equals", "It needs a pointer.");
  given.errors.forEach((one, i) => {
    if (one.statuses === undefined && one.pointer === undefined) say(`errors.${i}`, "It needs `statuses` or a `pointer`.");
    if (one.pointer === undefined && one.equals !== undefined) say(`errors.${i}.equals`, "It needs a pointer.");
  });
  for (const { path, message } of templateFlaws(given)) say(path, message);
});

export type HttpSettings = z.output<typeof settings>;
export type HttpAccount = Account<z.output<typeof credentials>, HttpSettings>;

function bodyFlaw({ method, body, body_format }: z.output<typeof shape>): string | null {
  if (body === undefined) return body_format === "json" || method === "GET" ? null : "It is needed for this format.";
  if (method === "GET") return "A GET has none.";
  if (body_format === "json") return null;
  const isForm = typeof body === "object" && body !== null && Object.values(body).every((value) => typeof value === "string");
  if (body_format === "form") return isForm && !Array.isArray(body) ? null : "It is an object of texts.";
  return typeof body === "string" ? null : "It is a text.";
}
