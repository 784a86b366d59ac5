import { configMaps } from "../api/resources/config-map.ts";
import { namespaces } from "../api/resources/namespace.ts";
import { isAlreadyExists } from "../api/status.ts";
import { Reconciler } from "../client/reconciler.ts";
import type { Controller } from "./controller.ts";

const NAME = "root-ca-certificate-publisher-controller";
const CONFIG_MAP = "kube-root-ca.crt";
const DESCRIPTION =
  "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.";

/** Every namespace has the cluster's CA certificate. Upstream: pkg/controller/certificates/rootcacertpublisher */
export const rootCaPublisher: Controller = {
  name: NAME,
  start({ client, informers, clock, tasks, log, caPem }) {
    const own = client.as(NAME);
    const data = { "ca.crt": caPem };
    const reconciler = new Reconciler({
      name: NAME,
      clock,
      tasks,
      log,
      async reconcile(namespace) {
        const found = informers.of(namespaces).find(namespace);
        if (!found || found.metadata.deletionTimestamp) return;
        const existing = informers.of(configMaps).find(`${namespace}/${CONFIG_MAP}`);
        if (existing) {
          if (existing.data?.["ca.crt"] !== caPem) await own.mutate(configMaps, existing.metadata, (now) => ({ ...now, data }));
          return;
        }
        await own
          .create(configMaps, {
            apiVersion: "v1",
            kind: "ConfigMap",
            metadata: { name: CONFIG_MAP, namespace, annotations: { "kubernetes.io/description": DESCRIPTION } },
            data,
          })
          .catch((error: unknown) => {
            if (!isAlreadyExists(error)) throw error;
          });
      },
    });
    informers.of(namespaces).addHandler({
      added: (namespace) => reconciler.add(namespace.metadata.name),
      updated: (namespace) => reconciler.add(namespace.metadata.name),
    });
    const again = (name: string, namespace: string | undefined) => {
      if (name === CONFIG_MAP) reconciler.add(namespace ?? "");
    };
    informers.of(configMaps).addHandler({
      updated: (map) => again(map.metadata.name, map.metadata.namespace),
      deleted: (map) => again(map.metadata.name, map.metadata.namespace),
    });
  },
};
