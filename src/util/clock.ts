/** A pending call; cancelling one that has fired does nothing. */
export interface Timer {
  cancel(): void;
}

/**
 * The only source of time. Simulated milliseconds since the Unix epoch: they may run faster than
 * the host's, stand still, or be stepped by hand.
 */
export interface Clock {
  /** Now, in simulated ms since the epoch. Never goes back. */
  now(): number;
  /** Calls `callback` once `delayMs` of simulated time have passed, in order of due time, then of registration. */
  after(delayMs: number, callback: () => void): Timer;
  /** Resolves after `delayMs`; rejects with the signal's reason when it is aborted first. */
  sleep(delayMs: number, signal: AbortSignal): Promise<void>;
  /** Resolves on the host's next turn of the event loop, whatever the simulated time does: long work calls it to let others run. */
  yield(): Promise<void>;
  /** The same for those of whom there are many: they go on one after the other, in as many turns as that takes. */
  share(): Promise<void>;
}

/** The clock as `kubesim sim clock` steers it. */
export interface SteerableClock extends Clock {
  /** Simulated seconds a host second; 0 while paused. */
  readonly speed: number;
  setSpeed(speed: number): void;
  pause(): void;
  resume(): void;
  /** Runs everything due in the next `stepMs` at once, in order, settling between due times. */
  step(stepMs: number): Promise<void>;
}

/** RFC 3339 with seconds, as metav1.Time is written. */
export function rfc3339(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** RFC 3339 with microseconds, as metav1.MicroTime is written. */
export function rfc3339Micro(ms: number): string {
  const micros = String(Math.floor((ms % 1) * 1000)).padStart(3, "0");
  return `${new Date(ms).toISOString().slice(0, 23)}${micros}Z`;
}
