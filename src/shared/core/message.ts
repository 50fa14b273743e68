/** The words of the domain as plain data. Times are milliseconds since 1970, ids as in ids.ts. */
import type { Channel, Priority } from "./channels.ts";
import type { ChosenBy } from "./routing-words.ts";
import type { EventType, Status } from "./status.ts";

export type Mode = "live" | "test";
export type DeliveryGuarantee = "at_least_once" | "at_most_once";
/** What a message does while the one before it in its line cannot go out: wait for its end, or pass it after one failed try. */
export type Ordering = "wait" | "skip";

/** Inline content: one part a channel, each field a Liquid template. */
export interface Content {
  readonly email?: EmailContent;
  readonly sms?: SmsContent;
  readonly push?: PushContent;
  readonly whatsapp?: WhatsAppContent;
  readonly inapp?: InAppContent;
  readonly chat?: ChatContent;
}
export interface EmailContent {
  /** Missing only beside `provider_template`, as `html` and `text` are. */
  readonly subject?: string | undefined;
  readonly html?: string | undefined;
  readonly text?: string | undefined;
  readonly from?: string | undefined;
  readonly reply_to?: string | undefined;
  readonly cc?: readonly string[] | undefined;
  readonly bcc?: readonly string[] | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** A template that the provider keeps, filled with the send's variables. */
  readonly provider_template?: ProviderTemplate | undefined;
}
export interface ProviderTemplate {
  /** Whose it is, such as `ses`: no other provider is asked to carry it. */
  readonly provider: string;
  readonly id: string;
}
export interface SmsContent {
  /** Missing only beside `content_sid`. */
  readonly text?: string | undefined;
  /** A template that Twilio keeps; other providers send `text` in its place. */
  readonly content_sid?: string | undefined;
  /** What fills it; the send's own variables where they are missing. */
  readonly variables?: TemplateVariables | undefined;
}
/** By name, or in the order in which the template counts them from 1. */
export type TemplateVariables = Readonly<Record<string, string>> | readonly string[];

/** Free text, which only goes out within 24 hours of the recipient's last message; or an approved template. */
export interface WhatsAppContent {
  readonly text?: string | undefined;
  readonly template?: WhatsAppTemplate | undefined;
}
export interface WhatsAppTemplate {
  readonly name: string;
  /** As Meta writes it: `en`, `en_US`. */
  readonly language: string;
  readonly variables?: TemplateVariables | undefined;
  readonly header?: WhatsAppHeader | undefined;
  readonly buttons?: readonly WhatsAppButton[] | undefined;
  /** The same template as Twilio calls it. */
  readonly content_sid?: string | undefined;
}
export type WhatsAppHeader =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "image" | "video" | "document"; readonly link: string; readonly filename?: string | undefined };
export interface WhatsAppButton {
  readonly type: "url" | "quick_reply" | "copy_code";
  /** What is put to the button's URL, what a tap on it reports, or the code to copy. */
  readonly value: string;
  /** Its place among the template's buttons, from 0; the next one unless set. */
  readonly index?: number | undefined;
}
export interface ChatContent {
  readonly text: string;
  readonly title?: string | undefined;
  readonly url?: string | undefined;
}
export interface PushContent {
  readonly title: string;
  readonly body: string;
  readonly data?: Readonly<Record<string, string>> | undefined;
  readonly url?: string | undefined;
}
export interface InAppContent {
  readonly title: string;
  readonly body: string;
  readonly url?: string | undefined;
}

/** What one request asked for, shared by all of its recipients. Stored once a request, or inline in a single row. */
export interface Order {
  readonly request_id: string;
  /** Set where a recipient's addresses are tried one after the other. */
  readonly plan?: Plan;
  /** What is tracked in its mail, where it says so itself. */
  readonly tracking?: { readonly opens?: boolean | undefined; readonly clicks?: boolean | undefined };
  /** Whether its mail offers to unsubscribe by one click, where it says so itself. */
  readonly unsubscribe?: boolean;
  /** Of the API key that asked. */
  readonly key_id?: string;
  /** `tpl_…` and the version that was published when the request came in. */
  readonly template_id?: string;
  readonly template_version?: number;
  readonly content?: Content;
  readonly variables?: Readonly<Record<string, unknown>>;
  readonly locale?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly attachments?: readonly string[];
  readonly callback_url?: string;
  readonly delivery?: DeliveryGuarantee;
  readonly sensitive?: boolean;
  /** Messages of one key to one recipient leave in the order accepted. */
  readonly ordering_key?: string;
  /** Only with `ordering_key`; `wait` where it is missing. */
  readonly ordering?: Ordering;
  /** The same content to the same recipient goes out once within this time. */
  readonly dedupe_window_seconds?: number;
}

