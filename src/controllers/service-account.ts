import { namespaces } from "../api/resources/namespace.ts";
import { serviceAccounts } from "../api/resources/service-account.ts";
import { isAlreadyExists } from "../api/status.ts";
import { Reconciler } from "../client/reconciler.ts";
import type { Controller } from "./controller.ts";

const NAME = "service-account-controller";

/** Every namespace has a service account `default`. Upstream: pkg/controller/serviceaccount */
export const serviceAccountController: Controller = {
  name: NAME,
  start({ client, informers, clock, tasks, log }) {
    const own = client.as(NAME);
    const reconciler = new Reconciler({
      name: NAME,
      clock,
      tasks,
      log,
      async reconcile(namespace) {
        const found = informers.of(namespaces).find(namespace);
        if (!found || found.metadata.deletionTimestamp || informers.of(serviceAccounts).find(`${namespace}/default`)) return;
        await own
          .create(serviceAccounts, { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default", namespace } })
          .catch((error: unknown) => {
            if (!isAlreadyExists(error)) throw error;
          });
      },
    });
    informers.of(namespaces).addHandler({
      added: (namespace) => reconciler.add(namespace.metadata.name),
      updated: (namespace) => reconciler.add(namespace.metadata.name),
    });
    informers.of(serviceAccounts).addHandler({
      deleted: (account) => {
        if (account.metadata.name === "default") reconciler.add(account.metadata.namespace ?? "");
      },
    });
  },
};
