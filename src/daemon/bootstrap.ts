import type { Kind } from "../api/kind.ts";
import type { Draft, KubernetesObject } from "../api/meta.ts";
import { clusterRoleBindings } from "../api/resources/cluster-role-binding.ts";
import { clusterRoles } from "../api/resources/cluster-role.ts";
import { configMaps } from "../api/resources/config-map.ts";
import { daemonSets } from "../api/resources/daemon-set.ts";
import { deployments } from "../api/resources/deployment.ts";
import { endpointSlices } from "../api/resources/endpoint-slice.ts";
import { endpoints } from "../api/resources/endpoints.ts";
import { namespaces } from "../api/resources/namespace.ts";
import { priorityClasses } from "../api/resources/priority-class.ts";
import { roleBindings } from "../api/resources/role-binding.ts";
import { roles } from "../api/resources/role.ts";
import { serviceAccounts } from "../api/resources/service-account.ts";
import { services } from "../api/resources/service.ts";
import { storageClasses } from "../api/resources/storage-class.ts";
import { isAlreadyExists } from "../api/status.ts";
import { CONTROLLER_ACCOUNTS } from "../apiserver/authorization/controller-roles.ts";
import * as roleDefaults from "../apiserver/authorization/default-roles.ts";
import type { Client } from "../client/client.ts";
import * as defaults from "./default-cluster.ts";

/** Namespaces and priority classes: what the API server itself makes at every start. */
export async function createFoundations(client: Client): Promise<void> {
  const apiserver = client.as("kube-apiserver");
  for (const namespace of defaults.namespaces()) await ensure(apiserver, namespaces, namespace);
  for (const priorityClass of defaults.priorityClasses()) await ensure(apiserver, priorityClasses, priorityClass);
  for (const role of roleDefaults.clusterRoles()) await ensure(apiserver, clusterRoles, role);
  for (const binding of roleDefaults.clusterRoleBindings()) await ensure(apiserver, clusterRoleBindings, binding);
  for (const role of roleDefaults.namespacedRoles()) await ensure(apiserver, roles, role);
  for (const binding of roleDefaults.namespacedBindings()) await ensure(apiserver, roleBindings, binding);
}

/** What kubeadm and kind add to a new cluster; made once, the user may take it away. */
export async function createAddons(client: Client): Promise<void> {
  const kubeadm = client.as("kubeadm");
  const controllers = client.as("kube-controller-manager");
  for (const name of CONTROLLER_ACCOUNTS)
    await ensure(controllers, serviceAccounts, { apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace: "kube-system" } });
  for (const role of roleDefaults.kubeadmRoles()) await ensure(kubeadm, clusterRoles, role);
  for (const binding of roleDefaults.kubeadmBindings()) await ensure(kubeadm, clusterRoleBindings, binding);
  for (const account of defaults.serviceAccounts()) await ensure(kubeadm, serviceAccounts, account);
  for (const storageClass of defaults.storageClasses()) await ensure(kubeadm, storageClasses, storageClass);
  for (const map of defaults.configMaps()) await ensure(kubeadm, configMaps, map);
  for (const service of defaults.services()) await ensure(kubeadm, services, service);
  for (const set of defaults.daemonSets()) await ensure(kubeadm, daemonSets, set);
  for (const deployment of defaults.deployments()) await ensure(kubeadm, deployments, deployment);
}

/** The endpoints of the service `kubernetes`: the API server's own. Upstream: pkg/controlplane/reconcilers */
export async function publishApiServer(client: Client, ip: string): Promise<void> {
  const apiserver = client.as("kube-apiserver");
  const port = { name: "https", port: defaults.API_PORT, protocol: "TCP" };
  await ensure(apiserver, endpoints, {
    apiVersion: "v1",
    kind: "Endpoints",
    metadata: { name: "kubernetes", namespace: "default", labels: { "endpointslice.kubernetes.io/skip-mirror": "true" } },
    subsets: [{ addresses: [{ ip }], ports: [port] }],
  });
  await ensure(apiserver, endpointSlices, {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: "kubernetes", namespace: "default", labels: { "kubernetes.io/service-name": "kubernetes" } },
    addressType: "IPv4",
    endpoints: [{ addresses: [ip], conditions: { ready: true } }],
    ports: [port],
  });
}

async function ensure<T extends KubernetesObject>(client: Client, kind: Kind<T>, draft: Draft<T>): Promise<void> {
  if (await client.find(kind, { namespace: draft.metadata.namespace, name: draft.metadata.name ?? "" })) return;
  await client.create(kind, draft).catch((error: unknown) => {
    if (!isAlreadyExists(error)) throw error;
  });
}
