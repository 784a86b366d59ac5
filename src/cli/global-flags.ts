import type { FlagSpec } from "./flags.ts";

/** Flags that every command takes. */
export const GLOBAL_FLAGS: readonly FlagSpec[] = [
  {
    name: "as",
    type: "string",
    usage:
      "User name to act as for this command: a regular user or a service account of a namespace.",
  },
  { name: "as-group", type: "stringArray", usage: "Group to act as; may be given several times." },
  { name: "as-uid", type: "string", usage: "UID to act as." },
  {
    name: "as-user-extra",
    type: "stringArray",
    usage: "Extra attributes of the user to act as; may be given several times.",
  },
  { name: "cache-dir", type: "string", usage: "Folder of the discovery cache" },
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
  { name: "kuberc", type: "string", usage: "File with preferences (not used by kubesim)." },
  {
    name: "log-flush-frequency",
    type: "duration",
    default: "5s",
    usage: "Accepted for compatibility",
    hidden: true,
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
    usage: "Accepted for compatibility",
    hidden: true,
  },
  {
    name: "profile-output",
    type: "string",
    default: "profile.pprof",
    usage: "Accepted for compatibility",
    hidden: true,
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
  { name: "v", shorthand: "v", type: "int32", default: 0, usage: "How much to log" },
  { name: "vmodule", type: "string", usage: "Accepted for compatibility", hidden: true },
  {
    name: "warnings-as-errors",
    type: "bool",
    usage: "End with a failure when the server sent warnings",
  },
];
