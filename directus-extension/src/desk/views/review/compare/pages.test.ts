import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { lookAt, pageAddress, within } from './pages';

const of = (changed_at: string | null = null) => ({ versionId: 'v', file: { id: 'f', changed_at } });

describe('a page', () => {
  it('has an address of its own for each width, and another one for replaced bytes', () => {
    expect(pageAddress(of(), 2, 1600)).toBe('/artifacts/v1/artifacts/v/files/f/pages/2?width=1600');
    expect(pageAddress(of('2026-01-01T00:00:00+00:00'), 2, 2400)).toBe('/artifacts/v1/artifacts/v/files/f/pages/2?width=2400&changed=2026-01-01T00%3A00%3A00%2B00%3A00');
  });

  it('is one that there is', () => {
    expect([within(0, 3), within(2, 3), within(9, 3), within(9, null), within(Number.NaN, 3), within(2.7, 3)]).toEqual([1, 2, 3, 9, 1, 2]);
  });
});

describe('looking at a page', () => {
  const close = vi.fn();
  const fetched = vi.fn<() => Promise<Response>>();
  const busy = () => new Response(JSON.stringify({ errors: [{ message: 'Too many.', extensions: { code: 'previews_busy' } }] }), { status: 503, headers: { 'Retry-After': '2' } });
  const look = (signal = new AbortController().signal) => lookAt('/page', signal);

  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal('fetch', fetched);
    vi.stubGlobal('createImageBitmap', () => Promise.resolve({ width: 1600, height: 2263, close }));
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
    vi.clearAllMocks();
  });

  it('tells its size', async () => {
    fetched.mockResolvedValueOnce(new Response('picture'));
    expect(await look()).toEqual({ width: 1600, height: 2263 });
    expect(close).toHaveBeenCalledOnce();
  });

  it('comes again when the registry is busy, as late as it asks', async () => {
    fetched.mockResolvedValueOnce(busy()).mockResolvedValueOnce(new Response('picture'));
    const size = look();
    await vi.advanceTimersByTimeAsync(1_999);
    expect(fetched).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(await size).toMatchObject({ width: 1600 });
  });

  it('gives up in the end, and says why', async () => {
    fetched.mockImplementation(() => Promise.resolve(busy()));
    const refused = expect(look()).rejects.toMatchObject({ code: 'previews_busy', status: 503, message: 'Too many.' });
    await vi.advanceTimersByTimeAsync(60_000);
    await refused;
    expect(fetched).toHaveBeenCalledTimes(6);
  });

  it('does not come again for what stays as it is, nor when nobody waits any more', async () => {
    fetched.mockResolvedValueOnce(new Response('<html>', { status: 502 }));
    await expect(look()).rejects.toMatchObject({ status: 502 });
    fetched.mockResolvedValueOnce(busy());
    const turned = new AbortController();
    const gone = expect(look(turned.signal)).rejects.toThrow('turned');
    await vi.advanceTimersByTimeAsync(0);
    turned.abort(new Error('turned'));
    await gone;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(fetched).toHaveBeenCalledTimes(2);
  });
});
