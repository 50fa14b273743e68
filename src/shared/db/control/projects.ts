import { and, desc, eq, lt, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { statement } from "../commit.ts";
import type { TenantScope } from "../scope.ts";
import { projects } from "./schema.ts";

export type ProjectRow = typeof projects.$inferSelect;

export interface ProjectChange {
  readonly name?: string;
  /** A JSON merge patch (RFC 7396) of the stored ProjectSettings. */
  readonly settings?: Readonly<Record<string, unknown>>;
}

export function projectsOf(db: D1Database, scope: TenantScope) {
  const d = drizzle(db);
  const mine = eq(projects.tenantId, scope.tenantId);
  return {
    async get(id: string): Promise<ProjectRow | undefined> {
      return d
        .select()
        .from(projects)
        .where(and(mine, eq(projects.id, id)))
        .get();
    },
    /** Newest first; ids below `before`. */
    async list(before: string | null, limit: number): Promise<ProjectRow[]> {
      return d
        .select()
        .from(projects)
        .where(before === null ? mine : and(mine, lt(projects.id, before)))
        .orderBy(desc(projects.id))
        .limit(limit);
    },
    insert(row: Omit<ProjectRow, "tenantId">): D1PreparedStatement {
      return statement(db, d.insert(projects).values({ ...row, tenantId: scope.tenantId }));
    },
    /** The settings are patched where they are, so that two changes at once do not undo each other. */
    update(id: string, { name, settings }: ProjectChange): D1PreparedStatement {
      return statement(
        db,
        d
          .update(projects)
          .set({
            ...(name === undefined ? {} : { name }),
            ...(settings === undefined ? {} : { settings: sql`json_patch(${projects.settings}, ${JSON.stringify(settings)})` }),
          })
          .where(and(mine, eq(projects.id, id))),
      );
    },
  };
}
