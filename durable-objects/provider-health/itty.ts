/** itty-durable's base class, behind types: its own say `any`. What was found out about it: docs/decisions/004. */
import { createDurable } from "itty-durable/itty-durable.js";

/** As far as it is used here. Whatever it has, and whatever a class adds, can be called by whoever holds the binding. */
interface Itty {
  readonly state: DurableObjectState;
  /** Calls the method that the request names. */
  fetch(request: Request): Promise<Response>;
  /** Copies what is stored over the instance, once. Runs before a request, but not before an alarm. */
  loadFromStorage(): Promise<void>;
  /** Stores the instance's own properties but `state`, whole, under one key: one row. Private (#) ones are not stored. */
  persist(): Promise<void>;
  block(work: () => Promise<void>): Promise<void>;
  setAlarm(at: number): Promise<void>;
  deleteAlarm(): Promise<void>;
}

/**
 * Persists when it is told to and not on every request. The constructor answers with a proxy of the instance, to
 * which subclasses add their own: the class that `createDurable` returns has the members of Itty.
 */
export const IttyDurable = createDurable({ autoPersist: false, onError: refuse }) as unknown as new (
  state: DurableObjectState,
  env: object,
) => Itty;

/** The caller gets an error with this message; the stack would be lost. */
function refuse(error: unknown): Response {
  console.error(
    JSON.stringify({ level: "error", event: "object_failed", error: error instanceof Error ? error.stack : String(error) }),
  );
  return Response.json({ error: error instanceof Error ? error.message : String(error) }, { status: 500 });
}
