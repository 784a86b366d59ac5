import type { PersistentVolume, PersistentVolumeClaim } from "../api/generated/core-v1.ts";
import { keyOf } from "../api/meta.ts";
import { persistentVolumeClaims } from "../api/resources/persistent-volume-claim.ts";
import { persistentVolumes } from "../api/resources/persistent-volume.ts";
import { storageClasses } from "../api/resources/storage-class.ts";
import { isAlreadyExists, isNotFound } from "../api/status.ts";
import { Reconciler, type Result } from "../client/reconciler.ts";
import type { Controller, ControllerContext } from "./controller.ts";
import { classOfClaim, PROVISIONED_BY, SELECTED_NODE, STORAGE_PROVISIONER } from "../api/volume-matching.ts";

const NAME = "rancher.io/local-path";
const RECORDER = "rancher.io/local-path_local-path-provisioner";
const FOLDER = "/var/local-path-provisioner";
/** What the helper pod of the real one takes to make or to empty a folder. */
const HELPER_MS = 3_000;

/** kind's provisioner: a folder on the node that was chosen. Upstream: rancher/local-path-provisioner */
export const localPathProvisioner: Controller = {
  name: "local-path-provisioner",
  start(context) {
    const { informers, clock, tasks } = context;
    const scoped: ControllerContext = {
      ...context,
      client: context.client.as("local-path-provisioner"),
      events: context.events.from(RECORDER),
    };
    const startedMs = new Map<string, number>();
    const claims = new Reconciler({ name: NAME, clock, tasks, log: context.log, reconcile: (key) => provision(scoped, key, startedMs) });
    const volumes = new Reconciler({ name: NAME, clock, tasks, log: context.log, reconcile: (key) => remove(scoped, key, startedMs) });
    const ofClaim = (claim: PersistentVolumeClaim) => {
      if (claim.metadata.annotations?.[STORAGE_PROVISIONER] === NAME && !claim.spec.volumeName) claims.add(keyOf(claim));
    };
    informers.of(persistentVolumeClaims).addHandler({ added: ofClaim, updated: ofClaim });
    const ofVolume = (volume: PersistentVolume) => {
      if (volume.status.phase === "Released" && volume.metadata.annotations?.[PROVISIONED_BY] === NAME) volumes.add(volume.metadata.name);
    };
    informers.of(persistentVolumes).addHandler({ added: ofVolume, updated: ofVolume });
  },
};

async function provision(
  { client, informers, events, clock }: ControllerContext,
  key: string,
  startedMs: Map<string, number>,
): Promise<Result | void> {
  const claim = informers.of(persistentVolumeClaims).find(key);
  const storageClass = claim && informers.of(storageClasses).find(classOfClaim(claim));
  if (!claim || !storageClass || claim.spec.volumeName || claim.metadata.deletionTimestamp) return;
  const { uid } = claim.metadata;
  const name = `pvc-${uid}`;
  if (informers.of(persistentVolumes).find(name)) return;
  const tell = (type: "Normal" | "Warning", reason: string, message: string) => events.event({ object: claim }, type, reason, message);
  const node = claim.metadata.annotations?.[SELECTED_NODE];
  const since = startedMs.get(uid);
  if (since === undefined) tell("Normal", "Provisioning", `External provisioner is provisioning volume for claim "${key}"`);
  const refuse = (why: string): Result => {
    tell(
      "Warning",
      "ProvisioningFailed",
      `failed to provision volume with StorageClass ${JSON.stringify(storageClass.metadata.name)}: ${why}`,
    );
    return { requeueAfterMs: 15_000 };
  };
  if (node === undefined) return refuse("configuration error, no node was specified");
  if (claim.spec.accessModes?.some((mode) => mode !== "ReadWriteOnce" && mode !== "ReadWriteOncePod"))
    return refuse("NodePath only supports ReadWriteOnce and ReadWriteOncePod (1.22+) access modes");
  if (claim.spec.selector) return refuse("claim.Spec.Selector is not supported");
  if (since === undefined) startedMs.set(uid, clock.now());
  const leftMs = (since ?? clock.now()) + HELPER_MS - clock.now();
  if (leftMs > 0) return { requeueAfterMs: leftMs };
  startedMs.delete(uid);
  await client
    .create(persistentVolumes, volumeFor(claim, name, node, storageClass.reclaimPolicy ?? "Delete") as never)
    .catch((error: unknown) => {
      if (!isAlreadyExists(error)) throw error;
    });
  tell("Normal", "ProvisioningSucceeded", `Successfully provisioned volume ${name}`);
}

function volumeFor(claim: PersistentVolumeClaim, name: string, node: string, reclaimPolicy: string): object {
  const { namespace, name: claimName, uid, resourceVersion } = claim.metadata;
  return {
    metadata: { name, annotations: { "local.path.provisioner/selected-node": node, [PROVISIONED_BY]: NAME } },
    spec: {
      accessModes: claim.spec.accessModes,
      capacity: { storage: claim.spec.resources?.requests?.["storage"] },
      claimRef: { apiVersion: "v1", kind: "PersistentVolumeClaim", namespace, name: claimName, uid, resourceVersion },
      hostPath: { path: `${FOLDER}/${name}_${namespace}_${claimName}`, type: "DirectoryOrCreate" },
      nodeAffinity: {
        required: { nodeSelectorTerms: [{ matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values: [node] }] }] },
      },
      persistentVolumeReclaimPolicy: reclaimPolicy,
      storageClassName: classOfClaim(claim),
      volumeMode: claim.spec.volumeMode ?? "Filesystem",
    },
  };
}

/** A released volume goes, and with it the folder: the node's kubelet sees to that. */
async function remove(
  { client, informers, clock }: ControllerContext,
  name: string,
  startedMs: Map<string, number>,
): Promise<Result | void> {
  const volume = informers.of(persistentVolumes).find(name);
  if (
    !volume ||
    volume.status.phase !== "Released" ||
    volume.spec.persistentVolumeReclaimPolicy !== "Delete" ||
    volume.metadata.deletionTimestamp
  )
    return;
  const { uid } = volume.metadata;
  const since = startedMs.get(uid);
  if (since === undefined) startedMs.set(uid, clock.now());
  const leftMs = (since ?? clock.now()) + HELPER_MS - clock.now();
  if (leftMs > 0) return { requeueAfterMs: leftMs };
  startedMs.delete(uid);
  await client.delete(persistentVolumes, volume.metadata, { preconditions: { uid } }).catch((error: unknown) => {
    if (!isNotFound(error)) throw error;
  });
}
