import { describe, expect, test } from "vitest";
import { answer, describeProvider, type Sent } from "../../testing/describe-provider.ts";
import { textsByPlace } from "../../testing/places.ts";
import errors from "../../testing/specs/error-classification.json";
import { ses } from "./ses.ts";

interface SendEmailBody {
  readonly Content: {
    readonly Simple: { readonly Subject: { Data: string }; readonly Body: Record<"Text" | "Html", { Data: string }> };
  };
  readonly EmailTags: readonly { readonly Name: string; readonly Value: string }[];
}
const bodyOf = (sent: Sent) => JSON.parse(sent.body) as SendEmailBody;

/** An error as SES sends it: its name in the header, in the body, or in both. */
const error = (status: number, type: string, message = "why") => [
  answer(status, { message }, { "x-amzn-errortype": `${type}:http://internal.amazon.com/coral/` }),
  answer(status, { __type: `com.amazonaws.ses#${type}`, Message: message }),
  answer(status, { __type: type, message }, { "x-amzn-errortype": type }),
];

const bulk = "SendBulkEmail only: ses-bulk.test.ts";

describeProvider({
  provider: ses,
  channel: "email",
  account: {
    credentials: { access_key_id: "AKIDEXAMPLE", secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" },
    settings: { region: "eu-west-1", from: "Acme <no-reply@acme.example>", configuration_set: "events" },
  },
  open: ["access_key_id"],
  origin: "https://email.eu-west-1.amazonaws.com",
  fields: (sent) => textsByPlace(JSON.parse(sent.body)),
  isLine: (place) => !place.startsWith(".Content.Simple.Body"),
  attemptIdOf: (sent) => bodyOf(sent).EmailTags.find((tag) => tag.Name === "attempt_id")?.Value ?? null,
  textsOf: (sent) => {
    const { Subject, Body } = bodyOf(sent).Content.Simple;
    return [Subject.Data, Body.Text.Data, Body.Html.Data];
  },
  success: answer(200, { MessageId: "0100018c-000000" }),
  table: errors.ses,
  answers: {
    "429 TooManyRequestsException": [...error(429, "TooManyRequestsException"), answer(429, "")],
    '400 ThrottlingException "Maximum sending rate exceeded"': error(
      400,
      "ThrottlingException",
      "Maximum sending rate exceeded.",
    ),
    '400 ThrottlingException "Daily message quota exceeded" | 400 LimitExceededException': [
      ...error(400, "ThrottlingException", "Daily message quota exceeded."),
      ...error(400, "LimitExceededException"),
    ],
    "400 AccountSuspendedException | SendingPausedException": [
      ...error(400, "AccountSuspendedException"),
      ...error(400, "SendingPausedException"),
    ],
    "400 MailFromDomainNotVerifiedException": error(400, "MailFromDomainNotVerifiedException"),
    '400 MessageRejected "Email address is not verified"': error(
      400,
      "MessageRejected",
      "Email address is not verified. The following identities failed the check in region EU-WEST-1: a@b.example",
    ),
    "400 MessageRejected (other text)": error(400, "MessageRejected", "Content contains a virus"),
    "404 NotFoundException (configuration set/template/tenant)": error(404, "NotFoundException"),
    "400 BadRequestException": error(400, "BadRequestException", "Missing final '@domain'"),
    "403 AccessDeniedException|UnrecognizedClientException|ExpiredTokenException|IncompleteSignature|InvalidSignatureException|SignatureDoesNotMatch|MissingAuthenticationToken":
      [
        "AccessDeniedException",
        "UnrecognizedClientException",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "MissingAuthenticationToken",
      ].flatMap((type) => error(403, type)),
    "500 InternalFailure|InternalServiceErrorException": [
      ...error(500, "InternalFailure"),
      ...error(500, "InternalServiceErrorException"),
      answer(500, ""),
    ],
    "503 ServiceUnavailable": [...error(503, "ServiceUnavailable"), answer(503, "")],
    "408 RequestTimeout": [...error(408, "RequestTimeout"), answer(408, "")],
  },
  elsewhere: {
    "bulk result SUCCESS": bulk,
    "bulk ACCOUNT_THROTTLED|TRANSIENT_FAILURE": bulk,
    "bulk ACCOUNT_DAILY_QUOTA_EXCEEDED": bulk,
    "bulk ACCOUNT_SUSPENDED|ACCOUNT_SENDING_PAUSED|CONFIGURATION_SET_SENDING_PAUSED|MAIL_FROM_DOMAIN_NOT_VERIFIED|CONFIGURATION_SET_NOT_FOUND|TEMPLATE_NOT_FOUND|INVALID_SENDING_POOL_NAME":
      bulk,
    "bulk MESSAGE_REJECTED|INVALID_PARAMETER": bulk,
    "bulk FAILED": bulk,
  },
});

describe("ses", () => {
  test("waits a second for the sending rate, and an hour for the daily quota", () => {
    const rate = ses.decode(answer(400, { __type: "ThrottlingException", message: "Maximum sending rate exceeded." }));
    const quota = ses.decode(answer(400, { __type: "ThrottlingException", message: "Daily message quota exceeded." }));
    expect([rate, quota]).toMatchObject([{ retryAfterMs: 1000 }, { retryAfterMs: 3_600_000 }]);
  });

  test("probes the account: a sandbox can send, a switched-off one cannot", () => {
    expect(ses.probe.decode(answer(200, { SendingEnabled: true, ProductionAccessEnabled: false }))).toEqual({
      ok: true,
      detail: "The account can send. In the SES sandbox: it reaches verified addresses only.",
    });
    expect(ses.probe.decode(answer(200, { SendingEnabled: false }))).toMatchObject({ ok: false, code: "sending_disabled" });
    expect(ses.probe.decode(answer(200, { SendingEnabled: true, EnforcementStatus: "SHUTDOWN" }))).toMatchObject({ ok: false });
    expect(ses.probe.decode(answer(403, { message: "no" }, { "x-amzn-errortype": "AccessDeniedException" }))).toEqual({
      ok: false,
      code: "AccessDeniedException",
      detail: "no",
    });
  });

  test.each(["", "eu west 1", "eu-west-1.evil.example/", "../..", "EU-WEST-1"])("has no region %j", (region) => {
    expect(ses.settings.safeParse({ region, from: "a@b.example" }).success).toBe(false);
  });
});
