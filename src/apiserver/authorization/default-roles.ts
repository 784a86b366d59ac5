import type { ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, Subject } from "../../api/generated/rbac-v1.ts";
import type { Draft } from "../../api/meta.ts";
import { CONTROLLER_ROLES } from "./controller-roles.ts";

/**
 * The roles that every cluster has, in short: `verbs groups resources [names]`, lists with commas, "" for the core group.
 * Upstream: plugin/pkg/auth/authorizer/rbac/bootstrappolicy
 */
const READ = "get,list,watch";
const WRITE = "create,delete,deletecollection,patch,update";
const ALL = "create,delete,deletecollection,get,list,patch,update,watch";
const EVENTS = `create,patch,update "",events.k8s.io events`;
const AGGREGATE = "rbac.authorization.k8s.io/aggregate-to-";

interface RoleFacts {
  readonly rules?: readonly string[];
  /** nonResourceURLs that may be read. */
  readonly urls?: readonly string[];
  /** Name of the role into which this one is taken up. */
  readonly into?: string;
  /** Name of the label suffix of the roles that this one is made of. */
  readonly from?: string;
}

const approver = (signer: string): RoleFacts => ({ rules: [`approve certificates.k8s.io signers ${signer}`] });

const CLUSTER_ROLES: Readonly<Record<string, RoleFacts>> = {
  "cluster-admin": { rules: ["* * *"], urls: ["*"] },
  admin: { from: "admin" },
  edit: { from: "edit", into: "admin" },
  view: { from: "view", into: "edit" },
  "system:aggregate-to-admin": {
    into: "admin",
    rules: ["create authorization.k8s.io localsubjectaccessreviews", `${ALL} rbac.authorization.k8s.io rolebindings,roles`],
  },
  "system:aggregate-to-edit": {
    into: "edit",
    rules: [
      `${READ} "" pods/attach,pods/exec,pods/portforward,pods/proxy,secrets,services/proxy`,
      `impersonate "" serviceaccounts`,
      `${WRITE} "" pods,pods/attach,pods/exec,pods/portforward,pods/proxy`,
      `create "" pods/eviction`,
      `${WRITE} "" configmaps,events,persistentvolumeclaims,replicationcontrollers,replicationcontrollers/scale,secrets,serviceaccounts,services,services/proxy`,
      `create "" serviceaccounts/token`,
      `${WRITE} apps daemonsets,deployments,deployments/rollback,deployments/scale,replicasets,replicasets/scale,statefulsets,statefulsets/scale`,
      `${WRITE} autoscaling horizontalpodautoscalers`,
      `${WRITE} batch cronjobs,jobs`,
      `${WRITE} extensions daemonsets,deployments,deployments/rollback,deployments/scale,ingresses,networkpolicies,replicasets,replicasets/scale,replicationcontrollers/scale`,
      `${WRITE} policy poddisruptionbudgets`,
      `${WRITE} networking.k8s.io ingresses,networkpolicies`,
      `${ALL} coordination.k8s.io leases`,
      `${WRITE} resource.k8s.io resourceclaims,resourceclaimtemplates`,
    ],
  },
  "system:aggregate-to-view": {
    into: "view",
    rules: [
      `${READ} "" configmaps,endpoints,persistentvolumeclaims,persistentvolumeclaims/status,pods,replicationcontrollers,replicationcontrollers/scale,serviceaccounts,services,services/status`,
      `${READ} "" bindings,events,limitranges,namespaces/status,pods/log,pods/status,replicationcontrollers/status,resourcequotas,resourcequotas/status`,
      `${READ} "" namespaces`,
      `${READ} discovery.k8s.io endpointslices`,
      `${READ} apps controllerrevisions,daemonsets,daemonsets/status,deployments,deployments/scale,deployments/status,replicasets,replicasets/scale,replicasets/status,statefulsets,statefulsets/scale,statefulsets/status`,
      `${READ} autoscaling horizontalpodautoscalers,horizontalpodautoscalers/status`,
      `${READ} batch cronjobs,cronjobs/status,jobs,jobs/status`,
      `${READ} extensions daemonsets,daemonsets/status,deployments,deployments/scale,deployments/status,ingresses,ingresses/status,networkpolicies,replicasets,replicasets/scale,replicasets/status,replicationcontrollers/scale`,
      `${READ} policy poddisruptionbudgets,poddisruptionbudgets/status`,
      `${READ} networking.k8s.io ingresses,ingresses/status,networkpolicies`,
      `${READ} resource.k8s.io resourceclaims,resourceclaims/status,resourceclaimtemplates`,
    ],
  },
  "system:auth-delegator": { rules: ["create authentication.k8s.io tokenreviews", "create authorization.k8s.io subjectaccessreviews"] },
  "system:basic-user": {
    rules: [
      "create authorization.k8s.io selfsubjectaccessreviews,selfsubjectrulesreviews",
      "create authentication.k8s.io selfsubjectreviews",
    ],
  },
  "system:certificates.k8s.io:certificatesigningrequests:nodeclient": {
    rules: ["create certificates.k8s.io certificatesigningrequests/nodeclient"],
  },
  "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient": {
    rules: ["create certificates.k8s.io certificatesigningrequests/selfnodeclient"],
  },
  "system:certificates.k8s.io:kube-apiserver-client-approver": approver("kubernetes.io/kube-apiserver-client"),
  "system:certificates.k8s.io:kube-apiserver-client-kubelet-approver": approver("kubernetes.io/kube-apiserver-client-kubelet"),
  "system:certificates.k8s.io:kubelet-serving-approver": approver("kubernetes.io/kubelet-serving"),
  "system:certificates.k8s.io:legacy-unknown-approver": approver("kubernetes.io/legacy-unknown"),
  "system:discovery": {
    urls: ["/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi", "/openapi/*", "/readyz", "/version", "/version/"],
  },
  "system:heapster": { rules: [`${READ} "" events,namespaces,nodes,pods`, `${READ} extensions deployments`] },
  "system:kube-aggregator": { rules: [`${READ} "" endpoints,services`] },
  "system:kube-controller-manager": {
    rules: [
      EVENTS,
      "create coordination.k8s.io leases",
      "get,update coordination.k8s.io leases kube-controller-manager",
      `create "" secrets,serviceaccounts`,
      `delete "" secrets`,
      `get "" configmaps,namespaces,secrets,serviceaccounts`,
      `update "" secrets,serviceaccounts`,
      "create authentication.k8s.io tokenreviews",
      "create authorization.k8s.io subjectaccessreviews",
      "list,watch * *",
      `create "" serviceaccounts/token`,
    ],
  },
  "system:kube-dns": { rules: [`list,watch "" endpoints,services`] },
  "system:kube-scheduler": {
    rules: [
      EVENTS,
      "create coordination.k8s.io leases",
      "get,update coordination.k8s.io leases kube-scheduler",
      `${READ} "" nodes`,
      `delete,${READ} "" pods`,
      `create "" bindings,pods/binding`,
      `patch,update "" pods/status`,
      `${READ} "" replicationcontrollers,services`,
      `${READ} apps,extensions replicasets`,
      `${READ} apps statefulsets`,
      `${READ} policy poddisruptionbudgets`,
      `${READ} "" persistentvolumeclaims,persistentvolumes`,
      "create authentication.k8s.io tokenreviews",
      "create authorization.k8s.io subjectaccessreviews",
      `${READ} storage.k8s.io csinodes`,
      `${READ} "" namespaces`,
      `${READ} storage.k8s.io csidrivers`,
      `${READ} storage.k8s.io csistoragecapacities`,
    ],
  },
  "system:kubelet-api-admin": { rules: [`${READ} "" nodes`, `proxy "" nodes`, `* "" nodes/log,nodes/metrics,nodes/proxy,nodes/stats`] },
  "system:monitoring": { urls: ["/healthz", "/healthz/*", "/livez", "/livez/*", "/metrics", "/metrics/slis", "/readyz", "/readyz/*"] },
  "system:node": {
    rules: [
      "create authentication.k8s.io tokenreviews",
      "create authorization.k8s.io localsubjectaccessreviews,subjectaccessreviews",
      `${READ} "" services`,
      `create,${READ} "" nodes`,
      `patch,update "" nodes/status`,
      `patch,update "" nodes`,
      EVENTS,
      `${READ} "" pods`,
      `create,delete "" pods`,
      `patch,update "" pods/status`,
      `create "" pods/eviction`,
      `${READ} "" configmaps,secrets`,
      `get "" persistentvolumeclaims,persistentvolumes`,
      `get "" endpoints`,
      `create,${READ} certificates.k8s.io certificatesigningrequests`,
      "create,delete,get,patch,update coordination.k8s.io leases",
      "get storage.k8s.io volumeattachments",
      `create "" serviceaccounts/token`,
      `get,patch,update "" persistentvolumeclaims/status`,
      `${READ} storage.k8s.io csidrivers`,
      "create,delete,get,patch,update storage.k8s.io csinodes",
      `${READ} node.k8s.io runtimeclasses`,
    ],
  },
  "system:node-bootstrapper": { rules: [`create,${READ} certificates.k8s.io certificatesigningrequests`] },
  "system:node-problem-detector": { rules: [`get "" nodes`, `patch "" nodes/status`, EVENTS] },
  "system:node-proxier": {
    rules: [`list,watch "" endpoints,services`, `${READ} "" nodes`, EVENTS, "list,watch discovery.k8s.io endpointslices"],
  },
  "system:persistent-volume-provisioner": {
    rules: [
      `create,delete,${READ} "" persistentvolumes`,
      `${READ},update "" persistentvolumeclaims`,
      `${READ} storage.k8s.io storageclasses`,
      `watch "" events`,
      EVENTS,
    ],
  },
  "system:public-info-viewer": { urls: ["/healthz", "/livez", "/readyz", "/version", "/version/"] },
  "system:service-account-issuer-discovery": {
    urls: ["/.well-known/openid-configuration", "/.well-known/openid-configuration/", "/openid/v1/jwks", "/openid/v1/jwks/"],
  },
  "system:volume-scheduler": {
    rules: [
      `${READ},patch,update "" persistentvolumes`,
      `${READ} storage.k8s.io storageclasses`,
      `${READ},patch,update "" persistentvolumeclaims`,
    ],
  },
};

