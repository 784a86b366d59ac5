import { type FieldError, forbidden, invalid, notSupported, required } from "../../field-errors.ts";
import type { Container, Lifecycle, LifecycleHandler, PodSpec, Probe } from "../../generated/core-v1.ts";
import { isPortName, isPortNumber } from "../../validation/names.ts";

// Upstream: validateProbe, validateHandler, validateLifecycle

type Handler = Pick<Probe, "exec" | "httpGet" | "tcpSocket" | "grpc"> & Pick<LifecycleHandler, "sleep">;
const HANDLERS = ["exec", "httpGet", "tcpSocket", "grpc", "sleep"] as const;
const COUNTS = ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"] as const;

export function validateProbes(container: Container, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const name of ["livenessProbe", "readinessProbe", "startupProbe"] as const) {
    const probe = container[name];
    if (!probe) continue;
    const at = `${path}.${name}`;
    errors.push(...validateHandler(probe, at, undefined));
    for (const field of COUNTS) {
      const value = probe[field];
      if (value !== undefined && value < 0) errors.push(invalid(`${at}.${field}`, value, "must be greater than or equal to 0"));
    }
    const grace = probe.terminationGracePeriodSeconds;
    if (grace !== undefined && grace <= 0) errors.push(invalid(`${at}.terminationGracePeriodSeconds`, grace, "must be greater than 0"));
    if (name === "readinessProbe") {
      if (grace !== undefined) errors.push(invalid(`${at}.terminationGracePeriodSeconds`, grace, "must not be set for readinessProbes"));
    } else if (probe.successThreshold !== 1) errors.push(invalid(`${at}.successThreshold`, probe.successThreshold ?? 0, "must be 1"));
  }
  return errors;
}

export function validateLifecycle(lifecycle: Lifecycle | undefined, path: string, spec: PodSpec): FieldError[] {
  const errors: FieldError[] = [];
  for (const hook of ["postStart", "preStop"] as const) {
    const handler = lifecycle?.[hook];
    if (handler) errors.push(...validateHandler(handler, `${path}.${hook}`, spec.terminationGracePeriodSeconds));
  }
  return errors;
}

function validateHandler(handler: Handler, path: string, gracePeriod: number | undefined): FieldError[] {
  const given = HANDLERS.filter((kind) => handler[kind] !== undefined);
  const [first, ...more] = given;
  if (first === undefined) return [required(path, "must specify a handler type")];
  return [
    ...validateAction(handler, first, `${path}.${first}`, gracePeriod),
    ...more.map((kind) => forbidden(`${path}.${kind}`, "may not specify more than 1 handler type")),
  ];
}

function validateAction(
  { exec, httpGet, tcpSocket, grpc, sleep }: Handler,
  kind: (typeof HANDLERS)[number],
  path: string,
  gracePeriod: number | undefined,
): FieldError[] {
  switch (kind) {
    case "exec":
      return exec?.command?.length ? [] : [required(`${path}.command`)];
    case "httpGet":
      return httpGet ? validateHttpGet(httpGet, path) : [];
    case "tcpSocket":
      return validatePort(tcpSocket?.port, `${path}.port`);
    case "grpc":
      return validatePort(grpc?.port, `${path}.port`);
    case "sleep": {
      const seconds = sleep?.seconds ?? 0;
      if (gracePeriod === undefined || (seconds >= 0 && seconds <= gracePeriod)) return [];
      return [invalid(path, seconds, `must be non-negative and less than terminationGracePeriodSeconds (${gracePeriod})`)];
    }
  }
}

const HEADER_NAME = "[-A-Za-z0-9]+";

function validateHttpGet(get: NonNullable<Handler["httpGet"]>, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!get.path) errors.push(required(`${path}.path`));
  errors.push(...validatePort(get.port, `${path}.port`));
  if (!["HTTP", "HTTPS"].includes(get.scheme ?? "")) errors.push(notSupported(`${path}.scheme`, get.scheme ?? "", ["HTTP", "HTTPS"]));
  for (const { name } of get.httpHeaders ?? []) {
    if (!/^[-A-Za-z0-9]+$/.test(name))
      errors.push(
        invalid(
          `${path}.httpHeaders`,
          name,
          `a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '${HEADER_NAME}')`,
        ),
      );
  }
  return errors;
}

function validatePort(port: number | string | undefined, path: string): FieldError[] {
  if (typeof port === "string") return isPortName(port).map((message) => invalid(path, port, message));
  return isPortNumber(port ?? 0).map((message) => invalid(path, port ?? 0, message));
}
