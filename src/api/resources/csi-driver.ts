import type { CSIDriver } from "../generated/storage-v1.ts";
import type { Kind } from "../kind.ts";
import { age, text } from "./support/columns.ts";
import { notSimulated } from "./support/not-simulated.ts";

const flag = (name: string, description: string, of: (spec: CSIDriver["spec"]) => boolean | undefined) =>
  ({ name, type: "boolean", priority: 0, description, cell: ({ spec }: CSIDriver) => of(spec) ?? false }) as const;

/** Upstream: pkg/registry/storage/csidriver */
export const csiDrivers: Kind<CSIDriver> = {
  group: "storage.k8s.io",
  version: "v1",
  kind: "CSIDriver",
  plural: "csidrivers",
  singular: "csidriver",
  namespaced: false,
  hasGeneration: true,
  schema: { package: "storage/v1", type: "CSIDriver" },
  setDefaults({ spec }) {
    spec.attachRequired ??= true;
    spec.podInfoOnMount ??= false;
    spec.storageCapacity ??= false;
    spec.fsGroupPolicy ??= "ReadWriteOnceWithFSType";
    spec.volumeLifecycleModes ??= ["Persistent"];
    spec.requiresRepublish ??= false;
    spec.seLinuxMount ??= false;
  },
  warnings: notSimulated("CSIDrivers", "no driver provides volumes"),
  columns: [
    flag("AttachRequired", "Whether volumes are attached first.", (spec) => spec.attachRequired),
    flag("PodInfoOnMount", "Whether it is told of the pod.", (spec) => spec.podInfoOnMount),
    flag("StorageCapacity", "Whether it tells its capacity.", (spec) => spec.storageCapacity),
    text(
      "TokenRequests",
      "The tokens it wants.",
      ({ spec }) => (spec.tokenRequests ?? []).map((request) => request.audience).join(",") || "<unset>",
    ),
    flag("RequiresRepublish", "Whether it is called again and again.", (spec) => spec.requiresRepublish),
    text("Modes", "The kinds of volumes it has.", ({ spec }) => (spec.volumeLifecycleModes ?? []).join(",") || "<none>"),
    age(),
  ],
};
