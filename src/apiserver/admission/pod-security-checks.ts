import type { Container, EphemeralContainer, LifecycleHandler, Pod, PodSpec, Probe } from "../../api/generated/core-v1.ts";

/** What one check has against a pod: the reason, and in brackets the detail. */
export interface Violation {
  readonly reason: string;
  readonly detail: string;
}

interface Check {
  readonly id: string;
  readonly level: "baseline" | "restricted";
  /** The minor version of Kubernetes 1.x since which it holds. */
  readonly since: number;
  /** The check of the baseline that this one makes superfluous. */
  readonly replaces?: string;
  run(pod: { readonly metadata: Pod["metadata"]; readonly spec: PodSpec }, minor: number): Violation | undefined;
}

type AnyContainer = Container | EphemeralContainer;

const containersOf = (spec: PodSpec): AnyContainer[] => [
  ...(spec.initContainers ?? []),
  ...spec.containers,
  ...(spec.ephemeralContainers ?? []),
];
const quote = (names: readonly string[]) => names.map((name) => JSON.stringify(name)).join(", ");
const unique = (values: readonly string[]) => [...new Set(values)].sort();
const plural = (one: string, many: string, count: number) => (count === 1 ? one : many);
const containers = (names: readonly string[]) => `${plural("container", "containers", names.length)} ${quote(names)}`;
const namesWhere = (spec: PodSpec, bad: (container: AnyContainer) => boolean) =>
  containersOf(spec)
    .filter(bad)
    .map(({ name }) => name);

/** `pod and containers "a", "b"`. */
function setters(podIsBad: boolean, names: readonly string[]): string {
  return [...(podIsBad ? ["pod"] : []), ...(names.length > 0 ? [containers(names)] : [])].join(" and ");
}

const BASELINE_CAPABILITIES = new Set([
  "AUDIT_WRITE",
  "CHOWN",
  "DAC_OVERRIDE",
  "FOWNER",
  "FSETID",
  "KILL",
  "MKNOD",
  "NET_BIND_SERVICE",
  "SETFCAP",
  "SETGID",
  "SETPCAP",
  "SETUID",
  "SYS_CHROOT",
]);
const RESTRICTED_VOLUMES = [
  "configMap",
  "csi",
  "downwardAPI",
  "emptyDir",
  "ephemeral",
  "image",
  "persistentVolumeClaim",
  "projected",
  "secret",
];
const SELINUX_TYPES = ["", "container_t", "container_init_t", "container_kvm_t"];
const SYSCTLS: readonly (readonly [string, number])[] = [
  ["kernel.shm_rmid_forced", 0],
  ["net.ipv4.ip_local_port_range", 0],
  ["net.ipv4.tcp_syncookies", 0],
  ["net.ipv4.ping_group_range", 0],
  ["net.ipv4.ip_unprivileged_port_start", 0],
  ["net.ipv4.ip_local_reserved_ports", 27],
  ["net.ipv4.tcp_keepalive_time", 29],
  ["net.ipv4.tcp_fin_timeout", 29],
  ["net.ipv4.tcp_keepalive_intvl", 29],
  ["net.ipv4.tcp_keepalive_probes", 29],
  ["net.ipv4.tcp_rmem", 32],
  ["net.ipv4.tcp_wmem", 32],
];

const validSeccomp = (type: string) => type === "RuntimeDefault" || type === "Localhost";
const validAppArmor = (profile: string) => profile === "" || profile === "runtime/default" || profile.startsWith("localhost/");

