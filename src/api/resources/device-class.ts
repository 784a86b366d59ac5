import type { DeviceClass } from "../generated/resource-v1.ts";
import type { Kind } from "../kind.ts";
import { age } from "./support/columns.ts";
import { notSimulated } from "./support/not-simulated.ts";

/** Upstream: pkg/registry/resource/deviceclass */
export const deviceClasses: Kind<DeviceClass> = {
  group: "resource.k8s.io",
  version: "v1",
  kind: "DeviceClass",
  plural: "deviceclasses",
  singular: "deviceclass",
  namespaced: false,
  hasGeneration: true,
  schema: { package: "resource/v1", type: "DeviceClass" },
  warnings: notSimulated("DeviceClasses", "no devices are allocated"),
  columns: [age()],
};