const AUTHENTICATED = "Group system:authenticated";
const ANYBODY = [AUTHENTICATED, "Group system:unauthenticated"];

/** By the role's name, which is the binding's. */
const CLUSTER_BINDINGS: Readonly<Record<string, readonly string[]>> = {
  "cluster-admin": ["Group system:masters"],
  "system:basic-user": [AUTHENTICATED],
  "system:discovery": [AUTHENTICATED],
  "system:kube-controller-manager": ["User system:kube-controller-manager"],
  "system:kube-dns": ["ServiceAccount kube-system/kube-dns"],
  "system:kube-scheduler": ["User system:kube-scheduler"],
  "system:monitoring": ["Group system:monitoring"],
  "system:node": [],
  "system:node-proxier": ["User system:kube-proxy"],
  "system:public-info-viewer": ANYBODY,
  "system:service-account-issuer-discovery": ["Group system:serviceaccounts"],
  "system:volume-scheduler": ["User system:kube-scheduler"],
};

/** What kubeadm adds to a cluster that it makes. */
const KUBEADM_BINDINGS: Readonly<Record<string, { readonly role: string; readonly subjects: readonly string[] }>> = {
  "kubeadm:cluster-admins": { role: "cluster-admin", subjects: ["Group kubeadm:cluster-admins"] },
  "kubeadm:get-nodes": { role: "kubeadm:get-nodes", subjects: ["Group system:bootstrappers:kubeadm:default-node-token"] },
  "kubeadm:kubelet-bootstrap": { role: "system:node-bootstrapper", subjects: ["Group system:bootstrappers:kubeadm:default-node-token"] },
  "kubeadm:node-autoapprove-bootstrap": {
    role: "system:certificates.k8s.io:certificatesigningrequests:nodeclient",
    subjects: ["Group system:bootstrappers:kubeadm:default-node-token"],
  },
  "kubeadm:node-autoapprove-certificate-rotation": {
    role: "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient",
    subjects: ["Group system:nodes"],
  },
  "kubeadm:node-proxier": { role: "system:node-proxier", subjects: ["ServiceAccount kube-system/kube-proxy"] },
};

