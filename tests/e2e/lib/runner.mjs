// Runs scenarios one after the other, says how each went, and ends with `N passed, N failed`.

/** A case that takes longer has failed: a client that never answers must not hold up the rest. */
const CASE_LIMIT_MS = 180_000;

/** Rejects when `promise` is not settled within `ms`. */
export function within(promise, ms, what) {
  let timer;
  const limit = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${ms} ms: ${what}`)), ms);
  });
  return Promise.race([promise, limit]).finally(() => clearTimeout(timer));
}

export class Runner {
  #passed = 0;
  #failed = 0;
  #skipped = 0;

  constructor(onFailure) {
    this.onFailure = onFailure;
  }

  /** Runs one check; returns whether it passed. */
  async test(name, body) {
    const start = Date.now();
    try {
      await within(body(), CASE_LIMIT_MS, name);
      this.#passed += 1;
      console.log(`ok    ${name} (${Date.now() - start} ms)`);
      return true;
    } catch (error) {
      this.#failed += 1;
      console.log(`FAIL  ${name} (${Date.now() - start} ms)\n${error?.stack ?? error}`);
      await this.onFailure(name);
      return false;
    }
  }

  /** Says that a check cannot be made here, and why. */
  skip(name, why) {
    this.#skipped += 1;
    console.log(`skip  ${name}: ${why}`);
  }

  /** Prints the closing line; returns the exit status. */
  finish() {
    const skipped = this.#skipped > 0 ? `, ${this.#skipped} skipped` : '';
    console.log(`${this.#passed} passed, ${this.#failed} failed${skipped}`);
    return this.#failed > 0 || this.#passed === 0 ? 1 : 0;
  }
}

/** Asks again until `read` returns something true, and returns that; the last answer is told when it never does. */
export async function eventually(read, what, timeoutMs = 20_000) {
  const end = Date.now() + timeoutMs;
  let last;
  do {
    try {
      last = await read();
      if (last) return last;
    } catch (error) {
      last = error;
    }
    await new Promise((done) => setTimeout(done, 50));
  } while (Date.now() < end);
  throw new Error(`not within ${timeoutMs} ms: ${what} (last: ${last instanceof Error ? last.message : JSON.stringify(last)})`);
}
