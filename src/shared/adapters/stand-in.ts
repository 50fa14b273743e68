/** Stand-ins for bindings of the runtime: they answer as the binding does, but for what is replaced. */

/**
 * The object with some members replaced. Methods of the runtime's objects insist on their own `this`.
 * The proxy stands over an empty object, since one over `target` may not lie about its fixed properties.
 */
export function instead<T extends object>(target: T, members: Partial<Record<keyof T, unknown>>): T {
  return new Proxy({} as T, {
    get: (_, property) => (property in members ? members[property as keyof T] : bound(target, property)),
  });
}

export function bound(target: object, property: PropertyKey): unknown {
  const member = Reflect.get(target, property, target) as unknown;
  return typeof member === "function" ? member.bind(target) : member;
}

type Fetch = Fetcher["fetch"];

/**
 * The same database over another wire: the class behind a D1 binding takes anything that fetches, so every way
 * to ask (`batch()`, `first()`, `raw()`, `exec()`, sessions) goes through `wire`, which gets the binding's own.
 */
export function overWire(
  db: D1Database,
  wire: (through: Fetch) => (...request: Parameters<Fetch>) => Promise<Response>,
): D1Database {
  const { fetcher } = db as unknown as { fetcher?: Fetcher };
  if (!fetcher) throw new Error("this runtime's D1 binding has no fetcher: its stand-in must be taught the new shape");
  const fetch = wire((...request) => fetcher.fetch(...request));
  // The constructor of the runtime's own D1Database, which no type describes.
  return new (db.constructor as new (wire: object) => D1Database)({ fetch });
}
