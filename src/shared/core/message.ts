/** The words of the domain as plain data. Times are milliseconds since 1970, ids as in ids.ts. */
import type { Channel, Priority } from "./channels.ts";
import type { EventType, Status } from "./status.ts";

export type Mode = "live" | "test";
export type DeliveryGuarantee = "at_least_once" | "at_most_once";
/** What a message does while the one before it in its line cannot go out: wait for its end, or pass it after one failed try. */
export type Ordering = "wait" | "skip";

/** Inline content: one part a channel, each field a Liquid template. */
export interface Content {
  readonly email?: EmailContent;
  readonly sms?: TextContent;
  readonly push?: PushContent;
  readonly whatsapp?: TextContent;
  readonly inapp?: InAppContent;
  readonly chat?: TextContent;
}
export interface EmailContent {
  readonly subject: string;
  readonly html?: string | undefined;
  readonly text?: string | undefined;
  readonly from?: string | undefined;
  readonly reply_to?: string | undefined;
  readonly cc?: readonly string[] | undefined;
  readonly bcc?: readonly string[] | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}
export interface TextContent {
  readonly text: string;
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
  | ({ readonly channel: "email"; readonly attachments: readonly AttachedFile[] } & EmailContent)
  | ({ readonly channel: "sms" | "whatsapp" | "chat"; readonly validitySeconds?: number } & TextContent)
  | ({ readonly channel: "push"; readonly validitySeconds?: number; readonly priority?: Priority } & PushContent)
  | ({ readonly channel: "inapp" } & InAppContent)
);

export interface AttachedFile {
  readonly filename: string;
  readonly contentType: string;
  readonly contentBase64: string;
}

/** A provider's answer to one attempt, classified once, in its adapter. */
export type Receipt =
  | { readonly outcome: "sent"; readonly providerMessageId: string }
  | {
      readonly outcome: "permanent" | "transient" | "throttled" | "misconfigured" | "recipient_invalid" | "unknown";
      readonly code: string;
      readonly reason: string;
      readonly retryAfterMs?: number | undefined;
      /** The token of the session that the request carried is no longer taken: verbs/sessions.ts makes another. */
      readonly sessionExpired?: true;
    };
export type FailedReceipt = Exclude<Receipt, { readonly outcome: "sent" }>;
