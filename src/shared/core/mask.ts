/** What may be shown of a secret: its last four characters where it is long enough to spare them, else nothing. */
const SPARES_FOUR = 12;

export function maskSecret(secret: string): string {
  return `••••${secret.length >= SPARES_FOUR ? secret.slice(-4) : ""}`;
}
