import type { ClusterCertificates } from "./certificates.ts";

/** The context, cluster and user name of a cluster in a kubeconfig. */
export function contextName(cluster: string): string {
  return cluster === "default" ? "kubesim" : `kubesim-${cluster}`;
}

/** A kubeconfig with everything embedded, as kubectl, Helm and the client libraries read it. */
export function renderKubeconfig(cluster: string, url: string, certificates: ClusterCertificates): string {
  const name = contextName(cluster);
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  return `apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: ${base64(certificates.ca.cert)}
    server: ${url}
  name: ${name}
contexts:
- context:
    cluster: ${name}
    user: ${name}
  name: ${name}
current-context: ${name}
kind: Config
preferences: {}
users:
- name: ${name}
  user:
    client-certificate-data: ${base64(certificates.admin.cert)}
    client-key-data: ${base64(certificates.admin.key)}
`;
}
