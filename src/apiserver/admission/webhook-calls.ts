import type { WebhookClientConfig } from "../../api/generated/admissionregistration-v1.ts";

/** A question to one webhook. */
export interface WebhookCall {
  /** The same for the same question of the same request, however often the request is tried. */
  readonly key: string;
  readonly clientConfig: WebhookClientConfig;
  readonly timeoutSeconds: number;
  /** The AdmissionReview or ConversionReview. */
  readonly review: object;
  /** Told what the webhook has said, for who keeps it longer than the request lasts. */
  readonly answered?: (answer: WebhookAnswer) => void;
}

/** Asks. Rejects with an Error in the words of Go's client: `Post "https://…?timeout=10s": dial tcp …`. */
export type CallWebhook = (call: WebhookCall) => Promise<unknown>;

export type WebhookAnswer =
  | { readonly uid: string; readonly review: unknown; readonly failure?: undefined }
  | { readonly uid: string; readonly failure: string };

/**
 * A request met webhooks that have not been asked yet. Nothing is stored: the door that the request came through asks them,
 * keeps the answers with the request and tries the whole write again.
 */
export class WebhooksPending extends Error {
  override readonly name = "WebhooksPending";
  readonly calls: readonly WebhookCall[];

  constructor(calls: readonly WebhookCall[]) {
    super("this request has to wait for webhooks");
    this.calls = calls;
  }
}

/** What one request has learnt from webhooks so far, and what must be the same at every try. */
export class WebhookAnswers {
  readonly #answers = new Map<string, WebhookAnswer>();
  #chosen: Map<string, string> | undefined;

  get(key: string): WebhookAnswer | undefined {
    return this.#answers.get(key);
  }

  set(key: string, answer: WebhookAnswer): void {
    this.#answers.set(key, answer);
  }

  /** Names and UIDs that webhooks have seen must not be drawn anew. */
  choose(key: string, draw: () => string): string {
    let value = this.#chosen?.get(key);
    if (value === undefined) {
      value = draw();
      this.#chosen ??= new Map();
      this.#chosen.set(key, value);
    }
    return value;
  }
}

// One try for each mutating webhook, one for the validating ones, and as many again when another write came between.
const TRIES_MAX = 200;

/** Does a write, and waits for the webhooks it meets. Without webhooks `attempt` runs once, at once. */
export async function withWebhooks<T>(answers: WebhookAnswers, call: CallWebhook | undefined, attempt: () => T | Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof WebhooksPending) || tries === TRIES_MAX) throw error;
      await answerAll(error, answers, call);
    }
  }
}

/** All at once, as upstream asks validating webhooks; mutating ones come one at a time. */
export async function answerAll({ calls }: WebhooksPending, answers: WebhookAnswers, call: CallWebhook | undefined): Promise<void> {
  await Promise.all(
    calls.map(async (pending) => {
      const answer = await ask(pending, call);
      answers.set(pending.key, answer);
      pending.answered?.(answer);
    }),
  );
}

async function ask(pending: WebhookCall, call: CallWebhook | undefined): Promise<WebhookAnswer> {
  const { uid } = (pending.review as { request: { uid: string } }).request;
  try {
    if (!call) throw new Error("this API server calls no webhooks");
    return { uid, review: await call(pending) };
  } catch (error) {
    return { uid, failure: error instanceof Error ? error.message : String(error) };
  }
}
