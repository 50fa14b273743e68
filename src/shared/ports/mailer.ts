/**
 * Cloudflare's Email Service, where this deployment has it: sends one mail, once, and says what it said. Never throws.
 *
 * Implemented by adapters/email-binding.ts, and by verbs/mail-connections.test.ts.
 */
export interface Mailer {
  send(mail: BoundMail, timeoutMs: number): Promise<Posted>;
}

export type Posted =
  | { readonly kind: "taken"; readonly messageId: string }
  /** With the code of the platform, such as `E_SENDER_NOT_VERIFIED`. */
  | { readonly kind: "refused"; readonly code: string; readonly reason: string }
  /** It may have been taken: nothing came back in time, or nothing that has a code. */
  | { readonly kind: "unknown"; readonly reason: string };

/** https://developers.cloudflare.com/email-service/api/send-emails/workers-api/ */
export interface BoundMail {
  readonly from: BoundAddress;
  readonly to: readonly BoundAddress[];
  readonly cc?: readonly BoundAddress[];
  readonly bcc?: readonly BoundAddress[];
  readonly replyTo?: BoundAddress;
  readonly subject: string;
  readonly text?: string;
  readonly html?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly attachments: readonly {
    readonly filename: string;
    readonly type: string;
    readonly disposition: "attachment";
    readonly content: Uint8Array;
  }[];
}

/** The bare address where there is no name. */
export type BoundAddress = string | { readonly name: string; readonly email: string };
