export interface BackoffOptions {
  /** Ceiling of the first delay. */
  initialDelayMs: number;
  /** No delay is longer than this. */
  maxDelayMs: number;
  /** Source of randomness in [0, 1). */
  random?: () => number;
}

/**
 * Delays between attempts to reconnect: the ceiling doubles with each attempt, and the delay is drawn from its upper
 * half, so that clients that lost the same server do not come back in the same moment.
 */
export class Backoff {
  private attempts = 0;
  private readonly random: () => number;

  constructor(private readonly options: BackoffOptions) {
    this.random = options.random ?? Math.random;
  }

  get attempt(): number {
    return this.attempts;
  }

  next(): number {
    // 2^20 times any sensible start is past every sensible maximum.
    const doubled = this.options.initialDelayMs * 2 ** Math.min(this.attempts, 20);
    const ceiling = Math.min(doubled, this.options.maxDelayMs);
    this.attempts += 1;
    return Math.round(ceiling * (0.5 + this.random() / 2));
  }

  reset(): void {
    this.attempts = 0;
  }
}
