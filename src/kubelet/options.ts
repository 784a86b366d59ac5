import type { Pod, Taint } from "../api/generated/core-v1.ts";
import type { FileSystem, MeasuredFileSystem } from "../containers/filesystem.ts";
import type { ContainerRuntime } from "../containers/runtime.ts";
import type { Network } from "../network/network.ts";

/** What one node agent is handed. */
export interface KubeletOptions {
  readonly nodeName: string;
  readonly ip: string;
  readonly podCIDR: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly taints?: readonly Taint[];
  readonly capacity: { readonly cpu: string; readonly memory: string; readonly pods: string };
  /** `v1.36.0` */
  readonly kubeletVersion: string;
  readonly runtime: ContainerRuntime;
  readonly network: Network;
  /** Manifests of /etc/kubernetes/manifests. */
  readonly staticPods?: readonly Pod[];
  /** The ClusterIP of the service default/kubernetes and its port, for pods that start before the service informer shows it. */
  readonly serviceIP: string;
  /** The machine that the API server runs on. */
  readonly serverIP: string;
  /** False: its network is cut off from the start. */
  readonly connected?: boolean;
  readonly tokens: TokenIssuer;
  /** PEM of the cluster's CA, for node facts only: pods get it from the ConfigMap kube-root-ca.crt. */
  readonly caPem: string;
  readonly volumeStorage?: VolumeStorage;
  /** @param capacityBytes writes of more fail. */
  createVolume(capacityBytes?: number): MeasuredFileSystem;
}

/** Issues bound service account tokens; ServiceAccountTokens fits it. */
export interface TokenIssuer {
  issue(request: {
    readonly namespace: string;
    readonly serviceAccount: { readonly name: string; readonly uid: string };
    readonly audiences: readonly string[];
    readonly expirationSeconds: number;
    readonly boundTo: { readonly kind: string; readonly name: string; readonly uid: string } | undefined;
    readonly node?: { readonly name: string; readonly uid: string } | undefined;
  }): { readonly token: string; readonly expirationTimeMs: number };
}

/** Keeps emptyDir volumes over a restart of the daemon (a reboot of the node). */
export interface VolumeStorage {
  load(podUid: string, volume: string, into: FileSystem): void;
  save(podUid: string, volume: string, fileSystem: FileSystem): void;
  remove(podUid: string): void;
}

export const RUNTIME_SCHEME = "containerd://";
