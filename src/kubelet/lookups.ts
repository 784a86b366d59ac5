import type {
  ConfigMap,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Secret,
  Service,
  ServiceAccount,
} from "../api/generated/core-v1.ts";
import { configMaps } from "../api/resources/config-map.ts";
import { nodes } from "../api/resources/node.ts";
import { persistentVolumeClaims } from "../api/resources/persistent-volume-claim.ts";
import { persistentVolumes } from "../api/resources/persistent-volume.ts";
import { secrets } from "../api/resources/secret.ts";
import { serviceAccounts } from "../api/resources/service-account.ts";
import { services } from "../api/resources/service.ts";
import type { Informer, InformerFactory } from "../client/informer.ts";

/** What pods refer to, from the caches that all kubelets share. */
export interface Lookups {
  readonly configMaps: Informer<ConfigMap>;
  readonly secrets: Informer<Secret>;
  readonly services: Informer<Service>;
  readonly serviceAccounts: Informer<ServiceAccount>;
  readonly nodes: Informer<Node>;
  readonly claims: Informer<PersistentVolumeClaim>;
  readonly volumes: Informer<PersistentVolume>;
}

export function openLookups(informers: InformerFactory): Lookups {
  return {
    configMaps: informers.of(configMaps),
    secrets: informers.of(secrets),
    services: informers.of(services),
    serviceAccounts: informers.of(serviceAccounts),
    nodes: informers.of(nodes),
    claims: informers.of(persistentVolumeClaims),
    volumes: informers.of(persistentVolumes),
  };
}

export function lookupsSynced(lookups: Lookups): boolean {
  return (
    lookups.configMaps.synced &&
    lookups.secrets.synced &&
    lookups.services.synced &&
    lookups.serviceAccounts.synced &&
    lookups.nodes.synced &&
    lookups.claims.synced &&
    lookups.volumes.synced
  );
}
