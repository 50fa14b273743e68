import { and, desc, eq, isNull, lt } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { statement } from "../commit.ts";
import type { ProjectScope } from "../scope.ts";
import { templates, templateVersions } from "./schema.ts";

export type TemplateRow = typeof templates.$inferSelect;
export type TemplateVersionRow = typeof templateVersions.$inferSelect;

/** Names are unique also among the archived, so an archived one gives its name up. No name has a tilde. */
export function archivedName(row: Pick<TemplateRow, "id" | "name">): string {
  return `${row.name}~${row.id}`;
}

/** The name as it was given, archived or not. */
export function givenName(name: string): string {
  return name.split("~", 1)[0] ?? name;
}

export function templatesOf(db: D1Database, scope: ProjectScope) {
  const d = drizzle(db);
  const mine = and(eq(templates.tenantId, scope.tenantId), eq(templates.projectId, scope.projectId));
  const one = (id: string) => and(mine, eq(templates.id, id));
  const versionsOf = (id: string) => and(eq(templateVersions.tenantId, scope.tenantId), eq(templateVersions.templateId, id));
  return {
    /** By id or by name, archived or not. */
    async find(ref: { readonly id: string } | { readonly name: string }): Promise<TemplateRow | undefined> {
      return d
        .select()
        .from(templates)
        .where(and(mine, "id" in ref ? eq(templates.id, ref.id) : eq(templates.name, ref.name)))
        .get();
    },
    /** Newest first; ids below `before`. Without those that are archived. */
    async list(before: string | null, limit: number): Promise<TemplateRow[]> {
      return d
        .select()
        .from(templates)
        .where(and(mine, isNull(templates.archivedAt), before === null ? undefined : lt(templates.id, before)))
        .orderBy(desc(templates.id))
        .limit(limit);
    },
    async version(id: string, version: number): Promise<TemplateVersionRow | undefined> {
      return d
        .select({ version: templateVersions })
        .from(templateVersions)
        .innerJoin(templates, one(id))
        .where(and(versionsOf(id), eq(templateVersions.version, version)))
        .get()
        .then((row) => row?.version);
    },
    /** Newest first; versions below `before`. */
    async versions(id: string, before: number | null, limit: number): Promise<TemplateVersionRow[]> {
      const rows = await d
        .select({ version: templateVersions })
        .from(templateVersions)
        .innerJoin(templates, one(id))
        .where(and(versionsOf(id), before === null ? undefined : lt(templateVersions.version, before)))
        .orderBy(desc(templateVersions.version))
        .limit(limit);
      return rows.map((row) => row.version);
    },
    insert(row: Omit<TemplateRow, "tenantId" | "projectId">): D1PreparedStatement {
      return statement(db, d.insert(templates).values({ ...row, tenantId: scope.tenantId, projectId: scope.projectId }));
    },
    /** Fails with a unique violation where the version exists: a version is never overwritten. */
    insertVersion(row: Omit<TemplateVersionRow, "tenantId">): D1PreparedStatement {
      return statement(db, d.insert(templateVersions).values({ ...row, tenantId: scope.tenantId }));
    },
    archive(row: Pick<TemplateRow, "id" | "name">, at: number): D1PreparedStatement {
      const change = { name: archivedName(row), archivedAt: at, updatedAt: at };
      return statement(
        db,
        d
          .update(templates)
          .set(change)
          .where(and(one(row.id), isNull(templates.archivedAt))),
      );
    },
    update(id: string, change: Partial<Omit<TemplateRow, "id" | "name" | "tenantId" | "projectId">>): D1PreparedStatement {
      return statement(db, d.update(templates).set(change).where(one(id)));
    },
  };
}
