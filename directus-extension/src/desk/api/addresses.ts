/** What Directus makes smaller pictures of. Never SVG: a picture of ours is a picture, not a program. */
const PICTURES = ['image/png', 'image/jpeg', 'image/webp', 'image/avif', 'image/gif', 'image/tiff'];

/** As Directus' assets endpoint takes it. */
interface Smaller {
  width?: number;
  height?: number;
  fit?: 'cover' | 'inside';
  withoutEnlargement?: boolean;
  format?: 'webp';
  quality?: number;
}

/** An address of this Directus, which may stand below a path of its own: its pages are all below /admin there. */
export function addressOf(path: string): string {
  const root = /^(.*?)\/admin(\/|$)/.exec(globalThis.location?.pathname ?? '')?.[1] ?? '';
  return `${root}${path}`;
}

export function isPicture(type: string | null | undefined): boolean {
  return PICTURES.includes((type ?? '').split(';')[0]!.trim().toLowerCase());
}

/** The bytes of a file, or a smaller picture of it. A changed file has another address. */
export function assetAddress({ id, changed_at }: { id: string; changed_at?: string | null }, smaller: Smaller = {}): string {
  const query = new URLSearchParams([...Object.entries(smaller), ...(changed_at ? [['changed', changed_at]] : [])].map(([name, value]) => [name!, String(value)]));
  return addressOf(`/assets/${id}${query.size > 0 ? `?${query}` : ''}`);
}
