interface User {
  admin_access?: boolean;
}

type Permissions = Record<string, Record<string, { access?: string } | undefined> | undefined>;

/** Who sees the desk: whoever may read the versions. What they may decide there, the registry says. */
export function READS_VERSIONS(user: unknown, permissions: unknown): boolean {
  if ((user as User | null)?.admin_access) return true;
  const access = (permissions as Permissions | null)?.['artifact_versions']?.['read']?.access;
  return access === 'full' || access === 'partial';
}
