/**
 * A double of Firebase Cloud Messaging and of Google's token endpoint: checks the service account's assertion with
 * jose, hands out tokens, and checks messages against Google's schema and rules.
 */
import { randomUUID } from "node:crypto";
import { importSPKI, jwtVerify } from "jose";
import { sendFlaws } from "../../src/shared/testing/fcm-spec.ts";
import { type Call, type Double, type Reply, startDouble, type Verdict } from "./double.ts";

export interface FcmMockOptions {
  readonly projectId: string;
  readonly clientEmail: string;
  readonly privateKeyId: string;
  readonly publicPem: string;
  /** As Google has it unless set. */
  readonly tokenSeconds?: number;
  readonly port?: number;
}

export interface FcmMessage {
  /** What was answered as `name`. */
  readonly id: string;
  readonly notification: { readonly title?: string; readonly body?: string };
  readonly data: Readonly<Record<string, string>>;
  readonly message: FcmBody;
}

interface FcmBody {
  readonly token?: string;
  readonly fid?: string;
  readonly topic?: string;
  readonly condition?: string;
  readonly notification?: FcmMessage["notification"];
  readonly data?: Readonly<Record<string, string>>;
  readonly android?: { readonly ttl?: string };
  readonly webpush?: { readonly fcm_options?: { readonly link?: string } };
}

