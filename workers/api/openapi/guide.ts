/** What holds for every operation: the introduction of the OpenAPI document and of the docs page. */
export interface Chapter {
  readonly id: string;
  readonly title: string;
  /** Markdown: paragraphs, lists, fenced code, `code` and **bold**. */
  readonly text: string;
}

export const GUIDE: readonly Chapter[] = [
  {
    id: "authentication",
    title: "Authentication",
    text: `Send an API key as a bearer token:

\`\`\`
Authorization: Bearer ck_live_…
\`\`\`

A key belongs to one project and carries scopes; each operation names the scope that it needs. A \`ck_test_\` key goes
through the same code and only ever reaches the sandbox. A revoked key stops at once, and so does a
suspended one, until it is resumed. Operations under \`/admin\` take the operator's key instead.`,
  },
  {
    id: "requests",
    title: "Requests and answers",
    text: `Bodies are JSON in UTF-8 with names in snake_case. A field that an operation does not know is refused, so a typing
error never goes unnoticed. Times are RFC 3339 in UTC. Ids carry a prefix and sort by time.

Every answer has \`X-Request-Id\`: yours, if you send one, else a new one. A W3C \`traceparent\` comes back as it was.`,
  },
  {
    id: "errors",
    title: "Errors",
    text: `Every error is [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457) \`application/problem+json\`. Branch on \`code\`, which comes
from a closed table, and never on the prose. A bad body is answered with all of its errors at once, each with its path.

\`\`\`
{
  "type": "/docs#problem-validation_failed",
  "title": "The body does not have the right shape",
  "status": 422,
  "code": "validation_failed",
  "errors": [{ "path": "to[0].destination", "message": "Must be a phone number in E.164." }],
  "request_id": "req_01K5Z8Q4M2000000000000000"
}
\`\`\`

What belongs to another tenant does not exist for you: it is \`not_found\`. Answers of 5xx may be tried again; with an
idempotency key that is safe for sending too.`,
  },
  {
    id: "idempotency",
    title: "Idempotency",
    text: `Operations that send read \`Idempotency-Key\`. A repeat with the same key and the same body gets the first answer again, with
\`Idempotent-Replayed: true\`, and sends nothing. The same key with another body is refused with
\`idempotency_key_reused\`. A key is remembered for 24 hours; a project may set up to 30 days. Refusals are not
remembered.

With an \`ordering_key\`, repeat that as well: the two together are what makes a repeat known.`,
  },
  {
    id: "lines",
    title: "In order, and once",
    text: `Messages of one \`ordering_key\` to one recipient leave in the order in which they were accepted, whatever their
priorities. Each waits for the end of the one before it, or with \`"ordering": "skip"\` for that one's first failed try; a message
that was cancelled, expired or suppressed holds up nobody. A message shows the one before it as \`deliveries[].after\`. Other
keys, and other recipients, do not wait. A resend or a replay goes by itself.

\`dedupe_window_seconds\` sends the same content to the same recipient once: what comes later in the window becomes \`suppressed\`,
and its event has the code \`duplicate\` and names the message that went out. An \`Idempotency-Key\` protects from repeating a
request, a window from asking for the same thing twice.`,
  },
  {
    id: "webhooks",
    title: "Webhooks",
    text: `What happens is posted to your endpoints (\`POST /v1/webhooks\`), and what happens to a message also to its own
\`callback_url\`. The body is JSON below 20 kB; what does not fit is left out, and named in \`data.omitted\`:

\`\`\`
{
  "id": "evt_01K5Z8Q4M2000000000000000A",
  "type": "message.delivered",
  "timestamp": "2026-11-20T09:00:03.000Z",
  "data": { "message_id": "msg_…", "channel": "email", "recipient": "ada@example.com", "metadata": { "order": 17 }, … }
}
\`\`\`

**Verify each post.** The headers are those of [Standard Webhooks](https://www.standardwebhooks.com), so its libraries take them as
they are: \`webhook-id\`, \`webhook-timestamp\` (seconds; refuse what is older than five minutes), and \`webhook-signature\`, a list
parted by spaces. Over \`{id}.{timestamp}.{raw body}\` there is a \`v1\` signature by each secret that signs at the moment
(HMAC-SHA256), and a \`v1a\` one by each key pair (ed25519), whose public key \`GET /v1/webhooks/{id}\` shows. Simple clients may
check \`X-Carillon-Signature\` instead: \`sha256=\` and the hex HMAC-SHA256 of the raw body alone, by the secret as it was shown,
\`whsec_\` and all; while a secret is being replaced there are two, parted by a comma.

**Answer 2xx within 15 seconds**, before you do the work. Anything else is tried again after 5 seconds, 5 and 30 minutes, 2, 5, 10 and
10 hours, each a tenth more or less, and not before your \`Retry-After\`. A redirect is not followed. 410 disables the endpoint; so
do five days of nothing but failure. A notice says so, what happens then is kept for thirty days, and \`…/recover\` posts it once the
endpoint is enabled again. An endpoint that does not answer at all is asked less often; that uses up no try.

**Expect repeats, and any order.** The same event always has the same \`webhook-id\`; drop what you have seen, and go by
\`timestamp\`. \`message.scheduled\` comes with \`message.queued\`, when the message is due. With several addresses of one
recipient, \`data.delivery\` says which of them an event is about. A new endpoint, or a change of one, is known everywhere within ten
seconds.

Addresses are https and public. What a name resolves to is up to the platform, and Cloudflare leads no Worker into a private
network; whoever runs Carillon elsewhere must see to that.`,
  },
  {
    id: "rate-limits",
    title: "Rate limits",
    text: `Sending draws from a token bucket of the tenant and, if it has one, of the key. Each answer says how it stands:

\`\`\`
RateLimit-Policy: "burst";q=2000;w=20
RateLimit: "burst";r=1999;t=1
\`\`\`

An empty bucket is a 429 with \`Retry-After\`.

What was accepted may still have to wait on its way out: a connection can have \`limits\` of its own (messages a second, and
messages under way at the same time), and whoever runs the deployment can limit a tenant's channel, which
\`GET /v1/tenants\` shows, or a channel as a whole. Nothing is refused or given up for them.`,
  },
  {
    id: "lists",
    title: "Lists",
    text: `A list is \`{"data": […], "next_cursor": …}\`. Pass \`next_cursor\` back as \`cursor\` for the next page; it is null on the last
one. \`limit\` sets the rows of a page.`,
  },
];