/**
 * How a message goes through its deliveries. `first`: the next channel where the one before failed, or turned out to
 * have failed. `escalate`: the next one where nobody has answered in time.
 */
export interface Plan {
  readonly mode: "first" | "escalate";
  /** With `escalate`: what ends it. `read` is an opening of what was shown, as `opened` is. */
  readonly until: "delivered" | "opened" | "read";
  /** How long a delivery that was sent is waited for, seconds. */
  readonly after_seconds: number;
  /** The addresses are put in the order in which this recipient is likely to answer (core/engagement.ts). */
  readonly learned?: true;
}

export interface Address {
  readonly channel: Channel;
  /** Normalised: lower-case domain, E.164, or the token as it came. */
  readonly destination: string;
}

/** One recipient of a request: where, and what is different for this one. */
export interface Recipient extends Address {
  /** Where else, in this order, as the order's `plan` says. */
  readonly also?: readonly Address[];
  readonly variables?: Readonly<Record<string, unknown>>;
}

/** A run of messages as the gate keeps it: one order, `to.length` recipients, ids derived from `first`. */
export interface Submission {
  readonly first: string;
  readonly project_id: string;
  readonly mode: Mode;
  readonly priority: Priority;
  readonly template?: string;
  readonly category?: string;
  readonly tags?: readonly string[];
  readonly accepted_at: number;
  readonly due_at: number;
  readonly expires_at: number | null;
  /** Set where the caller cancelled before planning: the row is written as cancelled and never sent. */
  readonly cancelled_at?: number;
  readonly order: Order;
  readonly to: readonly Recipient[];
  /** Beside `to`, with an `ordering_key`: the message before each in its line, null where there is none. */
  readonly after?: readonly (string | null)[];
}

export interface Attempt {
  /** As the provider was told it. Repeats under one idempotency key share it. */
  readonly id: string;
  readonly n: number;
  readonly connection_id: string;
  readonly provider: string;
  readonly at: number;
  readonly ms: number;
  readonly outcome: "sent" | "permanent" | "transient" | "throttled" | "misconfigured" | "recipient_invalid" | "unknown";
  /** The provider's own code, such as `21211` or `ThrottlingException`. */
  readonly code?: string;
  readonly reason?: string;
  readonly provider_message_id?: string;
  /** The next connection was tried at once, in place of a wait. */
  readonly failed_over?: true;
  /** Set where a routing policy decided. */
  readonly route?: AttemptRoute;
  /** Segments of an SMS, by which providers charge. */
  readonly parts?: number;
}

/** Why an attempt went over its connection. */
export interface AttemptRoute {
  readonly policy_id: string;
  /** Its place in the policy's rules, from 0. */
  readonly rule: number;
  readonly strategy: ChosenBy;
  /** In the unit of the strategy (core/routing-score.ts); null where there is none. */
  readonly score: number | null;
  readonly why: string;
  /** What the attempt was thought to cost, millionths of a US dollar; null where no price is known. */
  readonly cost_micros: number | null;
}

