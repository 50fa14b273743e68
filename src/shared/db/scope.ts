/** Whose rows. Every repository is made for one of these; none has a method without one. */
export interface TenantScope {
  readonly tenantId: string;
}

export interface ProjectScope extends TenantScope {
  readonly projectId: string;
}
