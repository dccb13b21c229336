import { afterEach, describe, expect, test, vi } from 'vitest';
import { cameBack, singleSignOnLabel, takeSingleSignOn } from '../src/state/singleSignOn';

afterEach(() => vi.unstubAllGlobals());

function answering(status: number, body: string, type = 'application/json'): ReturnType<typeof vi.fn> {
  const asked = vi.fn(async () => new Response(body, { status, headers: { 'Content-Type': type } }));
  vi.stubGlobal('fetch', asked);
  return asked;
}

describe('single sign-on', () => {
  test('the server says what the button says', async () => {
    answering(200, '{"label":"Sign in at work"}');
    expect(await singleSignOnLabel()).toBe('Sign in at work');
  });

  test('a server that knows no provider has no button', async () => {
    for (const [status, body, type] of [
      [404, '', 'text/plain'],
      [200, '<!doctype html>', 'text/html'],
      [200, '{', 'application/json'],
      [200, '{"label":7}', 'application/json'],
    ] as const) {
      answering(status, body, type);
      expect(await singleSignOnLabel()).toBeUndefined();
    }
  });

  test('who came back is told once', async () => {
    const asked = answering(200, '{"userId":"42","sessionToken":"t"}');
    expect(await takeSingleSignOn()).toEqual({ userId: 42n, sessionToken: 't' });
    expect(asked).toHaveBeenCalledWith('auth/oidc/session', { method: 'POST' });
    answering(403, 'nobody');
    expect(await takeSingleSignOn()).toBeUndefined();
    answering(200, '{"userId":"x","sessionToken":"t"}');
    expect(await takeSingleSignOn()).toBeUndefined();
  });

  test('the address forgets how it went', () => {
    const replaceState = vi.fn();
    const page = (href: string) =>
      vi.stubGlobal('window', { location: { href }, history: { state: null, replaceState } });
    page('https://chat.example/?oidc=done#/g/1');
    expect(cameBack()).toBe('done');
    expect(`${replaceState.mock.calls[0]![2]}`).toBe('https://chat.example/#/g/1');
    page('https://chat.example/?oidc=x');
    expect(cameBack()).toBe('failed');
    page('https://chat.example/');
    expect(cameBack()).toBeUndefined();
  });
});
