// Signing in at an OpenID provider, where the server has one: the server does it, below auth/oidc beside the page.

const path = 'auth/oidc';

export const singleSignOnUrl = `${path}/login`;

/** What the button says; nothing where the server knows no provider. */
export async function singleSignOnLabel(): Promise<string | undefined> {
  try {
    const answer = await fetch(path, { headers: { Accept: 'application/json' } });
    if (!answer.ok || !answer.headers.get('Content-Type')?.startsWith('application/json')) return undefined;
    const { label } = (await answer.json()) as { label?: unknown };
    return typeof label === 'string' && label !== '' ? label : undefined;
  } catch {
    return undefined;
  }
}

/** Who has come back from the provider; once. */
export async function takeSingleSignOn(): Promise<{ userId: bigint; sessionToken: string } | undefined> {
  try {
    const answer = await fetch(`${path}/session`, { method: 'POST' });
    if (!answer.ok) return undefined;
    const { userId, sessionToken } = (await answer.json()) as { userId?: unknown; sessionToken?: unknown };
    if (typeof userId !== 'string' || !/^\d{1,19}$/.test(userId) || typeof sessionToken !== 'string') return undefined;
    return { userId: BigInt(userId), sessionToken };
  } catch {
    return undefined;
  }
}

/** Whether the page was loaded by coming back, and how that went. The address forgets it. */
export function cameBack(): 'done' | 'failed' | undefined {
  const url = new URL(window.location.href);
  const outcome = url.searchParams.get('oidc');
  if (outcome === null) return undefined;
  url.searchParams.delete('oidc');
  window.history.replaceState(window.history.state, '', url);
  return outcome === 'done' ? 'done' : 'failed';
}
