import { and, desc, eq, lt, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { statement } from "../commit.ts";
import type { ProjectScope } from "../scope.ts";
import { attachments } from "./schema.ts";

export type AttachmentRow = typeof attachments.$inferSelect;

export function attachmentsOf(db: D1Database, scope: ProjectScope) {
  const d = drizzle(db);
  const mine = and(eq(attachments.tenantId, scope.tenantId), eq(attachments.projectId, scope.projectId));
  return {
    async get(id: string): Promise<AttachmentRow | undefined> {
      return d
        .select()
        .from(attachments)
        .where(and(mine, eq(attachments.id, id)))
        .get();
    },
    /** Those of `ids` that exist, in no order. */
    async some(ids: readonly string[]): Promise<AttachmentRow[]> {
      return d
        .select()
        .from(attachments)
        .where(and(mine, sql`${attachments.id} IN (SELECT value FROM json_each(${JSON.stringify(ids)}))`));
    },
    /** Newest first; ids below `before`. */
    async list(before: string | null, limit: number): Promise<AttachmentRow[]> {
      return d
        .select()
        .from(attachments)
        .where(before === null ? mine : and(mine, lt(attachments.id, before)))
        .orderBy(desc(attachments.id))
        .limit(limit);
    },
    insert(row: Omit<AttachmentRow, "tenantId" | "projectId">): D1PreparedStatement {
      return statement(db, d.insert(attachments).values({ ...row, tenantId: scope.tenantId, projectId: scope.projectId }));
    },
    remove(id: string): D1PreparedStatement {
      return statement(db, d.delete(attachments).where(and(mine, eq(attachments.id, id))));
    },
  };
}
