import type { UserInfo } from "../api/user.ts";
import type { WebhookAnswers } from "./admission/webhook-calls.ts";

export type FieldValidation = "Strict" | "Warn" | "Ignore";

/** What a request carries besides its object, from the door to the store. */
export interface RequestContext {
  readonly user: UserInfo;
  /** Who writes, as the journal names it: `kubectl`, `kubelet`, `replicaset-controller`. */
  readonly component: string;
  readonly fieldManager: string;
  /** Whether metadata.managedFields records this write. */
  readonly tracksFields: boolean;
  readonly dryRun: boolean;
  readonly fieldValidation: FieldValidation;
  /** Texts for `Warning` headers, in order. */
  readonly warnings: string[];
  /** What webhooks have answered so far. Undefined: whoever writes cannot wait for webhooks, and passes them by. */
  readonly webhooks?: WebhookAnswers | undefined;
}

/** The context of a component in this process, which is trusted with everything. */
export function componentContext(component: string, webhooks?: WebhookAnswers): RequestContext {
  return {
    user: { name: `system:${component}`, groups: ["system:masters", "system:authenticated"] },
    component,
    fieldManager: managerOf(component),
    tracksFields: true,
    dryRun: false,
    fieldValidation: "Ignore",
    warnings: [],
    webhooks,
  };
}

/** All controllers are one program, which is who owns what they write. */
function managerOf(component: string): string {
  return /-(controller|binder|collector)$/.test(component) ? "kube-controller-manager" : component;
}
