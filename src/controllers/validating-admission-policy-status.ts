import type { ValidatingAdmissionPolicy } from "../api/generated/admissionregistration-v1.ts";
import { validatingAdmissionPolicies } from "../api/resources/validating-admission-policy.ts";
import { Reconciler } from "../client/reconciler.ts";
import type { Controller } from "./controller.ts";

const NAME = "validatingadmissionpolicy-status-controller";

/** Says which generation of a policy has been looked at. Upstream: pkg/controller/validatingadmissionpolicystatus */
export const validatingAdmissionPolicyStatus: Controller = {
  name: NAME,
  start({ client, informers, clock, tasks, log }) {
    const own = client.as(NAME);
    const reconciler = new Reconciler({
      name: NAME,
      clock,
      tasks,
      onError: (key, error) => log(NAME, key, error),
      async reconcile(name) {
        const policy = informers.of(validatingAdmissionPolicies).find(name);
        if (!policy || isObserved(policy)) return;
        // Warnings of the type checker would stand in typeChecking; expressions over the built-in types are not checked against their schemas.
        await own.mutate(validatingAdmissionPolicies, policy.metadata, (now) => ({ ...now, status: { ...now.status, observedGeneration: now.metadata.generation ?? 1, typeChecking: {} } }), { subresource: "status" });
      },
    });
    const look = ({ metadata }: ValidatingAdmissionPolicy) => reconciler.add(metadata.name);
    informers.of(validatingAdmissionPolicies).addHandler({ added: look, updated: look });
  },
};

const isObserved = ({ metadata, status }: ValidatingAdmissionPolicy) => status?.observedGeneration === metadata.generation && status?.typeChecking !== undefined;
