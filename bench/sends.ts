/** The bodies that the bench sends: the peers' five variables, in our shape. */
import { randomUUID } from "node:crypto";

/** Not `order_shipped`: the demo tenant has one of its own. */
export const TEMPLATE = "peers_order_shipped";

const variables = (index: number) => ({
  first_name: "Ada & Co",
  order_id: `A-${index}`,
  carrier: "DHL Express",
  tracking_url: `https://track.example.com/p/${randomUUID()}`,
  eta: "Friday, 21 November",
});
const email = (index: number) => ({ channel: "email", destination: `user${index}@example.com` });

export function singleBody(index: number, more: object = {}): string {
  return JSON.stringify({ template_id: TEMPLATE, to: [email(index)], variables: variables(index), ...more });
}

/** Each recipient with variables of its own. */
export function batchBody(index: number, recipients: number, more: object = {}): string {
  const from = index * recipients;
  return JSON.stringify({
    template_id: TEMPLATE,
    recipients: Array.from({ length: recipients }, (_, i) => ({ ...email(from + i), variables: variables(from + i) })),
    ...more,
  });
}

export const idsOfSend = (body: unknown): readonly string[] => (body as { message_ids: string[] }).message_ids;
export const idsOfBatch = (body: unknown): readonly string[] =>
  (body as { data: { message_ids?: string[] }[] }).data.flatMap(({ message_ids }) => message_ids ?? []);
