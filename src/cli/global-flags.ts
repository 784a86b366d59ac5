import { environment, homeFolder, joinPath } from "../host/cli-host.ts";
import type { FlagSpec } from "./flags.ts";

/** Flags that every command takes. */
export const GLOBAL_FLAGS: readonly FlagSpec[] = [
  {
    name: "as",
    type: "string",
    usage: "User name to act as for this command: a regular user or a service account of a namespace.",
  },
  { name: "as-group", type: "stringArray", usage: "Group to act as; may be given several times." },
  { name: "as-uid", type: "string", usage: "UID to act as." },
  {
    name: "as-user-extra",
    type: "stringArray",
    usage: "Extra attributes of the user to act as; may be given several times.",
  },
  {
    name: "cache-dir",
    type: "string",
    default: environment("KUBECACHEDIR") || joinPath(homeFolder(), ".kube", "cache"),
    usage: "Folder of the discovery cache",
  },
  {
    name: "certificate-authority",
    type: "string",
    usage: "File with the certificate of the authority",
  },
  { name: "client-certificate", type: "string", usage: "File with a client certificate for TLS" },
  { name: "client-key", type: "string", usage: "File with the key of the client certificate" },
  { name: "cluster", type: "string", usage: "Name of the cluster of the kubeconfig to use" },
  { name: "context", type: "string", usage: "Name of the context of the kubeconfig to use" },
  { name: "disable-compression", type: "bool", usage: "Ask the server for uncompressed answers" },
  {
    name: "insecure-skip-tls-verify",
    type: "bool",
    usage: "Trust whatever certificate the server shows. This makes the connection insecure",
  },
  { name: "kubeconfig", type: "string", usage: "File with the kubeconfig to use." },
  { name: "kuberc", type: "string", usage: "File with preferences. KUBECTL_KUBERC=false and KUBERC=off turn them off." },
  {
    name: "log-flush-frequency",
    type: "terseDuration",
    default: "5s",
    usage: "The longest time until the log is written (kubesim writes it at once)",
  },
  {
    name: "match-server-version",
    type: "bool",
    usage: "Require the server to have the client's version",
  },
  { name: "namespace", shorthand: "n", type: "string", usage: "The namespace of this command" },
  { name: "password", type: "string", usage: "Password for basic authentication" },
  {
    name: "profile",
    type: "string",
    default: "none",
    usage: "Profile to capture (kubesim has none but 'none').",
  },
  {
    name: "profile-output",
    type: "string",
    default: "profile.pprof",
    usage: "File for the profile",
  },
  {
    name: "request-timeout",
    type: "string",
    default: "0",
    usage: "How long to wait for one answer of the server (1s, 2m, 3h). Zero waits for ever.",
  },
  {
    name: "server",
    shorthand: "s",
    type: "string",
    usage: "Address and port of the Kubernetes API server",
  },
  {
    name: "tls-server-name",
    type: "string",
    usage: "Name that the server's certificate must have, when it is not its host name",
  },
  { name: "token", type: "string", usage: "Bearer token for the API server" },
  { name: "user", type: "string", usage: "Name of the user of the kubeconfig to use" },
  { name: "username", type: "string", usage: "User name for basic authentication" },
  {
    name: "v",
    shorthand: "v",
    type: "int32",
    default: 0,
    usage: "How much to log: 6 tells of requests, 7 of their headers, 8 of their bodies",
  },
  { name: "vmodule", type: "moduleSpec", usage: "How much to log of single files: pattern=N, separated by commas" },
  {
    name: "warnings-as-errors",
    type: "bool",
    usage: "End with a failure when the server sent warnings",
  },
];
