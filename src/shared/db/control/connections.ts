import { and, asc, desc, eq, lt } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { statement } from "../commit.ts";
import type { ProjectScope } from "../scope.ts";
import { connections } from "./schema.ts";

export type ConnectionRow = typeof connections.$inferSelect;

/** Hints are none unless given: the sandbox has no credentials. */
export type NewConnectionRow = Omit<ConnectionRow, "tenantId" | "projectId" | Optional> & Partial<Pick<ConnectionRow, Optional>>;
type Optional = "credentialHints" | "limits" | "prices" | "verification" | "verificationHints" | "unwellSince";

export function connectionsOf(db: D1Database, scope: ProjectScope) {
  const d = drizzle(db);
  const mine = and(eq(connections.tenantId, scope.tenantId), eq(connections.projectId, scope.projectId));
  return {
    async get(id: string): Promise<ConnectionRow | undefined> {
      return d
        .select()
        .from(connections)
        .where(and(mine, eq(connections.id, id)))
        .get();
    },
    /** Newest first; ids below `before`. */
    async list(before: string | null, limit: number): Promise<ConnectionRow[]> {
      return d
        .select()
        .from(connections)
        .where(before === null ? mine : and(mine, lt(connections.id, before)))
        .orderBy(desc(connections.id))
        .limit(limit);
    },
    /** All of the project's enabled connections, in the order in which they are tried. */
    async enabled(): Promise<ConnectionRow[]> {
      return d
        .select()
        .from(connections)
        .where(and(mine, eq(connections.enabled, true)))
        .orderBy(asc(connections.channel), asc(connections.priority), asc(connections.id))
        .limit(500);
    },
    insert(row: NewConnectionRow): D1PreparedStatement {
      return statement(db, d.insert(connections).values({ ...row, tenantId: scope.tenantId, projectId: scope.projectId }));
    },
    update(id: string, change: Partial<Omit<ConnectionRow, "id" | "tenantId" | "projectId">>): D1PreparedStatement {
      return statement(
        db,
        d
          .update(connections)
          .set(change)
          .where(and(mine, eq(connections.id, id))),
      );
    },
    /** Sets `verified_at`, if the row is still the one that was read at `updatedAt`. */
    setVerified(id: string, updatedAt: number, at: number): D1PreparedStatement {
      const same = and(mine, eq(connections.id, id), eq(connections.updatedAt, updatedAt));
      return statement(db, d.update(connections).set({ verifiedAt: at }).where(same));
    },
    remove(id: string): D1PreparedStatement {
      return statement(db, d.delete(connections).where(and(mine, eq(connections.id, id))));
    },
  };
}
