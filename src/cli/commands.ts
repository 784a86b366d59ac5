import type { CommandEntry } from "./command.ts";

const BEGINNER = "Basic Commands (Beginner)";
const INTERMEDIATE = "Basic Commands (Intermediate)";
const DEPLOY = "Deploy Commands";
const CLUSTER = "Cluster Management Commands";
const TROUBLE = "Troubleshooting and Debugging Commands";
const ADVANCED = "Advanced Commands";
const SETTINGS = "Settings Commands";
const KUBESIM = "Kubesim Commands";

/** Every command: its line in the help, and where its code is. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: "create",
    group: BEGINNER,
    short: "Create a resource from a file or from stdin",
    load: async () => (await import("./commands/create.ts")).default,
  },
  {
    name: "expose",
    group: BEGINNER,
    short: "Take a replication controller, service, deployment or pod and expose it as a new Kubernetes service",
    load: async () => (await import("./commands/expose.ts")).default,
  },
  {
    name: "run",
    group: BEGINNER,
    short: "Run a particular image on the cluster",
    load: async () => (await import("./commands/run.ts")).default,
  },
  {
    name: "set",
    group: BEGINNER,
    short: "Set specific features on objects",
    load: async () => (await import("./commands/set.ts")).default,
  },
  {
    name: "explain",
    group: INTERMEDIATE,
    short: "Get documentation for a resource",
    load: async () => (await import("./commands/explain.ts")).default,
  },
  {
    name: "get",
    group: INTERMEDIATE,
    short: "Display one or many resources",
    load: async () => (await import("./commands/get.ts")).default,
  },
  {
    name: "edit",
    group: INTERMEDIATE,
    short: "Edit a resource on the server",
    load: async () => (await import("./commands/edit.ts")).default,
  },
  {
    name: "delete",
    group: INTERMEDIATE,
    short: "Delete resources by file names, stdin, resources and names, or by resources and label selector",
    load: async () => (await import("./commands/delete.ts")).default,
  },
  {
    name: "rollout",
    group: DEPLOY,
    short: "Manage the rollout of a resource",
    load: async () => (await import("./commands/rollout.ts")).default,
  },
  {
    name: "scale",
    group: DEPLOY,
    short: "Set a new size for a deployment, replica set, or replication controller",
    load: async () => (await import("./commands/scale.ts")).default,
  },
  {
    name: "autoscale",
    group: DEPLOY,
    short: "Auto-scale a deployment, replica set, stateful set, or replication controller",
    load: async () => (await import("./commands/autoscale.ts")).default,
  },
  {
    name: "certificate",
    group: CLUSTER,
    short: "Modify certificate resources",
    load: async () => (await import("./commands/certificate.ts")).default,
  },
  {
    name: "cluster-info",
    group: CLUSTER,
    short: "Display cluster information",
    load: async () => (await import("./commands/cluster-info.ts")).default,
  },
  {
    name: "top",
    group: CLUSTER,
    short: "Display resource (CPU/memory) usage",
    load: async () => (await import("./commands/top.ts")).default,
  },
  {
    name: "cordon",
    group: CLUSTER,
    short: "Mark node as unschedulable",
    load: async () => (await import("./commands/cordon.ts")).cordon,
  },
  {
    name: "uncordon",
    group: CLUSTER,
    short: "Mark node as schedulable",
    load: async () => (await import("./commands/cordon.ts")).uncordon,
  },
  {
    name: "drain",
    group: CLUSTER,
    short: "Drain node in preparation for maintenance",
    load: async () => (await import("./commands/drain.ts")).default,
  },
  {
    name: "taint",
    group: CLUSTER,
    short: "Update the taints on one or more nodes",
    load: async () => (await import("./commands/taint.ts")).default,
  },
  {
    name: "describe",
    group: TROUBLE,
    short: "Show details of a specific resource or group of resources",
    load: async () => (await import("./commands/describe.ts")).default,
  },
  {
    name: "logs",
    group: TROUBLE,
    short: "Print the logs for a container in a pod",
    load: async () => (await import("./commands/logs.ts")).default,
  },
  {
    name: "attach",
    group: TROUBLE,
    short: "Attach to a running container",
    load: async () => (await import("./commands/attach.ts")).default,
  },
  {
    name: "exec",
    group: TROUBLE,
    short: "Execute a command in a container",
    load: async () => (await import("./commands/exec.ts")).default,
  },
  {
    name: "port-forward",
    group: TROUBLE,
    short: "Forward one or more local ports to a pod",
    load: async () => (await import("./commands/port-forward.ts")).default,
  },
  {
    name: "proxy",
    group: TROUBLE,
    short: "Run a proxy to the Kubernetes API server",
    load: async () => (await import("./commands/proxy.ts")).default,
  },
  {
    name: "cp",
    group: TROUBLE,
    short: "Copy files and directories to and from containers",
    load: async () => (await import("./commands/cp.ts")).default,
  },
  {
    name: "auth",
    group: TROUBLE,
    short: "Inspect authorization",
    load: async () => (await import("./commands/auth.ts")).default,
  },
  {
    name: "debug",
    group: TROUBLE,
    short: "Create debugging sessions for troubleshooting workloads and nodes",
    load: async () => (await import("./commands/debug.ts")).default,
  },
  {
    name: "events",
    group: TROUBLE,
    short: "List events",
    load: async () => (await import("./commands/events.ts")).default,
  },
  {
    name: "diff",
    group: ADVANCED,
    short: "Diff the live version against a would-be applied version",
    load: async () => (await import("./commands/diff.ts")).default,
  },
  {
    name: "apply",
    group: ADVANCED,
    short: "Apply a configuration to a resource by file name or stdin",
    load: async () => (await import("./commands/apply.ts")).default,
  },
  {
    name: "patch",
    group: ADVANCED,
    short: "Update fields of a resource",
    load: async () => (await import("./commands/patch.ts")).default,
  },
  {
    name: "replace",
    group: ADVANCED,
    short: "Replace a resource by file name or stdin",
    load: async () => (await import("./commands/replace.ts")).default,
  },
  {
    name: "wait",
    group: ADVANCED,
    short: "Wait for a specific condition on one or many resources",
    load: async () => (await import("./commands/wait.ts")).default,
  },
  {
    name: "kustomize",
    group: ADVANCED,
    short: "Build a kustomization target from a directory or URL",
    load: async () => (await import("./commands/kustomize.ts")).default,
  },
  {
    name: "label",
    group: SETTINGS,
    short: "Update the labels on a resource",
    load: async () => (await import("./commands/label.ts")).default,
  },
  {
    name: "annotate",
    group: SETTINGS,
    short: "Update the annotations on a resource",
    load: async () => (await import("./commands/annotate.ts")).default,
  },
  {
    name: "completion",
    group: SETTINGS,
    short: "Output shell completion code for the specified shell (bash, zsh, fish, or powershell)",
    load: async () => (await import("./commands/completion.ts")).default,
  },
  {
    name: "cluster",
    group: KUBESIM,
    short: "Start, stop and look at the simulated clusters",
    load: async () => (await import("./commands/cluster.ts")).default,
  },
  {
    name: "sim",
    group: KUBESIM,
    short: "Steer the simulation: its clock, its machines, and what it can tell",
    load: async () => (await import("./commands/sim.ts")).default,
  },
  {
    name: "shell",
    group: KUBESIM,
    short: "Open a prompt for many commands in a row",
    load: async () => (await import("./commands/shell.ts")).default,
  },
  {
    name: "api-resources",
    short: "Print the supported API resources on the server",
    load: async () => (await import("./commands/api-resources.ts")).default,
  },
  {
    name: "api-versions",
    short: 'Print the supported API versions on the server, in the form of "group/version"',
    load: async () => (await import("./commands/api-versions.ts")).default,
  },
  {
    name: "config",
    short: "Modify kubeconfig files",
    load: async () => (await import("./commands/config.ts")).default,
  },
  {
    name: "kuberc",
    short: "Manage kuberc configuration files",
    load: async () => (await import("./commands/kuberc.ts")).default,
  },
  {
    name: "plugin",
    short: "Provides utilities for interacting with plugins",
    load: async () => (await import("./commands/plugin.ts")).default,
  },
  {
    name: "version",
    short: "Print the client and server version information",
    load: async () => (await import("./commands/version.ts")).default,
  },
  {
    name: "options",
    short: "Print the list of flags inherited by all commands",
    hidden: true,
    load: async () => (await import("./commands/options.ts")).default,
  },
  {
    name: "__complete",
    short: "Candidates for shell completion",
    hidden: true,
    load: async () => (await import("./commands/complete.ts")).complete(true),
  },
  {
    name: "__completeNoDesc",
    short: "Candidates for shell completion, without what they are",
    hidden: true,
    load: async () => (await import("./commands/complete.ts")).complete(false),
  },
];
