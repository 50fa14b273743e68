/**
 * A double of SES v2: takes what AWS would take, and nothing else. It checks the signature with AWS's own signer
 * and the body against the shapes that AWS generates its clients from.
 */
import { randomUUID } from "node:crypto";
import { shapeFlaws } from "../../src/shared/testing/aws-shapes.ts";
import { smithyAuthorization } from "../../src/shared/testing/smithy.ts";
import { type Call, type Double, type Reply, startDouble, type Verdict } from "./double.ts";

export interface SesMockOptions {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
  readonly port?: number;
}

export interface SesMessage {
  /** What was answered as MessageId. */
  readonly id: string;
  /** EmailTags by name: `attempt_id`, `message_id`, … */
  readonly tags: Readonly<Record<string, string>>;
  readonly subject: string;
  readonly body: SendEmailRequest;
}

export interface SendEmailRequest {
  readonly FromEmailAddress?: string;
  readonly Destination?: Partial<Record<"ToAddresses" | "CcAddresses" | "BccAddresses", string[]>>;
  readonly ConfigurationSetName?: string;
  readonly EmailTags?: readonly { readonly Name: string; readonly Value: string }[];
  readonly Content: {
    readonly Simple?: {
      readonly Subject: { readonly Data: string };
      readonly Body: { readonly Text?: { readonly Data: string }; readonly Html?: { readonly Data: string } };
      readonly Headers?: readonly { readonly Name: string; readonly Value: string }[];
      readonly Attachments?: readonly { readonly FileName: string; readonly RawContent: string }[];
    };
  };
}

/** Every row of the published error table that SendEmail can answer with. */
export const SES_FAILURES = {
  too_many_requests: [429, "TooManyRequestsException", "Too many requests."],
  sending_rate: [400, "ThrottlingException", "Maximum sending rate exceeded."],
  daily_quota: [400, "ThrottlingException", "Daily message quota exceeded."],
  limit_exceeded: [400, "LimitExceededException", "The limit of this resource is exceeded."],
  account_suspended: [400, "AccountSuspendedException", "Your account is suspended."],
  sending_paused: [400, "SendingPausedException", "Sending is paused for this account."],
  mail_from_not_verified: [400, "MailFromDomainNotVerifiedException", "The MAIL FROM domain is not verified."],
  address_not_verified: [
    400,
    "MessageRejected",
    "Email address is not verified. The following identities failed the check: a@b.example",
  ],
  rejected: [400, "MessageRejected", "The message contains a virus."],
  not_found: [404, "NotFoundException", "The configuration set does not exist."],
  bad_request: [400, "BadRequestException", "Missing final '@domain'"],
  access_denied: [403, "AccessDeniedException", "User is not authorized to perform ses:SendEmail"],
  unrecognized_client: [403, "UnrecognizedClientException", "The security token included in the request is invalid."],
  expired_token: [403, "ExpiredTokenException", "The security token included in the request is expired."],
  incomplete_signature: [403, "IncompleteSignature", "The request signature does not conform to AWS standards."],
  invalid_signature: [403, "InvalidSignatureException", "The request signature we calculated does not match."],
  signature_mismatch: [403, "SignatureDoesNotMatch", "The request signature we calculated does not match."],
  missing_token: [403, "MissingAuthenticationToken", "Missing Authentication Token"],
  internal: [500, "InternalFailure", "The request processing has failed because of an unknown error."],
  internal_service: [500, "InternalServiceErrorException", "The request processing has failed because of an unknown error."],
  unavailable: [503, "ServiceUnavailable", "The request has failed due to a temporary failure of the server."],
  timeout: [408, "RequestTimeout", "The request took too long."],
} as const satisfies Record<string, readonly [number, string, string]>;

/** A row of the table, or any other answer. */
export type SesFailure = keyof typeof SES_FAILURES | Reply;

export function startSesMock(options: SesMockOptions): Promise<Double<SesMessage, SesFailure>> {
  return startDouble<SesMessage, SesFailure>(
    {
      judge: (call) => judge(call, options),
      failure: (failure) => (typeof failure === "string" ? row(failure) : failure),
    },
    options.port,
  );
}