/** One message on one channel. Kept inside its message's row. */
export interface Delivery {
  readonly n: number;
  readonly channel: Channel;
  readonly destination: string;
  readonly due_at: number;
  /**
   * `unknown`: a lease ran out with no outcome, so the provider may or may not have it. `held`: its turn has not come
   * (core/escalation.ts). `skipped`: it was not needed.
   */
  readonly phase: "held" | "waiting" | "sent" | "failed" | "unknown" | "skipped";
  readonly attempts: readonly Attempt[];
  /** Where the order is learned: the likelihood of an answer that put it in its place. */
  readonly likelihood?: number;
  /** Why it waits without a try, such as `connections_open`; gone with the next attempt. */
  readonly waiting_for?: string;
  /** How many holders died with it and settled nothing. */
  readonly crashes?: number;
  /** The message before it in its line (`ordering_key`), in delivery 0: it goes first. */
  readonly after?: string;
  /** Beside `after`; `wait` where it is missing. */
  readonly ordering?: Ordering;
}

export interface MessageEvent {
  readonly type: EventType;
  readonly at: number;
  /** What makes the event unique within its message; a repeat of it is dropped. */
  readonly key: string;
  readonly delivery?: number;
  readonly attempt_id?: string;
  readonly connection_id?: string;
  readonly provider?: string;
  readonly code?: string;
  readonly reason?: string;
}

/** A message as its row holds it. */
export interface Message {
  readonly tenantId: string;
  readonly id: string;
  readonly projectId: string;
  readonly mode: Mode;
  readonly status: Status;
  readonly channel: Channel;
  readonly recipient: string;
  readonly template: string | null;
  readonly priority: Priority;
  readonly category: string | null;
  readonly tags: readonly string[];
  /** Where the order is kept: in the row, or in the `orders` row of the run's first id. */
  readonly order: Order | null;
  readonly orderRef: string | null;
  readonly variables: Readonly<Record<string, unknown>> | null;
  readonly deliveries: readonly Delivery[];
  readonly log: readonly MessageEvent[];
  readonly createdAt: number;
  readonly dueAt: number;
  readonly expiresAt: number | null;
  readonly updatedAt: number;
}

/** Composed content for one recipient: what a provider's `encode` gets. */
export type Envelope = {
  readonly attemptId: string;
  readonly messageId: string;
  readonly to: string;
  readonly tags: readonly string[];
} & (
  | ({
      readonly channel: "email";
      /** Empty where a `provider_template` has it. */
      readonly subject: string;
      readonly provider_template?: ProviderTemplate & { readonly variables: Readonly<Record<string, unknown>> };
      readonly attachments: readonly AttachedFile[];
    } & Omit<EmailContent, "subject" | "provider_template">)
  | {
      readonly channel: "sms";
      readonly validitySeconds?: number;
      /** Empty where there is none but a template's. */
      readonly text: string;
      readonly content?: { readonly sid: string; readonly variables: Readonly<Record<string, string>> };
    }
  | ({ readonly channel: "whatsapp"; readonly validitySeconds?: number; readonly attachments?: readonly LinkedFile[] } & (
      | { readonly text: string; readonly template?: undefined }
      | { readonly text?: undefined; readonly template: WhatsAppTemplate }
    ))
  | ({ readonly channel: "chat"; readonly validitySeconds?: number } & ChatContent)
  | ({ readonly channel: "push"; readonly validitySeconds?: number; readonly priority?: Priority } & PushContent)
  | ({ readonly channel: "inapp" } & InAppContent)
);

export interface AttachedFile {
  readonly filename: string;
  readonly contentType: string;
  readonly contentBase64: string;
}

/** A file that the provider fetches by itself. */
export interface LinkedFile {
  readonly filename: string;
  readonly contentType: string;
  readonly sizeBytes: number;
  /** Works without a key, for a while. */
  readonly url: string;
}

/** A provider's answer to one attempt, classified once, in its adapter. */
export type Receipt =
  | {
      readonly outcome: "sent";
      readonly providerMessageId: string;
      /** What the sender should know all the same, such as a copy that was refused. */
      readonly remark?: string;
    }
  | {
      readonly outcome: "permanent" | "transient" | "throttled" | "misconfigured" | "recipient_invalid" | "unknown";
      readonly code: string;
      readonly reason: string;
      readonly retryAfterMs?: number | undefined;
      /** The token of the session that the request carried is no longer taken: verbs/sessions.ts makes another. */
      readonly sessionExpired?: true;
    };
export type FailedReceipt = Exclude<Receipt, { readonly outcome: "sent" }>;
