/** Accounts that everybody knows, with one password. */
export interface DemoAccounts {
  names: string[];
  password: string;
}

/** Whom the server offers to sign in as: nobody but in development. */
export async function demoAccounts(): Promise<DemoAccounts | undefined> {
  try {
    const answer = await fetch('auth/demo', { headers: { Accept: 'application/json' } });
    if (!answer.ok || !answer.headers.get('Content-Type')?.startsWith('application/json')) return undefined;
    const { names, password } = (await answer.json()) as { names?: unknown; password?: unknown };
    if (!Array.isArray(names) || typeof password !== 'string') return undefined;
    return { names: names.filter((name) => typeof name === 'string'), password };
  } catch {
    return undefined;
  }
}
