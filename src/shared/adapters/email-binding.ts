/** Cloudflare's Email Service by its binding. */
import type { BoundAddress, BoundMail, Mailer, Posted } from "../ports/mailer.ts";

export function emailBinding(binding: Pick<SendEmail, "send">): Mailer {
  return {
    async send(mail, timeoutMs): Promise<Posted> {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const late = new Promise<Posted>((resolve) => {
        timer = setTimeout(() => resolve({ kind: "unknown", reason: `no answer within ${timeoutMs} ms` }), timeoutMs);
      });
      try {
        return await Promise.race([post(binding, mail), late]);
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

async function post(binding: Pick<SendEmail, "send">, mail: BoundMail): Promise<Posted> {
  try {
    const { messageId } = await binding.send(builderOf(mail));
    if (typeof messageId === "string" && messageId !== "") return { kind: "taken", messageId };
    return { kind: "unknown", reason: "It was answered without a message id." };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const code = codeOf(error, reason);
    return code === null ? { kind: "unknown", reason } : { kind: "refused", code, reason };
  }
}

/** Errors that come over a binding keep their `code`; where one did not, its text begins with it. */
function codeOf(error: unknown, reason: string): string | null {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : null;
  if (typeof code === "string" && /^E_[A-Z_]{1,60}$/.test(code)) return code;
  return /^(?:Error: )?(E_[A-Z_]{1,60})\b/.exec(reason)?.[1] ?? null;
}

function builderOf({ to, cc, bcc, headers, attachments, ...rest }: BoundMail): EmailMessageBuilder {
  return {
    ...rest,
    to: copied(to),
    ...(cc === undefined ? {} : { cc: copied(cc) }),
    ...(bcc === undefined ? {} : { bcc: copied(bcc) }),
    headers: { ...headers },
    attachments: attachments.map((file) => ({ ...file })),
  };
}

function copied(addresses: readonly BoundAddress[]): (string | EmailAddress)[] {
  return addresses.map((address) => (typeof address === "string" ? address : { ...address }));
}