const BOOTSTRAPPED = {
  labels: { "kubernetes.io/bootstrapping": "rbac-defaults" },
  annotations: { "rbac.authorization.kubernetes.io/autoupdate": "true" },
};

const CONTROLLER_PREFIX = "system:controller:";

export function clusterRoles(): Draft<ClusterRole>[] {
  const ofControllers = Object.entries(CONTROLLER_ROLES).map(([name, rules]): [string, RoleFacts] => [
    CONTROLLER_PREFIX + name,
    { rules: rules.map((rule) => (rule === "events" ? EVENTS : rule)) },
  ]);
  return [...Object.entries(CLUSTER_ROLES), ...ofControllers].map(([name, { rules = [], urls, into, from }]) => ({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRole",
    metadata: { name, ...BOOTSTRAPPED, labels: { ...BOOTSTRAPPED.labels, ...(into ? { [AGGREGATE + into]: "true" } : {}) } },
    ...(from ? { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [AGGREGATE + from]: "true" } }] } } : {}),
    rules: from
      ? aggregated(from)
      : [...rules.map(ruleOf), ...(urls ? [{ nonResourceURLs: [...urls], verbs: name === "cluster-admin" ? ["*"] : ["get"] }] : [])],
  }));
}

/** What the aggregation controller will make of it: a new cluster shall not have to wait for that. */
function aggregated(label: string): PolicyRule[] {
  return Object.entries(CLUSTER_ROLES)
    .filter(([, facts]) => facts.into === label)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, facts]) => (facts.from ? aggregated(facts.from) : (facts.rules ?? []).map(ruleOf)));
}