async function judge(call: Call, options: SesMockOptions): Promise<Verdict<SesMessage>> {
  const unsigned = await signatureFlaw(call, options);
  if (unsigned) return unsigned;
  const operation = `${call.method} ${call.url.pathname}`;
  if (operation === "GET /v2/email/account") return { kind: "other", reply: { status: 200, body: ACCOUNT } };
  if (operation === "POST /v2/email/outbound-bulk-emails") return judgeBulk(call);
  if (operation !== "POST /v2/email/outbound-emails")
    return refused(404, "UnknownOperationException", `there is no ${operation}`);
  const body = parsed<SendEmailRequest>(call.body);
  const flaws = [...shapeFlaws("SendEmailRequest", body), ...(body === null ? [] : ruleFlaws(body))];
  if (body === null || flaws.length > 0) return refused(400, "BadRequestException", flaws.join("; "));

  const { to, message } = messageOf(body);
  return { kind: "message", to, message, reply: { status: 200, body: { MessageId: message.id } } };
}

export interface SendBulkEmailRequest {
  readonly FromEmailAddress?: string;
  readonly DefaultContent: {
    readonly Template?: { readonly TemplateContent?: Readonly<Partial<Record<"Subject" | "Text" | "Html", string>>> };
  };
  readonly BulkEmailEntries: readonly {
    readonly Destination: SendEmailRequest["Destination"];
    readonly ReplacementTags?: SendEmailRequest["EmailTags"];
    readonly ReplacementEmailContent?: { readonly ReplacementTemplate?: { readonly ReplacementTemplateData?: string } };
    readonly ReplacementHeaders?: readonly { readonly Name: string; readonly Value: string }[];
  }[];
}

const MOST_ENTRIES = 50;

/** Each entry as the mail that it makes: what comes through a template is judged as what comes without one. */
function judgeBulk(call: Call): Verdict<SesMessage> {
  const body = parsed<SendBulkEmailRequest>(call.body);
  const flaws = shapeFlaws("SendBulkEmailRequest", body);
  const mails = body === null || flaws.length > 0 ? [] : mailsOf(body);
  if (mails.length > MOST_ENTRIES) flaws.push(`more than ${MOST_ENTRIES} entries`);
  flaws.push(...mails.flatMap(ruleFlaws));
  if (flaws.length > 0) return refused(400, "BadRequestException", flaws.join("; "));
  const messages = mails.map((mail) => messageOf(mail));
  return {
    kind: "messages",
    messages,
    reply: (isTaken) => ({
      status: 200,
      body: {
        BulkEmailEntryResults: messages.map(({ message }, i) =>
          isTaken[i]
            ? { Status: "SUCCESS", MessageId: message.id }
            : { Status: "TRANSIENT_FAILURE", Error: "The mail could not be taken now." },
        ),
      },
    }),
  };
}

/** Every variable of the template replaced by its data, and nothing escaped. */
function mailsOf({ FromEmailAddress, DefaultContent, BulkEmailEntries }: SendBulkEmailRequest): SendEmailRequest[] {
  const { Subject, Text, Html } = DefaultContent.Template?.TemplateContent ?? {};
  return BulkEmailEntries.map((entry) => {
    const data = parsed<Record<string, string>>(
      entry.ReplacementEmailContent?.ReplacementTemplate?.ReplacementTemplateData ?? "{}",
    );
    const put = (part: string) => part.replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => data?.[name] ?? "");
    return {
      ...(FromEmailAddress === undefined ? {} : { FromEmailAddress }),
      ...(entry.Destination === undefined ? {} : { Destination: entry.Destination }),
      ...(entry.ReplacementTags === undefined ? {} : { EmailTags: entry.ReplacementTags }),
      Content: {
        Simple: {
          Subject: { Data: put(Subject ?? "") },
          Body: {
            ...(Text === undefined ? {} : { Text: { Data: put(Text) } }),
            ...(Html === undefined ? {} : { Html: { Data: put(Html) } }),
          },
          Headers: entry.ReplacementHeaders ?? [],
        },
      },
    };
  });
}

function messageOf(body: SendEmailRequest): { readonly to: string; readonly message: SesMessage } {
  const tags = Object.fromEntries((body.EmailTags ?? []).map((tag) => [tag.Name, tag.Value]));
  const message = { id: `0100${randomUUID()}-000000`, tags, subject: body.Content.Simple?.Subject.Data ?? "", body };
  return { to: body.Destination?.ToAddresses?.[0] ?? "", message };
}

const CLOCK_SKEW_MS = 300_000;

