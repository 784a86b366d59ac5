import type { Node, PersistentVolume, PersistentVolumeClaim, Pod } from "../api/generated/core-v1.ts";
import type { StorageClass } from "../api/generated/storage-v1.ts";
import { NodeInfo, type PodInfo, podInfoOf } from "./node-info.ts";

/** What the volume plugins look up. */
export interface VolumeLookups {
  claim(namespace: string, name: string): PersistentVolumeClaim | undefined;
  volume(name: string): PersistentVolume | undefined;
  volumesOfClass(name: string): readonly PersistentVolume[];
  storageClass(name: string): StorageClass | undefined;
}

/** Everything the scheduler knows of nodes and the pods on them, assumed ones included. */
export class Snapshot {
  readonly #nodes = new Map<string, NodeInfo>();
  #list: NodeInfo[] = [];
  /** Where each counted pod stands, by uid. */
  readonly #placed = new Map<string, { readonly info: PodInfo; readonly nodeName: string }>();
  readonly #byNamespace = new Map<string, Map<string, { readonly info: PodInfo; readonly nodeName: string }>>();
  /** Pods with inter-pod (anti-)affinity terms of their own: few, and asked for at every placement. */
  readonly #withPodAffinity = new Map<string, { readonly info: PodInfo; readonly nodeName: string }>();
  /** Pods a node by controller, for default spreading. */
  readonly #byOwner = new Map<string, Map<string, number>>();
  /** Pods that are bound to nodes this snapshot has not seen yet. */
  readonly #orphans = new Map<string, Map<string, PodInfo>>();

  /** Pods without a node that have made room on one by preemption. */
  readonly #nominated = new Map<string, Map<string, PodInfo>>();
  readonly #nominations = new Map<string, string>();

  /** For VolumeBinding, VolumeRestrictions and VolumeZone. */
  volumes: VolumeLookups | undefined;

  get nodes(): readonly NodeInfo[] {
    return this.#list;
  }

  find(name: string): NodeInfo | undefined {
    return this.#nodes.get(name);
  }

  get placedWithPodAffinity(): Iterable<{ readonly info: PodInfo; readonly nodeName: string }> {
    return this.#withPodAffinity.values();
  }

  inNamespace(namespace: string): Iterable<{ readonly info: PodInfo; readonly nodeName: string }> {
    return this.#byNamespace.get(namespace)?.values() ?? [];
  }

  allPlaced(): Iterable<{ readonly info: PodInfo; readonly nodeName: string }> {
    return this.#placed.values();
  }

  podsByNodeOf(ownerUid: string): ReadonlyMap<string, number> {
    return this.#byOwner.get(ownerUid) ?? new Map();
  }

  setNode(node: Node): void {
    const known = this.#nodes.get(node.metadata.name);
    if (known) return known.setNode(node);
    const info = new NodeInfo(node);
    this.#nodes.set(node.metadata.name, info);
    this.#list.push(info);
    for (const pod of this.#orphans.get(node.metadata.name)?.values() ?? []) info.add(pod);
    this.#orphans.delete(node.metadata.name);
  }

  removeNode(name: string): void {
    const info = this.#nodes.get(name);
    if (!info) return;
    this.#nodes.delete(name);
    this.#list = this.#list.filter((other) => other !== info);
    if (info.pods.size > 0) this.#orphans.set(name, new Map(info.pods));
  }

  place(pod: Pod, nodeName: string): void {
    this.unplace(pod.metadata.uid);
    this.withdraw(pod.metadata.uid);
    const placed = { info: podInfoOf(pod), nodeName };
    const uid = pod.metadata.uid;
    const namespace = pod.metadata.namespace ?? "";
    this.#placed.set(uid, placed);
    bucket(this.#byNamespace, namespace).set(uid, placed);
    if (pod.spec.affinity?.podAffinity ?? pod.spec.affinity?.podAntiAffinity) this.#withPodAffinity.set(uid, placed);
    const owner = ownerOf(pod);
    if (owner) bucket(this.#byOwner, owner).set(nodeName, (this.#byOwner.get(owner)?.get(nodeName) ?? 0) + 1);
    const node = this.#nodes.get(nodeName);
    if (node) node.add(placed.info);
    else bucket(this.#orphans, nodeName).set(uid, placed.info);
  }

  unplace(uid: string): void {
    const placed = this.#placed.get(uid);
    if (!placed) return;
    this.#placed.delete(uid);
    this.#withPodAffinity.delete(uid);
    this.#nodes.get(placed.nodeName)?.remove(uid);
    this.#orphans.get(placed.nodeName)?.delete(uid);
    const namespace = placed.info.pod.metadata.namespace ?? "";
    const inNamespace = this.#byNamespace.get(namespace);
    inNamespace?.delete(uid);
    if (inNamespace?.size === 0) this.#byNamespace.delete(namespace);
    this.#forgetOwner(placed.info.pod, placed.nodeName);
  }

  placeOf(uid: string): string | undefined {
    return this.#placed.get(uid)?.nodeName;
  }

  /** Keeps a place on the node for a pod whose victims are on their way out. */
  nominate(pod: Pod, nodeName: string): void {
    this.withdraw(pod.metadata.uid);
    bucket(this.#nominated, nodeName).set(pod.metadata.uid, podInfoOf(pod));
    this.#nominations.set(pod.metadata.uid, nodeName);
  }

  withdraw(uid: string): void {
    const nodeName = this.#nominations.get(uid);
    if (nodeName === undefined) return;
    this.#nominations.delete(uid);
    const onNode = this.#nominated.get(nodeName);
    onNode?.delete(uid);
    if (onNode?.size === 0) this.#nominated.delete(nodeName);
  }

  nominationOf(uid: string): string | undefined {
    return this.#nominations.get(uid);
  }

  nominatedOn(nodeName: string): readonly PodInfo[] {
    const onNode = this.#nominated.get(nodeName);
    return onNode ? [...onNode.values()] : NOBODY;
  }

  #forgetOwner(pod: Pod, nodeName: string): void {
    const owner = ownerOf(pod);
    const counts = owner ? this.#byOwner.get(owner) : undefined;
    if (!owner || !counts) return;
    const left = (counts.get(nodeName) ?? 0) - 1;
    if (left > 0) counts.set(nodeName, left);
    else counts.delete(nodeName);
    if (counts.size === 0) this.#byOwner.delete(owner);
  }
}

const NOBODY: readonly PodInfo[] = [];

export function ownerOf(pod: Pod): string | undefined {
  return pod.metadata.ownerReferences?.find((owner) => owner.controller)?.uid;
}

function bucket<K, V>(map: Map<string, Map<K, V>>, key: string): Map<K, V> {
  let found = map.get(key);
  if (!found) map.set(key, (found = new Map()));
  return found;
}