/** By id, as upstream reports them. Upstream: k8s.io/pod-security-admission/policy */
const CHECKS: readonly Check[] = [
  {
    id: "hostNamespaces",
    level: "baseline",
    since: 0,
    run({ spec }) {
      const used = [
        ...(spec.hostNetwork ? ["hostNetwork=true"] : []),
        ...(spec.hostPID ? ["hostPID=true"] : []),
        ...(spec.hostIPC ? ["hostIPC=true"] : []),
      ];
      return used.length > 0 ? { reason: "host namespaces", detail: used.join(", ") } : undefined;
    },
  },
  {
    id: "hostPathVolumes",
    level: "baseline",
    since: 0,
    run({ spec }) {
      const names = (spec.volumes ?? []).filter((volume) => volume.hostPath).map(({ name }) => name);
      return names.length > 0
        ? { reason: "hostPath volumes", detail: `${plural("volume", "volumes", names.length)} ${quote(names)}` }
        : undefined;
    },
  },
  {
    id: "hostPorts",
    level: "baseline",
    since: 0,
    run({ spec }) {
      const names: string[] = [];
      const ports: number[] = [];
      for (const container of containersOf(spec)) {
        const used = (container.ports ?? []).flatMap(({ hostPort }) => (hostPort ? [hostPort] : []));
        if (used.length > 0) names.push(container.name);
        ports.push(...used);
      }
      const shown = unique(ports.map(String));
      return names.length > 0
        ? {
            reason: "hostPort",
            detail: `${containers(names)} ${plural("uses", "use", names.length)} ${plural("hostPort", "hostPorts", shown.length)} ${shown.join(", ")}`,
          }
        : undefined;
    },
  },
  {
    id: "hostProbesAndHostLifecycle",
    level: "baseline",
    since: 34,
    run({ spec }) {
      const hosts = (handler: Probe | LifecycleHandler | undefined) =>
        [handler?.httpGet?.host, handler?.tcpSocket?.host].filter((host): host is string => !!host);
      const of = (container: AnyContainer) =>
        [
          container.livenessProbe,
          container.readinessProbe,
          container.startupProbe,
          container.lifecycle?.postStart,
          container.lifecycle?.preStop,
        ].flatMap(hosts);
      const bad = unique(
        containersOf(spec)
          .filter((container) => of(container).length > 0)
          .map(({ name }) => name),
      );
      const forbidden = unique(containersOf(spec).flatMap(of));
      return bad.length > 0
        ? {
            reason: "probe or lifecycle host",
            detail: `${containers(bad)} ${plural("uses", "use", bad.length)} ${plural("probe or lifecycle host", "probe or lifecycle hosts", forbidden.length)} ${quote(forbidden)}`,
          }
        : undefined;
    },
  },
  {
    id: "privileged",
    level: "baseline",
    since: 0,
    run({ spec }) {
      const names = namesWhere(spec, ({ securityContext }) => securityContext?.privileged === true);
      return names.length > 0
        ? { reason: "privileged", detail: `${containers(names)} must not set securityContext.privileged=true` }
        : undefined;
    },
  },
  {
    id: "capabilities_baseline",
    level: "baseline",
    since: 0,
    run({ spec }) {
      const added = (container: AnyContainer) =>
        (container.securityContext?.capabilities?.add ?? []).filter((name) => !BASELINE_CAPABILITIES.has(name));
      const names = namesWhere(spec, (container) => added(container).length > 0);
      return names.length > 0
        ? {
            reason: "non-default capabilities",
            detail: `${containers(names)} must not include ${quote(unique(containersOf(spec).flatMap(added)))} in securityContext.capabilities.add`,
          }
        : undefined;
    },
  },
  {
    id: "appArmorProfile",
    level: "baseline",
    since: 0,
    run({ metadata, spec }) {
      const bad: string[] = [];
      const values: string[] = [];
      const invalidType = (type: string | undefined) => type !== undefined && !validSeccomp(type);
      const podType = spec.securityContext?.appArmorProfile?.type;
      if (invalidType(podType)) values.push(`securityContext.appArmorProfile.type=${podType}`);
      const names = namesWhere(spec, ({ securityContext }) => invalidType(securityContext?.appArmorProfile?.type));
      bad.push(...names);
      const annotated = Object.entries(metadata.annotations ?? {})
        .filter(([key, value]) => key.startsWith("container.apparmor.security.beta.kubernetes.io/") && !validAppArmor(value))
        .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
        .sort();
      if (annotated.length > 0)
        return {
          reason: plural("forbidden AppArmor profile", "forbidden AppArmor profiles", annotated.length),
          detail: annotated.join(", "),
        };
      if (values.length === 0 && bad.length === 0) return undefined;
      const types = unique([
        ...(invalidType(podType) ? [podType as string] : []),
        ...containersOf(spec).flatMap(({ securityContext }) =>
          invalidType(securityContext?.appArmorProfile?.type) ? [securityContext?.appArmorProfile?.type as string] : [],
        ),
      ]);
      return {
        reason: plural("forbidden AppArmor profile", "forbidden AppArmor profiles", types.length),
        detail: `${setters(values.length > 0, bad)} must not set AppArmor profile type to ${quote(types)}`,
      };
    },
  },
  {
    id: "procMount",
    level: "baseline",
    since: 0,
    run({ spec }, minor) {
      if (minor >= 35 && spec.hostUsers === false) return undefined;
      const value = ({ securityContext }: AnyContainer) => securityContext?.procMount;
      const names = namesWhere(spec, (container) => (value(container) ?? "Default") !== "Default");
      return names.length > 0
        ? {
            reason: "procMount",
            detail: `${containers(names)} must not set securityContext.procMount to ${quote(unique(containersOf(spec).flatMap((container) => ((value(container) ?? "Default") === "Default" ? [] : [value(container) as string]))))}`,
          }
        : undefined;
    },
  },
  {
    id: "seLinuxOptions",
    level: "baseline",
    since: 0,
    run({ spec }, minor) {
      const allowed = minor >= 31 ? [...SELINUX_TYPES, "container_engine_t"] : SELINUX_TYPES;
      const all = [
        spec.securityContext?.seLinuxOptions,
        ...containersOf(spec).map(({ securityContext }) => securityContext?.seLinuxOptions),
      ];
      type Options = (typeof all)[number];
      const isBad = (options: Options) => !!options && (!allowed.includes(options.type ?? "") || !!options.user || !!options.role);
      const names = namesWhere(spec, ({ securityContext }) => isBad(securityContext?.seLinuxOptions));
      const podIsBad = isBad(spec.securityContext?.seLinuxOptions);
      if (!podIsBad && names.length === 0) return undefined;
      const types = unique(all.flatMap((options) => (options && !allowed.includes(options.type ?? "") ? [options.type ?? ""] : [])));
      const values = [
        ...(types.length > 0 ? [`${plural("type", "types", types.length)} ${quote(types)}`] : []),
        ...(all.some((options) => options?.user) ? ["user may not be set"] : []),
        ...(all.some((options) => options?.role) ? ["role may not be set"] : []),
      ];
      return {
        reason: "seLinuxOptions",
        detail: `${setters(podIsBad, names)} set forbidden securityContext.seLinuxOptions: ${values.join("; ")}`,
      };
    },
  },
  {
    id: "seccompProfile_baseline",
    level: "baseline",
    since: 19,
    run({ spec }) {
      const bad = (type: string | undefined) => type !== undefined && !validSeccomp(type);
      const podType = spec.securityContext?.seccompProfile?.type;
      const names = namesWhere(spec, ({ securityContext }) => bad(securityContext?.seccompProfile?.type));
      if (!bad(podType) && names.length === 0) return undefined;
      const values = unique(
        [podType, ...containersOf(spec).map(({ securityContext }) => securityContext?.seccompProfile?.type)].filter(
          (type): type is string => bad(type),
        ),
      );
      return {
        reason: "seccompProfile",
        detail: `${setters(bad(podType), names)} must not set securityContext.seccompProfile.type to ${quote(values)}`,
      };
    },
  },
  {
    id: "sysctls",
    level: "baseline",
    since: 0,
    run({ spec }, minor) {
      const allowed = new Set(SYSCTLS.filter(([, since]) => minor >= since).map(([name]) => name));
      const bad = (spec.securityContext?.sysctls ?? []).filter(({ name }) => !allowed.has(name)).map(({ name }) => name);
      return bad.length > 0 ? { reason: "forbidden sysctls", detail: bad.join(", ") } : undefined;
    },
  },
  {
    id: "windowsHostProcess",
    level: "baseline",
    since: 0,
    run({ spec }) {
      const podIsBad = spec.securityContext?.windowsOptions?.hostProcess === true;
      const names = namesWhere(spec, ({ securityContext }) => securityContext?.windowsOptions?.hostProcess === true);
      return podIsBad || names.length > 0
        ? { reason: "hostProcess", detail: `${setters(podIsBad, names)} must not set securityContext.windowsOptions.hostProcess=true` }
        : undefined;
    },
  },
  {
    id: "allowPrivilegeEscalation",
    level: "restricted",
    since: 8,
    run({ spec }, minor) {
      if (minor >= 25 && spec.os?.name === "windows") return undefined;
      const names = namesWhere(spec, ({ securityContext }) => securityContext?.allowPrivilegeEscalation !== false);
      return names.length > 0
        ? {
            reason: "allowPrivilegeEscalation != false",
            detail: `${containers(names)} must set securityContext.allowPrivilegeEscalation=false`,
          }
        : undefined;
    },
  },
  {
    id: "capabilities_restricted",
    level: "restricted",
    since: 22,
    replaces: "capabilities_baseline",
    run({ spec }, minor) {
      if (minor >= 25 && spec.os?.name === "windows") return undefined;
      const added = (container: AnyContainer) =>
        (container.securityContext?.capabilities?.add ?? []).filter((name) => name !== "NET_BIND_SERVICE");
      const undropped = namesWhere(spec, ({ securityContext }) => !securityContext?.capabilities?.drop?.includes("ALL"));
      const adding = namesWhere(spec, (container) => added(container).length > 0);
      const details = [
        ...(undropped.length > 0 ? [`${containers(undropped)} must set securityContext.capabilities.drop=["ALL"]`] : []),
        ...(adding.length > 0
          ? [
              `${containers(adding)} must not include ${quote(unique(containersOf(spec).flatMap(added)))} in securityContext.capabilities.add`,
            ]
          : []),
      ];
      return details.length > 0 ? { reason: "unrestricted capabilities", detail: details.join("; ") } : undefined;
    },
  },
  {
    id: "restrictedVolumes",
    level: "restricted",
    since: 0,
    replaces: "hostPathVolumes",
    run({ spec }) {
      const bad = (spec.volumes ?? []).filter((volume) => !RESTRICTED_VOLUMES.some((type) => type in volume));
      if (bad.length === 0) return undefined;
      const types = unique(bad.map((volume) => Object.keys(volume).find((key) => key !== "name") ?? "unknown"));
      const names = bad.map(({ name }) => name);
      return {
        reason: "restricted volume types",
        detail: `${plural("volume", "volumes", names.length)} ${quote(names)} ${plural("uses", "use", names.length)} ${plural("restricted volume type", "restricted volume types", types.length)} ${quote(types)}`,
      };
    },
  },
  {
    id: "runAsNonRoot",
    level: "restricted",
    since: 0,
    run({ spec }, minor) {
      if (minor >= 35 && spec.hostUsers === false) return undefined;
      const whole = spec.securityContext?.runAsNonRoot;
      const explicit = namesWhere(spec, ({ securityContext }) => securityContext?.runAsNonRoot === false);
      const implicit = namesWhere(spec, ({ securityContext }) => securityContext?.runAsNonRoot === undefined && whole !== true);
      if (whole === false || explicit.length > 0)
        return {
          reason: "runAsNonRoot != true",
          detail: `${setters(whole === false, explicit)} must not set securityContext.runAsNonRoot=false`,
        };
      return implicit.length > 0
        ? { reason: "runAsNonRoot != true", detail: `pod or ${containers(implicit)} must set securityContext.runAsNonRoot=true` }
        : undefined;
    },
  },
  {
    id: "runAsUser",
    level: "restricted",
    since: 23,
    run({ spec }, minor) {
      if (minor >= 35 && spec.hostUsers === false) return undefined;
      const podIsBad = spec.securityContext?.runAsUser === 0;
      const names = namesWhere(spec, ({ securityContext }) => securityContext?.runAsUser === 0);
      return podIsBad || names.length > 0
        ? { reason: "runAsUser=0", detail: `${setters(podIsBad, names)} must not set runAsUser=0` }
        : undefined;
    },
  },
  {
    id: "seccompProfile_restricted",
    level: "restricted",
    since: 19,
    replaces: "seccompProfile_baseline",
    run({ spec }, minor) {
      if (minor >= 25 && spec.os?.name === "windows") return undefined;
      const podType = spec.securityContext?.seccompProfile?.type;
      const podIsBad = podType !== undefined && !validSeccomp(podType);
      const typeOf = ({ securityContext }: AnyContainer) => securityContext?.seccompProfile?.type;
      const explicit = namesWhere(spec, (container) => typeOf(container) !== undefined && !validSeccomp(typeOf(container) as string));
      if (podIsBad || explicit.length > 0) {
        const values = unique(
          [podType, ...containersOf(spec).map(typeOf)].filter((type): type is string => type !== undefined && !validSeccomp(type)),
        );
        return {
          reason: "seccompProfile",
          detail: `${setters(podIsBad, explicit)} must not set securityContext.seccompProfile.type to ${quote(values)}`,
        };
      }
      const implicit = podType === undefined ? namesWhere(spec, (container) => typeOf(container) === undefined) : [];
      return implicit.length > 0
        ? {
            reason: "seccompProfile",
            detail: `pod or ${containers(implicit)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`,
          }
        : undefined;
    },
  },
];

/** In upstream's order: the baseline's checks by id, then the restricted ones by id. Upstream: policy/registry.go */
export function violations(pod: { readonly metadata: Pod["metadata"]; readonly spec: PodSpec }, level: string, minor: number): Violation[] {
  if (level === "privileged") return [];
  const wanted = CHECKS.filter((check) => check.since <= minor && (level === "restricted" || check.level === "baseline"));
  const replaced = new Set(wanted.flatMap((check) => check.replaces ?? []));
  const ordered = wanted.filter(({ id }) => !replaced.has(id)).sort((a, b) => a.level.localeCompare(b.level) || (a.id < b.id ? -1 : 1));
  return ordered.flatMap((check) => check.run(pod, minor) ?? []);
}
