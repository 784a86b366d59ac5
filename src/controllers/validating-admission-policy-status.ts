import type { ValidatingAdmissionPolicy } from "../api/generated/admissionregistration-v1.ts";
import { checkPolicyTypes } from "../api/policy-type-checking.ts";
import { KINDS } from "../api/resources/index.ts";
import { validatingAdmissionPolicies } from "../api/resources/validating-admission-policy.ts";
import { Reconciler } from "../client/reconciler.ts";
import type { Controller } from "./controller.ts";

const NAME = "validatingadmissionpolicy-status-controller";

/** Says which generation of a policy has been looked at, and what its type check found. Upstream: pkg/controller/validatingadmissionpolicystatus */
export const validatingAdmissionPolicyStatus: Controller = {
  name: NAME,
  start({ client, informers, clock, tasks, log }) {
    const own = client.as(NAME);
    const reconciler = new Reconciler({
      name: NAME,
      clock,
      tasks,
      log,
      async reconcile(name) {
        const policy = informers.of(validatingAdmissionPolicies).find(name);
        if (!policy || isObserved(policy)) return;
        await own.mutate(validatingAdmissionPolicies, policy.metadata, observed, { subresource: "status" });
      },
    });
    const look = ({ metadata }: ValidatingAdmissionPolicy) => reconciler.add(metadata.name);
    informers.of(validatingAdmissionPolicies).addHandler({ added: look, updated: look });
  },
};

function observed(policy: ValidatingAdmissionPolicy): ValidatingAdmissionPolicy {
  const expressionWarnings = checkPolicyTypes(policy, KINDS);
  return {
    ...policy,
    status: {
      ...policy.status,
      observedGeneration: policy.metadata.generation ?? 1,
      typeChecking: expressionWarnings.length > 0 ? { expressionWarnings } : {},
    },
  };
}

const isObserved = ({ metadata, status }: ValidatingAdmissionPolicy) =>
  status?.observedGeneration === metadata.generation && status?.typeChecking !== undefined;