/** Rows of the published table: status, `status` of the envelope, FCM's own code, text, headers. */
export const FCM_FAILURES = {
  unregistered: [404, "NOT_FOUND", "UNREGISTERED", "Requested entity was not found."],
  bad_token: [400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", "The registration token is not a valid FCM registration token"],
  sender_id_mismatch: [403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH", "SenderId mismatch"],
  third_party_auth: [401, "UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR", "Auth error from APNS or Web Push Service"],
  unauthenticated: [401, "UNAUTHENTICATED", null, "Request had invalid authentication credentials."],
  permission_denied: [403, "PERMISSION_DENIED", null, "Permission 'cloudmessaging.messages.create' denied on resource."],
  no_project: [404, "NOT_FOUND", null, "Requested entity was not found."],
  quota: [429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED", "Quota exceeded for quota metric."],
  internal: [500, "INTERNAL", "INTERNAL", "Internal error encountered."],
  unavailable: [503, "UNAVAILABLE", "UNAVAILABLE", "The service is currently unavailable."],
} as const satisfies Record<string, readonly [number, string, string | null, string]>;

export type FcmFailure = keyof typeof FCM_FAILURES | Reply;

export interface FcmDouble extends Double<FcmMessage, FcmFailure> {
  /** How many access tokens it has handed out. */
  readonly tokensGiven: () => number;
  /** Takes no access token any more that it has handed out so far. */
  readonly revokeTokens: () => void;
}

export async function startFcmMock(options: FcmMockOptions): Promise<FcmDouble> {
  const tokens = new Map<string, number>();
  let given = 0;
  const double = await startDouble<FcmMessage, FcmFailure>(
    {
      async judge(call) {
        if (`${call.method} ${call.url.pathname}` !== "POST /token") return judge(call, options, tokens);
        const why = await assertionFlaw(call, options);
        if (why !== null) {
          return { kind: "refused", why, reply: { status: 400, body: { error: "invalid_grant", error_description: why } } };
        }
        const seconds = options.tokenSeconds ?? 3599;
        const token = `ya29.${randomUUID()}`;
        tokens.set(token, Date.now() + seconds * 1000);
        given += 1;
        return {
          kind: "other",
          reply: { status: 200, body: { access_token: token, expires_in: seconds, token_type: "Bearer" } },
        };
      },
      failure: (failure) => (typeof failure === "string" ? row(failure) : failure),
    },
    options.port,
  );
  return { ...double, tokensGiven: () => given, revokeTokens: () => tokens.clear() };
}

const GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const AUDIENCE = "https://oauth2.googleapis.com/token";
const SCOPES = ["https://www.googleapis.com/auth/firebase.messaging", "https://www.googleapis.com/auth/cloud-platform"];

/** https://developers.google.com/identity/protocols/oauth2/service-account#authorizingrequests */
async function assertionFlaw(call: Call, options: FcmMockOptions): Promise<string | null> {
  if (!String(call.headers["content-type"]).startsWith("application/x-www-form-urlencoded")) return "the body must be a form";
  const form = new URLSearchParams(call.body);
  if (form.get("grant_type") !== GRANT) return "the grant type is not the one for a JWT";
  try {
    const key = await importSPKI(options.publicPem, "RS256");
    const { payload, protectedHeader } = await jwtVerify(form.get("assertion") ?? "", key, {
      algorithms: ["RS256"],
      issuer: options.clientEmail,
      audience: AUDIENCE,
      requiredClaims: ["iat", "exp"],
    });
    if (protectedHeader.kid !== options.privateKeyId) return "there is no such key";
    if (Number(payload.exp) - Number(payload.iat) > 3600) return "the assertion must be short-lived";
    return SCOPES.includes(String(payload.scope)) ? null : "the scope does not allow messaging";
  } catch (error) {
    return `Invalid JWT: ${String(error)}`;
  }
}

function judge(call: Call, options: FcmMockOptions, tokens: ReadonlyMap<string, number>): Verdict<FcmMessage> {
  const [, token = ""] = /^Bearer (\S+)$/.exec(call.headers.authorization ?? "") ?? [];
  if ((tokens.get(token) ?? 0) < Date.now()) return refused("unauthenticated", "the access token is unknown or has ended");
  const [, project] = /^\/v1\/projects\/([^/:]+)\/messages:send$/.exec(call.url.pathname) ?? [];
  if (call.method !== "POST" || project === undefined)
    return refused("no_project", `there is no ${call.method} ${call.url.pathname}`);
  if (project !== options.projectId) return refused("permission_denied", `no permission in ${project}`);
  const body = parsed(call.body);
  const flaws = body === null ? ["no JSON"] : [...sendFlaws(body), ...ruleFlaws(body.message ?? {})];
  if (body?.message === undefined || flaws.length > 0) {
    const violations = {
      "@type": "type.googleapis.com/google.rpc.BadRequest",
      fieldViolations: [{ field: "message", description: flaws.join("; ") }],
    };
    return { kind: "refused", why: flaws.join("; "), reply: error(400, "INVALID_ARGUMENT", flaws.join("; "), [violations]) };
  }
  const { message } = body;
  // Not a defect of whoever calls: any device can have given any text.
  if (!isDevice(message)) return { kind: "other", reply: row("bad_token") };
  if (body.validate_only === true) {
    return { kind: "other", reply: { status: 200, body: { name: `projects/${project}/messages/fake_message_id` } } };
  }
  const id = `projects/${project}/messages/0:${randomUUID()}`;
  const { notification = {}, data = {} } = message;
  return {
    kind: "message",
    to: message.token ?? message.fid ?? "",
    message: { id, notification, data, message },
    reply: { status: 200, body: { name: id } },
  };
}

/** A token begins with the installation's id and a colon; an id has 22 characters. */
function isDevice({ token, fid }: FcmBody): boolean {
  return token === undefined ? /^[\w-]{22}$/.test(fid ?? "") : /^[\w-]{8,}:[\w-]{8,}$/.test(token);
}

const MAX_PAYLOAD_BYTES = 4096;

/** What Google demands beyond the schema. */
function ruleFlaws(message: FcmBody): string[] {
  const { token, fid, topic, condition, data = {}, notification = {}, android, webpush } = message;
  const flaws: string[] = [];
  if ([token, fid, topic, condition].filter((target) => target !== undefined).length !== 1) flaws.push("exactly one target");
  for (const key of Object.keys(data)) {
    if (/^(from|message_type)$|^(google|gcm)/.test(key)) flaws.push(`data: ${key} is reserved`);
  }
  if (android?.ttl !== undefined && !/^\d+(\.\d+)?s$/.test(android.ttl)) flaws.push("android.ttl is no duration");
  if (Number.parseInt(android?.ttl ?? "0", 10) > 2_419_200) flaws.push("android.ttl is longer than four weeks");
  if (!(webpush?.fcm_options?.link ?? "https://").startsWith("https://")) flaws.push("webpush.fcm_options.link must be https");
  if (Buffer.byteLength(JSON.stringify({ data, notification })) > MAX_PAYLOAD_BYTES) flaws.push("the message is too big");
  return flaws;
}

function parsed(body: string): { readonly message?: FcmBody; readonly validate_only?: boolean } | null {
  try {
    return JSON.parse(body) as { message?: FcmBody; validate_only?: boolean }; // sendFlaws says whether it is one
  } catch {
    return null; // said as such
  }
}

function row(name: keyof typeof FCM_FAILURES): Reply {
  const [status, state, own, said] = FCM_FAILURES[name];
  const details = own === null ? [] : [{ "@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", errorCode: own }];
  return error(status, state, said, details);
}

function error(code: number, status: string, message: string, details: readonly object[]): Reply {
  return { status: code, body: { error: { code, message, status, details } } };
}

function refused(name: keyof typeof FCM_FAILURES, why: string): Verdict<FcmMessage> {
  return { kind: "refused", why, reply: row(name) };
}