async function signatureFlaw(call: Call, options: SesMockOptions): Promise<Verdict<SesMessage> | null> {
  const authorization = call.headers.authorization;
  if (authorization === undefined) return refused(403, "MissingAuthenticationToken", "Missing Authentication Token");
  const parts =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, SignedHeaders=(\S+), Signature=\w+$/.exec(
      authorization,
    );
  const [, key, day, region, service, names = ""] = parts ?? [];
  const date = awsDate(call.headers["x-amz-date"]);
  if (!parts || date === null) return refused(403, "IncompleteSignature", "the Authorization or X-Amz-Date header is malformed");
  if (key !== options.accessKeyId) return refused(403, "UnrecognizedClientException", "there is no such access key");
  if (
    region !== options.region ||
    service !== "ses" ||
    !date
      .toISOString()
      .replaceAll("-", "")
      .startsWith(day ?? "?")
  ) {
    return refused(
      403,
      "InvalidSignatureException",
      `credential should be scoped to ${options.region}/ses and the day of X-Amz-Date`,
    );
  }
  if (Math.abs(Date.now() - date.getTime()) > CLOCK_SKEW_MS)
    return refused(403, "InvalidSignatureException", "signature expired");
  const signed = names.split(";");
  if (!signed.includes("host") || !signed.includes("x-amz-date"))
    return refused(403, "IncompleteSignature", "host and x-amz-date must be signed");
  const headers = Object.fromEntries(signed.map((name) => [name, String(call.headers[name] ?? "")]));
  const expected = await smithyAuthorization({ ...call, headers }, { ...options, service: "ses" }, date);
  return authorization === expected ? null : refused(403, "InvalidSignatureException", "the signature does not match");
}

/** `20261120T123005Z`. */
function awsDate(header: unknown): Date | null {
  const iso = String(header).replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z");
  const ms = Date.parse(iso);
  return Number.isNaN(ms) ? null : new Date(ms);
}

/** What AWS demands beyond the shapes: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html */
function ruleFlaws(body: SendEmailRequest): string[] {
  const { ToAddresses = [], CcAddresses = [], BccAddresses = [] } = body.Destination ?? {};
  const addresses = [...ToAddresses, ...CcAddresses, ...BccAddresses];
  const { Simple } = body.Content ?? {};
  const flaws: string[] = [];
  if (!Simple) flaws.push("this double takes simple content only");
  if (ToAddresses.length === 0 || addresses.length > 50) flaws.push("1 to 50 recipients");
  for (const address of [...addresses, body.FromEmailAddress ?? ""]) {
    if (!/^(?:[\x20-\x7e]*<[^\s<>@,]+@[\x21-\x7e]+>|[^\s<>@,]+@[\x21-\x7e]+)$/.test(address))
      flaws.push(`illegal address ${address}`);
  }
  for (const { Name, Value } of body.EmailTags ?? []) {
    if (!/^[\w-]{1,256}$/.test(Name) || !/^[\w-]{1,256}$/.test(Value)) flaws.push(`illegal tag ${Name}`);
  }
  if (/[\r\n]/.test(Simple?.Subject?.Data ?? "")) flaws.push("a line break in the subject");
  if (!Simple?.Body?.Text && !Simple?.Body?.Html) flaws.push("neither text nor html");
  return flaws;
}

function parsed<T>(body: string): T | null {
  try {
    return JSON.parse(body) as T; // shapeFlaws says whether it is one
  } catch {
    return null; // shapeFlaws names it
  }
}

function row(name: keyof typeof SES_FAILURES): Reply {
  const [status, type, message] = SES_FAILURES[name];
  return error(status, type, message);
}

function error(status: number, type: string, message: string): Reply {
  return { status, headers: { "x-amzn-errortype": type, "x-amzn-requestid": randomUUID() }, body: { message } };
}

function refused(status: number, type: string, why: string): Verdict<SesMessage> {
  return { kind: "refused", why: `${type}: ${why}`, reply: error(status, type, why) };
}

const ACCOUNT = {
  DedicatedIpAutoWarmupEnabled: false,
  EnforcementStatus: "HEALTHY",
  ProductionAccessEnabled: true,
  SendQuota: { Max24HourSend: 50_000, MaxSendRate: 14, SentLast24Hours: 0 },
  SendingEnabled: true,
};
