const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:";
/** These reach for addresses although a page may load nothing: a browser greets the server of a frame before it asks our policy. */
const REACHING = 'link, base, meta[http-equiv], script, iframe, frame, object, embed';

/** What somebody's page becomes before it is shown in a frame without scripts, origin or network: itself, under our policy. */
export function pageOf(html: string): string {
  // A document without a window: it runs and loads nothing.
  const page = new DOMParser().parseFromString(html, 'text/html');
  page.querySelectorAll(REACHING).forEach((each) => each.remove());
  // A link then opens another window, which the frame may not.
  page.querySelectorAll('[target], [ping]').forEach((each) => (each.removeAttribute('target'), each.removeAttribute('ping')));
  return `<!doctype html><meta http-equiv="Content-Security-Policy" content="${POLICY}"><base target="_blank">${page.documentElement.outerHTML}`;
}