export function clusterRoleBindings(): Draft<ClusterRoleBinding>[] {
  const ofControllers = Object.keys(CONTROLLER_ROLES).map((name): [string, readonly string[]] => [
    CONTROLLER_PREFIX + name,
    [`ServiceAccount kube-system/${name}`],
  ]);
  return [...Object.entries(CLUSTER_BINDINGS), ...ofControllers].map(([name, subjects]) => ({
    ...clusterBinding(name, name, subjects),
    metadata: { name, ...BOOTSTRAPPED },
  }));
}

export function kubeadmRoles(): Draft<ClusterRole>[] {
  return [
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRole",
      metadata: { name: "kubeadm:get-nodes" },
      rules: [ruleOf(`get "" nodes`)],
    },
  ];
}

export function kubeadmBindings(): Draft<ClusterRoleBinding>[] {
  return Object.entries(KUBEADM_BINDINGS).map(([name, { role, subjects }]) => clusterBinding(name, role, subjects));
}

/** Upstream: bootstrappolicy/namespace_policy.go */
export function namespacedRoles(): Draft<Role>[] {
  const role = (namespace: string, name: string, rules: readonly string[]): Draft<Role> => ({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "Role",
    metadata: { name, namespace, ...BOOTSTRAPPED },
    rules: rules.map(ruleOf),
  });
  return [
    role("kube-system", "extension-apiserver-authentication-reader", [`${READ} "" configmaps extension-apiserver-authentication`]),
    role("kube-system", "system::leader-locking-kube-controller-manager", [
      `watch "" configmaps`,
      `get,update "" configmaps kube-controller-manager`,
    ]),
    role("kube-system", "system::leader-locking-kube-scheduler", [`watch "" configmaps`, `get,update "" configmaps kube-scheduler`]),
    role("kube-system", "system:controller:bootstrap-signer", [`${READ} "" secrets`]),
    role("kube-system", "system:controller:cloud-provider", [`create,${READ} "" configmaps`]),
    role("kube-system", "system:controller:token-cleaner", [`delete,${READ} "" secrets`, EVENTS]),
    role("kube-public", "system:controller:bootstrap-signer", [`${READ} "" configmaps`, `update "" configmaps cluster-info`, EVENTS]),
  ];
}

export function namespacedBindings(): Draft<RoleBinding>[] {
  const binding = (namespace: string, name: string, role: string, subjects: readonly string[]): Draft<RoleBinding> => ({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "RoleBinding",
    metadata: { name, namespace, ...BOOTSTRAPPED },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: role },
    subjects: subjects.map(subjectOf),
  });
  return [
    binding("kube-system", "system::extension-apiserver-authentication-reader", "extension-apiserver-authentication-reader", [
      "User system:kube-controller-manager",
      "User system:kube-scheduler",
    ]),
    binding("kube-system", "system::leader-locking-kube-controller-manager", "system::leader-locking-kube-controller-manager", [
      "User system:kube-controller-manager",
      "ServiceAccount kube-system/kube-controller-manager",
    ]),
    binding("kube-system", "system::leader-locking-kube-scheduler", "system::leader-locking-kube-scheduler", [
      "User system:kube-scheduler",
      "ServiceAccount kube-system/kube-scheduler",
    ]),
    binding("kube-system", "system:controller:bootstrap-signer", "system:controller:bootstrap-signer", [
      "ServiceAccount kube-system/bootstrap-signer",
    ]),
    binding("kube-system", "system:controller:cloud-provider", "system:controller:cloud-provider", [
      "ServiceAccount kube-system/cloud-provider",
    ]),
    binding("kube-system", "system:controller:token-cleaner", "system:controller:token-cleaner", [
      "ServiceAccount kube-system/token-cleaner",
    ]),
    binding("kube-public", "system:controller:bootstrap-signer", "system:controller:bootstrap-signer", [
      "ServiceAccount kube-system/bootstrap-signer",
    ]),
  ];
}

function clusterBinding(name: string, role: string, subjects: readonly string[]): Draft<ClusterRoleBinding> {
  return {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role },
    ...(subjects.length > 0 ? { subjects: subjects.map(subjectOf) } : {}),
  };
}

function ruleOf(text: string): PolicyRule {
  const [verbs = "", groups = "", resources = "", names] = text.split(" ");
  return {
    apiGroups: groups
      .split(",")
      .map((group) => (group === '""' ? "" : group))
      .sort(),
    ...(names ? { resourceNames: names.split(",").sort() } : {}),
    resources: resources.split(",").sort(),
    verbs: verbs.split(",").sort(),
  };
}

function subjectOf(text: string): Subject {
  const [kind = "", name = ""] = text.split(" ");
  if (kind !== "ServiceAccount") return { apiGroup: "rbac.authorization.k8s.io", kind, name };
  const [namespace = "", account = ""] = name.split("/");
  return { kind, name: account, namespace };
}
