export interface BackoffOptions {
  /** Ceiling of the first delay. */
  initialDelayMs: number;
  /** No delay is longer than this. */
  maxDelayMs: number;
  /** For so long after the first attempt no delay is longer than `earlyMaxDelayMs`: most losses are short. */
  earlyMs?: number;
  earlyMaxDelayMs?: number;
  /** Source of randomness in [0, 1). */
  random?: () => number;
  /** The time in milliseconds. */
  now?: () => number;
}

/**
 * Delays between attempts to reconnect: the ceiling doubles with each attempt, and the delay is drawn from its upper
 * half, so that clients that lost the same server do not come back in the same moment.
 */
export class Backoff {
  private attempts = 0;
  private startedAt = 0;
  private readonly random: () => number;
  private readonly now: () => number;

  constructor(private readonly options: BackoffOptions) {
    this.random = options.random ?? Math.random;
    this.now = options.now ?? Date.now;
  }

  get attempt(): number {
    return this.attempts;
  }

  next(): number {
    if (this.attempts === 0) this.startedAt = this.now();
    const { earlyMs = 0, earlyMaxDelayMs = Infinity, maxDelayMs } = this.options;
    const isEarly = this.now() - this.startedAt < earlyMs;
    // 2^20 times any sensible start is past every sensible maximum.
    const doubled = this.options.initialDelayMs * 2 ** Math.min(this.attempts, 20);
    const ceiling = Math.min(doubled, maxDelayMs, isEarly ? earlyMaxDelayMs : Infinity);
    this.attempts += 1;
    return Math.round(ceiling * (0.5 + this.random() / 2));
  }

  reset(): void {
    this.attempts = 0;
  }
}
